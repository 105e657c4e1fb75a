"""`workbench panel …`."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.answers import CsvOption, JsonOption, SkipCacheOption, tell_answer
from workbench.cli.opening import DatabaseOption, opened


def resolve(
    panel_id: Annotated[str, typer.Argument(metavar="ID", help="The panel's id (panel_…); its menu shows it.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    skip_cache: SkipCacheOption = False,
    database: DatabaseOption = None,
) -> None:
    """Print what a stored panel shows, with its dashboard's own defaults for range and website."""
    with opened(database) as workbench:
        panel = workbench.dashboards.panel(panel_id)
        tell_answer(workbench.resolver.resolve_panel(panel, skip_cache=skip_cache), as_json=as_json, as_csv=as_csv)
