"""A notebook's session over a small part of the demo data, at noon on 15 June 2026."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stats_core.composition import open_workbench as compose
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.demo import load_demo
from workbench.notebook import Session, open_workbench

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database file."""
    file = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("notebook_demo") / "workbench.db"))
    with compose(Settings(database_url=f"sqlite:///{file}", home=file.parent), clock=lambda: NOW) as workbench:
        load_demo(workbench.database, now=NOW, scale=0.02)
        seed(workbench.dashboards)
    return file


@pytest.fixture
def demo_url(demo_template: Path, tmp_path: Path) -> str:
    """A copy of it."""
    return f"sqlite:///{shutil.copy(demo_template, tmp_path / 'workbench.db')}"


@pytest.fixture
def wb(demo_url: str, clock: Callable[[], datetime], tmp_path: Path) -> Iterator[Session]:
    """A session over it, as a notebook has one."""
    with open_workbench(demo_url, clock=clock, home=tmp_path) as session:
        yield session
