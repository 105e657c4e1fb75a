"""Ranges: each form stands for one half-open period in the zone; what is mixed, empty or inverted is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from stats_core.errors import InvalidOptionsError, UnknownNameError
from stats_core.query.ranges import ALWAYS, Period, Range, described, resolve_range

NOW = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)  # in Berlin it is 16 June already
BERLIN = ZoneInfo("Europe/Berlin")


def period(asked: dict[str, Any], zone: str = "UTC", now: datetime = NOW) -> tuple[str | None, str | None]:
    found = resolve_range(Range.model_validate(asked), now, zone)
    return found.start and found.start.isoformat()[:16], found.end and found.end.isoformat()[:16]


@pytest.mark.parametrize(
    ("asked", "zone", "expected"),
    [
        ({"preset": "today"}, "UTC", ("2026-06-15T00:00", "2026-06-16T00:00")),
        ({"preset": "today"}, "Europe/Berlin", ("2026-06-15T22:00", "2026-06-16T22:00")),
        ({"preset": "7d"}, "UTC", ("2026-06-09T00:00", "2026-06-16T00:00")),
        ({"last_days": 7}, "UTC", ("2026-06-09T00:00", "2026-06-16T00:00")),
        ({"preset": "30d"}, "UTC", ("2026-05-17T00:00", "2026-06-16T00:00")),
        ({"lastDays": 30}, "UTC", ("2026-05-17T00:00", "2026-06-16T00:00")),
        ({"preset": "90d"}, "Europe/Berlin", ("2026-03-18T23:00", "2026-06-16T22:00")),
        ({"preset": "ytd"}, "America/New_York", ("2026-01-01T05:00", "2026-06-16T04:00")),
        ({"preset": "12m"}, "UTC", ("2025-07-01T00:00", "2026-06-16T00:00")),
        ({"preset": "all"}, "UTC", (None, None)),
        ({"from": "2026-03-29", "to": "2026-03-29"}, "Europe/Berlin", ("2026-03-28T23:00", "2026-03-29T22:00")),
        ({"from": "2026-03-29", "to": "2026-03-30T12:00"}, "Europe/Berlin", ("2026-03-28T23:00", "2026-03-30T10:00")),
        (
            {"from": "2026-01-01T12:00:00+05:00", "to": "2026-01-01T12:00:00Z"},
            "Europe/Berlin",
            ("2026-01-01T07:00", "2026-01-01T12:00"),
        ),
        ({"from": "2026-01-01 12:00"}, "Asia/Kathmandu", ("2026-01-01T06:15", None)),
        ({"to": "2026-01-01"}, "UTC", (None, "2026-01-02T00:00")),
        ({"from": "0001-01-01", "to": "9999-12-31"}, "Pacific/Apia", ("0001-01-02T00:00", "9999-12-30T00:00")),
        ({"from": "2011-12-30", "to": "2011-12-31"}, "Pacific/Apia", ("2011-12-30T10:00", "2011-12-31T10:00")),
    ],
)
def test_a_range_is_a_half_open_period(asked: dict[str, Any], zone: str, expected: tuple[str, str]) -> None:
    assert period(asked, zone) == expected


def test_twelve_months_in_december_are_the_calendar_year() -> None:
    december = datetime(2026, 12, 24, tzinfo=UTC)
    assert period({"preset": "12m"}, now=december) == ("2026-01-01T00:00", "2026-12-25T00:00")


def test_no_range_is_all_of_time() -> None:
    assert resolve_range(None, NOW, "UTC") == ALWAYS == Period(None, None)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"from": None, "to": None},
        {"last_days": 7, "preset": "7d"},
        {"from": "2026-01-01", "last_days": 7},
        {"from": "2026-01-01", "to": "2026-02-01", "preset": "all"},
    ],
)
def test_no_form_and_several_forms_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give from and to, or last_days, or preset"):
        Range.model_validate(asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"last_days": 0},
        {"last_days": True},
        {"last_days": 1.5},
        {"last_days": 10**9},
        {"preset": "8d"},
        {"since": "2026"},
        {"from": "2026-02-30"},
        {"from": "yesterday"},
        {"from": 20260101},
        {"from": "20260101"},
        {"from": "2026-W05-1"},
        {"from": "2026-01-01T25:00"},
        {"from": "\uff12\uff10\uff12\uff16-01-01"},
        {"from": "2026-01-01T10:00+99:00"},
        {"from": ["2026-01-01"]},
    ],
)
def test_what_is_no_date_and_no_number_of_days_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Range.model_validate(asked)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, "Swap from and to."),
        (
            {"from": "2026-01-01T10:00", "to": "2026-01-01T10:00"},
            "A time is exclusive: give a later one, or a date, which is inclusive.",
        ),
        ({"from": "2026-01-02", "to": "2026-01-02T00:00"}, "Swap from and to."),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused_with_its_path(asked: dict[str, Any], hint: str) -> None:
    with pytest.raises(InvalidOptionsError) as caught:
        resolve_range(Range.model_validate(asked), NOW, "UTC")
    assert (caught.value.path, caught.value.hint) == ("range.to", hint)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="No time zone named 'Mars/Olympus'"):
        resolve_range(None, NOW, "Mars/Olympus")


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-01-31", "to": "2026-02-28"},
        {"from": "2026-03-29T10:30:00", "to": "2026-04-01"},
        {"from": "2026-03-29T10:30:00.000001+02:00"},
        {"preset": "12m"},
        {"last_days": 3},
    ],
)
def test_a_range_survives_being_written_as_json(asked: dict[str, Any]) -> None:
    found = Range.model_validate(asked)
    assert Range.model_validate_json(found.model_dump_json()) == found


def test_python_dates_are_taken_too() -> None:
    assert Range(from_=date(2026, 1, 1), to=date(2026, 1, 2)) == Range.model_validate(
        {"from": "2026-01-01", "to": "2026-01-02"}
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-03-29", "to": "2026-03-29"},
        {"from": "2026-03-29T10:30:00+02:00", "to": "2026-04-01T00:00:00+02:00"},
        {"from": "2018-11-04", "to": "2018-11-05"},
        {"from": "2026-05-01"},
    ],
)
def test_a_period_is_described_as_the_range_that_gives_it(asked: dict[str, str]) -> None:
    found = resolve_range(Range.model_validate(asked), NOW, BERLIN)
    first, last = described(found, BERLIN)
    assert {key: value for key, value in (("from", first), ("to", last)) if value} == asked


def test_days_of_a_period_are_those_whose_start_lies_in_it() -> None:
    found = resolve_range(Range.model_validate({"from": "2026-01-01T12:00", "to": "2026-01-03T12:00"}), NOW, BERLIN)
    assert found.dates(BERLIN) == (date(2026, 1, 2), date(2026, 1, 4))
    assert found.clock(BERLIN) == (datetime(2026, 1, 1, 12), datetime(2026, 1, 3, 12))  # noqa: DTZ001 - on the clock
    assert ALWAYS.dates(BERLIN) == ALWAYS.clock(BERLIN) == (None, None)
