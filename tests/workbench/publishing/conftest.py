"""A workbench with partners and a dashboard of three panels; it is noon on 15 June 2026."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stats_core.composition import Workbench, open_workbench
from stats_core.database import Database
from stats_core.models import Partner
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings
from workbench.publishing.browser import Browser, can_draw

BY_STATUS = {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "status"}
PER_DAY = {"entity": "partner", "aggregate": {"fn": "count"}, "date_field": "created_at", "range": {"$var": "range"}}
HOSTILE = "<script>alert(1)</script> | {{ panel x }} <!-- /panel --> </data> `*_[a](b)_*`"


@dataclass(frozen=True)
class Desk:
    """What a writer has: panels, files, and a way to change the numbers."""

    workbench: Workbench
    folder: Path
    count: str
    by_status: str
    per_day: str

    def add(self, *statuses: str, name: str = "Ann") -> None:
        """More partners."""
        with self.workbench.database.write() as session:
            session.add_all(
                Partner(name=name, status=status, verified=True, created_at=self.now - timedelta(days=at))
                for at, status in enumerate(statuses)
            )

    @property
    def now(self) -> datetime:
        return self.workbench.clock()

    def file(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name


def _desk(database: Database, folder: Path, now: datetime) -> Iterator[Desk]:
    settings = Settings(database_url=database.url, home=folder)
    with open_workbench(settings, clock=lambda: now) as workbench:
        panels = (
            PanelSpec(name="Partners", type="metric", operation_type="aggregate_data", operation_options=_total()),
            PanelSpec(name="By status", type="bar", operation_type="aggregate_data", operation_options=BY_STATUS),
            PanelSpec(name="Per day", type="line", operation_type="time_series", operation_options=PER_DAY),
        )
        variables = {"range": {"type": "range", "default": {"preset": "7d"}}}
        board = workbench.dashboards.create("Board", panels=panels, metadata={"variables": variables})
        ids = {panel.name: panel.id for panel in board.panels}
        desk = Desk(workbench, folder, ids["Partners"], ids["By status"], ids["Per day"])
        desk.add("active", "active", "pending")
        yield desk


def _total() -> dict:
    return {"entity": "partner", "aggregate": {"fn": "count"}}


@pytest.fixture
def desk(database, tmp_path, clock) -> Iterator[Desk]:
    """On both engines."""
    yield from _desk(database, tmp_path, clock())


@pytest.fixture
def sqlite_desk(sqlite_database, tmp_path, clock) -> Iterator[Desk]:
    """On SQLite, for what has nothing to do with the engine."""
    yield from _desk(sqlite_database, tmp_path, clock())


@pytest.fixture
def hostile() -> str:
    """A name as nobody should have one."""
    return HOSTILE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all figures."""
    if not can_draw():
        pytest.skip("pictures need kaleido and a Chromium")
    with Browser() as browser:
        yield browser
