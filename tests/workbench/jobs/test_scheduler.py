"""Jobs beside the server."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ingest.dirty import mark_days
from ingest.store import store_events
from stats_core.composition import open_workbench
from stats_core.models import AnalyticsDailyStats, JobRun
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website
from workbench.jobs.job import Daily, Every, Job
from workbench.jobs.runs import Run, last_runs, record
from workbench.jobs.scheduler import running_jobs

NEVER_AGAIN = Every(timedelta(days=1))
AT_ONCE = Every(timedelta(0))
PATIENCE_S = 20


@pytest.fixture
def workbench(sqlite_database, tmp_path):
    settings = Settings(database_url=sqlite_database.url, home=tmp_path / "home")
    with open_workbench(settings) as workbench:
        yield workbench


class Called:
    """A job's work that says how often it was called, and when so often."""

    def __init__(self, *, times: int = 1, error: Exception | None = None, detail: str | None = None) -> None:
        self.calls, self.enough = 0, threading.Event()
        self._times, self._error, self._detail = times, error, detail

    def __call__(self, _workbench, _stopping) -> str | None:
        self.calls += 1
        if self.calls == self._times:
            self.enough.set()
        if self._error is not None:
            raise self._error
        return self._detail

    def wait(self) -> bool:
        return self.enough.wait(PATIENCE_S)


def job(name: str, work, schedule=NEVER_AGAIN) -> Job:
    return Job(name, "A job.", schedule, work)


def outcomes(workbench) -> list[tuple[str, str, str]]:
    columns = (JobRun.name, JobRun.outcome, JobRun.detail)
    with workbench.database.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(JobRun.name, JobRun.id))]


def test_jobs_run_by_themselves_and_say_how_they_went(workbench):
    first, second = Called(detail="Done."), Called()
    with running_jobs(workbench, [job("first", first), job("second", second)]):
        assert (first.wait(), second.wait()) == (True, True)
    assert outcomes(workbench) == [("first", "ok", "Done."), ("second", "ok", "Nothing was to be done.")]
    assert (first.calls, second.calls) == (1, 1)


def test_a_job_that_fails_is_said_in_one_line_and_runs_again_beside_the_others(workbench, caplog):
    broken, good = Called(times=3, error=PermissionError("no\nentry")), Called(times=3)
    with running_jobs(workbench, [job("broken", broken, AT_ONCE), job("good", good, AT_ONCE)]):
        assert (broken.wait(), good.wait()) == (True, True)
    said = [record.getMessage() for record in caplog.records if record.name == "workbench.jobs.scheduler"]
    assert said == ["The job broken failed: PermissionError: no entry"]
    assert outcomes(workbench)[0] == ("broken", "failed", "PermissionError: no entry")


def test_runs_that_go_alike_are_written_down_once_a_minute(workbench):
    often = Called(times=20)
    with running_jobs(workbench, [job("often", often, AT_ONCE)]):
        assert often.wait()
    assert len(outcomes(workbench)) == 1


def test_a_job_whose_last_run_is_not_long_ago_waits_for_its_time(workbench):
    now = datetime.now(UTC)
    for name, age in (("fresh", timedelta(hours=1)), ("due", timedelta(hours=30)), ("ahead", timedelta(days=-400))):
        record(workbench.database, Run(name, now - age, now - age, "ok", ""))
    fresh, due, ahead = Called(), Called(), Called()
    schedule = Daily((now + timedelta(minutes=5)).time())
    jobs = [job("fresh", fresh, schedule), job("due", due, schedule), job("ahead", ahead, schedule)]
    with running_jobs(workbench, jobs):
        assert (due.wait(), ahead.wait()) == (True, True)
    assert (fresh.calls, due.calls, ahead.calls) == (0, 1, 1)


def test_stopping_tells_running_jobs_and_waits_for_them(workbench):
    started, ended = threading.Event(), threading.Event()

    def long(_workbench, stopping) -> str:
        started.set()
        while not stopping():
            time.sleep(0.001)
        ended.set()
        return "Stopped on the way."

    with running_jobs(workbench, [job("long", long)]):
        assert started.wait(PATIENCE_S)
    assert ended.is_set()
    assert outcomes(workbench) == [("long", "ok", "Stopped on the way.")]


def test_a_job_whose_run_cannot_be_written_down_runs_again(workbench, caplog):
    again = Called(times=2)
    with workbench.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE job_run")
        session.connection().exec_driver_sql("CREATE TABLE job_run (id INTEGER, name TEXT, started_at TEXT,"
            " finished_at TEXT, outcome TEXT, detail TEXT CHECK (detail = ''))")  # fmt: skip
    with running_jobs(workbench, [job("again", again, AT_ONCE)]):
        assert again.wait()
    assert "How the job again went cannot be written down: IntegrityError" in caplog.text


def test_the_figures_of_an_event_are_there_without_anybody_asking(workbench):
    now = datetime.now(UTC)
    add_website(workbench.database, "example.com", website_id="site_a")
    visit = Event(
        website_id="site_a",
        event_id="e",
        session_id="S",
        visitor_id="V",
        event_type="pageview",
        pathname="/",
        timestamp=now,
    )
    with workbench.database.write() as session:
        mark_days(session, store_events(session, [visit]).days, writer="writer")
    give_up = time.monotonic() + PATIENCE_S
    with running_jobs(workbench):
        while "rollup" not in last_runs(workbench.database) and time.monotonic() < give_up:
            time.sleep(0.01)
    with workbench.database.read() as session:
        daily = session.execute(select(AnalyticsDailyStats.date, AnalyticsDailyStats.pageviews)).all()
    assert [tuple(row) for row in daily] == [(now.date(), 1)]
