"""`workbench panel …`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.answers import CsvOption, JsonOption, SkipCacheOption, tell_answer
from workbench.cli.asking import PanelArgument, RangeOption, TimezoneOption, VariableOption, read_variables
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import tell, tell_table

if TYPE_CHECKING:
    from stats_core.composition import Workbench

FIELDS = ("id", "type", "name", "dashboard")


def resolve(
    panel: PanelArgument,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    skip_cache: SkipCacheOption = False,
    range_: RangeOption = None,
    variables: VariableOption = None,
    timezone: TimezoneOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print what a stored panel shows, with its dashboard's own defaults where nothing else is said."""
    from stats_core.panels.finding import find_panel

    given = read_variables(variables, range_)
    with opened(database) as workbench:
        found = find_panel(workbench.dashboards, panel)
        result = workbench.resolver.resolve_panel(found, skip_cache=skip_cache, variables=given, timezone=timezone)
        tell_answer(result, as_json=as_json, as_csv=as_csv)


def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    database: DatabaseOption = None,
) -> None:
    """List the stored panels with their ids, dashboard by dashboard."""
    with opened(database) as workbench:
        panels = _panels(workbench)
    if as_json:
        tell(json.dumps(panels, ensure_ascii=False, indent=2))
    else:
        tell_table(FIELDS, [[panel[name] for name in FIELDS] for panel in panels])


def _panels(workbench: Workbench) -> list[dict[str, Any]]:
    from workbench.cli.dashboards import all_ids

    return [
        {"id": panel.id, "type": panel.type, "name": panel.name, "dashboard": dashboard.name}
        for dashboard in map(workbench.dashboards.get, all_ids(workbench))
        for panel in dashboard.panels
    ]
