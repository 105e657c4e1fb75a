"""`workbench operation …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from stats_core.errors import InvalidOptionsError, Problem
from workbench.cli.answers import CsvOption, JsonOption, tell_answer
from workbench.cli.opening import DatabaseOption, opened


def run(
    operation: Annotated[str, typer.Argument(metavar="TYPE", help="read_data, aggregate_data, time_series, …")],
    options: Annotated[str, typer.Argument(metavar="OPTIONS.json", help="A file of JSON; - reads standard input.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    database: DatabaseOption = None,
) -> None:
    """Ask one question, with the options that a panel would store."""
    document = read_options(options)
    with opened(database) as workbench:
        tell_answer(workbench.resolver.run(operation, document), as_json=as_json, as_csv=as_csv)


def read_options(source: str) -> dict[str, Any]:
    """The options in a file, or on standard input.

    Raises:
        InvalidOptionsError: They cannot be read, or are no JSON object.
    """
    try:
        document = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(source, f"cannot be read: {error.strerror}", "Give a file's name, or - for input.") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(source, f"is no JSON: {error}", 'Options are an object: {"entity": "partner"}.') from error
    if not isinstance(document, dict):
        raise _unreadable(source, "holds no JSON object", 'Options are an object: {"entity": "partner"}.')
    return document


def _unreadable(source: str, what: str, hint: str) -> InvalidOptionsError:
    name = "Standard input" if source == "-" else source
    return InvalidOptionsError([Problem("", f"{name} {what}.", hint)])
