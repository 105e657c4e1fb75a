"""Events into the table, and the sessions they change brought up to date in the same transaction."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Delete,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    null,
    select,
)
from sqlalchemy.orm import Session as Transaction

from ingest.arrivals import Arrival
from ingest.bulk import Types, insert_new, listed, row_values, upsert
from ingest.dirty import mark_days
from ingest.running import place
from stats_core.database import Database
from stats_core.database.types import UTCDateTime, utc_now
from stats_core.errors import NotFoundError
from stats_core.models import AnalyticsEvent, AnalyticsSession, Website
from stats_core.traffic.sessions import GAP, Event, Session, apart, fold, splice

Thread = tuple[str, str]
"""Website and session id: whose events the gap rule cuts into sessions."""

Key = tuple[str, str]
"""Website and event id: what tells events apart."""

Place = tuple[str, str, datetime]
"""Thread and start: what tells session rows apart."""

Window = tuple[str, str, datetime, datetime]
"""Thread, first and last moment (both within)."""

_EVENT, _SESSION = cast("Table", AnalyticsEvent.__table__), cast("Table", AnalyticsSession.__table__)
_EVENT_COLUMNS = tuple(field.name for field in fields(Event))
_FOLDED = _EVENT_COLUMNS[: _EVENT_COLUMNS.index("user_agent")]  # what a fold reads stands before
_PARTS = tuple(field.name for field in fields(Session))
_SESSION_COLUMNS = (*_PARTS, "duration_seconds", "is_bounce")
_REOPENED: dict[str, ColumnElement[Any]] = {"ended_at": null(), "updated_at": utc_now()}

_SITE = cast("Table", Website.__table__)
_ZONES = select(_SITE.c.id, _SITE.c.timezone).where(_SITE.c.id.in_(bindparam("ids", expanding=True)))

_thread = attrgetter("website_id", "session_id")
_key = attrgetter("website_id", "event_id")
_place = attrgetter("website_id", "session_id", "started_at")
_THREAD_TYPES: Types = {"website_id": String(), "session_id": String()}
_PLACE_TYPES: Types = {**_THREAD_TYPES, "started_at": UTCDateTime()}
_STRIPE_TYPES: Types = {"stripe": Integer()}
_WINDOW_TYPES: Types = {**_THREAD_TYPES, "first": UTCDateTime(), "last": UTCDateTime()}

_STRIPES = 256
_LOCKS = 0x5E55  # the class of our advisory locks: a number that no other lock of the database has
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What became of a batch.

    Attributes:
        stored: Events that were new.
        duplicates: Events whose id was there already, or came twice.
        days: Website and local day of everything that changed: to be rolled up again. `store_arrivals` has marked them.
    """

    stored: int
    duplicates: int
    days: frozenset[tuple[str, date]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A session row that is not what its events say.

    Attributes:
        stored: The row's values by column; None where the row is missing.
        expected: The fold's; None where no events make such a session.
    """

    stored: dict[str, Any] | None
    expected: dict[str, Any] | None


def store_events(session: Transaction, events: Iterable[Event]) -> StoreReport:
    """Store `events`, of any websites and in any order, and bring their sessions up to date.

    Call it once per `database.write()`. On PostgreSQL a call takes its locks in sorted order, so that writers never
    wait for each other in a circle; a second call in the same transaction would begin the order anew.

    Raises:
        NotFoundError: A website is not there. Nothing was stored.
    """
    given = list(events)
    zones = _zones(session, {event.website_id for event in given})
    return _store(session, given, zones)[0]


def store_arrivals(
    session: Transaction, arrivals: Sequence[Arrival], *, writer: str
) -> tuple[StoreReport, tuple[bool, ...]]:
    """Store what has come in as `store_events` does; events without a session id get one, and days are marked.

    Args:
        session: The transaction of `database.write()`; one call per transaction.
        arrivals: Of any websites and in any order.
        writer: Whose marks the days get: an id of this process.

    Returns:
        What became of all of them, and for each, in their order, whether it was new.

    Raises:
        NotFoundError: A website is not there. Nothing was stored.
    """
    zones = _zones(session, {arrival.event.website_id for arrival in arrivals})
    events = place(session, arrivals)
    report, new = _store(session, events, zones)
    mark_days(session, report.days, writer=writer)
    return report, tuple(new.pop(_key(event), None) is not None for event in events)  # of a repeated one, the first


def verify(database: Database) -> Iterator[Difference]:
    """Every session row that differs from the fold of its events: none, unless the tables were changed by other hands.

    Reads all events once, in batches, within one snapshot. `ended_at` is not the fold's and is left out.
    """
    with database.read() as session:
        for events in _threads(session):
            yield from _compared(_stored(session, {_thread(event) for event in events}), fold(events))
        yield from _compared(_without_events(session), [])


def _store(
    session: Transaction, events: Sequence[Event], zones: Mapping[str, ZoneInfo]
) -> tuple[StoreReport, dict[Key, Event]]:
    """Store `events`; returns the report and the new ones."""
    lock_threads(session, {_thread(event) for event in events})
    if not (new := _insert(session, events)):
        return StoreReport(0, len(events), frozenset()), new
    changed = _refold(session, fold(new.values()))
    days = {(event.website_id, event.timestamp.astimezone(zones[event.website_id]).date()) for event in new.values()}
    days |= {(part.website_id, part.started_at.astimezone(zones[part.website_id]).date()) for part in changed}
    return StoreReport(len(new), len(events) - len(new), frozenset(days)), new


def _zones(session: Transaction, website_ids: set[str]) -> dict[str, ZoneInfo]:
    named = session.execute(_ZONES, {"ids": website_ids})
    zones = {website_id: ZoneInfo(timezone) for website_id, timezone in named}
    for missing in sorted(website_ids - zones.keys()):
        raise NotFoundError("website", missing, hint="Add it with `workbench website add DOMAIN`.")
    return zones


def lock_threads(session: Transaction, threads: set[Thread]) -> None:
    """Keep other writers out of these threads until the transaction ends; on SQLite they are out already.

    Threads share a fixed number of locks: PostgreSQL has room for some thousands in all, and an import touches more.
    """
    if _dialect(session) != "postgresql":
        return
    stripes = sorted({zlib.crc32("\0".join(thread).encode()) % _STRIPES for thread in threads})
    session.execute(_locks(), row_values(session, _STRIPE_TYPES, [(stripe,) for stripe in stripes]))


@lru_cache(maxsize=1)
def _locks() -> Select[Any]:
    return select(func.pg_advisory_xact_lock(_LOCKS, listed("postgresql", _STRIPE_TYPES).c.stripe))


def _insert(session: Transaction, events: Sequence[Event]) -> dict[Key, Event]:
    """Insert the events that are not there yet, and return them."""
    unique: dict[Key, Event] = {}
    for event in events:
        unique.setdefault(_key(event), event)
    columns = _columns(_EVENT_COLUMNS, list(unique.values()))
    inserted = cast("set[Key]", insert_new(session, _EVENT, columns, key=("website_id", "event_id")))
    return {key: unique[key] for key in inserted}


def _refold(session: Transaction, fresh: Sequence[Session]) -> list[Session]:
    """Bring the rows around `fresh`, the fold of new events, up to date; return what they were and what they are.

    New events change only rows that they touch, gap included. Rows and new parts that lie apart in time are spliced;
    where they overlap (late events), their events are read and folded again.
    """
    before = _touched(session, fresh)
    parts: defaultdict[Thread, list[Session]] = defaultdict(list)
    for part in chain(fresh, before):
        parts[_thread(part)].append(part)
    after: list[Session] = []
    overlapping: list[Window] = []
    for thread, pieces in parts.items():
        pieces.sort(key=attrgetter("started_at"))
        if apart(pieces):
            after += splice(pieces)
        else:
            overlapping.append((*thread, pieces[0].started_at, max(piece.last_activity_at for piece in pieces)))
    after += fold(_events(session, overlapping))
    _delete(session, {_place(row) for row in before} - {_place(row) for row in after})
    upsert(session, _SESSION, _columns(_SESSION_COLUMNS, after), key=tuple(_PLACE_TYPES), also=_REOPENED)
    return [*before, *after]


def _touched(session: Transaction, fresh: Sequence[Session]) -> list[Session]:
    """The session rows at most a gap away from the time that the fresh parts of their thread span."""
    spans = (list(parts) for _, parts in groupby(fresh, key=_thread))
    windows = [(*_thread(parts[0]), parts[0].started_at - GAP, parts[-1].last_activity_at + GAP) for parts in spans]
    found = session.execute(_touching(_dialect(session)), row_values(session, _WINDOW_TYPES, windows))
    return [Session(*row) for row in found]


@lru_cache(maxsize=2)
def _touching(dialect: str) -> Select[Any]:
    window = listed(dialect, _WINDOW_TYPES)
    near = and_(
        _same_thread(_SESSION, window),
        _SESSION.c.started_at <= window.c.last,
        _SESSION.c.last_activity_at >= window.c.first,
    )
    return select(*(_SESSION.c[name] for name in _PARTS)).join_from(window, _SESSION, near)


def _events(session: Transaction, windows: Sequence[Window]) -> list[Event]:
    if not windows:
        return []
    found = session.execute(_within(_dialect(session)), row_values(session, _WINDOW_TYPES, windows))
    return [Event(*row) for row in found]


@lru_cache(maxsize=2)
def _within(dialect: str) -> Select[Any]:
    window = listed(dialect, _WINDOW_TYPES)
    within = and_(_same_thread(_EVENT, window), _EVENT.c.timestamp.between(window.c.first, window.c.last))
    return _folded().join_from(window, _EVENT, within)


def _delete(session: Transaction, places: set[Place]) -> None:
    if places:
        session.execute(_deleted(_dialect(session)), row_values(session, _PLACE_TYPES, places))


@lru_cache(maxsize=2)
def _deleted(dialect: str) -> Delete:
    place = listed(dialect, _PLACE_TYPES)
    here = and_(_same_thread(_SESSION, place), _SESSION.c.started_at == place.c.started_at)
    ids = select(_SESSION.c.id).join_from(place, _SESSION, here)
    return delete(_SESSION).where(_SESSION.c.id.in_(ids))


def _dialect(session: Transaction) -> str:
    return session.connection().dialect.name


def _folded() -> Select[Any]:
    return select(*(_EVENT.c[name] for name in _FOLDED))


def _same_thread(table: FromClause, other: FromClause) -> Any:
    return and_(table.c.website_id == other.c.website_id, table.c.session_id == other.c.session_id)


def _columns(names: Sequence[str], items: Sequence[Event] | Sequence[Session]) -> dict[str, list[Any]]:
    return {name: list(map(attrgetter(name), items)) for name in names}


def _threads(session: Transaction) -> Iterator[list[Event]]:
    """All events, whole threads together, in batches."""
    ordered = _folded().order_by(_EVENT.c.website_id, _EVENT.c.session_id).execution_options(yield_per=_BATCH)
    batch: list[Event] = []
    for _, rows in groupby(session.execute(ordered), key=attrgetter("website_id", "session_id")):
        batch += [Event(*row) for row in rows]
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    yield batch


def _stored(session: Transaction, threads: set[Thread]) -> list[dict[str, Any]]:
    thread = listed(_dialect(session), _THREAD_TYPES)
    theirs = _session_rows().join_from(thread, _SESSION, _same_thread(_SESSION, thread))
    return _documents(session, theirs, row_values(session, _THREAD_TYPES, threads))


def _without_events(session: Transaction) -> list[dict[str, Any]]:
    some = select(_EVENT.c.id).where(_same_thread(_EVENT, _SESSION)).exists()
    return _documents(session, _session_rows().where(~some), {})


def _session_rows() -> Select[Any]:
    return select(*(_SESSION.c[name] for name in _SESSION_COLUMNS))


def _documents(session: Transaction, statement: Select[Any], values: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(statement, values).mappings()]


def _compared(stored: Iterable[dict[str, Any]], folded: Iterable[Session]) -> Iterator[Difference]:
    expected = {_place(session): {name: getattr(session, name) for name in _SESSION_COLUMNS} for session in folded}
    for row in stored:
        session = expected.pop((row["website_id"], row["session_id"], row["started_at"]), None)
        if row != session:
            yield Difference(row, session)
    for session in expected.values():
        yield Difference(None, session)
