"""Bodies of refused events that are not kept any longer."""

from __future__ import annotations

from datetime import time

from ingest import rejections
from stats_core.composition import Workbench
from stats_core.traffic.steps import Stopping
from workbench.jobs.job import Daily, Job, counted


def forget_refused(workbench: Workbench, stopping: Stopping) -> str | None:
    """Delete old bodies; their counts stay."""
    del stopping  # it is one short statement
    deleted = rejections.prune(workbench.database, before=workbench.clock() - rejections.KEPT)
    return f"{counted(deleted, 'refused event')} forgotten." if deleted else None


FORGET_REFUSED = Job(
    "forget-refused",
    f"Bodies of refused events are deleted after {rejections.KEPT.days} days; their counts stay.",
    Daily(time(3, 45)),
    forget_refused,
)
