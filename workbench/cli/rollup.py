"""`workbench rollup` and `workbench reconcile`: the daily figures."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated

import typer

from stats_core.errors import ConfigurationError
from workbench.cli.jobs import run_now
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell

DIFFERENT = 2
DAY = ["%Y-%m-%d"]

FirstOption = Annotated[
    datetime | None, typer.Option("--from", formats=DAY, help="First day; default: the first there is.")
]
LastOption = Annotated[
    datetime | None, typer.Option("--to", formats=DAY, help="Last day, included; default: the last.")
]
WebsiteOption = Annotated[list[str] | None, typer.Option("--website", metavar="ID", help="This website only.")]


def rollup(
    day: Annotated[datetime | None, typer.Option("--date", formats=DAY, help="This day only.")] = None,
    first: FirstOption = None,
    last: LastOption = None,
    website: WebsiteOption = None,
    dirty: Annotated[bool, typer.Option("--dirty", help="Only the days that have changed since.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Compute the daily figures from events and sessions; all days unless some are named. Again gives the same.

    Days whose events are pruned keep their figures.
    """
    from stats_core.traffic.rollups import roll_up

    if day and (first or last):
        raise ConfigurationError("--date and --from/--to exclude each other.", hint="Name one day, or first and last.")
    if dirty and (day or first or last or website):
        raise ConfigurationError("--dirty and days or websites exclude each other.", hint="Leave one of them out.")
    with opened(database) as workbench:
        if dirty:
            run_now(workbench, ["rollup"])
            return
        report = roll_up(
            workbench.database,
            website_ids=website,
            first=_day(day or first),
            last=_day(day or last),
            clock=workbench.clock,
        )
        say(f"{report.days} daily rows of {report.websites} websites are up to date.")


def reconcile(
    first: FirstOption = None,
    last: LastOption = None,
    website: WebsiteOption = None,
    database: DatabaseOption = None,
) -> None:
    """Compare the daily figures with the events and sessions they were made from; exit code 2 when they differ."""
    from stats_core.traffic.reconciliation import reconcile as compare

    with opened(database) as workbench:
        differences = compare(workbench.database, website_ids=website, first=_day(first), last=_day(last))
    for difference in differences:
        tell(str(difference))
    if differences:
        say(f"{len(differences)} figures differ. `workbench rollup` computes them anew.")
        sys.exit(DIFFERENT)
    say("The daily figures equal the raw rows.")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
