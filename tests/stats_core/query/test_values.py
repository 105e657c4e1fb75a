"""Values of filters: what fits a type is coerced, what does not is refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stats_core.catalog.entity import FieldType
from stats_core.query.moments import end_of, parse_moment, start_of
from stats_core.query.values import UnfitError, coerce, coerce_json_text, shown

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (FieldType.TEXT, "PAID", "PAID"),
        (FieldType.TEXT, "", ""),
        (FieldType.INTEGER, 12, 12),
        (FieldType.INTEGER, "12", 12),
        (FieldType.INTEGER, "-7", -7),
        (FieldType.INTEGER, 12.0, 12),
        (FieldType.INTEGER, 2**63 - 1, 2**63 - 1),
        (FieldType.NUMBER, 1.5, 1.5),
        (FieldType.NUMBER, "1.50", 1.5),
        (FieldType.NUMBER, "-2e3", -2000.0),
        (FieldType.NUMBER, 3, 3),
        (FieldType.NUMBER, Decimal("0.1"), Decimal("0.1")),
        (FieldType.BOOLEAN, True, True),
        (FieldType.BOOLEAN, "false", False),
        (FieldType.DATE, "2026-01-31", date(2026, 1, 31)),
        (FieldType.DATE, date(2026, 1, 31), date(2026, 1, 31)),
        (FieldType.DATETIME, "2026-01-31", date(2026, 1, 31)),
        (FieldType.DATETIME, "2026-01-31T12:00:00Z", NOON),
        (FieldType.DATETIME, "2026-01-31 13:00+0100", NOON),
        (FieldType.DATETIME, NOON, NOON),
    ],
    ids=repr,
)
def test_a_value_is_coerced_to_the_type(type_: FieldType, value: Any, expected: Any) -> None:
    found = coerce(value, type_)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (FieldType.TEXT, [1, True, None, ["a"], {"a": 1}, "a\0b", "\ud800", "x" * 10_001]),
        (
            FieldType.INTEGER,
            [True, 1.5, "1.5", "", " 1", "1_000", "0x10", "\u0663", None, [1], 2**63, "9" * 50, float("nan")],
        ),
        (FieldType.NUMBER, [True, "one", "1,5", "nan", "inf", "1e999", float("inf"), 2**64, Decimal("NaN"), None, {}]),
        (FieldType.BOOLEAN, [1, 0, "yes", "True", None, []]),
        (FieldType.DATE, ["2026-13-01", "2026-1-1", "2026-01-31T00:00", NOON, 20260131, None, True]),
        (FieldType.DATETIME, ["2026-01-31T24:61", "now", 1_700_000_000, None, True, "2026-01-31T12:00:00+01"]),
    ],
)
def test_what_does_not_fit_is_refused(type_: FieldType, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(UnfitError):
            coerce(value, type_)


@pytest.mark.parametrize(("value", "text"), [("p1", "p1"), (12, "12"), (True, "true"), (False, "false")])
def test_a_value_in_a_document_is_compared_as_its_text(value: Any, text: str) -> None:
    assert coerce_json_text(value) == text


def test_a_float_in_a_document_is_not_guessed() -> None:
    with pytest.raises(UnfitError, match=r"1.5 is not a text"):
        coerce_json_text(1.5)


def test_a_message_shows_values_shortly() -> None:
    assert shown("x" * 100) == "'" + "x" * 58 + "…"
    assert shown({"a": {"b": 1}}) == "{…}"
    assert shown([1, 2]) == "[…]"
    assert shown("\ud800") == r"'\ud800'"


def test_a_day_stands_for_all_its_moments_and_a_time_for_itself() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    day, time = date(2026, 3, 29), datetime.fromisoformat("2026-03-29T12:00")
    assert start_of(day, berlin) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert end_of(day, berlin) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert start_of(time, berlin) == end_of(time, berlin) == datetime(2026, 3, 29, 10, tzinfo=UTC)


def test_a_time_that_clocks_show_twice_is_the_first() -> None:
    assert start_of(datetime.fromisoformat("2026-10-25T02:30"), ZoneInfo("Europe/Berlin")) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31"])
def test_moments_at_the_ends_of_the_calendar_do_not_overflow(value: str) -> None:
    assert 1 <= end_of(parse_moment(value), ZoneInfo("Pacific/Apia")).year <= 9999
