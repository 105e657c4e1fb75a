"""Stored events as an admin sees and changes them: each change, its sessions and its days are one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from ingest.dirty import mark_days
from ingest.event_fields import EventChanges, NewEvent, StoredEvent
from ingest.store import Window, lock_threads
from stats_core.database import Database
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, Problem, nearest
from stats_core.ids import ulid
from stats_core.models import AnalyticsEvent, AnalyticsSession, Store, Website
from stats_core.traffic.sessions import GAP, Event, Session, fold

AHEAD = timedelta(days=1)  # how far a clock may be wrong
_COLUMNS = Event.__slots__[:-1]  # all but the metadata, whose attribute has another name
_PARTS = tuple(Session.__slots__)
_FIGURES = (*_PARTS, "duration_seconds", "is_bounce")
_thread = attrgetter("website_id", "session_id")
_place = attrgetter("website_id", "session_id", "started_at")


@dataclass(frozen=True, slots=True)
class EventFilters:
    """Which events are listed; what is not given does not matter.

    Attributes:
        start: The first moment.
        end: The first moment after the last.
    """

    website_id: str | None = None
    event_type: str | None = None
    visitor_id: str | None = None
    session_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Site:
    """What of a website matters to its events."""

    zone: ZoneInfo
    pruned_before: date | None

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class EventPage:
    """A part of a list, and how long the list is."""

    items: tuple[StoredEvent, ...]
    total: int


class EventEdits:
    """List, create, read, update and delete of stored events.

    Everything asks for a `merchant_id`: with one, only events of websites are there whose store belongs to that
    merchant; None is the platform. Ids of visitors, sessions and events are stored as they are given.

    Args:
        database: Where events and sessions are stored.
        clock: Gives the current moment, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._writer = secrets.token_hex(8)

    def list(self, filters: EventFilters, *, merchant_id: int | None, limit: int = 50, offset: int = 0) -> EventPage:
        """The newest events first; of one moment, those that were stored last."""
        wanted = [AnalyticsEvent.website_id.in_(_websites(merchant_id)), *_conditions(filters)]
        newest = (AnalyticsEvent.timestamp.desc(), AnalyticsEvent.id.desc())
        # Ids first: an index has all that is needed to find them, and whole rows are read for one page only.
        page = select(AnalyticsEvent.id).where(*wanted).order_by(*newest).limit(limit).offset(offset).subquery()
        rows = select(AnalyticsEvent).join(page, page.c.id == AnalyticsEvent.id).order_by(*newest)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(AnalyticsEvent).where(*wanted))
            return EventPage(tuple(map(_stored, session.scalars(rows))), total or 0)

    def get(self, event_id: int, *, merchant_id: int | None) -> StoredEvent:
        """One event.

        Raises:
            NotFoundError: There is none, or it is not the merchant's.
        """
        with self._database.read() as session:
            return _stored(_found(session, event_id, merchant_id))

    def create(self, given: NewEvent, *, merchant_id: int | None) -> StoredEvent:
        """The event, stored; its session is what it would be if the tracker had sent it.

        Raises:
            InvalidOptionsError: There is no such website, or it is not the merchant's, or fields do not go together.
            ConflictError: The website has an event of this id.
        """
        moment, event_id = given.timestamp or self._clock(), given.event_id or ulid()
        event = Event(**{**given.model_dump(), "timestamp": moment, "event_id": event_id})
        self._check(event, NewEvent.model_fields)
        with self._database.write() as session:
            sites = _sites(session, [event], merchant_id)
            _refuse_pruned(event, sites)
            lock_threads(session, {_thread(event)})
            _refuse_taken(session, event)
            row = AnalyticsEvent(**_values(event))
            session.add(row)
            self._settle(session, [event], sites)
            return _stored(row)

    def update(self, event_id: int, changes: EventChanges, *, merchant_id: int | None) -> StoredEvent:
        """The event with the given fields changed; the sessions it leaves and enters follow.

        Raises:
            NotFoundError: There is none, or it is not the merchant's.
            InvalidOptionsError: There is no such website, or it is not the merchant's, or fields do not go together.
            ConflictError: The website has an event of this id, or somebody else moved the event at the same moment.
        """
        with self._database.write() as session:
            known = _event(_found(session, event_id, merchant_id))
            moved = replace(known, **changes)
            self._check(moved, changes)
            sites = _sites(session, [known, moved], merchant_id)
            if not {"website_id", "timestamp"}.isdisjoint(changes):
                _refuse_pruned(moved, sites)
            row = _locked(session, event_id, known, moved)
            old = _event(row)
            new = replace(old, **changes)
            if (new.website_id, new.event_id) != (old.website_id, old.event_id):
                _refuse_taken(session, new)
            for name, value in _values(new).items():
                setattr(row, name, value)
            self._settle(session, [old, new], sites)
            return _stored(row)

    def delete(self, event_id: int, *, merchant_id: int | None) -> None:
        """Away with it; its session shrinks, falls in two, or goes with its last event.

        Raises:
            NotFoundError: There is none, or it is not the merchant's.
            ConflictError: Somebody else moved the event at the same moment.
        """
        with self._database.write() as session:
            known = _event(_found(session, event_id, merchant_id))
            sites = _sites(session, [known], merchant_id)
            row = _locked(session, event_id, known)
            old = _event(row)
            session.delete(row)
            self._settle(session, [old], sites)

    def _settle(self, session: Transaction, versions: Sequence[Event], sites: Mapping[str, _Site]) -> None:
        """Write the changed event, refold the sessions around its versions, and mark the days of all of them."""
        try:
            session.flush()
        except IntegrityError as error:  # committed by others since we looked
            message = "The event id was taken, or the website deleted, at the same moment."
            raise ConflictError(message, hint="Read the event again, then repeat.") from error
        moments = [(event.website_id, event.timestamp) for event in versions]
        moments += [(part.website_id, part.started_at) for part in _refolded(session, versions)]
        days = [(website_id, sites[website_id].day(moment)) for website_id, moment in moments]
        mark_days(session, days, writer=self._writer)

    def _check(self, event: Event, given: Collection[str]) -> None:
        """What fields say of each other and of now, as far as they were `given`: the rest is as it came in."""
        problems = []
        named = event.event_type == "pageview" or (event.event_name or "").strip()
        if not named and not {"event_type", "event_name"}.isdisjoint(given):
            problems.append(Problem("event_name", "A custom event needs a name.", "Say what happened: signup."))
        if "timestamp" in given and event.timestamp > self._clock() + AHEAD:
            problems.append(Problem("timestamp", f"{event.timestamp.isoformat()} is still to come."))
        if problems:
            raise InvalidOptionsError(problems)


# Which events


def _websites(merchant_id: int | None) -> Select[str]:
    """The ids of the websites that may be seen. A website without a store is the platform's alone."""
    every = select(Website.id)
    if merchant_id is None:
        return every
    return every.join(Store, Store.id == Website.store_id).where(Store.merchant_id == merchant_id)


def _conditions(filters: EventFilters) -> list[ColumnElement[bool]]:
    row = AnalyticsEvent
    equal = {
        row.website_id: filters.website_id,
        row.event_type: filters.event_type,
        row.visitor_id: filters.visitor_id,
        row.session_id: filters.session_id,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if filters.start is not None:
        conditions.append(row.timestamp >= filters.start)
    if filters.end is not None:
        conditions.append(row.timestamp < filters.end)
    return conditions


def _found(session: Transaction, event_id: int, merchant_id: int | None) -> AnalyticsEvent:
    visible = AnalyticsEvent.website_id.in_(_websites(merchant_id))
    if (row := session.scalar(select(AnalyticsEvent).where(AnalyticsEvent.id == event_id, visible))) is None:
        raise NotFoundError("event", event_id)
    return row


def _locked(session: Transaction, event_id: int, *versions: Event) -> AnalyticsEvent:
    """The row, now that nobody else changes it or the sessions it is or will be in.

    Threads are locked before the row, in one go, as the writer does: so nobody waits in a circle. Which threads they
    are is known from a first look, without a lock; an event that has left them since then is a conflict.
    """
    threads = set(map(_thread, versions))
    lock_threads(session, threads)
    again = select(AnalyticsEvent).where(AnalyticsEvent.id == event_id).with_for_update()
    row = session.scalar(again.execution_options(populate_existing=True))
    if row is None:
        raise NotFoundError("event", event_id)
    if _thread(row) not in threads:
        message = f"Somebody else moved the event {event_id} at the same moment."
        raise ConflictError(message, hint="Read it again, then repeat.")
    return row


def _sites(session: Transaction, versions: Iterable[Event], merchant_id: int | None) -> dict[str, _Site]:
    """The versions' websites, all of which the caller may see."""
    columns = select(Website.id, Website.timezone, Website.pruned_before)
    visible = columns.where(Website.id.in_(_websites(merchant_id)))
    sites = {name: _Site(ZoneInfo(zone), pruned) for name, zone, pruned in session.execute(visible)}
    for event in versions:
        if event.website_id not in sites:
            message = f"There is no website {event.website_id!r}."
            raise InvalidOptionsError([Problem("website_id", message, nearest(event.website_id, sites))])
    return sites


def _refuse_pruned(event: Event, sites: Mapping[str, _Site]) -> None:
    """A pruned day keeps the figures it had: an event more would change the sessions and not the day."""
    site = sites[event.website_id]
    if site.pruned_before is not None and site.day(event.timestamp) < site.pruned_before:
        message = f"The days of {event.website_id!r} before {site.pruned_before} are pruned."
        raise InvalidOptionsError([Problem("timestamp", message, "Their figures do not change any more.")])


def _refuse_taken(session: Transaction, event: Event) -> None:
    same = (AnalyticsEvent.website_id == event.website_id, AnalyticsEvent.event_id == event.event_id)
    if (taken := session.scalar(select(AnalyticsEvent.id).where(*same))) is not None:
        message = f"The website {event.website_id!r} has an event {event.event_id!r} already: number {taken}."
        raise ConflictError(message, path="event_id", hint="Leave the id out to have a new one made.")


# Sessions


def _refolded(session: Transaction, versions: Sequence[Event]) -> list[Session]:
    """Make the sessions around the versions of an event the fold of their events; return what they were and are.

    A session that the event leaves falls into parts within it; one that it enters is at most a gap away from it. So
    these sessions' events and the versions' own moments are all that has to be read.
    """
    rows = session.scalars(select(AnalyticsSession).where(_around(versions)).with_for_update()).all()
    before = [_session(row) for row in rows]
    after = fold(_events(session, [*map(_span, before), *map(_moment, versions)]))
    left = dict(zip(map(_place, before), rows, strict=True))
    for part in after:
        row = left.pop(_place(part), None) or AnalyticsSession()
        if row.last_activity_at != part.last_activity_at:
            row.ended_at = None
        for name in _FIGURES:
            setattr(row, name, getattr(part, name))
        session.add(row)
    for row in left.values():
        session.delete(row)
    return [*before, *after]


def _around(versions: Iterable[Event]) -> ColumnElement[bool]:
    """Sessions of the versions' threads at most a gap away from them."""
    row = AnalyticsSession
    return or_(
        *(
            and_(
                row.website_id == event.website_id,
                row.session_id == event.session_id,
                row.started_at <= event.timestamp + GAP,
                row.last_activity_at >= event.timestamp - GAP,
            )
            for event in versions
        )
    )


def _events(session: Transaction, windows: Iterable[Window]) -> list[Event]:
    row = AnalyticsEvent
    within = (
        and_(row.website_id == website_id, row.session_id == session_id, row.timestamp.between(first, last))
        for website_id, session_id, first, last in windows
    )
    columns = (getattr(row, name) for name in _COLUMNS)
    return [Event(*found) for found in session.execute(select(*columns).where(or_(*within)))]


def _span(part: Session) -> Window:
    return part.website_id, part.session_id, part.started_at, part.last_activity_at


def _moment(event: Event) -> Window:
    return event.website_id, event.session_id, event.timestamp, event.timestamp


# Rows and values


def _event(row: AnalyticsEvent) -> Event:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Event(**values, metadata=row.metadata_)


def _values(event: Event) -> dict[str, Any]:
    """The event by the names that its row has for them."""
    return {**{name: getattr(event, name) for name in _COLUMNS}, "metadata_": event.metadata}


def _stored(row: AnalyticsEvent) -> StoredEvent:
    values = {name: getattr(row, name) for name in StoredEvent.model_fields if name != "metadata"}
    return StoredEvent(**values, metadata=row.metadata_)


def _session(row: AnalyticsSession) -> Session:
    return Session(**{name: getattr(row, name) for name in _PARTS})
