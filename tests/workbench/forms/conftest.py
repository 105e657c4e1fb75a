"""A workbench with the seeded dashboards, whose operations and panels the forms are made from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from stats_core.composition import Workbench, open_workbench
from stats_core.panels.seeds import seed
from stats_core.settings import Settings


@pytest.fixture
def bench(sqlite_template: Path, tmp_path: Path, clock: Callable[[], datetime]) -> Iterator[Workbench]:
    file = shutil.copy(sqlite_template, tmp_path / "workbench.db")
    with open_workbench(Settings(database_url=f"sqlite:///{file}", home=tmp_path), clock=clock) as opened:
        seed(opened.dashboards)
        yield opened
