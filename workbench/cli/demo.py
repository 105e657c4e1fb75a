"""`workbench demo`: something to look at, with no questions asked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.serve import PortOption, check_start, listening, serve_on
from workbench.cli.talk import progress, say

if TYPE_CHECKING:
    from stats_core.composition import Workbench

HOST = "127.0.0.1"


def demo(
    data_only: Annotated[bool, typer.Option("--data-only", help="Make the data and stop.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Make the demo's data anew, up to today; your own websites stay.")
    ] = False,
    port: PortOption = 8501,
    database: DatabaseOption = None,
) -> None:
    """Fill the database with demo data, unless it is there already, and serve the app on 127.0.0.1."""
    with opened(database, migrate=True) as workbench:
        if data_only:
            make_data(workbench, reset=reset)
            return
        with listening(HOST, port) as bound:
            check_start(workbench)
            make_data(workbench, reset=reset)
            serve_on(bound, workbench, HOST, jobs=True, sign_in=False)


def make_data(workbench: Workbench, *, reset: bool) -> None:
    """Demo data and the three dashboards, as far as they are not there yet."""
    from stats_core.panels.seeds import seed
    from workbench.demo import load_demo
    from workbench.demo.posts import publish_examples

    with progress("demo data") as advance:
        report = load_demo(workbench.database, now=workbench.clock(), reset=reset, on_progress=advance)
    seed(workbench.dashboards)
    for post in publish_examples(workbench):
        say(f"An example post is in {post}.")
    if report.loaded:
        events, orders = (report.rows[table] for table in ("analytics_event", "sales_order"))
        say(f"{events:,} events and {orders:,} orders are in {workbench.database.address}.")
    elif (last := last_day(workbench)) and last < workbench.clock().date():
        say(f"The demo data ends on {last}. `workbench demo --reset` makes it anew, up to today.")


def last_day(workbench: Workbench) -> date | None:
    """The newest day of the demo's websites."""
    from workbench.demo.shops import shops

    options = {
        "entity": "analytics_daily_stats",
        "aggregate": {"fn": "max", "field": "date"},
        "filters": {"website_id": {"$in": [shop.website_id for shop in shops()]}},
    }
    last = workbench.resolver.run("aggregate_data", options).data["value"]
    return date.fromisoformat(last) if last else None
