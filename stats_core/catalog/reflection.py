"""What a database says of its tables: columns with their kinds, keys, foreign keys. Only tables asked for are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Inspector, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import TypeEngine

from stats_core.catalog.failures import reason_of
from stats_core.catalog.kinds import Kind, Times, clickhouse_kind, duckdb_kind, postgresql_kind, sqlite_kind
from stats_core.errors import ConfigurationError, nearest

KindOf: TypeAlias = Callable[[TypeEngine[Any], Times], Kind | str]


@dataclass(frozen=True, slots=True)
class ReflectedColumn:
    """A column; `kind` is the reason where nobody can read it."""

    name: str
    kind: Kind | str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column that points at a column of another table of the same database."""

    column: str
    schema: str | None
    table: str
    references: str


@dataclass(frozen=True, slots=True)
class Reflected:
    """A table or view as the database describes it."""

    name: str
    schema: str | None
    columns: tuple[ReflectedColumn, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


class Reflector:
    """Reads descriptions by one connection."""

    def __init__(self, connection: Connection, times: Times) -> None:
        self._connection = connection
        self._times = times
        self._inspector: Inspector = inspect(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA schema_version")  # reads the file; connecting does not
        columns: dict[str, Callable[[str, str | None], Iterator[ReflectedColumn]]] = {
            "sqlite": self._sqlite_columns,
            "postgresql": partial(self._inspected_columns, postgresql_kind),
            "duckdb": partial(self._inspected_columns, duckdb_kind),
            "clickhousedb": self._clickhouse_columns,
        }
        self._columns = columns[connection.dialect.name]

    def table(self, name: str) -> Reflected:
        """The table or view `name`, which may be `schema.table`.

        Raises:
            ConfigurationError: There is none, or the database cannot describe it.
        """
        try:
            return self._table(name)
        except NoSuchTableError:
            raise self._missing(name) from None
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            self._connection.rollback()  # PostgreSQL answers nothing more in this transaction
            message = f"The database cannot describe {name!r}: {reason_of(error)}."
            raise ConfigurationError(message, hint="Check that the view and what it reads are sound.") from error

    def _table(self, name: str) -> Reflected:
        for schema, table in _places(name):
            if columns := tuple(self._columns(table, schema)):
                return Reflected(
                    table, schema, columns, self._primary_key(table, schema), self._foreign_keys(table, schema)
                )
        raise self._missing(name)

    def _missing(self, name: str) -> ConfigurationError:
        message = f"The database has no table or view {name!r}."
        return ConfigurationError(message, hint=nearest(name, set(self._names(name))))

    def _names(self, wanted: str) -> Iterator[str]:
        yield from self._names_in(None)
        schema = wanted.rpartition(".")[0]
        if schema and self._connection.dialect.name != "sqlite":
            for known in get_close_matches(schema, self._schemas()):
                yield from (f"{known}.{name}" for name in self._names_in(known))

    def _names_in(self, schema: str | None) -> Iterable[str]:
        return (*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema))

    def _schemas(self) -> Iterable[str]:
        names = self._inspector.get_schema_names()
        if self._connection.dialect.name != "duckdb":
            return names
        database = self._connection.exec_driver_sql("SELECT current_database()").scalar_one()
        return [name.removeprefix(f"{database}.") for name in names if name.startswith(f"{database}.")]

    def _sqlite_columns(self, table: str, schema: str | None) -> Iterator[ReflectedColumn]:
        if schema is not None:
            return
        # The pragma finds Orders by "orders" too, and nothing else here does.
        named = text("SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = :table")
        if self._connection.execute(named, {"table": table}).first() is None:
            return
        # Not by the inspector: of declarations it does not know it guesses a type and keeps the declaration to itself.
        found = self._connection.execute(
            text('SELECT name, type, "notnull", hidden FROM pragma_table_xinfo(:table)'), {"table": table}
        )
        for name, declared, not_null, hidden in found.all():
            if hidden != _VIRTUAL:
                yield ReflectedColumn(name, sqlite_kind(declared, self._times), not not_null)

    def _inspected_columns(self, kind_of: KindOf, table: str, schema: str | None) -> Iterator[ReflectedColumn]:
        try:
            columns = self._inspector.get_columns(table, schema)
        except NoSuchTableError:
            return
        for column in columns:
            yield ReflectedColumn(column["name"], kind_of(column["type"], self._times), column["nullable"])

    def _clickhouse_columns(self, table: str, schema: str | None) -> Iterator[ReflectedColumn]:
        # Not by the inspector: one column of a type it does not know hides the whole table.
        found = self._connection.execute(
            text(
                "SELECT name, type FROM system.columns WHERE database = if(:schema = '', currentDatabase(), :schema) "
                "AND table = :table AND default_kind <> 'EPHEMERAL' ORDER BY position"
            ),
            {"schema": schema or "", "table": table},
        ).all()
        zone = self._connection.execute(text("SELECT timezone()")).scalar_one()
        for name, type_ in found:
            yield ReflectedColumn(name, clickhouse_kind(type_, self._times, zone), "Nullable(" in type_)

    def _primary_key(self, table: str, schema: str | None) -> tuple[str, ...]:
        if self._connection.dialect.name == "clickhousedb":
            return ()  # its primary key sorts rows and does not tell them apart
        return tuple(self._inspector.get_pk_constraint(table, schema)["constrained_columns"])

    def _foreign_keys(self, table: str, schema: str | None) -> tuple[ForeignKey, ...]:
        if self._connection.dialect.name == "clickhousedb":
            return ()
        return tuple(
            ForeignKey(
                key["constrained_columns"][0], key["referred_schema"], key["referred_table"], key["referred_columns"][0]
            )
            for key in self._inspector.get_foreign_keys(table, schema)
            if len(key["constrained_columns"]) == len(key["referred_columns"]) == 1
        )


_VIRTUAL: Final = 1  # a hidden column of a virtual table; 2 and 3 are generated columns


def _places(name: str) -> Iterator[tuple[str | None, str]]:
    """`sales.order` is a table of that name, else table `order` of schema `sales`."""
    yield None, name
    schema, dot, table = name.rpartition(".")
    if dot and schema and table:
        yield schema, table
