"""Zones: their offset changes are tzdata's own, and days begin where clocks say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, _zoneinfo, available_timezones  # type: ignore[attr-defined]

import pytest

from stats_core.errors import UnknownNameError
from stats_core.query.zones import EARLIEST, LATEST, Offsets, day_start, days_after, find_zone, offset_at, offsets

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ODD_ZONES = [
    "Africa/Casablanca",
    "Africa/Freetown",
    "America/Caracas",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Manila",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "UTC",
]


def listed(name: str) -> list[tuple[datetime, int]]:
    """The changes that tzdata's file lists, where the offset is another than before."""
    zone = _zoneinfo.ZoneInfo.no_cache(name)
    last = zone._tti_before.utcoff if zone._tti_before else timedelta(0)
    found = []
    for at, after in zip(zone._trans_utc, zone._ttinfos, strict=True):
        if after.utcoff != last:
            found.append((EPOCH + timedelta(seconds=at), round(after.utcoff.total_seconds())))
        last = after.utcoff
    return found


@pytest.mark.parametrize("name", ODD_ZONES)
def test_the_changes_found_are_those_that_tzdata_lists(name: str) -> None:
    start, end = datetime(1840, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)
    expected = [(at, seconds) for at, seconds in listed(name) if start < at < end]
    assert list(offsets(ZoneInfo(name), start, end).changes) == expected


def test_no_zone_changes_twice_within_the_step_that_changes_are_looked_for_by() -> None:
    for name in available_timezones():
        changes = [at for at, _ in listed(name)]
        assert all(later - earlier > timedelta(days=2) for earlier, later in pairwise(changes)), name


def test_offsets_of_a_period_start_with_the_one_that_holds_and_leave_out_changes_at_its_ends() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring, autumn = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert offsets(berlin, spring, autumn) == Offsets(7200)
    second = timedelta(seconds=1)
    assert offsets(berlin, spring - second, autumn + second) == Offsets(3600, ((spring, 7200), (autumn, 3600)))


def test_an_open_period_has_the_offsets_of_local_mean_time_and_of_the_year_2099() -> None:
    found = offsets(ZoneInfo("Europe/Berlin"), None, None)
    assert found.first == 53 * 60 + 28
    assert found.changes[-1] == (datetime(2099, 10, 25, 1, tzinfo=UTC), 3600)
    assert offsets(ZoneInfo("UTC"), None, None) == Offsets(0)


@pytest.mark.parametrize(
    ("name", "day", "begins"),
    [
        ("UTC", date(2026, 6, 15), "2026-06-15T00:00:00"),
        ("Asia/Kathmandu", date(2026, 6, 15), "2026-06-14T18:15:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00"),  # clocks jumped from 00:00 to 01:00
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00:00"),  # 24:00 was 23:00 again
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00:00"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00"),  # clocks jumped from 23:30 to 00:30
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-29T10:00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00"),  # this day was left out
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00"),
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30:00"),  # 00:01 was 23:01 again: it began twice
    ],
)
def test_a_day_begins_with_the_first_moment_that_clocks_show_it(name: str, day: date, begins: str) -> None:
    assert day_start(day, ZoneInfo(name)) == datetime.fromisoformat(begins).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["Africa/Cairo", "America/Havana", "Asia/Gaza", "Australia/Lord_Howe", "Atlantic/Azores"]
)
def test_days_follow_each_other_without_gaps_or_overlaps(name: str) -> None:
    zone = ZoneInfo(name)
    for number in range(366 * 3):
        day = date(2023, 1, 1) + timedelta(days=number)
        begins = day_start(day, zone)
        assert begins.astimezone(zone).date() == day
        assert (begins - timedelta(seconds=1)).astimezone(zone).date() == day - timedelta(days=1)
        assert timedelta(hours=22) < day_start(day + timedelta(days=1), zone) - begins < timedelta(hours=26)


def test_days_at_the_ends_of_the_calendar_stay_within_it() -> None:
    assert day_start(date.min, ZoneInfo("Pacific/Apia")) == EARLIEST
    assert day_start(date.max, ZoneInfo("Pacific/Apia")) == LATEST
    assert days_after(date.max, 1) == date.max
    assert days_after(date.min, -1) == date.min
    assert days_after(date(2026, 2, 28), 1) == date(2026, 3, 1)


def test_offsets_are_seconds_east_of_utc() -> None:
    assert offset_at(ZoneInfo("America/New_York"), datetime(2026, 1, 1, tzinfo=UTC)) == -5 * 3600
    assert offset_at(ZoneInfo("Asia/Kathmandu"), datetime(2026, 1, 1, tzinfo=UTC)) == 5 * 3600 + 45 * 60


@pytest.mark.parametrize(
    "name",
    ["Europe/Berln", "europe/berlin", "Europe", "", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000, "\ud800", "é"],
)
def test_an_unknown_zone_is_answered_with_the_path(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_zone(name)
    assert caught.value.path == "timezone"
    assert caught.value.hint


def test_a_misspelt_zone_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"No time zone named 'Europe/Berln'. Did you mean 'Europe/Berlin'"):
        find_zone("Europe/Berln")
