"""Daily figures: one row of `analytics_daily_stats` per website and local day with traffic.

Days whose events are pruned keep the row they have: nothing here touches them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Self, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, and_, delete, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from stats_core.database import Database
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.models import AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession, Website
from stats_core.traffic.daily import Day, figures
from stats_core.traffic.websites import website_zones

log = logging.getLogger(__name__)

_CHUNK_DAYS = 31  # per transaction: other writers wait no longer than a month takes


@dataclass(frozen=True, slots=True)
class Failure:
    """A website that kept its work from being done, and why."""

    website_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.website_id}: {self.reason}"

    @classmethod
    def of(cls, website_id: str, error: Exception) -> Self:
        """What came of `error`; where it is a bug, its traceback is logged."""
        if isinstance(error, ExpectedError):
            return cls(website_id, str(error))
        log.error("The work on website %s failed.", website_id, exc_info=error)
        return cls(website_id, f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class RollupReport:
    """What was rolled up.

    Attributes:
        websites: Websites that have traffic or had a row.
        days: Rows that stand now in what was rolled up.
        failures: Websites whose days are still to be rolled up.
    """

    websites: int
    days: int
    failures: tuple[Failure, ...] = ()


def roll_up(
    database: Database,
    *,
    website_ids: Collection[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    clock: Callable[[], datetime],
) -> RollupReport:
    """Bring the daily rows up to date with events and sessions.

    Days without traffic have no row: one that was there is deleted. Doing it again changes nothing but `rolled_at`.

    Args:
        database: Where the tables stand.
        website_ids: The websites; all where not given.
        first: Local day to begin with; the first with anything where not given.
        last: Local day to end with, included; the last with anything where not given.
        clock: Gives `rolled_at`.

    Raises:
        NotFoundError: There is no such website.
        InvalidOptionsError: `first` is after `last`.
    """
    if first is not None and last is not None and first > last:
        raise InvalidOptionsError([Problem("from", f"{first} is after {last}.", "Swap the two days.")])
    websites = days = 0
    for website_id, zone in website_zones(database, website_ids).items():
        with database.read() as session:
            known = known_days(session, website_id, zone)
        if known is None:
            continue
        websites += 1
        for start, end in chunks(max(first or known[0], known[0]), min(last or known[1], known[1])):
            with database.write() as session:
                days += roll(session, website_id, zone, start, end, rolled_at=clock())
    return RollupReport(websites, days)


def roll_up_days(
    database: Database, days: Iterable[tuple[str, date]], *, clock: Callable[[], datetime]
) -> RollupReport:
    """The same for single days of websites, as `store_events` reports them."""
    by_website: dict[str, set[date]] = {}
    for website_id, day in days:
        by_website.setdefault(website_id, set()).add(day)
    rolled = 0
    for website_id, zone in website_zones(database, by_website).items():
        for first, last in runs(by_website[website_id]):
            with database.write() as session:
                rolled += roll(session, website_id, zone, first, last, rolled_at=clock())
    return RollupReport(len(by_website), rolled)


def roll(session: Session, website_id: str, zone: ZoneInfo, first: date, last: date, *, rolled_at: datetime) -> int:
    """Replace a website's rows from `first` to `last` (included) in the caller's transaction; return how many stand."""
    first = max(first, lock(session, website_id) or first)
    days = figures(session, website_id, zone, first, last) if first <= last else []
    replace(session, website_id, _each(first, last), days, rolled_at=rolled_at)
    return len(days)


def lock(session: Session, website_id: str) -> date | None:
    """Keep other rollups out of a website until the transaction ends; return its first day that is not pruned.

    Of two at once, the one that read first might write last. This lock lets events be stored meanwhile.
    """
    row = select(Website.pruned_before).where(Website.id == website_id)
    return session.scalar(row.with_for_update(key_share=True))


def replace(
    session: Session, website_id: str, dates: Sequence[date], days: Sequence[Day], *, rolled_at: datetime
) -> None:
    """Make `days` the rows of these dates."""
    stored = and_(AnalyticsDailyStats.website_id == website_id, AnalyticsDailyStats.date.in_(dates))
    session.execute(delete(AnalyticsDailyStats).where(stored))
    if days:
        rows = [{"website_id": website_id, "rolled_at": rolled_at, **day} for day in days]
        session.execute(insert(cast("Table", AnalyticsDailyStats.__table__)), rows)


def known_days(session: Session, website_id: str, zone: ZoneInfo) -> tuple[date, date] | None:
    """The first and last local day of anything a website has (events, sessions or daily rows) and has not pruned."""
    found = [*traffic_ends(session, website_id, zone), *_ends(session, AnalyticsDailyStats.date, website_id)]
    if not found:
        return None
    pruned_before = session.scalar(select(Website.pruned_before).where(Website.id == website_id))
    first, last = max(min(found), pruned_before or min(found)), max(found)
    return (first, last) if first <= last else None


def traffic_ends(session: Session, website_id: str, zone: ZoneInfo) -> list[date]:
    """The first and last local day of a website's events, and those of its sessions, as far as there are any."""
    moments = (AnalyticsEvent.timestamp, AnalyticsSession.started_at)
    return [at.astimezone(zone).date() for moment in moments for at in _ends(session, moment, website_id)]


def _ends(session: Session, moment: InstrumentedAttribute[Any], website_id: str) -> list[Any]:
    """The least and greatest value a website has, or nothing."""
    # Each alone is one look into the index; both in one SELECT make SQLite read all of it.
    ends = (select(end(moment)).where(moment.class_.website_id == website_id) for end in (func.min, func.max))
    return [found for end in ends if (found := session.scalar(end)) is not None]


def chunks(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last` (included) by first and last day of at most a month each."""
    for start in range(first.toordinal(), last.toordinal() + 1, _CHUNK_DAYS):
        yield date.fromordinal(start), date.fromordinal(min(start + _CHUNK_DAYS - 1, last.toordinal()))


def runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """First and last of each run of days that follow on each other, of at most a month each."""
    for _, run in groupby(enumerate(sorted(days)), key=lambda item: item[1].toordinal() - item[0]):
        together = [day for _, day in run]
        yield from chunks(together[0], together[-1])


def _each(first: date, last: date) -> list[date]:
    return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
