"""Storing events: what is new, and sessions that are always the fold of what is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from ingest.arrivals import Arrival
from ingest.store import StoreReport, store_arrivals, store_events, verify
from stats_core.database import Database
from stats_core.errors import NotFoundError
from stats_core.models import AnalyticsEvent, AnalyticsSession, DirtyDay, Website
from stats_core.traffic.sessions import GAP, Event, Session, fold

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
_SITES = count()


def add_website(database: Database, website_id: str = "site_a", timezone: str = "UTC") -> str:
    with database.write() as session:
        session.add(Website(id=website_id, name=website_id, domain=f"{website_id}.example", timezone=timezone))
    return website_id


def event(event_id: str, minutes: float = 0, **fields) -> Event:
    """A pageview of session A, so many minutes after nine."""
    plain = Event(
        website_id="site_a",
        event_id=event_id,
        session_id="A",
        visitor_id="V",
        event_type="pageview",
        pathname=f"/{event_id}",
        timestamp=START + timedelta(minutes=minutes),
    )
    return replace(plain, **fields)


def store(database: Database, *events: Event) -> StoreReport:
    with database.write() as session:
        return store_events(session, events)


def stored_sessions(database: Database, website_id: str = "site_a") -> list[Session]:
    table = AnalyticsSession
    names = list(Session.__dataclass_fields__)
    rows = (
        select(*(getattr(table, name) for name in names))
        .where(table.website_id == website_id)
        .order_by(table.session_id, table.started_at)
    )
    with database.read() as session:
        return [Session(*row) for row in session.execute(rows)]


def stored_events(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(AnalyticsEvent))


def test_an_event_is_stored_with_every_value(database):
    add_website(database)
    given_event = Event(
        website_id="site_a",
        event_id="e1",
        session_id="A",
        visitor_id="V",
        event_type="custom_event",
        pathname="/ünï/'; --",
        timestamp=START.astimezone(BERLIN) + timedelta(microseconds=7),
        event_name="payment_completed",
        referrer="https://google.com/",
        referrer_source="google",
        referrer_medium="search",
        country="DE",
        device_type="mobile",
        browser="Firefox",
        os="Android",
        user_agent="Mozilla/5.0",
        utm_source="newsletter",
        utm_medium="email",
        utm_campaign="spring",
        metadata={"product_id": 7, "price": 12.5, "name": "Tee, grün", "gift": True, "note": None},
    )
    store(database, given_event, replace(event("e2"), user_agent=None))
    names = ["metadata_" if name == "metadata" else name for name in asdict(given_event)]
    with database.read() as session:
        rows = session.execute(select(*(getattr(AnalyticsEvent, name) for name in names)).order_by("event_id")).all()
    assert [Event(*row) for row in rows] == [
        replace(given_event, timestamp=START + timedelta(microseconds=7)),
        event("e2"),
    ]


def test_a_batch_reports_what_was_new_and_stores_its_sessions(database):
    add_website(database)
    events = [event("e1"), event("e2", 5), event("e3", 60), event("e2", 5), event("e4", session_id="B")]
    assert store(database, *events) == StoreReport(4, 1, frozenset({("site_a", date(2026, 3, 2))}))
    assert stored_sessions(database) == fold(events)
    assert list(verify(database)) == []


def test_the_same_batch_again_adds_nothing(database):
    add_website(database)
    events = [event("e1"), event("e2", 5)]
    store(database, *events)
    assert store(database, *events) == StoreReport(0, 2, frozenset())
    assert stored_sessions(database) == fold(events)


def test_nothing_is_stored_of_nothing(database):
    assert store(database) == StoreReport(0, 0, frozenset())
    assert list(verify(database)) == []


def test_an_unknown_website_is_refused_and_nothing_is_stored(database):
    add_website(database)
    with pytest.raises(NotFoundError, match="There is no website 'site_b'"):
        store(database, event("e1"), event("e2", website_id="site_b"))
    assert stored_events(database) == 0


def test_a_late_event_joins_two_sessions(database):
    add_website(database)
    store(database, event("e1", 0), event("e2", 40))
    assert len(stored_sessions(database)) == 2
    store(database, event("e3", 20))
    (session,) = stored_sessions(database)
    assert (session.entry_page, session.exit_page, session.pageviews) == ("/e1", "/e2", 3)


def test_an_event_before_the_first_becomes_the_entry(database):
    add_website(database)
    store(database, event("e1", 30))
    store(database, event("e2", 10, visitor_id="W", referrer_source="google"))
    (session,) = stored_sessions(database)
    assert (session.entry_page, session.visitor_id, session.referrer_source) == ("/e2", "W", "google")


def test_simultaneous_events_of_two_batches_are_ordered_by_their_ids(database):
    add_website(database)
    store(database, event("e2"))
    store(database, event("e1"), event("e3"))
    (session,) = stored_sessions(database)
    assert (session.entry_page, session.exit_page) == ("/e1", "/e3")


def test_a_session_that_goes_on_keeps_its_row_and_is_open_again(database):
    add_website(database)
    store(database, event("e1"))
    with database.write() as session:
        session.execute(update(AnalyticsSession).values(ended_at=START))
        row_id = session.scalar(select(AnalyticsSession.id))
    store(database, event("e2", 5))
    with database.read() as session:
        (row,) = session.scalars(select(AnalyticsSession)).all()
    assert (row.id, row.ended_at, row.duration_seconds, row.is_bounce) == (row_id, None, 300, False)


def test_sessions_of_one_id_on_two_websites_stay_apart(database):
    add_website(database)
    add_website(database, "site_b")
    store(database, event("e1"), event("e1", 1, website_id="site_b"))
    store(database, event("e2", 2, website_id="site_b"))
    assert [session.pageviews for session in stored_sessions(database)] == [1]
    assert [session.pageviews for session in stored_sessions(database, "site_b")] == [2]


def test_days_are_the_websites_own_and_hold_the_start_of_every_session_that_changed(database):
    add_website(database, timezone="Asia/Kolkata")  # midnight there is 18:30 UTC
    evening = (18 * 60 + 20) - 9 * 60  # minutes from nine to ten to midnight
    assert store(database, event("e1", evening)).days == {("site_a", date(2026, 3, 2))}
    # After midnight; the session began the day before, whose bounces and durations change.
    assert store(database, event("e2", evening + 20)).days == {
        ("site_a", date(2026, 3, 2)),
        ("site_a", date(2026, 3, 3)),
    }


def test_many_rows_go_in_one_call(database):
    add_website(database)
    rng = Random(1)
    events = [event(f"e{n}", rng.uniform(0, 5000), session_id=f"s{rng.randrange(1500)}") for n in range(6_000)]
    assert store(database, *events[:3_000]).stored == 3_000
    assert store(database, *events[2_000:]).stored == 3_000
    assert stored_sessions(database) == fold(events)
    assert list(verify(database)) == []


_minutes = st.builds(lambda half, jitter: half * 15 + jitter / 60, st.integers(0, 14), st.sampled_from([-1, 0, 0, 1]))


@st.composite
def histories(draw: st.DrawFn) -> list[list[Event]]:
    """Batches of events of two session ids: late ones, simultaneous ones and repeated ones."""
    events = [
        event(
            f"e{number:02}",
            draw(_minutes),
            session_id=draw(st.sampled_from("AAB")),
            visitor_id=draw(st.sampled_from("VW")),
            event_type=draw(st.sampled_from(["pageview", "pageview", "custom_event"])),
            referrer_source=draw(st.sampled_from([None, "google"])),
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    arriving = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=4))))
    cuts = sorted(draw(st.lists(st.integers(0, len(arriving)), max_size=5)))
    return [list(arriving[low:high]) for low, high in zip([0, *cuts], [*cuts, len(arriving)], strict=True)]


def figures_by_day(sessions: list[Session], events: list[Event], zone: ZoneInfo) -> dict[date, object]:
    """All that a daily row is made of, by local day."""
    days: dict[date, list[object]] = {}
    for item in sorted(sessions, key=repr):
        days.setdefault(item.started_at.astimezone(zone).date(), []).append(item)
    for item in sorted(events, key=lambda e: e.event_id):
        days.setdefault(item.timestamp.astimezone(zone).date(), []).append(item)
    return days


@given(batches=histories())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_every_batch_the_sessions_are_the_fold_of_all_events_so_far(database, batches):
    zone = ZoneInfo("Australia/Lord_Howe")  # a day begins at 13:00 UTC there in March
    site = add_website(database, f"site_{next(_SITES)}", zone.key)
    so_far: dict[str, Event] = {}
    for batch in batches:
        given_events = [replace(item, website_id=site) for item in batch]
        before = figures_by_day(fold(so_far.values()), list(so_far.values()), zone)
        known = len(so_far)
        for item in given_events:
            so_far.setdefault(item.event_id, item)
        report = store(database, *given_events)
        expected = fold(so_far.values())
        assert stored_sessions(database, site) == expected
        assert (report.stored, report.duplicates) == (len(so_far) - known, len(batch) - len(so_far) + known)
        after = figures_by_day(expected, list(so_far.values()), zone)
        changed = {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)}
        assert changed <= {day for _, day in report.days}


def test_writers_side_by_side_lose_nothing_and_never_deadlock(database):
    add_website(database)
    rng = Random(7)
    events = [event(f"e{n}", rng.uniform(0, 400), session_id=f"s{rng.randrange(30)}") for n in range(900)]

    def write(seed: int) -> int:
        mine = Random(seed).sample(events, len(events))
        return sum(store(database, *mine[low : low + 45]).stored for low in range(0, len(mine), 45))

    with ThreadPoolExecutor(4) as pool:
        stored = sum(pool.map(write, range(4)))
    assert stored == len(events)
    assert stored_sessions(database) == fold(events)


def test_verify_finds_a_changed_a_missing_and_an_invented_row(database):
    add_website(database)
    store(database, event("e1"), event("e2", session_id="B"), event("e3", session_id="C"), event("e4", session_id="D"))
    with database.write() as session:
        session.execute(update(AnalyticsSession).where(AnalyticsSession.session_id == "A").values(pageviews=5))
        session.execute(delete(AnalyticsSession).where(AnalyticsSession.session_id == "B"))
        session.execute(delete(AnalyticsEvent).where(AnalyticsEvent.session_id == "C"))
    found = {
        (row or expected)["session_id"]: (row and row["pageviews"], expected and expected["pageviews"])
        for row, expected in ((difference.stored, difference.expected) for difference in verify(database))
    }
    assert found == {"A": (5, 1), "B": (None, 1), "C": (1, None)}


# What comes in: events that may name no session.


def arrive(database: Database, *events: Event, former: str | None = None, writer: str = "w1") -> tuple[bool, ...]:
    with database.write() as session:
        report, new = store_arrivals(session, [Arrival(item, former) for item in events], writer=writer)
    assert (report.stored, report.duplicates) == (sum(new), len(new) - sum(new))
    return new


def nameless(event_id: str, minutes: float = 0, **fields) -> Event:
    """An event that names no session."""
    return event(event_id, minutes, **{"session_id": "", **fields})


def placed(database: Database) -> dict[str, tuple[str, str]]:
    """By event id: visitor and session."""
    columns = select(AnalyticsEvent.event_id, AnalyticsEvent.visitor_id, AnalyticsEvent.session_id)
    with database.read() as session:
        return {event_id: (visitor_id, session_id) for event_id, visitor_id, session_id in session.execute(columns)}


def test_without_a_session_id_the_session_is_named_like_the_visitor_and_cut_by_the_gap(database):
    add_website(database)
    arrive(database, nameless("e1"), nameless("e2", 30))
    arrive(database, nameless("e3", 60 + 1 / 60), nameless("e4", 90, visitor_id="W"))
    assert stored_sessions(database) == fold(
        [
            *(event(name, at, session_id="V") for name, at in (("e1", 0), ("e2", 30), ("e3", 60 + 1 / 60))),
            event("e4", 90, session_id="W", visitor_id="W"),
        ]
    )
    assert [session.events for session in stored_sessions(database)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("minutes", "session_id"),
    [(30, "A"), (30 + 1 / 60, "V"), (15, "A"), (-30, "A"), (-30 - 1 / 60, "V")],
    ids=["1800 s after", "1801 s after", "within", "1800 s before: it came late", "1801 s before"],
)
def test_an_event_without_session_id_goes_on_with_the_visitors_running_session(database, minutes, session_id):
    add_website(database)
    add_website(database, "site_b")
    arrive(database, event("e1"), event("other", session_id="B", visitor_id="W"))
    arrive(database, event("there", session_id="C", website_id="site_b"))
    arrive(database, nameless("e2", minutes))
    assert placed(database)["e2"] == ("V", session_id)
    assert list(verify(database)) == []


def test_within_a_batch_an_event_goes_on_with_what_happened_before_it(database):
    add_website(database)
    arrive(database, nameless("e4", 25), nameless("e1"), event("e2", 10), nameless("e3", 20), nameless("e5", 60))
    assert placed(database) == {
        "e1": ("V", "V"),  # no session was running yet
        "e2": ("V", "A"),
        "e3": ("V", "A"),
        "e4": ("V", "A"),
        "e5": ("V", "V"),  # 35 minutes after e4
    }


def test_of_several_running_sessions_the_one_of_the_last_activity_goes_on(database):
    add_website(database)
    arrive(database, event("e1", session_id="A"), event("e2", 5, session_id="B"), event("e3", 12, session_id="C"))
    arrive(database, nameless("e4", 10))
    assert placed(database)["e4"] == ("V", "B")


def test_a_session_that_runs_over_midnight_goes_on_under_the_visitors_former_id(database):
    add_website(database)
    midnight = 15 * 60
    arrive(database, nameless("e1", midnight - 5, visitor_id="Monday"), former="Sunday")
    arrive(database, nameless("e2", midnight + 5, visitor_id="Tuesday"), former="Monday")
    arrive(database, nameless("e3", midnight + 34, visitor_id="Tuesday"), former="Monday")
    arrive(database, nameless("e4", midnight + 65, visitor_id="Tuesday"), former="Monday")
    arrive(database, nameless("e5", midnight + 66, visitor_id="Tuesday"), former="Monday")
    assert placed(database) == {
        **dict.fromkeys(["e1", "e2", "e3"], ("Monday", "Monday")),
        **dict.fromkeys(["e4", "e5"], ("Tuesday", "Tuesday")),
    }


def test_an_event_that_names_its_session_keeps_it_under_the_former_id(database):
    add_website(database)
    arrive(database, event("e1", visitor_id="Monday"))
    arrive(
        database,
        event("e2", 5, visitor_id="Tuesday"),
        event("e3", 6, session_id="B", visitor_id="Tuesday"),
        former="Monday",
    )
    assert placed(database) == {"e1": ("Monday", "A"), "e2": ("Monday", "A"), "e3": ("Tuesday", "B")}


def test_two_tabs_with_one_session_id_are_one_session_and_with_two_they_are_two(database):
    add_website(database)
    tabs = [event("a1"), event("b1", 1, session_id="B"), event("a2", 2), event("b2", 3, session_id="B")]
    for item in tabs:
        arrive(database, item)
    arrive(database, event("c1", 4), event("c2", 5))
    assert [(found.session_id, found.events) for found in stored_sessions(database)] == [("A", 4), ("B", 2)]
    assert list(verify(database)) == []


def test_each_arrival_is_new_or_not_in_the_order_given(database):
    add_website(database)
    first = nameless("e1")
    assert arrive(database, first, nameless("e2"), first, replace(first)) == (True, True, False, False)
    assert arrive(database, nameless("e3"), first, event("e2")) == (True, False, False)
    assert arrive(database) == ()


def test_the_days_of_arrivals_are_marked_in_the_same_transaction(database):
    add_website(database, timezone="Asia/Kolkata")
    evening = (18 * 60 + 20) - 9 * 60
    arrive(database, event("e1", evening), event("e2", evening + 20))
    arrive(database, event("e1", evening), writer="w2")  # nothing changes
    with pytest.raises(NotFoundError), database.write() as session:
        store_arrivals(session, [Arrival(event("e3", website_id="site_b"))], writer="w3")
    with database.read() as session:
        marks = session.execute(select(DirtyDay.website_id, DirtyDay.date, DirtyDay.writer).order_by("date")).all()
    assert marks == [("site_a", date(2026, 3, 2), "w1"), ("site_a", date(2026, 3, 3), "w1")]


def cut(draw: st.DrawFn, items: list[Event]) -> list[list[Event]]:
    cuts = sorted(draw(st.lists(st.integers(0, len(items)), max_size=5)))
    return [items[low:high] for low, high in zip([0, *cuts], [*cuts, len(items)], strict=True)]


@st.composite
def nameless_histories(draw: st.DrawFn) -> list[list[Event]]:
    """Batches in any order, with repetitions, of visitors who never name their session or always do."""
    events = []
    for number in range(draw(st.integers(1, 12))):
        visitor = draw(st.sampled_from("VWX"))
        session_id = draw(st.sampled_from("AB")) if visitor == "X" else ""
        events.append(event(f"e{number:02}", draw(_minutes), visitor_id=visitor, session_id=session_id))
    arriving = list(draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=4)))))
    return cut(draw, arriving)


@given(batches=nameless_histories())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_split_of_nameless_events_gives_the_same_sessions(database, batches):
    site = add_website(database, f"site_{next(_SITES)}")
    for batch in batches:
        arrive(database, *(replace(item, website_id=site) for item in batch))
    named = (replace(item, website_id=site, session_id=item.session_id or item.visitor_id) for item in chain(*batches))
    assert stored_sessions(database, site) == fold(named)


@st.composite
def mixed_histories(draw: st.DrawFn) -> list[list[Event]]:
    """Batches, in time, of visitors who sometimes name their session."""
    times = sorted(draw(st.lists(_minutes, min_size=1, max_size=12, unique=True)))
    events = [
        event(
            f"e{number:02}",
            minutes,
            visitor_id=draw(st.sampled_from("VVW")),
            session_id=draw(st.sampled_from(["", "", "A", "B"])),
        )
        for number, minutes in enumerate(times)
    ]
    named = [replace(item, session_id=item.session_id and item.session_id + item.visitor_id) for item in events]
    return cut(draw, named)


def continued(events: list[Event]) -> list[Event]:
    """The rule, an event at a time: without a name, the session of the visitor's last event, if at most a gap ago."""
    last: dict[str, Event] = {}
    for item in events:
        before = last.get(item.visitor_id)
        is_running = before is not None and item.timestamp - before.timestamp <= GAP
        session_id = item.session_id or (before.session_id if is_running else item.visitor_id)
        last[item.visitor_id] = replace(item, session_id=session_id)
        yield last[item.visitor_id]


@given(batches=mixed_histories())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_split_of_events_that_come_in_time_gives_the_same_sessions(database, batches):
    site = add_website(database, f"site_{next(_SITES)}")
    given_events = [replace(item, website_id=site) for item in chain(*batches)]
    for batch in batches:
        arrive(database, *(replace(item, website_id=site) for item in batch))
    assert stored_sessions(database, site) == fold(continued(given_events))


def test_first_events_without_session_id_of_several_writers_at_once_are_one_session_each(database):
    add_website(database)
    rng = Random(11)
    visitors = [f"v{number}" for number in range(40)]
    events = [nameless(f"e{n}", rng.uniform(0, 20), visitor_id=rng.choice(visitors)) for n in range(400)]

    def write(part: int) -> int:
        mine = events[part::4]
        return sum(sum(arrive(database, *mine[low : low + 9], writer=f"w{part}")) for low in range(0, len(mine), 9))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == len(events)
    assert stored_sessions(database) == fold(replace(item, session_id=item.visitor_id) for item in events)
    assert len(stored_sessions(database)) == len(visitors)
