"""Events that name no session: which session their visitor is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Select, String, Table, and_, select
from sqlalchemy.orm import Session as Transaction

from ingest.arrivals import Arrival
from ingest.bulk import Types, listed, row_values
from stats_core.database.types import UTCDateTime
from stats_core.models import AnalyticsSession
from stats_core.traffic.sessions import GAP, Event

Visitor = tuple[str, str]
"""Website and visitor id."""

_WINDOW_TYPES: Types = {"visitor_id": String(), "first": UTCDateTime(), "last": UTCDateTime()}
_NONE = timedelta()


@dataclass(slots=True)
class _Run:
    """From when to when a visitor was active in a session."""

    session_id: str
    first: datetime
    last: datetime


Runs = Mapping[Visitor, list[_Run]]


def place(session: Transaction, arrivals: Sequence[Arrival]) -> list[Event]:
    """The events of `arrivals`, in their order, each with a session id.

    An event without one goes on with the session its visitor is in, at most `GAP` away: one that is stored, or one of
    an event of `arrivals` that happened before. Else its session is named like the visitor, so that two processes agree
    on it without asking each other; the gap rule cuts what such a name collects. Where the server knows under which
    name the visitor came before midnight, a session that runs under that name goes on.

    It only reads. What another process commits meanwhile counts as arriving later.
    """
    if not (asking := [arrival for arrival in arrivals if _asks(arrival)]):
        return [arrival.event for arrival in arrivals]
    runs = _stored(session, asking)
    placed: dict[int, Event] = {}
    for number in sorted(range(len(arrivals)), key=lambda number: _in_time(arrivals[number].event)):
        event = _placed(arrivals[number], runs) if _asks(arrivals[number]) else arrivals[number].event
        if (known := runs.get((event.website_id, event.visitor_id))) is not None:
            _extend(known, event)
        placed[number] = event
    return [placed[number] for number in range(len(arrivals))]


def _asks(arrival: Arrival) -> bool:
    return not arrival.event.session_id or arrival.former_visitor_id is not None


def _in_time(event: Event) -> tuple[datetime, bool, str]:
    """Of simultaneous events those come first that name their session."""
    return event.timestamp, not event.session_id, event.event_id


def _visitors(arrival: Arrival) -> Iterable[Visitor]:
    names = (arrival.event.visitor_id, arrival.former_visitor_id)
    return [(arrival.event.website_id, name) for name in names if name is not None]


def _stored(session: Transaction, arrivals: Iterable[Arrival]) -> Runs:
    """The sessions that the visitors of `arrivals` have at most a gap away from them."""
    moments: defaultdict[Visitor, list[datetime]] = defaultdict(list)
    for arrival in arrivals:
        for visitor in _visitors(arrival):
            moments[visitor].append(arrival.event.timestamp)
    runs: dict[Visitor, list[_Run]] = {visitor: [] for visitor in moments}
    windows = [(name, min(times) - GAP, max(times) + GAP) for (_, name), times in moments.items()]
    statement = _sessions_near(session.connection().dialect.name)
    for row in session.execute(statement, row_values(session, _WINDOW_TYPES, windows)):
        website_id, visitor_id, session_id, first, last = row
        if (known := runs.get((website_id, visitor_id))) is not None:
            known.append(_Run(session_id, first, last))
    return runs


@lru_cache(maxsize=2)
def _sessions_near(dialect: str) -> Select[Any]:
    """The sessions of visitors that touch a window: website, visitor, session, start and last activity.

    TRICKY: the website is for the caller to compare. Asked for it too, SQLite would go through all sessions of the
    website by their start.
    """
    window, table = listed(dialect, _WINDOW_TYPES), cast("Table", AnalyticsSession.__table__)
    near = and_(
        table.c.visitor_id == window.c.visitor_id,
        table.c.started_at <= window.c.last,
        table.c.last_activity_at >= window.c.first,
    )
    columns = (table.c[name] for name in ("website_id", "visitor_id", "session_id", "started_at", "last_activity_at"))
    return select(*columns).join_from(window, table, near)


def _placed(arrival: Arrival, runs: Runs) -> Event:
    event = arrival.event
    for visitor in _visitors(arrival):
        if (run := _running(runs[visitor], event)) is not None:
            return replace(event, visitor_id=visitor[1], session_id=run.session_id)
    return replace(event, session_id=event.session_id or event.visitor_id)


def _running(runs: Iterable[_Run], event: Event) -> _Run | None:
    """The run that `event` goes on with, or, where it comes late, leads to.

    Of several it is one that had begun; then the nearest in time; then the one that began last.
    """
    at = event.timestamp
    near = [run for run in runs if run.first - GAP <= at <= run.last + GAP and event.session_id in {"", run.session_id}]

    def preference(run: _Run) -> tuple[bool, timedelta, timedelta, str]:
        return run.first > at, max(run.first - at, at - run.last, _NONE), at - run.first, run.session_id

    return min(near, key=preference, default=None)


def _extend(runs: list[_Run], event: Event) -> None:
    at = event.timestamp
    for run in runs:
        if run.session_id == event.session_id and run.first - GAP <= at <= run.last + GAP:
            run.first, run.last = min(run.first, at), max(run.last, at)
            return
    runs.append(_Run(event.session_id, at, at))
