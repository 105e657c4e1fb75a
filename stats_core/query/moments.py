"""Dates and times as options write them: read strictly, and turned into moments in a zone.

2026-01-31                       a day in the zone of the call
2026-01-31T10:00                 a time on the clock of that zone
2026-01-31T10:00:00.5+01:00      a moment, whatever the zone
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from stats_core.query.zones import EARLIEST, LATEST, day_start, days_after

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)


def parse_moment(value: object) -> date | datetime:
    """A day (`date`) or a time (`datetime`, naive where it names no zone), from ISO 8601 text or from such a value.

    Raises:
        ValueError: It is neither; the message says what is wanted.
    """
    if isinstance(value, date):  # a datetime is one, too
        return value
    if isinstance(value, str):
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
            if _DATETIME.fullmatch(value):
                return datetime.fromisoformat(value)
        except ValueError as error:
            msg = f"{value!r} is no date of the calendar: {error}"
            raise ValueError(msg) from error
    msg = f"{value!r:.60} is no date or time; write 2026-01-31 or 2026-01-31T10:00:00Z"
    raise ValueError(msg)


def is_day(moment: date | datetime) -> bool:
    """Whether it is a whole day."""
    return not isinstance(moment, datetime)


def start_of(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """Its first moment (UTC). A time that the clock shows twice is the first of the two."""
    if not isinstance(moment, datetime):
        return day_start(moment, zone)
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return min(max(aware.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if moment.year == 1 else LATEST


def end_of(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) that no longer belongs to it: a day ends where the next begins, a time is a point."""
    return start_of(moment if isinstance(moment, datetime) else days_after(moment, 1), zone)
