"""Time zones: when their offset changes, and at which moment a day begins in them.

Databases never see a zone's name: they get the offset changes found here, so that every engine cuts the same days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stats_core.errors import UnknownNameError

EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""Moments are kept between these two, since beyond them no zone can be applied."""

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_STEP: Final = timedelta(days=2)  # the closest two changes of tzdata are 95 hours apart (Freetown, 1939)
_FIRST_YEAR: Final = 1840  # every zone had its local mean time before
_LAST_YEAR: Final = 2100  # tzdata's rules go on for ever; where nobody says how far, this is how far we go


@dataclass(frozen=True, slots=True)
class Offsets:
    """A zone's distance from UTC over a period.

    Attributes:
        first: Seconds east of UTC at the start.
        changes: The moments (UTC, ascending) at which it changes, each with the seconds from there on.
    """

    first: int
    changes: tuple[tuple[datetime, int], ...] = ()


NO_OFFSET: Final = Offsets(0)


def find_zone(name: str, *, path: str = "timezone") -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        UnknownNameError: There is none, with the nearest names.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones ("Europe"), or a name too long
        raise UnknownNameError("time zone", name, available_timezones(), path=path) from None


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every IANA zone that is known here, by name."""
    return tuple(sorted(available_timezones()))


def offset_at(zone: ZoneInfo, moment: datetime) -> int:
    """Seconds east of UTC at a moment (aware)."""
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=1024)
def offsets(zone: ZoneInfo, start: datetime | None, end: datetime | None) -> Offsets:
    """The zone's offsets in `[start, end)`; an open end reaches as far as tzdata can tell."""
    start = start or datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    end = end or datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    years = range(max(start.year, _FIRST_YEAR), min(end.year, _LAST_YEAR) + 1)
    changes = (change for year in years for change in _changes(zone, year))
    return Offsets(offset_at(zone, start), tuple((at, seconds) for at, seconds in changes if start < at < end))


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) of a day, also where clocks skip midnight; a skipped day begins where the next does."""
    if day <= EARLIEST.date():
        return EARLIEST
    if day >= LATEST.date():
        return LATEST
    midnight = datetime.combine(day, time())
    moment = midnight.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == midnight:
        return moment
    # The clock jumped over midnight. Read with the offset before the jump, midnight lies at or after it.
    around = offsets(zone, moment - _STEP, moment + _SECOND).changes
    return max(at for at, _ in around if at <= moment)


def days_after(day: date, days: int) -> date:
    """`day + days`, kept within what a date can hold."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


@lru_cache(maxsize=8192)
def _changes(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, int], ...]:
    """The offset changes of a year (UTC): `zoneinfo` does not list them, so they are looked for."""
    found = []
    low, last = datetime(year, 1, 1, tzinfo=UTC) - _SECOND, datetime(year + 1, 1, 1, tzinfo=UTC) - _SECOND
    before = offset_at(zone, low)
    while low < last:
        high = min(low + _STEP, last)
        after = offset_at(zone, high)
        if after != before:
            found.append((_change_between(zone, low, high), after))
        low, before = high, after
    return tuple(found)


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second with the offset of `high`."""
    after = offset_at(zone, high)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high
