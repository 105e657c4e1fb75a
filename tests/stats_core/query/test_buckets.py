"""Buckets: which there are between two moments, in zones that do everything clocks can do.

Which bucket a row falls into is tested with the operations, on every engine.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.own import own_entities
from stats_core.errors import InvalidOptionsError
from stats_core.query.buckets import MAX_BUCKETS, Bucket, Calendar, calendar_of, in_time_order
from stats_core.query.joins import Joined

CATALOG = Catalog(own_entities(), [])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def labels(precision: Any, zone: str | None, start: str, end: str) -> list[str]:
    calendar = Calendar(precision, zone and ZoneInfo(zone))
    first, last = (moment(text) if zone else datetime.fromisoformat(text) for text in (start, end))
    return [bucket.label for bucket in calendar.between(first, last)]


@pytest.mark.parametrize(
    ("precision", "zone", "start", "end", "expected"),
    [
        ("day", "UTC", "2026-02-27", "2026-03-02", ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("day", "Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00", ["2026-03-29"]),
        ("day", "UTC", "2026-02-27T12:00", "2026-02-28T00:00:00.000001", ["2026-02-27", "2026-02-28"]),
        ("day", "Pacific/Apia", "2011-12-29T10:00", "2011-12-31T10:00", ["2011-12-29", "2011-12-31"]),
        ("week", "UTC", "2026-01-01", "2026-01-13", ["2025-12-29", "2026-01-05", "2026-01-12"]),
        ("month", "UTC", "2025-12-31", "2026-02-02", ["2025-12-01", "2026-01-01", "2026-02-01"]),
        ("quarter", "UTC", "2025-12-31", "2026-05-02", ["2025-10-01", "2026-01-01", "2026-04-01"]),
        ("year", "UTC", "2024-06-01", "2026-01-02", ["2024-01-01", "2025-01-01", "2026-01-01"]),
        (
            "hour",
            "Europe/Berlin",
            "2026-10-24T23:30",
            "2026-10-25T02:00",
            ["2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"],
        ),
        (
            "hour",
            "Europe/Berlin",
            "2026-03-29T00:00",
            "2026-03-29T02:00",
            ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"],
        ),
        (
            "hour",
            "Australia/Lord_Howe",
            "2026-04-04T14:00",
            "2026-04-04T16:00",
            ["2026-04-05T01:00+11:00", "2026-04-05T01:00+10:30", "2026-04-05T02:00+10:30"],
        ),
        (
            "hour",
            "Asia/Kathmandu",
            "2026-01-01T00:00",
            "2026-01-01T01:30",
            ["2026-01-01T05:00+05:45", "2026-01-01T06:00+05:45", "2026-01-01T07:00+05:45"],
        ),
        (
            "hour",
            "America/St_Johns",
            "2010-11-07T02:00",
            "2010-11-07T03:35",
            ["2010-11-06T23:00-02:30", "2010-11-07T00:00-02:30", "2010-11-06T23:00-03:30", "2010-11-07T00:00-03:30"],
        ),
        (
            "hour",
            None,
            "2026-10-25T01:30",
            "2026-10-25T03:30",
            ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00"],
        ),
        (
            "hour",
            "Europe/Berlin",
            "1890-01-01T00:00",
            "1890-01-01T00:10",
            ["1890-01-01T00:00+00:53:28", "1890-01-01T01:00+00:53:28"],
        ),
        ("month", None, "2026-01-31", "2026-03-01", ["2026-01-01", "2026-02-01"]),
    ],
)
def test_every_bucket_with_a_part_in_the_period(
    precision: str, zone: str | None, start: str, end: str, expected: list[str]
) -> None:
    assert labels(precision, zone, start, end) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"])
@pytest.mark.parametrize("precision", ["hour", "day", "week", "month", "quarter", "year"])
def test_a_bucket_begins_and_ends_where_its_neighbours_do(precision: Any, zone: str) -> None:
    calendar = Calendar(precision, ZoneInfo(zone))
    buckets = calendar.between(moment("2026-03-01"), moment("2026-04-20"))
    for bucket in buckets:
        assert calendar.at(calendar.starts(bucket)) == bucket
    for bucket, following in itertools.pairwise(buckets):
        assert calendar.starts(bucket) < calendar.starts(following) <= calendar.ends(bucket)


def test_an_hour_that_a_change_cuts_begins_with_the_change() -> None:
    calendar = Calendar("hour", ZoneInfo("America/St_Johns"))
    again = calendar.at(moment("2010-11-07T02:31:30"))
    assert again.label == "2010-11-06T23:00-03:30"
    assert calendar.starts(again) == moment("2010-11-07T02:31:00")


def test_more_buckets_than_come_back_are_refused() -> None:
    calendar = Calendar("hour", ZoneInfo("UTC"))
    start = moment("2026-01-01")
    assert len(calendar.between(start, moment("2026-07-28T08:00"))) == MAX_BUCKETS
    with pytest.raises(InvalidOptionsError, match="more than 5000 buckets of one hour") as caught:
        calendar.between(start, moment("2026-07-28T08:00:00.000001"))
    assert caught.value.path == "precision"
    with pytest.raises(InvalidOptionsError):
        calendar.between(moment("0002-01-01"), moment("9998-01-01"))


def test_buckets_are_put_in_the_order_of_time_each_once() -> None:
    summer = Bucket(datetime.fromisoformat("2026-10-25T02:00"), 7200, hour=True)
    winter = Bucket(datetime.fromisoformat("2026-10-25T02:00"), 3600, hour=True)
    assert in_time_order([winter, summer, winter]) == [summer, winter]


@pytest.mark.parametrize(
    ("name", "precision", "path", "message"),
    [
        ("sessions", "day", "date_field", "'sessions' is of type integer, and only dates and times have buckets."),
        ("date", "hour", "precision", "'date' is a date and has no hours."),
    ],
)
def test_only_dates_and_times_are_cut(name: str, precision: Any, path: str, message: str) -> None:
    field = Joined(CATALOG, CATALOG.entity("analytics_daily_stats")).field(name, path="date_field")
    with pytest.raises(InvalidOptionsError) as caught:
        calendar_of(field, precision, ZoneInfo("UTC"), path="date_field")
    assert (caught.value.path, caught.value.message) == (path, message)


def test_dates_are_on_no_zones_clock() -> None:
    field = Joined(CATALOG, CATALOG.entity("analytics_daily_stats")).field("date", path="")
    assert calendar_of(field, "week", ZoneInfo("Europe/Berlin"), path="") == Calendar("week", None)
