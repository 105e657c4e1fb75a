"""What the workbench does by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from textwrap import dedent

import pytest
from sqlalchemy import func, insert, select, update

from ingest.dirty import mark_days
from ingest.store import store_events
from stats_core.composition import open_workbench
from stats_core.errors import NotFoundError
from stats_core.models import (
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    DirtyDay,
    JobRun,
    RejectedEvent,
    Website,
)
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website
from workbench.jobs import JOBS
from workbench.jobs.job import Daily, Every, Job
from workbench.jobs.runs import KEPT, Run, last_runs, record, run_job

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)  # the clock's
TODAY = NOON.date()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def workbench(database, clock, tmp_path):
    settings = Settings(database_url=database.url, home=tmp_path / "home", analytics_retention_days=2)
    with open_workbench(settings, clock=clock) as workbench:
        add_website(database, "example.com", website_id="site_a")
        yield workbench


@pytest.fixture
def store(database):
    def run(*moments: datetime, website_id: str = "site_a", marked: bool = True) -> None:
        events = [
            Event(
                website_id=website_id,
                event_id=str(moment),
                session_id=str(moment),
                visitor_id="A",
                event_type="pageview",
                pathname="/",
                timestamp=moment,
            )
            for moment in moments
        ]
        with database.write() as session:
            days = store_events(session, events).days
            mark_days(session, days if marked else (), writer="writer")

    return run


def run(name: str, workbench) -> tuple[str, str]:
    done = run_job(JOBS[name], workbench)
    assert (done.name, done.started_at, done.finished_at) == (name, NOON, NOON)
    return done.outcome, done.detail


def rows(database, *columns):
    with database.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(*columns))]


@pytest.mark.parametrize("job", JOBS.values(), ids=lambda job: job.name)
def test_every_job_is_described_here_and_in_the_guide(job, repository):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", job.name)
    assert job.description.endswith(".")
    guide = (repository / "docs" / "adding-a-job.md").read_text()
    assert f"| `{job.name}` | {job.schedule} | {job.description} |" in guide


@pytest.mark.parametrize("job", JOBS.values(), ids=lambda job: job.name)
def test_every_job_does_nothing_where_nothing_is_to_be_done(job, workbench):
    done = [run_job(job, workbench) for _ in range(2)]
    assert [(ended.outcome, ended.detail) for ended in done] == [("ok", "Nothing was to be done.")] * 2


@pytest.mark.parametrize("job", JOBS.values(), ids=lambda job: job.name)
def test_every_job_that_is_told_to_stop_comes_to_its_end_at_once(job, workbench, store):
    store(NOON - 9 * DAY, NOON - HOUR, NOON)
    assert run_job(job, workbench, stopping=lambda: True).outcome == "ok"


def test_the_rollup_brings_marked_days_up_to_date(workbench, database, store):
    store(NOON - DAY, NOON)
    assert run("rollup", workbench) == ("ok", "2 daily rows of 1 website brought up to date.")
    assert rows(database, AnalyticsDailyStats.date) == [(TODAY - DAY,), (TODAY,)]


def test_the_nightly_rollup_finds_what_nobody_marked(workbench, database, store):
    store(NOON - 9 * DAY, NOON - DAY, NOON, marked=False)
    assert run("rollup", workbench) == ("ok", "Nothing was to be done.")
    assert run("nightly-rollup", workbench) == ("ok", "2 daily rows of 1 website brought up to date.")
    assert (rows(database, AnalyticsDailyStats.date), rows(database, DirtyDay.date)) == (
        [(TODAY - DAY,), (TODAY,)],
        [],
    )


@pytest.mark.parametrize("name", ["rollup", "nightly-rollup", "prune"])
def test_a_website_that_fails_is_named_and_the_others_are_done(workbench, database, store, name):
    add_website(database, "other.example", website_id="site_b")
    store(NOON - 9 * DAY, NOON)
    store(NOON, website_id="site_b")
    with database.write() as session:
        session.execute(update(Website).where(Website.id == "site_b").values(timezone="Europe/Atlantis"))
    outcome, detail = run(name, workbench)
    assert outcome == "failed"
    assert "1 website failed: site_b: timezone: No time zone named 'Europe/Atlantis'." in detail
    assert rows(database, AnalyticsDailyStats.website_id)[:1] == [("site_a",)]


def test_sessions_are_closed(workbench, database, store):
    store(NOON - HOUR, NOON)
    assert run("close-sessions", workbench) == ("ok", "1 session closed.")
    assert rows(database, AnalyticsSession.started_at, AnalyticsSession.ended_at) == [
        (NOON - HOUR, NOON - HOUR),
        (NOON, None),
    ]


def test_old_events_go_where_the_setting_says_so(workbench, database, store):
    store(NOON - 9 * DAY, NOON)
    assert run("prune", workbench) == ("ok", "1 event and 1 session deleted.")
    assert rows(database, AnalyticsEvent.timestamp) == [(NOON,)]
    assert rows(database, AnalyticsDailyStats.date) == [(date(2026, 6, 6),)]


def test_refused_events_are_forgotten_after_a_week(workbench, database):
    moments = [NOON - 7 * DAY - timedelta(seconds=1), NOON - 7 * DAY, NOON]
    with database.write() as session:
        session.execute(insert(RejectedEvent), [{"received_at": moment, "reason": "invalid"} for moment in moments])
    assert run("forget-refused", workbench) == ("ok", "1 refused event forgotten.")
    assert rows(database, RejectedEvent.received_at) == [(moment,) for moment in moments[1:]]


def test_salts_are_destroyed_after_two_days(workbench):
    folder = workbench.settings.home / "salts"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / (TODAY - number * DAY).isoformat()).write_bytes(bytes(32))
    assert run("destroy-salts", workbench) == ("ok", "2 salts destroyed.")
    assert sorted(file.name for file in folder.iterdir()) == ["2026-06-14", "2026-06-15"]


def test_salts_that_cannot_be_destroyed_are_said(workbench):
    workbench.settings.home.mkdir()
    (workbench.settings.home / "salts").write_text("not a folder")
    outcome, detail = run("destroy-salts", workbench)
    assert outcome == "failed"
    assert detail.endswith("salts cannot be destroyed: Not a directory. Delete them by hand.")


def fails_with(error: Exception) -> Job:
    def fail(_workbench, _stopping):
        raise error

    return Job("fails", "It fails.", Every(HOUR), fail)


def test_a_job_that_fails_says_why(workbench):
    done = run_job(fails_with(NotFoundError("website", "x", hint="Add it.")), workbench)
    assert (done.outcome, done.detail) == ("failed", "There is no website 'x'. Add it.")


def test_a_bug_in_a_job_is_logged_with_its_traceback(workbench, caplog):
    done = run_job(fails_with(ZeroDivisionError("by hand")), workbench)
    assert (done.outcome, done.detail) == ("failed", "ZeroDivisionError: by hand")
    assert ("The job fails has a bug." in caplog.text, "Traceback" in caplog.text) == (True, True)


def test_the_newest_runs_of_each_job_are_kept(database):
    def a_run(name: str, number: int) -> Run:
        return Run(name, NOON + number * HOUR, NOON + number * HOUR + DAY, "ok", f"run {number}")

    for number in range(KEPT + 3):
        record(database, a_run("rollup", number))
    record(database, a_run("prune", 0))
    assert last_runs(database) == {"rollup": a_run("rollup", KEPT + 2), "prune": a_run("prune", 0)}
    with database.read() as session:
        counts = session.execute(select(JobRun.name, func.count(), func.min(JobRun.detail)).group_by(JobRun.name)).all()
    assert sorted(map(tuple, counts)) == [("prune", 1, "run 0"), ("rollup", KEPT, "run 10")]


@pytest.mark.parametrize(
    ("schedule", "took", "expected", "words"),
    [
        (Every(timedelta(seconds=15)), timedelta(), NOON + timedelta(seconds=15), "every 15 s"),
        (Every(timedelta(seconds=15)), timedelta(seconds=3), NOON + timedelta(minutes=1), "every 15 s"),
        (Every(timedelta(seconds=15)), timedelta(hours=2), NOON + timedelta(minutes=10), "every 15 s"),
        (Every(HOUR), timedelta(hours=2), NOON + HOUR, "every 1 h"),
        (Every(timedelta(minutes=10)), timedelta(), NOON + timedelta(minutes=10), "every 10 min"),
        (Daily(time(12, 1)), timedelta(hours=2), NOON + timedelta(minutes=1), "daily at 12:01 UTC"),
        (Daily(time(12, 0)), timedelta(), NOON + DAY, "daily at 12:00 UTC"),
        (Daily(time(0, 5)), timedelta(), datetime(2026, 6, 16, 0, 5, tzinfo=UTC), "daily at 00:05 UTC"),
    ],
)
def test_schedules_say_when_to_run_again(schedule, took, expected, words):
    assert (schedule.after(NOON, took), str(schedule)) == (expected, words)


def test_the_job_of_the_guide_works(workbench, repository, tmp_path):
    guide = (repository / "docs" / "adding-a-job.md").read_text()
    code = re.search(r"```python\n(.*?)```", guide, re.DOTALL).group(1)
    names: dict[str, object] = {}
    exec(compile(dedent(code), "adding-a-job.md", "exec"), names)
    (job,) = (value for value in names.values() if isinstance(value, Job))
    done = run_job(job, workbench)
    assert (done.outcome, done.detail) == ("ok", "Nothing was to be done.")
