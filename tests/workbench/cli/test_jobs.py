"""`workbench jobs`, `close-sessions`, `prune` and `rollup --dirty`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from ingest.dirty import mark_days
from ingest.store import store_events
from stats_core.models import AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession, JobRun, Website
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website
from workbench.jobs import JOBS

DAY = timedelta(days=1)


@pytest.fixture
def filled(database):
    """A website with a pageview of today and one of ten days ago, both marked."""
    add_website(database, "example.com", website_id="site_a")
    now = datetime.now(UTC)
    with database.write() as session:
        events = [
            Event(
                website_id="site_a",
                event_id=str(age),
                session_id=str(age),
                visitor_id="V",
                event_type="pageview",
                pathname="/",
                timestamp=now - age * DAY,
            )
            for age in (0, 10)
        ]
        mark_days(session, store_events(session, events).days, writer="writer")
    return database


def count(database, column) -> int:
    with database.read() as session:
        return session.scalar(select(func.count(column)))


def break_zone(database) -> None:
    with database.write() as session:
        session.execute(update(Website).values(timezone="Europe/Atlantis"))


def test_dirty_days_alone_are_rolled_up(workbench, filled):
    answer = workbench("rollup", "--dirty", "--database", filled.url)
    assert (answer.code, answer.out) == (0, "rollup: 2 daily rows of 1 website brought up to date.\n")
    assert count(filled, AnalyticsDailyStats.date) == 2
    again = workbench("rollup", "--dirty", "--database", filled.url)
    assert (again.code, again.out) == (0, "rollup: Nothing was to be done.\n")
    assert workbench("reconcile", "--database", filled.url).code == 0


def test_a_website_that_cannot_be_rolled_up_is_said(workbench, filled):
    break_zone(filled)
    answer = workbench("rollup", "--dirty", "--database", filled.url)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(
        "error: rollup: 0 daily rows of 0 websites brought up to date. 1 website failed: site_a"
    )


@pytest.mark.parametrize("option", [("--date", "2026-06-01"), ("--from", "2026-06-01"), ("--website", "site_a")])
def test_dirty_days_and_named_days_exclude_each_other(workbench, sqlite_database, option):
    answer = workbench("rollup", "--dirty", *option, "--database", sqlite_database.url)
    assert (answer.code, "exclude each other" in answer.err) == (2, True)


def test_sessions_are_closed(workbench, filled):
    answer = workbench("close-sessions", "--database", filled.url)
    assert (answer.code, answer.out) == (0, "close-sessions: 1 session closed.\n")
    assert count(filled, AnalyticsSession.ended_at) == 1


def test_pruning_says_what_it_would_do_and_does_it(workbench, filled, monkeypatch):
    nothing = workbench("prune", "--dry-run", "--database", filled.url)
    assert (nothing.code, "Every website keeps everything" in nothing.err) == (0, True)
    monkeypatch.setenv("WORKBENCH_ANALYTICS_RETENTION_DAYS", "7")
    planned = workbench("prune", "--dry-run", "--database", filled.url)
    assert [line.split()[::2] for line in planned.out.splitlines()[1:]] == [["site_a", "1"]]
    assert count(filled, AnalyticsEvent.id) == 2
    done = workbench("prune", "--database", filled.url)
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            "prune: 1 event and 1 session deleted.",
            "forget-refused: Nothing was to be done.",
            "destroy-salts: Nothing was to be done.",
        ],
    )
    assert (count(filled, AnalyticsEvent.id), count(filled, AnalyticsDailyStats.date)) == (1, 1)
    workbench("rollup", "--database", filled.url)
    assert workbench("reconcile", "--database", filled.url).code == 0


def test_a_website_that_cannot_be_pruned_is_said(workbench, filled, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ANALYTICS_RETENTION_DAYS", "7")
    break_zone(filled)
    for options in (("--dry-run",), ()):
        answer = workbench("prune", *options, "--database", filled.url)
        assert (answer.code, "site_a: timezone: No time zone named" in answer.err) == (2, True)


def test_all_jobs_run_and_are_listed_with_how_they_went(workbench, filled):
    before = workbench("jobs", "list", "--database", filled.url)
    lines = before.out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(JOBS)
    assert all("never" in line for line in lines)
    ran = workbench("jobs", "run", "--database", filled.url)
    assert (ran.code, [line.partition(":")[0] for line in ran.out.splitlines()]) == (0, list(JOBS))
    after = workbench("jobs", "list", "--database", filled.url).out
    assert ("2 daily rows of 1 website brought up to date." in after, "never" in after) == (True, False)


def test_one_job_that_fails_keeps_no_other_from_running(workbench, filled):
    break_zone(filled)
    answer = workbench("jobs", "run", "rollup", "close-sessions", "--database", filled.url)
    assert (answer.code, answer.out) == (2, "close-sessions: 1 session closed.\n")
    assert "failed: 0 daily rows" in workbench("jobs", "list", "--database", filled.url).out


def test_an_unknown_job_is_refused_and_none_is_run(workbench, sqlite_database):
    answer = workbench("jobs", "run", "prune", "rolup", "--database", sqlite_database.url)
    assert (answer.code, answer.err) == (2, "error: No job named 'rolup'. Did you mean 'rollup'?\n")
    assert count(sqlite_database, JobRun.id) == 0
