"""Storing events: what is new, and sessions that are always the fold of what is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from ingest.store import StoreReport, store_events, verify
from stats_core.database import Database
from stats_core.errors import NotFoundError
from stats_core.models import AnalyticsEvent, AnalyticsSession, Website
from stats_core.traffic.sessions import Event, Session, fold

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
    events = [event(f"e{n}", rng.uniform(0, 5000), session_id=f"s{rng.randrange(3000)}") for n in range(12_000)]
    assert store(database, *events[:6_000]).stored == 6_000
    assert store(database, *events[4_000:]).stored == 6_000
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
