"""The daily figures, kept up to date."""

from __future__ import annotations

import secrets
from datetime import time, timedelta

from sqlalchemy import select

from ingest.dirty import mark_days
from stats_core.composition import Workbench
from stats_core.models import Website
from stats_core.traffic.dirty import roll_up_dirty
from stats_core.traffic.steps import Stopping
from workbench.jobs.job import Daily, Every, Job, PartlyFailedError, counted


def roll_up(workbench: Workbench, stopping: Stopping) -> str | None:
    """Roll up the days that writers have marked."""
    report = roll_up_dirty(workbench.database, clock=workbench.clock, stopping=stopping)
    if not report.days and not report.failures:
        return None
    done = f"{counted(report.days, 'daily row')} of {counted(report.websites, 'website')} brought up to date."
    if report.failures:
        raise PartlyFailedError(done, report.failures)
    return done


def roll_up_last_days(workbench: Workbench, stopping: Stopping) -> str | None:
    """Roll up yesterday and today of every website, whatever is marked: whichever day it is in their zones."""
    today = workbench.clock().date()
    days = [today + timedelta(days=number) for number in (-2, -1, 0, 1)]
    with workbench.database.write() as session:
        websites = session.scalars(select(Website.id)).all()
        mark_days(session, ((website, day) for website in websites for day in days), writer=secrets.token_hex(8))
    return roll_up(workbench, stopping)


ROLLUP = Job(
    "rollup",
    "Daily figures of the days whose events have changed.",
    Every(timedelta(seconds=15)),
    roll_up,
)
NIGHTLY_ROLLUP = Job(
    "nightly-rollup",
    "Daily figures of yesterday and today of all websites, also where tables were changed by other hands.",
    Daily(time(0, 5)),
    roll_up_last_days,
)
