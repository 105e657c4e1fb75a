"""Ranges of time as options give them, and the half-open periods they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.query.moments import end_of, parse_moment, start_of
from stats_core.query.zones import day_start, days_after, find_zone

Preset = Literal["today", "7d", "30d", "90d", "ytd", "12m", "all"]
MAX_DAYS: Final = 36_525  # a hundred years

Moment = Annotated[
    date | datetime,
    PlainValidator(parse_moment),
    PlainSerializer(lambda moment: moment.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "examples": ["2026-01-31", "2026-01-31T10:00:00Z"]}),
]


class Range(BaseModel):
    """`{from, to}`, `{last_days}` or `{preset}`: one of them.

    A date-only `to` is inclusive, a time exclusive; without `from` or `to` that side is open.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        alias_generator=AliasGenerator(validation_alias=to_camel),
    )

    from_: Moment | None = Field(
        None, validation_alias="from", serialization_alias="from", description="First day, or the moment it begins at."
    )
    to: Moment | None = Field(None, description="Last day (inclusive), or the moment it ends at (exclusive).")
    last_days: int | None = Field(
        None, strict=True, ge=1, le=MAX_DAYS, description="So many days up to and including today."
    )
    preset: Preset | None = Field(
        None, description="today, 7d, 30d and 90d with today, ytd, 12m (this month and the eleven before), or all."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [self.from_ is not None or self.to is not None, self.last_days is not None, self.preset is not None]
        if sum(forms) != 1:
            msg = (
                f"{'Several forms' if any(forms) else 'No form'} of a range: give from and to, or last_days, or preset"
            )
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class Period:
    """`[start, end)` in UTC; None is an open side."""

    start: datetime | None = None
    end: datetime | None = None

    def dates(self, zone: ZoneInfo) -> tuple[date | None, date | None]:
        """The same as `[first, last)` of days: those whose start lies in the period."""
        return _first_day_from(self.start, zone), _first_day_from(self.end, zone)

    def clock(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The same as naive times on the zone's clock."""
        return _on_clock(self.start, zone), _on_clock(self.end, zone)


ALWAYS: Final = Period()


def resolve_range(asked: Range | None, now: datetime, timezone: str | ZoneInfo, *, path: str = "range") -> Period:
    """The period a range stands for in a zone; no range is all of time.

    Raises:
        InvalidOptionsError: It ends before it begins.
        UnknownNameError: There is no such zone.
    """
    zone = timezone if isinstance(timezone, ZoneInfo) else find_zone(timezone)
    if asked is None or asked.preset == "all":
        return ALWAYS
    if asked.last_days is not None:
        return _days_until_today(asked.last_days, now, zone)
    if asked.preset is not None:
        return _PRESETS[asked.preset](now, zone)
    period = Period(
        None if asked.from_ is None else start_of(asked.from_, zone),
        None if asked.to is None else end_of(asked.to, zone),
    )
    if period.start is not None and period.end is not None and period.start >= period.end:
        raise InvalidOptionsError([_inverted(asked, path)])
    return period


def range_before(asked: Range, now: datetime, timezone: str | ZoneInfo) -> Range | None:
    """The range of equal length just before: as many days where it is whole days, else as long; None if a side is open.

    Raises:
        InvalidOptionsError: The range ends before it begins.
        UnknownNameError: There is no such zone.
    """
    zone = timezone if isinstance(timezone, ZoneInfo) else find_zone(timezone)
    period = resolve_range(asked, now, zone)
    if period.start is None or period.end is None:
        return None
    first, after = period.dates(zone)
    if first and after and (day_start(first, zone), day_start(after, zone)) == (period.start, period.end):
        days = (after - first).days
        return Range.model_validate({"from": days_after(first, -days), "to": days_after(first, -1)})
    return Range.model_validate({"from": period.start - (period.end - period.start), "to": period.start})


def described(period: Period, zone: ZoneInfo) -> tuple[str | None, str | None]:
    """`from` and `to` as a range is written: days (the last inclusive) where both ends are midnights, else times."""
    ends = [moment for moment in (period.start, period.end) if moment is not None]
    if all(day_start(moment.astimezone(zone).date(), zone) == moment for moment in ends):
        first, after = period.dates(zone)
        return first.isoformat() if first else None, days_after(after, -1).isoformat() if after else None
    start, end = period.start, period.end
    return start.astimezone(zone).isoformat() if start else None, end.astimezone(zone).isoformat() if end else None


def _days_until_today(days: int, now: datetime, zone: ZoneInfo) -> Period:
    today = now.astimezone(zone).date()
    return Period(day_start(days_after(today, 1 - days), zone), day_start(days_after(today, 1), zone))


def _from_first_of_month(months_back: int) -> Callable[[datetime, ZoneInfo], Period]:
    def period(now: datetime, zone: ZoneInfo) -> Period:
        today = now.astimezone(zone).date()
        months = today.year * 12 + today.month - 1 - months_back
        first = date(months // 12, months % 12 + 1, 1)
        return Period(day_start(first, zone), day_start(days_after(today, 1), zone))

    return period


def _year_to_date(now: datetime, zone: ZoneInfo) -> Period:
    today = now.astimezone(zone).date()
    return Period(day_start(date(today.year, 1, 1), zone), day_start(days_after(today, 1), zone))


def _last(days: int) -> Callable[[datetime, ZoneInfo], Period]:
    return lambda now, zone: _days_until_today(days, now, zone)


_PRESETS: Final[Mapping[str, Callable[[datetime, ZoneInfo], Period]]] = MappingProxyType(
    {
        "today": _last(1),
        "7d": _last(7),
        "30d": _last(30),
        "90d": _last(90),
        "ytd": _year_to_date,
        "12m": _from_first_of_month(11),
    }
)


def _inverted(asked: Range, path: str) -> Problem:
    begins, ends = (moment.isoformat() for moment in (asked.from_, asked.to) if moment is not None)
    hint = "Swap from and to."
    if asked.from_ == asked.to:
        hint = "A time is exclusive: give a later one, or a date, which is inclusive."
    return Problem(f"{path}.to", f"The range ends ({ends}) before or when it begins ({begins}).", hint)


def _first_day_from(moment: datetime | None, zone: ZoneInfo) -> date | None:
    if moment is None:
        return None
    day = moment.astimezone(zone).date()
    return day if day_start(day, zone) >= moment else days_after(day, 1)


def _on_clock(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.astimezone(zone).replace(tzinfo=None)
