"""Events and sessions that are older than a website keeps them. The figures of their days stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, CursorResult, Table, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from stats_core.database import Database
from stats_core.errors import SourceUnavailableError
from stats_core.models import AnalyticsEvent, AnalyticsSession, Website
from stats_core.query.zones import day_start, days_after, find_zone
from stats_core.traffic.rollups import Failure, chunks, lock, roll, traffic_ends
from stats_core.traffic.steps import Stopping, in_steps, never

VISITS = 1_000  # deleted in one transaction, with their events
EVENTS = 5_000  # the same, of no visit

_EVENT, _SESSION = cast("Table", AnalyticsEvent.__table__), cast("Table", AnalyticsSession.__table__)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a website lost.

    Attributes:
        before: Its first local day of which everything is kept.
        events: How many events were deleted, or would be.
        sessions: How many sessions were deleted, or would be.
    """

    website_id: str
    before: date
    events: int
    sessions: int


@dataclass(frozen=True, slots=True)
class PruneReport:
    """Websites that do not keep everything, and those that could not be pruned."""

    websites: tuple[Pruned, ...]
    failures: tuple[Failure, ...] = ()


def prune(
    database: Database,
    *,
    retention_days: int | None,
    clock: Callable[[], datetime],
    dry_run: bool = False,
    stopping: Stopping = never,
) -> PruneReport:
    """Delete events and sessions of days that are longer ago than the website keeps them.

    Today and the `retention_days` local days before it are kept, and so are visits that reach into them, whole. Days
    are rolled up once more before they go; from then on their figures are never touched again.

    Args:
        database: Where the tables stand.
        retention_days: For websites that say nothing themselves; None and 0 keep everything.
        clock: Says which day it is.
        dry_run: Count what would be deleted, and change nothing.
        stopping: Says whether to leave the rest for the next run.
    """
    with database.read() as session:
        websites = session.execute(select(Website.id, Website.retention_days).order_by(Website.id)).all()
    pruned: list[Pruned] = []
    failures: list[Failure] = []
    for website_id, own_days in websites:
        if stopping():
            break
        if days := retention_days if own_days is None else own_days:
            try:
                plan = _plan(database, website_id, days, clock())
                pruned.append(_counted(plan) if dry_run else _prune(plan, clock, stopping))
            except SourceUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one website spoils no other's pruning
                failures.append(Failure.of(website_id, error))
    return PruneReport(tuple(pruned), tuple(failures))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of a website is to be pruned.

    Attributes:
        first: Its first local day with traffic that is not pruned.
        before: The first local day that is kept.
    """

    database: Database
    website_id: str
    zone: ZoneInfo
    first: date
    before: date

    def old_visits(self) -> ColumnElement[bool]:
        """Of the sessions to be deleted, with their events."""
        return and_(*self._begun(), _SESSION.c.last_activity_at < self._kept())

    def old_events(self) -> ColumnElement[bool]:
        """Of all events to be deleted."""
        reaching = exists().where(
            *self._begun(),
            _SESSION.c.session_id == _EVENT.c.session_id,
            _SESSION.c.started_at <= _EVENT.c.timestamp,
            _SESSION.c.last_activity_at >= self._kept(),
        )
        return and_(_EVENT.c.website_id == self.website_id, _EVENT.c.timestamp < self._kept(), ~reaching)

    def _begun(self) -> tuple[ColumnElement[bool], ...]:
        return _SESSION.c.website_id == self.website_id, _SESSION.c.started_at < self._kept()

    def _kept(self) -> datetime:
        return day_start(self.before, self.zone)


def _plan(database: Database, website_id: str, days: int, now: datetime) -> _Plan:
    with database.read() as session:
        website = session.get_one(Website, website_id)
        zone = find_zone(website.timezone)
        before = max(days_after(now.astimezone(zone).date(), -days), website.pruned_before or date.min)
        first = max(min(traffic_ends(session, website_id, zone), default=before), website.pruned_before or date.min)
    return _Plan(database, website_id, zone, first, before)


def _counted(plan: _Plan) -> Pruned:
    with plan.database.read() as session:
        events = session.scalar(select(func.count()).select_from(_EVENT).where(plan.old_events())) or 0
        sessions = session.scalar(select(func.count()).select_from(_SESSION).where(plan.old_visits())) or 0
    return Pruned(plan.website_id, plan.before, events, sessions)


def _prune(plan: _Plan, clock: Callable[[], datetime], stopping: Stopping) -> Pruned:
    for start, end in chunks(plan.first, days_after(plan.before, -1)):
        if stopping():
            return Pruned(plan.website_id, plan.before, 0, 0)
        with plan.database.write() as session:
            roll(session, plan.website_id, plan.zone, start, end, rolled_at=clock())
    with plan.database.write() as session:  # from here on nobody counts these days, however many events are left
        pruned_before = lock(session, plan.website_id)
        if pruned_before is None or pruned_before < plan.before:
            website = update(Website).where(Website.id == plan.website_id)
            session.execute(website.values(pruned_before=plan.before))
    events = 0

    def step(rows: int) -> int:
        nonlocal events
        with plan.database.write() as session:
            of_visits, visits = _delete_visits(session, plan.old_visits(), rows)
        events += of_visits
        return visits

    sessions = in_steps(step, rows=VISITS, stopping=stopping)
    events += in_steps(lambda rows: _delete_events(plan, rows), rows=EVENTS, stopping=stopping)
    return Pruned(plan.website_id, plan.before, events, sessions)


def _delete_visits(session: Session, condition: ColumnElement[bool], rows: int) -> tuple[int, int]:
    """Delete the oldest visits whole; return how many events and sessions they were."""
    oldest = select(_SESSION.c.id).where(condition).order_by(_SESSION.c.started_at).limit(rows)
    # What a writer has locked is left to the next run: nobody waits for anybody.
    ids = session.scalars(oldest.with_for_update(skip_locked=True)).all()
    of_visit = and_(
        _EVENT.c.website_id == _SESSION.c.website_id,
        _EVENT.c.session_id == _SESSION.c.session_id,
        _EVENT.c.timestamp.between(_SESSION.c.started_at, _SESSION.c.last_activity_at),
    )
    events = select(_EVENT.c.id).join_from(_SESSION, _EVENT, of_visit).where(_SESSION.c.id.in_(ids))
    deleted = session.execute(delete(_EVENT).where(_EVENT.c.id.in_(events)))
    session.execute(delete(_SESSION).where(_SESSION.c.id.in_(ids)))
    return cast("CursorResult[Any]", deleted).rowcount, len(ids)


def _delete_events(plan: _Plan, rows: int) -> int:
    oldest = select(_EVENT.c.id).where(plan.old_events()).order_by(_EVENT.c.timestamp).limit(rows)
    with plan.database.write() as session:
        ids = session.scalars(oldest.with_for_update(skip_locked=True, of=_EVENT)).all()
        session.execute(delete(_EVENT).where(_EVENT.c.id.in_(ids)))
    return len(ids)
