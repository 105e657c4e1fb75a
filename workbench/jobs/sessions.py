"""Sessions that are over."""

from __future__ import annotations

from datetime import timedelta

from stats_core.composition import Workbench
from stats_core.traffic import closing
from stats_core.traffic.steps import Stopping
from workbench.jobs.job import Every, Job, counted


def close_sessions(workbench: Workbench, stopping: Stopping) -> str | None:
    """Give sessions that are over their end."""
    closed = closing.close_sessions(workbench.database, clock=workbench.clock, stopping=stopping)
    return f"{counted(closed, 'session')} closed." if closed else None


CLOSE_SESSIONS = Job(
    "close-sessions",
    "Sessions idle for more than 30 minutes get their end.",
    Every(timedelta(hours=1)),
    close_sessions,
)
