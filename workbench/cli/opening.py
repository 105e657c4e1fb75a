"""What most commands begin with: the `--database` option and the workbench behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stats_core.composition import Workbench
    from stats_core.settings import Settings

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///file.db or postgresql://user:password@host/name; default: the setting database_url.",
        show_default=False,
    ),
]


def load_settings(database: str | None) -> Settings:
    """The settings, with the database of the command line where one is given."""
    from stats_core.settings import Settings

    return Settings.load(**({"database_url": database} if database else {}))


@contextmanager
def opened(database: str | None, *, migrate: bool = False) -> Iterator[Workbench]:
    """The workbench over `database`, closed at the end."""
    from stats_core.composition import open_workbench

    with open_workbench(load_settings(database), migrate=migrate) as workbench:
        yield workbench
