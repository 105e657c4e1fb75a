"""How an answer is printed: a table, JSON or CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stats_core.errors import ConfigurationError
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from stats_core.panels.panel import PanelResult

JsonOption = Annotated[bool, typer.Option("--json", help="The whole result as JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="The rows as CSV.")]
SkipCacheOption = Annotated[bool, typer.Option("--skip-cache", help="Ask the database anew.")]


def tell_answer(result: PanelResult, *, as_json: bool, as_csv: bool) -> None:
    """The answer on stdout; what is known about it on stderr.

    Raises:
        ConfigurationError: Both formats are asked for.
    """
    if as_json and as_csv:
        raise ConfigurationError("--json and --csv exclude each other.", hint="Choose one.")
    if as_json:
        tell(as_text(result))
        return
    _tell_rows(result, as_csv=as_csv)
    _say_meaning(result)


def as_text(result: PanelResult) -> str:
    """The result as indented JSON."""
    return json.dumps(result.model_dump(mode="json"), ensure_ascii=False, indent=2)


def _tell_rows(result: PanelResult, *, as_csv: bool) -> None:
    from workbench.csv_text import csv_text
    from workbench.figures.answers import answer

    if not result.data:  # a label panel
        tell(result.display.text or "")
        return
    table = answer(result.data, result.display)
    if as_csv:
        typer.echo(csv_text(table.fields, table.rows), nl=False)
    else:
        tell_table(table.fields, [[_shown(row.get(name)) for name in table.fields] for row in table.rows])


def _shown(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else value


def _say_meaning(result: PanelResult) -> None:
    """Unit, definition, rows and age: what a number needs to be understood."""
    meta = result.meta
    parts = [meta.definition, f"Unit: {meta.unit}." if meta.unit else None, f"{result.row_count} rows considered."]
    if result.truncated:
        parts.append("More matched than is shown.")
    if meta.exactness != "exact":
        parts.append("A sum of daily figures.")
    say(" ".join(part for part in parts if part))
