"""How commands talk: results go to stdout, everything said about them to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import typer

from stats_core.errors import ExpectedError

PIPED_WIDTH = 10_000  # columns: in a file or a pipe no cell is ever folded


class Advance(Protocol):
    """Says how far the work has come: from 0 to 1, or None where nobody knows the end."""

    def __call__(self, done: float | None, note: str = "") -> None:
        """Show `done`, with a few words beside it."""


def say(text: str) -> None:
    """A line for the person at the terminal."""
    typer.echo(text, err=True)


def complain(error: ExpectedError) -> None:
    """What is wrong and the way out, one line per fault."""
    for problem in error.problems:
        say(f"error: {problem}")


def tell(text: str) -> None:
    """A result."""
    typer.echo(text)


def tell_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A result as a table; numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], int | float | None) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))  # Text: brackets in values are no markup
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A bar on a terminal; elsewhere a line per tenth."""
    if sys.stderr.isatty():
        with _bar(label) as advance:
            yield advance
    else:
        yield _lines(label)


@contextmanager
def _bar(label: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(label),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(done: float | None, note: str = "") -> None:
            bar.update(task, total=None if done is None else 1.0, completed=done or 0.0, description=note)

        yield advance


def _lines(label: str) -> Advance:
    said = 0

    def advance(done: float | None, note: str = "") -> None:
        nonlocal said
        if done is not None and (tenth := int(done * 10)) > said:
            said = tenth
            say(f"{label}: {tenth * 10} %{f', {note}' if note else ''}")

    return advance
