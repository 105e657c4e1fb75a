"""Local days as spans of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.traffic.days import DaySpan, day_spans

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Cairo",  # clocks skip midnight
    "America/St_Johns",  # until 2011 clocks were set back over midnight
    "Pacific/Apia",  # a day was skipped
    "Pacific/Kiritimati",
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Asia/Kolkata", date(2026, 3, 2), [(utc(2026, 3, 1, 18, 30), utc(2026, 3, 2, 18, 30))]),
        (
            "Europe/Berlin",
            date(2026, 3, 29),  # 23 hours
            [(utc(2026, 3, 28, 23), utc(2026, 3, 29, 1)), (utc(2026, 3, 29, 1), utc(2026, 3, 29, 22))],
        ),
        (
            "America/St_Johns",
            date(2008, 11, 2),  # begins, is taken back after a minute, begins again
            [(utc(2008, 11, 2, 2, 30), utc(2008, 11, 2, 2, 31)), (utc(2008, 11, 2, 3, 30), utc(2008, 11, 3, 3, 30))],
        ),
        ("Pacific/Apia", date(2011, 12, 30), []),
    ],
)
def test_a_day_is_the_time_that_clocks_show_its_date(zone, day, expected):
    assert day_spans(ZoneInfo(zone), day, day) == [DaySpan(day, start, end) for start, end in expected]


def test_the_ends_of_the_calendar_are_days_too():
    for day in (date.min, date.max):
        assert all(span.day == day for span in day_spans(ZoneInfo("Asia/Tokyo"), day, day))


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    first=st.dates(date(1975, 1, 1), date(2040, 1, 1)),
    length=st.integers(0, 400),
    data=st.data(),
)
def test_spans_cover_all_time_once_and_every_moment_has_the_date_of_its_span(zone, first, length, data):
    last = first + timedelta(days=length)
    spans = day_spans(zone, first, last)
    assert all(earlier.end <= later.start for earlier, later in pairwise(spans))
    assert all(first <= span.day <= last for span in spans)
    low, high = utc(first.year, first.month, first.day), utc(last.year, last.month, last.day) + timedelta(days=1)
    moment = data.draw(st.datetimes(low.replace(tzinfo=None), high.replace(tzinfo=None), timezones=st.just(UTC)))
    local = moment.astimezone(zone).date()
    holding = [span.day for span in spans if span.start <= moment < span.end]
    assert holding == ([local] if first <= local <= last else [])
