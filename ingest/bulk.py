"""Many rows in one statement, on SQLite and PostgreSQL.

SQLAlchemy's own executemany spends as long on a row as the database does. Here values are converted a column at a time
and handed to the driver at once; the statements and the types of the columns are SQLAlchemy's all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, FromClause, Table, bindparam, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

Columns = Mapping[str, Sequence[Any]]
"""Rows, turned: by column, the values in the order of the rows."""

Types = Mapping[str, TypeEngine[Any]]
"""Names and types of columns, in their order."""

Insert = postgresql.Insert | sqlite.Insert


def insert_new(session: Session, table: Table, columns: Columns, *, key: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """Insert the rows whose `key` is not in `table` yet.

    Returns:
        The keys that were inserted.
    """
    statement = _insert(session, table).on_conflict_do_nothing(index_elements=key)
    keys = [table.c[name] for name in key]
    if isinstance(statement, postgresql.Insert):
        inserted = _from_arrays(statement, columns, key).returning(*keys)
        return set(map(tuple, session.execute(inserted)))
    # SQLite's executemany returns no rows; but nobody else writes in this transaction, and ids only grow.
    before = session.scalar(select(func.coalesce(func.max(table.c.id), 0)))
    _executemany(session.connection(), statement, columns)
    return set(map(tuple, session.execute(select(*keys).where(table.c.id > before))))


def upsert(
    session: Session, table: Table, columns: Columns, *, key: tuple[str, ...], also: Mapping[str, ColumnElement[Any]]
) -> None:
    """Insert the rows; where `key` is there, replace the other columns, and set those of `also`: SQL without values."""
    statement = _insert(session, table)
    replaced = {name: statement.excluded[name] for name in columns if name not in key}
    statement = statement.on_conflict_do_update(index_elements=key, set_={**replaced, **also})
    if isinstance(statement, postgresql.Insert):
        session.execute(_from_arrays(statement, columns, key))
    else:
        _executemany(session.connection(), statement, columns)


def listed(session: Session, types: Types, rows: Iterable[Sequence[Any]]) -> FromClause:
    """`rows` as a table of a query, with columns named and typed by `types`: one bound value, however many rows."""
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    dialect = session.connection().dialect
    return _unnested(types, columns) if dialect.name == "postgresql" else _from_json(dialect, types, columns)


def _insert(session: Session, table: Table) -> Insert:
    if session.connection().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _executemany(connection: Connection, statement: sqlite.Insert, columns: Columns) -> None:
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    assert isinstance(statement.table, Table)
    types = {name: statement.table.c[name].type for name in columns}
    ordered = [_converted(connection.dialect, types[name], columns[name]) for name in compiled.positiontup or ()]
    if rows := list(zip(*ordered, strict=True)):
        connection.exec_driver_sql(str(compiled), rows)


def _from_arrays(statement: postgresql.Insert, columns: Columns, key: tuple[str, ...]) -> postgresql.Insert:
    """The rows go in by key: transactions that meet in their keys then wait for each other in one direction only."""
    assert isinstance(statement.table, Table)
    rows = _unnested({name: statement.table.c[name].type for name in columns}, list(columns.values()))
    return statement.from_select(list(columns), select(rows).order_by(*(rows.c[name] for name in key)))


def _unnested(types: Types, columns: Sequence[Sequence[Any]]) -> FromClause:
    arrays = [
        bindparam(None, list(values), type_=postgresql.ARRAY(type_))
        for type_, values in zip(types.values(), columns, strict=True)
    ]
    return func.unnest(*arrays).table_valued(*types).render_derived()


def _from_json(dialect: Dialect, types: Types, columns: Sequence[Sequence[Any]]) -> FromClause:
    pairs = zip(types.values(), columns, strict=True)
    document = json.dumps(list(zip(*(_converted(dialect, type_, values) for type_, values in pairs), strict=True)))
    row = func.json_each(document).table_valued("value")
    cells = [
        type_coerce(func.json_extract(row.c.value, f"$[{place}]"), type_).label(name)
        for place, (name, type_) in enumerate(types.items())
    ]
    return select(*cells).select_from(row).subquery()


def _converted(dialect: Dialect, type_: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    """The values as the driver takes them."""
    convert = type_.dialect_impl(dialect).bind_processor(dialect)
    return values if convert is None else [convert(value) for value in values]
