"""Sessions that are over get their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ingest.store import store_events, verify
from stats_core.models import AnalyticsSession
from stats_core.traffic import closing
from stats_core.traffic.closing import close_sessions
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)  # the clock's


def visit(session_id: str, *ages_s: int) -> list[Event]:
    """Pageviews of a session, so many seconds ago."""
    return [
        Event(
            website_id="site_a",
            event_id=f"{session_id} {age_s}",
            session_id=session_id,
            visitor_id="A",
            event_type="pageview",
            pathname="/",
            timestamp=NOON - timedelta(seconds=age_s),
        )
        for age_s in ages_s
    ]


@pytest.fixture
def store(database):
    add_website(database, "example.com", website_id="site_a")

    def run(*visits: list[Event]) -> None:
        with database.write() as session:
            store_events(session, [event for visit in visits for event in visit])

    return run


def ends(database) -> dict[str, int | None]:
    """How many seconds ago each session ended."""
    with database.read() as session:
        rows = session.execute(select(AnalyticsSession.session_id, AnalyticsSession.ended_at)).all()
    return {session_id: at and int((NOON - at).total_seconds()) for session_id, at in rows}


def test_sessions_idle_for_longer_than_the_gap_end_with_their_last_activity(database, store, clock):
    store(visit("over", 3000, 1801), visit("running", 3000, 1800), visit("new", 0))
    assert close_sessions(database, clock=clock) == 1
    assert ends(database) == {"over": 1801, "running": None, "new": None}
    assert close_sessions(database, clock=clock) == 0
    assert list(verify(database)) == []


def test_a_late_event_opens_a_session_again(database, store, clock):
    store(visit("over", 3000))
    close_sessions(database, clock=clock)
    store(visit("over", 2000))
    assert ends(database) == {"over": None}
    assert close_sessions(database, clock=clock) == 1
    assert ends(database) == {"over": 2000}


def test_more_sessions_than_a_step_takes_are_all_closed(database, store, clock, monkeypatch):
    monkeypatch.setattr(closing, "SESSIONS", 3)
    store(*(visit(f"over {number}", 4000 + number) for number in range(7)), visit("running", 10))
    assert close_sessions(database, clock=clock) == 7
    assert ends(database) == {**{f"over {number}": 4000 + number for number in range(7)}, "running": None}


def test_stopping_leaves_the_rest_to_the_next_run(database, store, clock, monkeypatch):
    monkeypatch.setattr(closing, "SESSIONS", 3)
    store(*(visit(f"over {number}", 4000 + number) for number in range(7)))
    answers = iter([False, True])
    assert close_sessions(database, clock=clock, stopping=lambda: next(answers)) == 3
    assert close_sessions(database, clock=clock) == 4


def test_a_session_that_a_writer_is_writing_is_left_to_the_next_run(postgresql_database, clock):
    add_website(postgresql_database, "example.com", website_id="site_a")
    with postgresql_database.write() as session:
        store_events(session, [*visit("over", 3000), *visit("resumed", 3000)])
    with postgresql_database.write() as session:
        store_events(session, visit("resumed", 1500))
        assert close_sessions(postgresql_database, clock=clock) == 2  # does not wait
    assert ends(postgresql_database) == {"over": 3000, "resumed": None}
