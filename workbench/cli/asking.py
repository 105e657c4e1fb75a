"""With what a panel is asked: range, variables and time zone, as options of commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from stats_core.errors import InvalidOptionsError, Problem

PanelArgument = Annotated[
    str, typer.Argument(metavar="PANEL", help="Its id (panel_…), its name, or 'Dashboard / Name'.", show_default=False)
]
RangeOption = Annotated[
    str | None,
    typer.Option("--range", metavar="RANGE", help="7d, 30d, 90d, ytd, last_14_days, 2026-05-01..2026-05-31, …"),
]
VariableOption = Annotated[
    list[str] | None,
    typer.Option("--variable", metavar="NAME=VALUE", help="A variable of the dashboard: website=website_example."),
]
TimezoneOption = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="IANA zone in which days are cut.")
]


def read_variables(given: Sequence[str] | None, range_: str | None) -> dict[str, Any]:
    """Values by name: JSON where it is JSON (`["a", "b"]`, `3`, `null`), else text.

    Raises:
        InvalidOptionsError: One has no name.
    """
    from workbench.publishing.embed import read_range

    variables = dict(map(_pair, given or ()))
    return variables if range_ is None else {**variables, "range": read_range(range_)}


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidOptionsError([Problem("variable", f"{text!r} is no variable.", "Write website=website_example.")])
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
