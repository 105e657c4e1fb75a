"""`workbench jobs …`, and the jobs that have a command of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from stats_core.composition import Workbench
    from workbench.jobs.job import Job
    from workbench.jobs.runs import Run

FAILED = 2
COLUMNS = ("job", "runs", "last run", "took", "how it went", "what it does")
PRUNING = ("prune", "forget-refused", "destroy-salts")


def list_all(database: DatabaseOption = None) -> None:
    """List the jobs: when `serve --jobs` runs them, and how the last run went."""
    from workbench.jobs import JOBS
    from workbench.jobs.runs import last_runs

    with opened(database) as workbench:
        last = last_runs(workbench.database)
    tell_table(COLUMNS, [_row(job, last.get(name)) for name, job in JOBS.items()])
    say("Times are UTC. `workbench jobs run NAME` runs one now.")


def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; all where none is named.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Run jobs now; exit code 2 where one fails. Again does no harm, so cron may call it as often as you like."""
    with opened(database) as workbench:
        run_now(workbench, names)


def close_sessions(database: DatabaseOption = None) -> None:
    """Give sessions that have been idle for more than 30 minutes their end."""
    with opened(database) as workbench:
        run_now(workbench, ["close-sessions"])


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and delete nothing.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Delete what is not to be kept any longer; the daily figures stay.

    Events and sessions go only where the setting analytics_retention_days or the website's own retention says so;
    refused events after 7 days, salts of cookieless visitors after 48 hours.
    """
    with opened(database) as workbench:
        if dry_run:
            tell_plan(workbench)
        else:
            run_now(workbench, PRUNING)


def run_now(workbench: Workbench, names: list[str] | tuple[str, ...] | None) -> None:
    """Run these jobs, or all, one after the other; print how each went, and exit with 2 where one failed.

    Raises:
        UnknownNameError: There is no such job. None was run.
    """
    from workbench.jobs import JOBS
    from workbench.jobs.runs import record, run_job

    failed = False
    for job in [JOBS[name] for name in names or JOBS]:
        done = run_job(job, workbench)
        record(workbench.database, done)
        failed |= done.outcome == "failed"
        (say if done.outcome == "failed" else tell)(
            f"{'error: ' * (done.outcome == 'failed')}{job.name}: {done.detail}"
        )
    if failed:
        sys.exit(FAILED)


def tell_plan(workbench: Workbench) -> None:
    """What pruning would delete."""
    from stats_core.traffic.pruning import prune as pruned

    settings = workbench.settings
    report = pruned(
        workbench.database, retention_days=settings.analytics_retention_days, clock=workbench.clock, dry_run=True
    )
    columns = ("website", "days before", "events", "sessions")
    tell_table(columns, [(site.website_id, site.before, site.events, site.sessions) for site in report.websites])
    if not report.websites:
        say("Every website keeps everything: set WORKBENCH_ANALYTICS_RETENTION_DAYS, or a website's retention_days.")
    for failure in report.failures:
        say(f"error: {failure}")
    if report.failures:
        sys.exit(FAILED)


def _row(job: Job, last: Run | None) -> list[Any]:
    if last is None:
        return [job.name, str(job.schedule), "never", "", "", job.description]
    went = last.detail if last.outcome == "ok" else f"failed: {last.detail}"
    took = f"{last.took.total_seconds():.1f} s"
    return [job.name, str(job.schedule), f"{last.started_at:%Y-%m-%d %H:%M}", took, went, job.description]
