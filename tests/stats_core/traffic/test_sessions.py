"""The session fold: worked cases, and laws that hold for any events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.traffic.sessions import GAP, Event, Session, apart, fold, splice

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
_NUMBER = iter(range(1_000_000))


def at(clock: str, visitor: str = "A", **fields) -> Event:
    """A pageview of `visitor` at `clock` (`[days+]HH:MM[:SS]`), in a session of the same name unless given."""
    days, _, time = clock.rpartition("+")
    hours, minutes, *seconds = time.split(":")
    offset = timedelta(
        days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds[0]) if seconds else 0
    )
    plain = Event(
        website_id="site_a",
        event_id=f"e{next(_NUMBER):06}",
        session_id=visitor,
        visitor_id=visitor,
        event_type="pageview",
        pathname="/",
        timestamp=MIDNIGHT + offset,
    )
    return replace(plain, **fields)


def custom(clock: str, visitor: str = "A", **fields) -> Event:
    return at(clock, visitor, event_type="custom_event", event_name="signup", **fields)


def figures(sessions: list[Session]) -> dict[str, float]:
    """The figures of a report over `sessions`."""
    count = len(sessions)
    return {
        "visitors": len({session.visitor_id for session in sessions}),
        "visits": count,
        "pageviews": sum(session.pageviews for session in sessions),
        "bounces": sum(session.is_bounce for session in sessions),
        "duration": sum(session.duration_seconds for session in sessions) / count if count else 0,
    }


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [at("00:00:00"), at("00:00:20"), at("00:00:40", "B")],
            {"visitors": 2, "visits": 2, "pageviews": 3, "bounces": 1, "duration": 10},
            id="D1: half of two visits in one minute bounce",
        ),
        pytest.param(
            [at("00:00"), at("00:01"), at("10:00"), at("15:00", "B")],
            {"visitors": 2, "visits": 3, "pageviews": 4, "bounces": 2, "duration": 20},
            id="D2: coming back after hours is a new visit",
        ),
        pytest.param(
            [at("00:00"), at("00:01"), at("00:02", "B"), at("15:00", "C")],
            {"visitors": 3, "visits": 3, "pageviews": 4, "bounces": 2, "duration": 20},
            id="D3: three visits of 1.33 pages",
        ),
        pytest.param(
            [at("00:00"), at("00:15"), at("00:15", "B")],
            {"visitors": 2, "visits": 2, "pageviews": 3, "bounces": 1, "duration": 450},
            id="D4: bounces count as 0 in the average duration",
        ),
        pytest.param(
            [at("00:00:00"), at("00:00:10")],
            {"visitors": 1, "visits": 1, "pageviews": 2, "bounces": 0, "duration": 10},
            id="D6: two pages are no bounce",
        ),
        pytest.param(
            [at("00:00:00"), at("00:29:59")],
            {"visitors": 1, "visits": 1, "pageviews": 2, "bounces": 0, "duration": 1799},
            id="D7: 29:59 continues",
        ),
        pytest.param(
            [at("00:00:00"), at("00:30:01")],
            {"visitors": 1, "visits": 2, "pageviews": 2, "bounces": 2, "duration": 0},
            id="D8: 30:01 starts a new one",
        ),
        pytest.param(
            [at("00:00"), at("00:20"), at("00:40"), at("01:00")],
            {"visitors": 1, "visits": 1, "pageviews": 4, "bounces": 0, "duration": 3600},
            id="D9: the clock starts anew at every event",
        ),
        pytest.param(
            [],
            {"visitors": 0, "visits": 0, "pageviews": 0, "bounces": 0, "duration": 0},
            id="D10: nothing in, nothing out",
        ),
        pytest.param(
            [at("00:00:00"), at("00:30:00")],
            {"visitors": 1, "visits": 1, "pageviews": 2, "bounces": 0, "duration": 1800},
            id="1800 s exactly continues",
        ),
        pytest.param(
            [at("00:00:00"), at("00:30:00.000001")],
            {"visitors": 1, "visits": 2, "pageviews": 2, "bounces": 2, "duration": 0},
            id="a microsecond more does not",
        ),
        pytest.param(
            [at("23:50"), at("1+00:10")],
            {"visitors": 1, "visits": 1, "pageviews": 2, "bounces": 0, "duration": 1200},
            id="midnight does not cut",
        ),
        pytest.param(
            [at("00:00"), custom("00:00:30")],
            {"visitors": 1, "visits": 1, "pageviews": 1, "bounces": 0, "duration": 30},
            id="a custom event makes a single page no bounce",
        ),
        pytest.param(
            [custom("00:00")],
            {"visitors": 1, "visits": 1, "pageviews": 0, "bounces": 0, "duration": 0},
            id="a session without a pageview is no bounce",
        ),
        pytest.param(
            [at("00:00:00"), at("00:00:00.9")],
            {"visitors": 1, "visits": 1, "pageviews": 2, "bounces": 0, "duration": 0},
            id="a duration is whole seconds",
        ),
    ],
)
def test_visits_bounces_and_durations(events, expected):
    assert figures(fold(events)) == expected


def test_one_pageview_is_its_sessions_entry_and_exit():
    # D5 of the session cases
    event = at(
        "09:00",
        pathname="/x",
        referrer="https://google.com/",
        referrer_source="google",
        referrer_medium="search",
        country="DE",
        device_type="desktop",
        browser="Firefox",
        os="Linux",
    )
    expected = Session(
        website_id="site_a",
        session_id="A",
        visitor_id="A",
        started_at=event.timestamp,
        last_activity_at=event.timestamp,
        entry_page="/x",
        exit_page="/x",
        pageviews=1,
        events=1,
        referrer="https://google.com/",
        referrer_source="google",
        referrer_medium="search",
        country="DE",
        device_type="desktop",
        browser="Firefox",
        os="Linux",
    )
    assert fold([event]) == [expected]
    assert (expected.is_bounce, expected.duration_seconds) == (True, 0)


def test_pages_and_source_come_from_pageviews_and_the_visitor_from_the_first_event():
    early = custom("09:00", pathname="/widget", visitor_id="first", referrer_source="facebook", country="FR")
    landing = at("09:01", pathname="/landing", visitor_id="second", referrer_source="google", country="DE")
    leaving = at("09:02", pathname="/leaving", referrer_source="bing")
    late = custom("09:03", pathname="/popup")
    (session,) = fold([late, leaving, landing, early])
    assert (session.entry_page, session.exit_page) == ("/landing", "/leaving")
    assert (session.visitor_id, session.referrer_source, session.country) == ("first", "google", "DE")
    assert (session.pageviews, session.events, session.duration_seconds) == (2, 4, 180)


def test_a_session_of_custom_events_alone_takes_their_pages_and_source():
    (session,) = fold(
        [
            custom("09:05", pathname="/b", referrer_source="bing"),
            custom("09:00", pathname="/a", referrer_source="google"),
        ]
    )
    assert (session.entry_page, session.exit_page, session.referrer_source) == ("/a", "/b", "google")
    assert (session.pageviews, session.events, session.is_bounce) == (0, 2, False)


def test_simultaneous_events_are_ordered_by_their_ids():
    first, second = at("09:00", event_id="1", pathname="/one"), at("09:00", event_id="2", pathname="/two")
    (session,) = fold([second, first])
    assert (session.entry_page, session.exit_page) == ("/one", "/two")


def test_of_two_events_with_one_id_the_first_given_counts():
    kept, repeated = (
        at("09:00", event_id="same", pathname="/kept"),
        at("09:10", "B", event_id="same", pathname="/dropped"),
    )
    assert [(session.session_id, session.entry_page) for session in fold([kept, repeated])] == [("A", "/kept")]


def test_one_event_id_and_one_session_id_on_two_websites_are_two():
    here, there = at("09:00", event_id="same"), at("09:00", event_id="same", website_id="site_b")
    assert [session.website_id for session in fold([there, here])] == ["site_a", "site_b"]


def test_sessions_come_sorted_by_website_session_and_start():
    events = [at("12:00"), at("08:00", "B"), at("08:00"), at("08:00", "A", website_id="site_0")]
    assert [(s.website_id, s.session_id, s.started_at.hour) for s in fold(events)] == [
        ("site_0", "A", 8),
        ("site_a", "A", 8),
        ("site_a", "A", 12),
        ("site_a", "B", 8),
    ]


# Around multiples of half the gap, so that gaps of just under, exactly and just over 1800 s are common.
_seconds = st.builds(lambda half, jitter: half * 900 + jitter, st.integers(0, 12), st.sampled_from([-1, 0, 0, 1]))


@st.composite
def event_lists(draw: st.DrawFn) -> list[Event]:
    """Up to 14 events with ids of their own, of two websites and three session ids."""
    return [
        Event(
            website_id=draw(st.sampled_from(["site_a", "site_a", "site_b"])),
            event_id=f"e{number}",
            session_id=draw(st.sampled_from("AB")),
            visitor_id=draw(st.sampled_from("VW")),
            event_type=draw(st.sampled_from(["pageview", "custom_event"])),
            pathname=f"/{number}",
            timestamp=MIDNIGHT + timedelta(seconds=draw(_seconds)),
            referrer_source=draw(st.sampled_from([None, "google", "direct"])),
        )
        for number in range(draw(st.integers(0, 14)))
    ]


@given(events=event_lists(), data=st.data())
def test_order_and_repetition_change_nothing(events, data):
    repeated = data.draw(st.lists(st.sampled_from(events))) if events else []
    assert fold(data.draw(st.permutations(events + repeated))) == fold(events)


@given(events=event_lists())
def test_sessions_are_the_connected_events(events):
    """The gap rule said another way: steps of at most 1800 s lead from each event of a session to each other."""
    groups: list[list[Event]] = []
    for event in events:
        near = [group for group in groups if any(_linked(event, other) for other in group)]
        groups = [group for group in groups if group not in near] + [[event, *chain.from_iterable(near)]]
    expected = sorted((min(event.timestamp for event in group), len(group)) for group in groups)
    assert sorted((session.started_at, session.events) for session in fold(events)) == expected


def _linked(one: Event, other: Event) -> bool:
    same = (one.website_id, one.session_id) == (other.website_id, other.session_id)
    return same and abs(one.timestamp - other.timestamp) <= GAP


@given(events=event_lists())
def test_every_event_is_counted_once(events):
    sessions = fold(events)
    assert sum(session.events for session in sessions) == len(events)
    assert sum(session.pageviews for session in sessions) == sum(e.event_type == "pageview" for e in events)


@given(events=event_lists(), cuts=st.lists(_seconds, max_size=3))
def test_splicing_the_folds_of_parts_in_time_is_the_fold_of_all(events, cuts):
    moments = [MIDNIGHT + timedelta(seconds=cut) for cut in cuts]
    parts = defaultdict(list)
    for event in events:
        parts[sum(event.timestamp >= moment for moment in moments)].append(event)
    sessions = sorted((session for part in parts.values() for session in fold(part)), key=_place)
    threads = [list(group) for _, group in groupby(sessions, key=attrgetter("website_id", "session_id"))]
    assert all(map(apart, threads))
    assert [session for thread in threads for session in splice(thread)] == fold(events)


def test_parts_that_touch_are_not_apart():
    (early,), (late,), (both,) = fold([at("09:00")]), fold([at("09:01")]), fold([at("09:00"), at("09:01")])
    assert [apart([]), apart([early]), apart([early, late]), apart([both, late])] == [True, True, True, False]


def _place(session: Session) -> tuple[str, str, datetime]:
    return session.website_id, session.session_id, session.started_at
