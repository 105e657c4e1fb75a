"""The proof of the daily rows: counted once more, from the raw rows, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from stats_core.database import Database
from stats_core.models import DEVICE_TYPES, AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession, Website
from stats_core.query.zones import day_start, days_after
from stats_core.traffic.daily import LISTS, TOP, Day
from stats_core.traffic.rollups import chunks, known_days
from stats_core.traffic.websites import website_zones

_SUMS = ("pageviews", "sessions", "bounces", "duration_seconds_total")
_COLUMNS = (
    *("date", *_SUMS, "unique_visitors", "bounce_rate", "avg_session_duration"),
    *(f"{kind}_visitors" for kind in DEVICE_TYPES),
    *LISTS,
)
_SESSION_VALUES = {
    "referrer_source": "top_referrers",
    "country": "top_countries",
    "browser": "browser_stats",
    "os": "os_stats",
}
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A daily row, or a website's totals, that the raw rows do not bear out.

    Attributes:
        day: The local day; None for the totals of all days.
        rolled: What the row says, by column; None where there is no row.
        raw: What the events and sessions say; None where there are none.
    """

    website_id: str
    day: date | None
    rolled: Day | None
    raw: Day | None

    def __str__(self) -> str:
        where = f"{self.website_id}, {self.day or 'all days'}"
        if self.rolled is None:
            return f"{where}: not rolled up"
        if self.raw is None:
            return f"{where}: rolled up, but there is no traffic"
        rolled, raw = self.rolled, self.raw
        return f"{where}: " + ", ".join(
            f"{name} is {rolled[name]}, counted {raw[name]}" for name in raw if rolled[name] != raw[name]
        )


def reconcile(
    database: Database,
    *,
    website_ids: Collection[str] | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[Difference]:
    """Every daily row that is not what its events and sessions say; without days given, the totals of all days too.

    Days whose events are pruned are left out: nothing is there to compare them with.
    Shares no statement with the rollup: rows are read and counted here, each on the date that `zoneinfo` gives it.

    Raises:
        NotFoundError: There is no such website.
    """
    found: list[Difference] = []
    for website_id, zone in website_zones(database, website_ids).items():
        with database.read() as session:
            if (known := known_days(session, website_id, zone)) is None:
                continue
            for start, end in chunks(max(first or known[0], known[0]), min(last or known[1], known[1])):
                found += _different_days(session, website_id, zone, start, end)
            if first is None and last is None:
                found += _different_totals(session, website_id, zone)
    return found


@dataclass(slots=True)
class _Tally:
    """Rows by a value: how many, and whose."""

    counts: Counter[Any] = field(default_factory=Counter)
    visitors: defaultdict[Any, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, value: Hashable, visitor: str) -> None:
        """One more row."""
        self.counts[value] += 1
        self.visitors[value].add(visitor)

    def top(self, measure: str) -> list[dict[str, Any]]:
        """The list as a daily row holds it."""
        order = sorted(self.counts, key=lambda name: (-self.counts[name], name is None, name or ""))
        return [
            {"name": name, measure: self.counts[name], "visitors": len(self.visitors[name])} for name in order[:TOP]
        ]


@dataclass(slots=True)
class _Count:
    """One day, counted."""

    events: _Tally = field(default_factory=_Tally)  # by event type
    devices: _Tally = field(default_factory=_Tally)
    pages: _Tally = field(default_factory=_Tally)
    sessions: _Tally = field(default_factory=_Tally)  # by whether it bounced
    seconds: int = 0
    values: tuple[_Tally, ...] = field(default_factory=lambda: tuple(_Tally() for _ in _SESSION_VALUES))

    def add_event(self, event: Row[Any]) -> None:
        self.events.add(event.event_type, event.visitor_id)
        self.devices.add(event.device_type or "other", event.visitor_id)
        if event.event_type == "pageview":
            self.pages.add(event.pathname, event.visitor_id)

    def add_session(self, session: Row[Any]) -> None:
        self.sessions.add(session.is_bounce, session.visitor_id)
        self.seconds += session.duration_seconds
        for tally, name in zip(self.values, _SESSION_VALUES, strict=True):
            tally.add(getattr(session, name), session.visitor_id)

    def day(self, day: date) -> Day:
        """The row that should stand for this day."""
        sessions, bounces = self.sessions.counts.total(), self.sessions.counts[True]
        return {
            "date": day,
            "pageviews": self.events.counts["pageview"],
            "sessions": sessions,
            "bounces": bounces,
            "duration_seconds_total": self.seconds,
            "unique_visitors": len(set().union(*self.events.visitors.values())),
            "bounce_rate": bounces / sessions if sessions else None,
            "avg_session_duration": self.seconds / sessions if sessions else None,
            **{f"{kind}_visitors": len(self.devices.visitors[kind]) for kind in DEVICE_TYPES},
            "top_pages": self.pages.top("pageviews"),
            **{name: tally.top("sessions") for name, tally in zip(_SESSION_VALUES.values(), self.values, strict=True)},
        }


def _different_days(session: Session, website_id: str, zone: ZoneInfo, first: date, last: date) -> Iterator[Difference]:
    counted: defaultdict[date, _Count] = defaultdict(_Count)
    event = AnalyticsEvent
    columns = (event.timestamp, event.event_type, event.visitor_id, event.device_type, event.pathname)
    for row in _rows(session, website_id, first, last, *columns):
        counted[row.timestamp.astimezone(zone).date()].add_event(row)
    visit = AnalyticsSession
    values = (getattr(visit, name) for name in _SESSION_VALUES)
    for row in _rows(
        session,
        website_id,
        first,
        last,
        visit.started_at,
        visit.visitor_id,
        visit.is_bounce,
        visit.duration_seconds,
        *values,
    ):
        counted[row.started_at.astimezone(zone).date()].add_session(row)
    rolled = _rolled(session, website_id, first, last)
    for day in sorted(rolled.keys() | {day for day in counted if first <= day <= last}):
        raw = counted[day].day(day) if day in counted else None
        if rolled.get(day) != raw:
            yield Difference(website_id, day, rolled.get(day), raw)


def _rows(
    session: Session,
    website_id: str,
    first: date,
    last: date,
    moment: InstrumentedAttribute[datetime],
    *columns: InstrumentedAttribute[Any],
) -> Iterable[Row[Any]]:
    """A website's rows of these days and, since no zone is two days away from UTC, of two around them."""
    low, high = (datetime.combine(days_after(day, margin), time(), UTC) for day, margin in ((first, -2), (last, 3)))
    within = (moment.class_.website_id == website_id, moment >= low, moment < high)
    return session.execute(select(moment, *columns).where(*within).execution_options(yield_per=_BATCH))


def _rolled(session: Session, website_id: str, first: date, last: date) -> dict[date, Day]:
    daily = AnalyticsDailyStats
    rows = select(*(getattr(daily, name) for name in _COLUMNS))
    rows = rows.where(daily.website_id == website_id, daily.date.between(first, last))
    return {row["date"]: dict(row) for row in session.execute(rows).mappings()}


def _different_totals(session: Session, website_id: str, zone: ZoneInfo) -> Iterator[Difference]:
    """The sums of all daily rows against all raw rows, which no day or zone has touched; what is pruned is left out."""
    daily, event, visit = AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession
    sums = select(*(func.coalesce(func.sum(getattr(daily, name)), 0).label(name) for name in _SUMS))
    sums = sums.where(daily.website_id == website_id)
    views = select(func.count()).where(event.website_id == website_id, event.event_type == "pageview")
    visits = select(
        func.count().label("sessions"),
        func.count(case((visit.is_bounce, 1))).label("bounces"),
        func.coalesce(func.sum(visit.duration_seconds), 0).label("duration_seconds_total"),
    ).where(visit.website_id == website_id)
    if (pruned_before := session.scalar(select(Website.pruned_before).where(Website.id == website_id))) is not None:
        kept = day_start(pruned_before, zone)
        sums = sums.where(daily.date >= pruned_before)
        views, visits = views.where(event.timestamp >= kept), visits.where(visit.started_at >= kept)
    rolled = {name: int(total) for name, total in session.execute(sums).mappings().one().items()}
    raw = {"pageviews": session.scalar(views) or 0, **session.execute(visits).mappings().one()}
    if rolled != raw:
        yield Difference(website_id, None, rolled, raw)
