"""Of sixteen panels one has its database away, one waits, one is invalid: the other thirteen are drawn at once."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from stats_core.composition import open_workbench
from stats_core.models import Partner, StatsPanel
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings, SourceSettings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DRAWN = ".js-plotly-plot .trace, .js-plotly-plot .point, .wb-metric-value, .wb-list, [data-testid=stDataFrame] canvas"
LOCK = 42
TABLES = {
    # Whoever reads this table waits while the test holds the lock, for as long as it wants.
    "waiting": f"CREATE VIEW waiting AS SELECT 1 AS id FROM pg_advisory_xact_lock_shared({LOCK})",
    "away": "CREATE TABLE away (id INTEGER PRIMARY KEY)",
}
GOOD = 13


@dataclass(frozen=True)
class Troubled:
    """A dashboard of sixteen panels, on a server of its own."""

    address: str
    dashboard: Dashboard
    slow_url: str
    away_url: str

    def panel(self, page: Page, name: str) -> Locator:
        """The card of the panel of this name."""
        found = next(panel for panel in self.dashboard.panels if panel.name == name)
        return page.locator(f".st-key-panel_{found.id}")


def count(name: str, entity: str, at: int, kind: str = "metric", **options: object) -> PanelSpec:
    return PanelSpec(
        name=name,
        type=kind,
        x=3 * (at % 4),
        y=4 * (at // 4),
        width=3,
        height=4,
        operation_type="aggregate_data",
        operation_options={"entity": entity, "aggregate": {"fn": "count"}, **options},
        cache_ttl_seconds=1,
    )


def sixteen() -> list[PanelSpec]:
    kinds = ("metric", "list", "bar", "table", "metric", "list", "bar", "table", "metric", "list", "bar", "table")
    by_status = [
        count(f"{kind} {at}", "partner", 3 + at, kind, **({} if kind == "metric" else {"group_by": "status"}))
        for at, kind in enumerate(kinds)
    ]
    return [
        *(count(name, entity, at) for at, (name, entity) in enumerate([("Away", "away"), ("Slow", "waiting")])),
        count("Invalid", "partner", 2, "bar", group_by="status"),
        *by_status,
        count("Last", "partner", 15),
    ]


@pytest.fixture(scope="module")
def troubled(postgresql, running: Callable) -> Iterator[Troubled]:
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql.database(template="template0") as slow,
        postgresql.database(template="template0") as away,
    ):
        urls = {"waiting": slow, "away": away}
        for name, statement in TABLES.items():
            with psycopg.connect(urls[name], autocommit=True) as connection:
                connection.execute(statement)
        sources = {name: SourceSettings(url=url, tables=(name,)) for name, url in urls.items()}
        toml = (f'[sources.{name}]\nurl = "{url}"\ntables = ["{name}"]\n' for name, url in urls.items())
        Path(folder, "workbench.toml").write_text("\n".join(toml))
        own = f"sqlite:///{folder}/workbench.db"
        settings = Settings(database_url=own, home=Path(folder), sources=sources)
        with open_workbench(settings, migrate=True) as workbench:
            with workbench.database.write() as session:
                session.add_all(
                    Partner(name=f"Partner {i}", status=("active", "pending")[i % 2], verified=True) for i in range(6)
                )
            made = workbench.dashboards.create("Troubled", panels=sixteen())
            with workbench.database.write() as session:
                invalid = session.query(StatsPanel).filter_by(name="Invalid").one()
                invalid.operation_options = {**invalid.operation_options, "group_by": "colour"}
        with running("serve", "--no-sign-in", "--port", "0", "--database", own, folder=folder) as address:
            yield Troubled(address, made, slow, away)


def test_the_other_thirteen_are_drawn_while_one_waits(watch, troubled: Troubled):
    with closing(psycopg.connect(troubled.slow_url, autocommit=True)) as holder:
        holder.execute(f"SELECT pg_advisory_lock({LOCK})")
        open_to_others(holder, troubled.away_url, is_open=False)
        page = watch().page
        page.goto(f"{troubled.address}/dashboard?id={troubled.dashboard.id}")
        drawn = [panel.name for panel in troubled.dashboard.panels if panel.name not in {"Away", "Slow", "Invalid"}]
        assert len(drawn) == GOOD
        for name in drawn:
            expect(troubled.panel(page, name).locator(DRAWN).first).to_be_visible()
        expect(troubled.panel(page, "Invalid").locator(".wb-error")).to_contain_text(
            "No field of partner named 'colour'"
        )
        away, slow = troubled.panel(page, "Away"), troubled.panel(page, "Slow")
        expect(away.locator(".wb-error")).to_contain_text("away")
        expect(slow.locator(".wb-skeleton")).to_be_visible()
        holder.execute(f"SELECT pg_advisory_unlock({LOCK})")
        expect(slow.locator(".wb-metric-value")).to_have_text("1")
        _shows_what_is_kept_meanwhile(holder, watch, troubled)
        open_to_others(holder, troubled.away_url, is_open=True)
        away.get_by_role("button", name="Refresh Away").click()
        expect(away.locator(".wb-metric-value")).to_have_text("0")


def _shows_what_is_kept_meanwhile(holder: psycopg.Connection, watch: Callable, troubled: Troubled) -> None:
    """Who comes later sees the answer that is too old while the new one is on its way."""
    holder.execute(f"SELECT pg_advisory_lock({LOCK})")
    page = watch().page
    page.goto(f"{troubled.address}/dashboard?id={troubled.dashboard.id}")
    slow = troubled.panel(page, "Slow")
    expect(slow.locator(".wb-age")).to_have_text(re.compile(r"cached \d+ s ago"))
    expect(slow.locator(".wb-metric-value")).to_have_text("1")
    expect(slow.locator(".wb-skeleton")).to_have_count(0)
    holder.execute(f"SELECT pg_advisory_unlock({LOCK})")
    expect(slow.locator(".wb-age")).to_have_text("just now")
    expect(slow.locator(".wb-metric-value")).to_have_count(1)


def open_to_others(holder: psycopg.Connection, url: str, *, is_open: bool) -> None:
    """Let nobody connect to a database any more, and end the connections there are; or let them in again."""
    name = conninfo_to_dict(url)["dbname"]
    allowed = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(Identifier(name), SQL(str(is_open)))
    holder.execute(allowed)
    if not is_open:
        holder.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
