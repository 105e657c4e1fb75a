"""Values as people see them, whatever the engine gave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from uuid import UUID

import pytest

from stats_core.catalog.rows import plain

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


class Mood(Enum):
    HAPPY = "happy"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("text", "text"),
        (1.5, 1.5),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal(12), 12),
        (Decimal("1E+3"), 1000),
        (Decimal("12.50"), 12.5),
        (Decimal("12.00"), 12.0),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2024, 1, 31), date(2024, 1, 31)),
        (NOON.replace(tzinfo=None), NOON.replace(tzinfo=None)),
        (NOON.astimezone(timezone(timedelta(hours=2))), NOON),
        (time(12, 30), "12:30:00"),
        (timedelta(hours=25), "1 day, 1:00:00"),
        (Mood.HAPPY, "happy"),
        (IPv4Address("10.0.0.1"), "10.0.0.1"),
        (b"\x00\xff", "00ff"),
        (memoryview(b"\x01"), "01"),
        ((1, Decimal("2.5")), [1, 2.5]),
        ([UUID(int=1)], ["00000000-0000-0000-0000-000000000001"]),
        ({"a": (Decimal(1), NOON.astimezone(timezone(timedelta(hours=1))))}, {"a": [1, NOON]}),
    ],
    ids=lambda value: "memoryview" if isinstance(value, memoryview) else repr(value),  # its repr is an address
)
def test_a_value_is_plain(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)
