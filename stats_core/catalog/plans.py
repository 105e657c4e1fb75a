"""How a database means to answer a statement, in its own words: its EXPLAIN, which computes no answer.

Never EXPLAIN ANALYZE, which would run the statement to time it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

from stats_core.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Plan:
    """A database's plan for a statement.

    Attributes:
        statement: The SQL that it is for, with placeholders where values stand.
        text: Lines as the database words them; values of the statement may stand in them.
    """

    statement: str
    text: str


def planned(connection: Connection, statement: Select[Any], source: str) -> Plan:
    """What the database of a connection says to a statement.

    Args:
        connection: Under its time limit.
        statement: As it would run.
        source: How messages call the database, as the beginning of a sentence.

    Raises:
        UnsupportedError: The engine has no EXPLAIN that surely computes nothing.
    """
    name = connection.dialect.name
    if (way := _WAYS.get(name)) is None:
        raise UnsupportedError(
            f"{source} gives no plan: the workbench asks {name} for none.", hint=f"Plans come from {', '.join(_WAYS)}."
        )
    words, read = way
    result = connection.execute(_Explained(words, statement))
    assert result.cursor is not None, "an EXPLAIN gives rows"
    # Past SQLAlchemy's result: its converters are those of the statement's columns, and these are others.
    text = "\n".join(read(result.cursor.fetchall()))
    result.close()
    return Plan((result.context.statement or "").removeprefix(f"{words} "), text)


class _Explained(Executable, ClauseElement):
    """A statement with the words before it."""

    inherit_cache = False

    def __init__(self, words: str, statement: Select[Any]) -> None:
        self.words, self.statement = words, statement


@compiles(_Explained)
def _written(element: _Explained, compiler: Any, **how: Any) -> str:
    return f"{element.words} {compiler.process(element.statement, **how)}"


def _tree(rows: Sequence[Any]) -> Iterable[str]:
    """SQLite's steps, each below the one that it is a part of."""
    depths = {0: -1}
    for number, parent, _, detail in rows:
        depths[number] = depths.get(parent, -1) + 1
        yield f"{'  ' * depths[number]}{detail}"


def _lines(rows: Sequence[Any]) -> Iterable[str]:
    return (str(row[-1]).rstrip("\n") for row in rows)


_WAYS: Final[Mapping[str, tuple[str, Callable[[Sequence[Any]], Iterable[str]]]]] = MappingProxyType(
    {"sqlite": ("EXPLAIN QUERY PLAN", _tree), "postgresql": ("EXPLAIN", _lines), "duckdb": ("EXPLAIN", _lines)}
)
