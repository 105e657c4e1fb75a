"""The figures of local days, aggregated by the database: a few statements, however many days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, ColumnElement, Date, Label, Select, and_, case, column, func, select, values
from sqlalchemy.orm import InstrumentedAttribute, Session

from stats_core.database.types import UTCDateTime
from stats_core.models import DEVICE_TYPES, AnalyticsEvent, AnalyticsSession
from stats_core.query.constructs import BinaryOrder
from stats_core.traffic.days import DaySpan, day_spans

Day = dict[str, Any]
"""A row of `analytics_daily_stats` by column, without website and times of writing."""

TOP = 10
"""Entries of each list of a day at most."""

LISTS = ("top_pages", "top_referrers", "top_countries", "browser_stats", "os_stats")


def figures(session: Session, website_id: str, zone: ZoneInfo, first: date, last: date) -> list[Day]:
    """The figures of the local days with traffic from `first` to `last` (included), as their rows hold them.

    Events count on the day they happened, sessions on the day they started.
    """
    if not (spans := day_spans(zone, first, last)):
        return []
    # PostgreSQL finds the rows by the whole period and matches them with the days. SQLite goes from each day into the
    # index by time, which is twice as fast, unless it is told of the period.
    period = (spans[0].start, spans[-1].end) if session.connection().dialect.name == "postgresql" else None
    within = _Within(website_id, _table(spans), period)
    days: dict[date, Day] = {}
    for statement in (_event_counts(within), _session_counts(within)):
        for row in session.execute(statement).mappings():
            days.setdefault(row["date"], _blank(row["date"])).update(row)
    for name, statement in _lists(within).items():
        for row in session.execute(statement).mappings():
            # Without a snapshot, the first visit of a day may have come since it was counted; its mark mends the row.
            day = days.setdefault(row["date"], _blank(row["date"]))
            day[name].append({key: value for key, value in row.items() if key != "date"})
    return [_with_rates(days[day]) for day in sorted(days)]


@dataclass(frozen=True, slots=True)
class _Within:
    """A website's rows in the spans of some days."""

    website_id: str
    spans: CTE
    period: tuple[datetime, datetime] | None

    def rows(self, moment: InstrumentedAttribute[datetime], *columns: ColumnElement[Any]) -> Select[Any]:
        """Columns of the table of `moment`, grouped by `date`."""
        table, day = moment.class_, self.spans.c.day.label("date")
        within = and_(moment >= self.spans.c.start, moment < self.spans.c.stop)
        rows = select(day, *columns).join_from(self.spans, table, within).where(table.website_id == self.website_id)
        if self.period is not None:
            rows = rows.where(moment >= self.period[0], moment < self.period[1])
        return rows.group_by(day)


def _table(spans: Sequence[DaySpan]) -> CTE:
    columns = (column("day", Date), column("start", UTCDateTime), column("stop", UTCDateTime))
    return values(*columns, name="span").data([(span.day, span.start, span.end) for span in spans]).cte("span")


def _event_counts(within: _Within) -> Select[Any]:
    device = func.coalesce(AnalyticsEvent.device_type, "other")
    by_device = (
        _distinct_visitors(case((device == kind, AnalyticsEvent.visitor_id))).label(f"{kind}_visitors")
        for kind in DEVICE_TYPES
    )
    return within.rows(
        AnalyticsEvent.timestamp,
        func.count(case((AnalyticsEvent.event_type == "pageview", 1))).label("pageviews"),
        _distinct_visitors(AnalyticsEvent.visitor_id).label("unique_visitors"),
        *by_device,
    )


def _session_counts(within: _Within) -> Select[Any]:
    return within.rows(
        AnalyticsSession.started_at,
        func.count().label("sessions"),
        func.count(case((AnalyticsSession.is_bounce, 1))).label("bounces"),
        func.sum(AnalyticsSession.duration_seconds).label("duration_seconds_total"),
    )


def _lists(within: _Within) -> dict[str, Select[Any]]:
    """By list of a day, the statement of its entries."""
    of_sessions = {
        "top_referrers": AnalyticsSession.referrer_source,
        "top_countries": AnalyticsSession.country,
        "browser_stats": AnalyticsSession.browser,
        "os_stats": AnalyticsSession.os,
    }
    return {
        "top_pages": _top(
            within,
            AnalyticsEvent.timestamp,
            AnalyticsEvent.pathname,
            func.count().label("pageviews"),
            AnalyticsEvent.event_type == "pageview",
        ),
        **{
            name: _top(within, AnalyticsSession.started_at, value, func.count().label("sessions"))
            for name, value in of_sessions.items()
        },
    }


def _top(
    within: _Within,
    moment: InstrumentedAttribute[datetime],
    value: InstrumentedAttribute[Any],
    measure: Label[int],
    *only: ColumnElement[bool],
) -> Select[Any]:
    """Each day's `TOP` values by `measure` (ties by name, null last) as `name`, with their distinct visitors."""
    visitors = _distinct_visitors(moment.class_.visitor_id).label("visitors")
    groups = within.rows(moment, value.label("name"), measure, visitors).where(*only).group_by(value)
    group = groups.subquery().c
    largest_first = (group[measure.name].desc(), group.name.is_(None), BinaryOrder(group.name))
    place = func.row_number().over(partition_by=group.date, order_by=largest_first).label("place")
    ranked = select(*group, place).subquery().c
    entry = (ranked.date, ranked.name, ranked[measure.name], ranked.visitors)
    return select(*entry).where(ranked.place <= TOP).order_by(ranked.date, ranked.place)


def _distinct_visitors(visitor: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[int]:
    return func.count(visitor.distinct())


def _blank(day: date) -> Day:
    counts = ("pageviews", "unique_visitors", *(f"{kind}_visitors" for kind in DEVICE_TYPES))
    of_sessions = ("sessions", "bounces", "duration_seconds_total")
    return {"date": day, **dict.fromkeys((*counts, *of_sessions), 0), **{name: [] for name in LISTS}}


def _with_rates(day: Day) -> Day:
    """The day with what follows from its sums; null where there is nothing to divide by."""
    sessions = day["sessions"]
    return {
        **day,
        "bounce_rate": day["bounces"] / sessions if sessions else None,
        "avg_session_duration": day["duration_seconds_total"] / sessions if sessions else None,
    }
