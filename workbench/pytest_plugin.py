"""The pytest plugin: the fixture `wb`, and which database it asks.

`pytest --workbench-database postgresql://…`, or `workbench_database` in pytest's own settings, or as every command of
the workbench finds it. It stands outside `workbench.testing` so
that a run of pytest that needs no numbers loads nothing of the workbench.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workbench.testing.asked import Questions

OPTION, SETTING = "--workbench-database", "workbench_database"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the database may be named."""
    group = parser.getgroup("workbench", "numbers of the stats workbench")
    group.addoption(OPTION, metavar="URL", help="Database of the fixture wb; default: the workbench's settings.")
    parser.addini(SETTING, "Database of the fixture wb; default: the workbench's settings.", default="")


@pytest.fixture(scope="session")
def wb(request: pytest.FixtureRequest) -> Iterator[Questions]:
    """Panels by id or name: `wb.panel("Visitors").value`."""
    from stats_core.composition import open_workbench
    from stats_core.settings import Settings
    from workbench.testing.asked import Questions

    url = request.config.getoption(OPTION) or request.config.getini(SETTING)
    with open_workbench(Settings.load(**({"database_url": url} if url else {}))) as workbench:
        yield Questions(workbench)
