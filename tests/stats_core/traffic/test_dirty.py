"""Days that writers have marked, brought up to date."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, event, select, text, update

from ingest.dirty import mark_days
from ingest.store import store_events
from stats_core.models import AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession, DirtyDay, Website
from stats_core.traffic.dirty import _claim, roll_up_dirty
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.rollups import Failure, RollupReport, roll_up
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH_2 = date(2026, 3, 2)
DAY = timedelta(days=1)
_IDS = count()


def pageview(at: datetime = NOON, **fields) -> Event:
    plain = Event(
        website_id="site_a",
        event_id=f"e{next(_IDS)}",
        session_id="A",
        visitor_id="A",
        event_type="pageview",
        pathname="/",
        timestamp=at,
    )
    return replace(plain, **fields)


def write(session, *events: Event, writer: str = "writer 1") -> None:
    mark_days(session, store_events(session, events).days, writer=writer)


def store(database, *events: Event, writer: str = "writer 1") -> None:
    with database.write() as session:
        write(session, *events, writer=writer)


def marks(database) -> list[tuple[str, date, str]]:
    key = (DirtyDay.website_id, DirtyDay.date, DirtyDay.writer)
    with database.read() as session:
        return [tuple(row) for row in session.execute(select(*key).order_by(*key))]


def pageviews(database, website_id: str = "site_a") -> dict[date, int]:
    daily = AnalyticsDailyStats
    rows = select(daily.date, daily.pageviews).where(daily.website_id == website_id).order_by(daily.date)
    with database.read() as session:
        return dict(session.execute(rows).all())


@pytest.fixture
def site(database) -> str:
    return add_website(database, "example.com", website_id="site_a").id


@contextmanager
def waiting_for_a_lock(database, work: Callable[[], object]) -> Iterator[ThreadPoolExecutor]:
    """`work` runs in a thread and has come to a lock that somebody holds; its result is `future.result()`."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        give_up = time.monotonic() + 20
        while True:
            with database.read() as session:
                if session.scalar(statement):
                    break
            assert not future.done(), future.result()
            assert time.monotonic() < give_up
        yield future


def test_the_days_that_storing_marked_are_rolled_and_their_marks_deleted(database, site, clock):
    store(database, pageview(NOON), pageview(NOON + DAY), pageview(NOON + 40 * DAY), writer="writer 1")
    store(database, pageview(NOON + timedelta(minutes=1)), writer="writer 2")
    assert marks(database) == [
        ("site_a", MARCH_2, "writer 1"),
        ("site_a", MARCH_2, "writer 2"),
        ("site_a", MARCH_2 + DAY, "writer 1"),
        ("site_a", MARCH_2 + 40 * DAY, "writer 1"),
    ]
    assert roll_up_dirty(database, clock=clock) == RollupReport(websites=1, days=3)
    assert pageviews(database) == {MARCH_2: 2, MARCH_2 + DAY: 1, MARCH_2 + 40 * DAY: 1}
    assert (marks(database), reconcile(database)) == ([], [])


def test_where_no_day_is_marked_nothing_is_written(database, site, clock):
    store(database, pageview())
    roll_up_dirty(database, clock=clock)
    written = []

    @event.listens_for(database.write_engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        written.append(statement)

    assert (roll_up_dirty(database, clock=clock), written) == (RollupReport(0, 0), [])


def test_marking_a_day_again_keeps_one_mark_of_each_writer(database, site):
    with database.write() as session:
        mark_days(session, [("site_a", MARCH_2), ("site_a", MARCH_2)], writer="writer 1")
        mark_days(session, [("site_a", MARCH_2)], writer="writer 1")
        mark_days(session, [], writer="writer 2")
    assert marks(database) == [("site_a", MARCH_2, "writer 1")]


def test_a_day_that_lost_its_events_loses_its_row(database, site, clock):
    store(database, pageview(NOON), pageview(NOON + DAY))
    roll_up_dirty(database, clock=clock)
    with database.write() as session:
        session.execute(delete(AnalyticsSession).where(AnalyticsSession.started_at == NOON))
        session.execute(delete(AnalyticsEvent).where(AnalyticsEvent.timestamp == NOON))
        mark_days(session, [("site_a", MARCH_2)], writer="writer 1")
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 0)
    assert (pageviews(database), reconcile(database)) == ({MARCH_2 + DAY: 1}, [])


def test_a_website_that_fails_keeps_its_marks_and_spoils_no_other(database, site, clock):
    add_website(database, "other.example", website_id="site_b")
    store(database, pageview(), pageview(website_id="site_b"))
    with database.write() as session:
        session.execute(update(Website).where(Website.id == "site_a").values(timezone="Europe/Atlantis"))
    report = roll_up_dirty(database, clock=clock)
    assert (report.websites, report.days) == (1, 1)
    assert [(failure.website_id, failure.reason[:43]) for failure in report.failures] == [
        ("site_a", "timezone: No time zone named 'Europe/Atlant")
    ]
    assert (pageviews(database), pageviews(database, "site_b")) == ({}, {MARCH_2: 1})
    assert [mark[:2] for mark in marks(database)] == [("site_a", MARCH_2)]
    with database.write() as session:
        session.execute(update(Website).values(timezone="UTC"))
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 1)
    assert (marks(database), reconcile(database)) == ([], [])


def test_a_fault_in_our_code_is_reported_like_any_other_and_its_traceback_logged(database, site, clock, caplog):
    store(database, pageview())

    def broken():
        raise ZeroDivisionError

    assert roll_up_dirty(database, clock=broken).failures == (Failure("site_a", "ZeroDivisionError: "),)
    assert ("website site_a" in caplog.text, "Traceback" in caplog.text) == (True, True)
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 1)


def test_a_process_that_dies_between_claiming_and_writing_loses_no_day(database, site, clock):
    store(database, pageview(), pageview(NOON + DAY), pageview(NOON + 2 * DAY))

    def dies():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        roll_up_dirty(database, clock=dies)
    assert (pageviews(database), len(marks(database))) == ({}, 3)
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 3)
    assert (marks(database), reconcile(database)) == ([], [])


def test_stopping_leaves_the_other_websites_to_the_next_run(database, site, clock):
    add_website(database, "other.example", website_id="site_b")
    store(database, pageview(), pageview(website_id="site_b"))
    answers = iter([False, True])
    assert roll_up_dirty(database, clock=clock, stopping=lambda: next(answers)) == RollupReport(1, 1)
    assert [mark[:2] for mark in marks(database)] == [("site_b", MARCH_2)]
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 1)


def test_pruned_days_are_not_rolled_again(database, site, clock):
    store(database, pageview(), pageview(NOON + DAY))
    roll_up_dirty(database, clock=clock)
    with database.write() as session:
        session.execute(update(Website).values(pruned_before=MARCH_2 + DAY))
        session.execute(delete(AnalyticsSession).where(AnalyticsSession.started_at == NOON))
        session.execute(delete(AnalyticsEvent).where(AnalyticsEvent.timestamp == NOON))
        mark_days(session, [("site_a", MARCH_2), ("site_a", MARCH_2 + DAY)], writer="writer 1")
    before = pageviews(database)
    assert roll_up_dirty(database, clock=clock) == RollupReport(1, 1)
    assert roll_up(database, first=MARCH_2, clock=clock) == RollupReport(1, 1)
    assert (pageviews(database), marks(database), reconcile(database)) == (before, [], [])


@pytest.fixture
def server(postgresql_database):
    """On PostgreSQL transactions run side by side; it has a website."""
    add_website(postgresql_database, "example.com", website_id="site_a")
    return postgresql_database


def test_a_mark_that_a_writer_is_writing_again_stays_for_its_events(server, clock):
    store(server, pageview())
    with server.write() as writer:
        write(writer, pageview(NOON + timedelta(minutes=1)))  # the same mark once more, not committed
        assert roll_up_dirty(server, clock=clock) == RollupReport(0, 0)  # and does not wait for it
    assert roll_up_dirty(server, clock=clock) == RollupReport(1, 1)
    assert (pageviews(server), marks(server), reconcile(server)) == ({MARCH_2: 2}, [], [])


def test_a_mark_that_is_not_committed_yet_is_found_by_the_next_run(server, clock):
    store(server, pageview(), writer="writer 1")
    with server.write() as writer:
        write(writer, pageview(NOON + timedelta(minutes=1)), writer="writer 2")
        assert roll_up_dirty(server, clock=clock) == RollupReport(1, 1)
    assert pageviews(server) == {MARCH_2: 1}
    assert roll_up_dirty(server, clock=clock) == RollupReport(1, 1)
    assert (pageviews(server), marks(server), reconcile(server)) == ({MARCH_2: 2}, [], [])


def test_a_writer_waits_for_a_claim_only_until_it_is_committed(server, clock):
    store(server, pageview())
    late = pageview(NOON + timedelta(minutes=1))
    with server.write() as claimer:
        _claim(claimer, "rollup 1")
        with waiting_for_a_lock(server, lambda: store(server, late)) as stored:
            claimer.commit()
            stored.result(timeout=20)
    assert [mark[2] for mark in marks(server)] == ["rollup 1", "writer 1"]
    assert roll_up_dirty(server, clock=clock) == RollupReport(1, 1)
    assert (pageviews(server), marks(server), reconcile(server)) == ({MARCH_2: 2}, [], [])


def test_writers_of_the_same_day_do_not_wait_for_each_other(server):
    with server.write() as first:
        write(first, pageview(session_id="A"), writer="writer 1")
        with server.write() as second:
            write(second, pageview(session_id="B", visitor_id="B"), writer="writer 2")
    assert [mark[2] for mark in marks(server)] == ["writer 1", "writer 2"]


def test_what_an_overtaken_rollup_counted_is_not_written(server, clock):
    store(server, pageview())
    with server.write() as holder:
        holder.execute(select(Website.id).with_for_update(key_share=True))  # keeps rollups from writing
        with waiting_for_a_lock(server, lambda: roll_up_dirty(server, clock=clock)) as overtaken:
            store(server, pageview(NOON + timedelta(minutes=1)))
            with server.write() as session:
                _claim(session, "rollup 2")
            holder.commit()
            assert overtaken.result(timeout=20) == RollupReport(1, 0)
    assert (pageviews(server), [mark[2] for mark in marks(server)]) == ({}, ["rollup 2"])
    assert roll_up_dirty(server, clock=clock) == RollupReport(1, 1)
    assert (pageviews(server), reconcile(server)) == ({MARCH_2: 2}, [])


def test_a_website_deleted_meanwhile_is_no_fault(server, clock):
    store(server, pageview())
    with server.write() as holder:
        holder.execute(select(Website.id).with_for_update(key_share=True))
        with waiting_for_a_lock(server, lambda: roll_up_dirty(server, clock=clock)) as rollup:
            holder.execute(delete(Website))
            holder.commit()
            assert rollup.result(timeout=20) == RollupReport(1, 0)
    assert marks(server) == []


def test_a_first_visit_while_a_whole_website_is_rolled_up_is_no_fault(server, clock):
    store(server, pageview(NOON), pageview(NOON + 2 * DAY))

    @event.listens_for(server.write_engine, "before_cursor_execute")
    def arrive(_connection, _cursor, statement, *_rest):
        if "row_number" in statement and not arrived.is_set():
            arrived.set()
            store(server, pageview(NOON + DAY))

    arrived = threading.Event()
    roll_up(server, clock=clock)
    assert arrived.is_set()
    roll_up_dirty(server, clock=clock)
    assert reconcile(server) == []


def test_whatever_writers_and_rollups_do_at_once_the_figures_are_right_in_the_end(server, clock):
    for number in range(3):
        add_website(server, "example.com", website_id=f"site_{number}")
    writing = threading.Event()

    def writer(name: str) -> None:
        for number in range(40):
            events = [
                pageview(NOON + DAY * (number % 3), website_id=f"site_{site}", session_id=name, visitor_id=name)
                for site in range(3)
            ]
            store(server, *events, writer=name)

    def job() -> int:
        runs = 0
        while not writing.is_set():
            runs += not roll_up_dirty(server, clock=clock).failures
        return runs

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(job) for _ in range(2)]
        writers = [pool.submit(writer, f"writer {number % 2}") for number in range(3)]
        try:
            for future in writers:
                future.result(timeout=60)
        finally:
            writing.set()
        assert all(future.result(timeout=60) for future in jobs)
    roll_up_dirty(server, clock=clock)
    assert (marks(server), reconcile(server)) == ([], [])
    assert [sum(pageviews(server, f"site_{number}").values()) for number in range(3)] == [120, 120, 120]
