"""Many rows in one statement, on SQLite and PostgreSQL.

SQLAlchemy's own executemany spends as long on a row as the database does, and building a statement takes longer than
running it. Here values are converted a column at a time and handed to the driver at once, and statements are built
once; they and the types of their columns are SQLAlchemy's all the same. PostgreSQL gets all rows as one JSON text:
psycopg writes an array in Python, value by value, which takes longer than all that the server does with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import JSONEncoder
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    CursorResult,
    Date,
    Dialect,
    FromClause,
    Select,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from stats_core.database.types import JSONDocument, UTCDateTime

Columns = Mapping[str, Sequence[Any]]
"""Rows, turned: by column, the values in the order of the rows."""

Types = Mapping[str, TypeEngine[Any]]
"""Names and types of columns, in their order."""

Convert = Callable[[Any], Any]

_ROWS = "rows"  # the parameter: the rows as a JSON text


_write = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def insert_new(session: Session, table: Table, columns: Columns, *, key: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """Insert the rows whose `key` is not in `table` yet. No two of them have the same key.

    Returns:
        The keys that were inserted.
    """
    if not columns[key[0]]:
        return set()
    dialect = session.connection().dialect
    insertion = _insertion(dialect, table, tuple(columns), key)
    if dialect.name == "postgresql":
        return set(map(tuple, insertion.run(session, columns)))
    # SQLite's executemany returns no rows; but nobody else writes in this transaction, and ids only grow.
    before = session.scalar(_last_id(table))
    if insertion.run(session, columns).rowcount == len(columns[key[0]]):
        return set(zip(*(columns[name] for name in key), strict=True))
    return set(map(tuple, session.execute(_keys_after(table, key), {"id": before})))


def upsert(
    session: Session, table: Table, columns: Columns, *, key: tuple[str, ...], also: Mapping[str, ColumnElement[Any]]
) -> None:
    """Insert the rows; where `key` is there, replace the other columns, and set those of `also`.

    `also` is SQL without values; hand in the same elements each time, so that the statement is built once.
    """
    if columns[key[0]]:
        dialect = session.connection().dialect
        _insertion(dialect, table, tuple(columns), key, tuple(also.items())).run(session, columns)


def listed(dialect: str, types: Types) -> FromClause:
    """Rows as a table of a query, with columns named and typed by `types`: as many as `row_values` are given."""
    given = bindparam(_ROWS, type_=String())
    if dialect == "postgresql":
        columns = [column(name, type_) for name, type_ in types.items()]
        return func.json_to_recordset(cast(given, JSON)).table_valued(*columns).render_derived(with_types=True)
    row = func.json_each(given).table_valued("value")
    cells = [
        type_coerce(func.json_extract(row.c.value, f"$[{place}]"), type_).label(name)
        for place, (name, type_) in enumerate(types.items())
    ]
    return select(*cells).select_from(row).subquery()


def row_values(session: Session, types: Types, values: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """The parameters of a statement with `listed` in it."""
    columns = list(zip(*values, strict=True)) or [()] * len(types)
    return {_ROWS: _text(session.connection().dialect, types, dict(zip(types, columns, strict=True)))}


@dataclass(frozen=True, slots=True)
class _Insertion:
    """An INSERT as the driver takes it, and its parameters in their order with the types they are converted by."""

    sql: str
    types: Types

    def run(self, session: Session, columns: Columns) -> CursorResult[Any]:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(self.sql, {_ROWS: _text(connection.dialect, self.types, columns)})
        return connection.exec_driver_sql(self.sql, list(_converted(connection.dialect, self.types, columns)))


@lru_cache(maxsize=64)
def _insertion(
    dialect: Dialect,
    table: Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    also: tuple[tuple[str, ColumnElement[Any]], ...] | None = None,
) -> _Insertion:
    """The statement: it replaces what is there, and sets `also`, or leaves it alone where `also` is None."""
    types = {name: table.c[name].type for name in names}
    statement = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
    if also is None:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    else:
        replaced = {name: statement.excluded[name] for name in names if name not in key}
        statement = statement.on_conflict_do_update(index_elements=key, set_={**replaced, **dict(also)})
    if not isinstance(statement, postgresql.Insert):
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        return _Insertion(str(compiled), {name: types[name] for name in compiled.positiontup or ()})
    # The rows go in by key: transactions that meet in their keys then wait for each other in one direction only.
    given = listed(dialect.name, types)
    inserted = statement.from_select(list(names), select(given).order_by(*(given.c[name] for name in key)))
    returning = inserted.returning(*(table.c[name] for name in key)) if also is None else inserted
    return _Insertion(str(returning.compile(dialect=dialect)), types)


@lru_cache(maxsize=8)
def _last_id(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0))


@lru_cache(maxsize=8)
def _keys_after(table: Table, key: tuple[str, ...]) -> Select[Any]:
    return select(*(table.c[name] for name in key)).where(table.c.id > bindparam("id"))


def _text(dialect: Dialect, types: Types, columns: Columns) -> str:
    """The rows as `listed` reads them."""
    rows = _converted(dialect, types, columns)
    named = dialect.name == "postgresql"
    return _write([dict(zip(types, row, strict=True)) for row in rows] if named else list(rows))


def _converted(dialect: Dialect, types: Types, columns: Columns) -> Iterable[tuple[Any, ...]]:
    """The rows, with values as the driver takes them, or, for PostgreSQL, as JSON does."""
    of_type = _in_json if dialect.name == "postgresql" else _for_driver
    converters = ((columns[name], of_type(type_, dialect)) for name, type_ in types.items())
    return zip(*(map(convert, values) if convert else values for values, convert in converters), strict=True)


def _for_driver(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _in_json(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(type_, JSONDocument):
        return None
    convert = _for_driver(type_, dialect)
    if isinstance(type_, UTCDateTime | Date):
        return lambda value: value and (convert(value) if convert else value).isoformat()
    return convert
