"""Where a figure comes from, in a line: source, range, when it was resolved, and the call's hash."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from stats_core.catalog.catalog import Catalog
from stats_core.panels.resolver import Asked
from stats_core.query.ranges import Period
from workbench.figures.formats import MONTHS, write_date
from workbench.figures.text import humanised, one_line

HASH_LETTERS = 8
SEPARATOR = " · "
DASH = "\N{EN DASH}"


def source_line(asked: Asked, catalog: Catalog, resolved_at: datetime) -> str:
    """`Sales order (workbench) · 1-31 May 2026 · resolved 15 Jun 2026, 12:00 UTC · call 561942a6`, with en dashes."""
    parts = [_source(asked, catalog), _period(asked.period, ZoneInfo(asked.timezone)), _moment(resolved_at)]
    return SEPARATOR.join([*filter(None, parts), f"call {asked.hash[:HASH_LETTERS]}"])


def _source(asked: Asked, catalog: Catalog) -> str:
    if not asked.entity:
        return ""
    label = catalog.entities[asked.entity].label or humanised(asked.entity)
    return f"{one_line(label)} ({one_line(asked.source)})"


def _moment(resolved_at: datetime) -> str:
    at = resolved_at.astimezone(UTC)
    return f"resolved {write_date(at.date()).text}, {at:%H:%M} UTC"


def _period(period: Period, zone: ZoneInfo) -> str:
    first, after = period.dates(zone)
    last = after - timedelta(days=1) if after else None
    if first and last:
        return days(first, last)
    return f"from {write_date(first).text}" if first else f"until {write_date(last).text}" if last else ""


def days(first: date, last: date) -> str:
    """`1-31 May 2026`, `23 Oct - 21 Nov 2026` or `21 Dec 2025 - 3 Jan 2026`, with en dashes: nothing is said twice."""
    end = write_date(last).text
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{DASH}{end}"
    month = MONTHS[first.month - 1]
    return f"{first.day} {month} {DASH} {end}" if first.year == last.year else f"{write_date(first).text} {DASH} {end}"
