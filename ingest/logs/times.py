"""The time of a log line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)} | {f"{number:02}": number for number in range(1, 13)}
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,]\d+)?"
_ZONE = r" ?(?P<zone>[+-]\d\d:?\d\d|Z)"
_FORMATS = (
    re.compile(rf"(?P<day>\d\d?)/(?P<month>\w{{3}})/(?P<year>\d{{4}}):{_CLOCK}{_ZONE}"),  # 17/May/2015:10:05:03 +0000
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_CLOCK}{_ZONE}"),  # 2015-05-17T10:05:03+00:00
    re.compile(rf"(?P<month>\w+) (?P<day>\d\d?), (?P<year>\d{{4}})[T ]{_CLOCK}{_ZONE}"),  # May 17, 2015T10:05:03 +0000
)
_FIRST_YEAR = 1990  # there was no web before: such a clock was not set

# `17/May/2015:10:05:03 +0000`: all but the seconds repeats for a minute, and reading it once is enough.
_MINUTE, _ZONE_START, _LENGTH = slice(0, 17), slice(20, None), 26
_SECONDS = {f":{second:02}": timedelta(seconds=second) for second in range(61)}  # 60: a leap second


def read_time(text: str) -> datetime | None:
    """The moment in UTC; null where the text is no date with a zone.

    `17/May/2015:10:05:03 +0200`, and what nginx is often told to write: ISO 8601, `May 17, 2015T10:05:03 +0200`.
    """
    if len(text) == _LENGTH and (seconds := _SECONDS.get(text[17:20])) is not None:
        minute = _whole_minute(text[_MINUTE] + text[_ZONE_START])
        return minute + seconds if minute else None
    return _read(text)


@lru_cache(maxsize=4096)
def _whole_minute(text: str) -> datetime | None:
    return _read(f"{text[:17]}:00{text[17:]}")


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime | None:
    found = next((match for pattern in _FORMATS if (match := pattern.fullmatch(text))), None)
    if found is None:
        return None
    part = found.groupdict()
    try:
        month, zone, seconds = _MONTHS[part["month"][:3].lower()], _zone(part["zone"]), _SECONDS[f":{part['second']}"]
        local = datetime(
            int(part["year"]), month, int(part["day"]), int(part["hour"]), int(part["minute"]), tzinfo=zone
        )
        moment = local.astimezone(UTC) + seconds
    except (KeyError, ValueError, OverflowError):  # no such month, day, hour or zone
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def _zone(text: str) -> timezone:
    """`+0530`, `-08:00` or `Z`; a ValueError where the world has no such zone."""
    if text == "Z":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-size if text[0] == "-" else size)
