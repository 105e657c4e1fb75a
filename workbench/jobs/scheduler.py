"""Jobs beside the server: `serve --jobs`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job as Timed
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from workbench.jobs import JOBS
from workbench.jobs.job import Job
from workbench.jobs.runs import Run, last_runs, record, run_job

THREADS = 4  # a long pruning keeps no rollup waiting
_FAR_AWAY = {"trigger": "interval", "weeks": 5_200}  # each run itself says when the next one is
_DEFAULTS = {
    "misfire_grace_time": None,  # a run that is late, as after a sleep of the machine, is still due
    "max_instances": 1_000,  # the next run may begin while the timer has not noticed the end of the last one
}
_SAID_AGAIN = timedelta(minutes=1)  # runs that go alike are written down no more often

log = logging.getLogger(__name__)


@contextmanager
def running_jobs(workbench: Workbench, jobs: Iterable[Job] = tuple(JOBS.values())) -> Iterator[None]:
    """Run the jobs by their schedules, in threads; at the end those that are running come to the end of their step."""
    stopping = _Stopping()
    timer = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults=_DEFAULTS,
        timezone=UTC,
    )
    last = last_runs(workbench.database)
    for job in jobs:
        _Again(job, workbench, stopping).begin(timer, last.get(job.name))
    timer.start()
    try:
        yield
    finally:
        stopping.begin()
        timer.shutdown()


class _Stopping:
    """Whether the server wants to end.

    TRICKY: the timer waits for running jobs while it holds the lock that setting a time takes, so none is set then.
    """

    def __init__(self) -> None:
        self._begun, self._lock = False, threading.Lock()

    def __call__(self) -> bool:
        return self._begun

    def begin(self) -> None:
        """From now on no time is set."""
        with self._lock:
            self._begun = True

    def unless_begun(self, act: Callable[[], object]) -> None:
        """Do it, unless it is too late."""
        with self._lock:
            if not self._begun:
                act()


class _Again:
    """A job that runs again and again."""

    def __init__(self, job: Job, workbench: Workbench, stopping: _Stopping) -> None:
        self._job, self._workbench, self._stopping = job, workbench, stopping
        self._timed: Timed | None = None
        self._said: Run | None = None

    def begin(self, timer: BackgroundScheduler, last: Run | None) -> None:
        """When it would run after its last time, were that in another process; at once where that is past."""
        now = self._workbench.clock()
        moment = now
        if last is not None and last.finished_at <= now:  # a later one means that a clock was wrong
            moment = self._job.schedule.after(last.finished_at, last.took)
        self._timed = timer.add_job(self.run, **_FAR_AWAY, name=self._job.name, next_run_time=self._on_the_wall(moment))

    def run(self) -> None:
        """Run it, say how it went, and see to the next time."""
        run = run_job(self._job, self._workbench, stopping=self._stopping)
        try:
            self._say(run)
        finally:
            moment = self._on_the_wall(self._job.schedule.after(run.finished_at, run.took))
            self._stopping.unless_begun(lambda: self._timed and self._timed.modify(next_run_time=moment))

    def _on_the_wall(self, moment: datetime) -> datetime:
        """The moment by the timer's clock."""
        return datetime.now(UTC) + (moment - self._workbench.clock())

    def _say(self, run: Run) -> None:
        said = self._said
        is_new = said is None or (said.outcome, said.detail) != (run.outcome, run.detail)
        if run.outcome == "failed" and is_new:
            log.warning("The job %s failed: %s", run.name, run.detail)
        if said is not None and said.outcome == run.outcome and run.finished_at - said.finished_at < _SAID_AGAIN:
            return
        try:
            record(self._workbench.database, run)
        except (ExpectedError, SQLAlchemyError) as error:
            log.warning("How the job %s went cannot be written down: %s", run.name, type(error).__name__)
        self._said = run
