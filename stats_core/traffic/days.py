"""Local days as spans of time, which any database can join its rows with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from stats_core.query.zones import day_start, days_after, offsets

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A stretch `[start, end)` of time (UTC) whose moments have the local date `day`.

    A day is one span, two where the clock is changed within it, three where it was set back over midnight (St. John's
    did so at 00:01 until 2011), none where the calendar skipped it (Samoa, 30 December 2011).
    """

    day: date
    start: datetime
    end: datetime


def day_spans(zone: ZoneInfo, first: date, last: date) -> list[DaySpan]:
    """The spans of the local days from `first` to `last` (included), in time."""
    low, high = day_start(days_after(first, -1), zone), day_start(days_after(last, 2), zone)
    known = offsets(zone, low, high)
    turns = [low, *(at for at, _ in known.changes), high]
    seconds = [known.first, *(offset for _, offset in known.changes)]
    spans = (
        span
        for start, end, offset in zip(turns, turns[1:], seconds, strict=False)
        for span in _cut(start, end, timedelta(seconds=offset))
    )
    return [span for span in spans if first <= span.day <= last]


def _cut(start: datetime, end: datetime, offset: timedelta) -> Iterator[DaySpan]:
    """`[start, end)` cut at the midnights of one offset."""
    while start < end:
        day = (start + offset).date()
        midnight = datetime.combine(day, time(), UTC) + _DAY - offset
        yield DaySpan(day, start, min(midnight, end))
        start = midnight
