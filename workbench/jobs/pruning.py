"""Events and sessions that are not kept any longer."""

from __future__ import annotations

from datetime import time

from stats_core.composition import Workbench
from stats_core.traffic import pruning
from stats_core.traffic.steps import Stopping
from workbench.jobs.job import Daily, Job, PartlyFailedError, counted


def prune(workbench: Workbench, stopping: Stopping) -> str | None:
    """Delete what is older than its website keeps it."""
    report = pruning.prune(
        workbench.database,
        retention_days=workbench.settings.analytics_retention_days,
        clock=workbench.clock,
        stopping=stopping,
    )
    events, sessions = (sum(getattr(site, name) for site in report.websites) for name in ("events", "sessions"))
    done = f"{counted(events, 'event')} and {counted(sessions, 'session')} deleted."
    if report.failures:
        raise PartlyFailedError(done, report.failures)
    return done if events or sessions else None


PRUNE = Job(
    "prune",
    "Events and sessions older than analytics_retention_days, or the website's own retention, are deleted.",
    Daily(time(3, 30)),
    prune,
)
