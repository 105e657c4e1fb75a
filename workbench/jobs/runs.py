"""Runs of jobs: how they went is kept in `job_run`."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from stats_core.composition import Workbench
from stats_core.database import Database
from stats_core.errors import ExpectedError
from stats_core.models import JobRun
from stats_core.traffic.steps import Stopping, never
from workbench.jobs.job import Job

KEPT = 100  # runs of each job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended.

    Attributes:
        detail: What was done, or what was wrong, in one line.
    """

    name: str
    started_at: datetime
    finished_at: datetime
    outcome: Literal["ok", "failed"]
    detail: str

    @property
    def took(self) -> timedelta:
        """From start to end."""
        return self.finished_at - self.started_at


def run_job(job: Job, workbench: Workbench, *, stopping: Stopping = never) -> Run:
    """Run `job`; whatever goes wrong is in the answer, and a bug's traceback in the log."""

    def ended(outcome: Literal["ok", "failed"], detail: str) -> Run:
        return Run(job.name, started_at, workbench.clock(), outcome, " ".join(detail.split()))

    started_at = workbench.clock()
    try:
        return ended("ok", job.run(workbench, stopping) or "Nothing was to be done.")
    except ExpectedError as error:
        return ended("failed", str(error))
    except SQLAlchemyError as error:
        return ended("failed", f"The database refused: {type(error).__name__}.")
    except Exception as error:
        log.exception("The job %s has a bug.", job.name)
        return ended("failed", f"{type(error).__name__}: {error}")


def record(database: Database, run: Run) -> None:
    """Keep the run, and of the job's earlier ones the newest."""
    with database.write() as session:
        session.execute(insert(JobRun).values(**asdict(run)))
        newest = select(JobRun.id).where(JobRun.name == run.name).order_by(JobRun.id.desc())
        oldest_kept = newest.offset(KEPT - 1).limit(1).scalar_subquery()
        session.execute(delete(JobRun).where(JobRun.name == run.name, JobRun.id < oldest_kept))


def last_runs(database: Database) -> dict[str, Run]:
    """The last recorded run of each job that has run."""
    newest = select(func.max(JobRun.id)).group_by(JobRun.name)
    columns = (getattr(JobRun, name) for name in Run.__slots__)
    with database.read() as session:
        runs = [Run(*row) for row in session.execute(select(*columns).where(JobRun.id.in_(newest)))]
    return {run.name: run for run in runs}
