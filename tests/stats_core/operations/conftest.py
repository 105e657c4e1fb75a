"""The same rows on four engines, the operations over them, and the reference implementation beside them."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest

from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.catalog.entity import Entity, FieldType
from stats_core.catalog.moments import WallClock
from stats_core.catalog.scope import PLATFORM
from stats_core.catalog.source import AttachedSource
from stats_core.database import Database
from stats_core.database.types import JSONDocument
from stats_core.operations.context import OperationContext
from stats_core.operations.data import DATA_OPERATIONS
from stats_core.operations.registry import Registry, Result
from stats_core.settings import Settings, SourceSettings

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
OPERATIONS = Registry("operation", DATA_OPERATIONS, name=lambda operation: operation.type)
Row = dict[str, Any]

# By table, its columns with what they hold; a `?` may be null.
COLUMNS: dict[str, dict[str, str]] = {
    "country": {"id": "integer", "name": "text?"},
    "seller": {"id": "integer", "name": "text", "tier": "text?", "country_id": "integer?"},
    "sale": {
        "id": "integer",
        "status": "text?",
        "note": "text?",
        "seller_id": "integer?",
        "quantity": "integer?",
        "amount": "decimal?",
        "weight": "double?",
        "flag": "boolean?",
        "day": "date?",
        "at": "moment",
        "seen_at": "moment?",
        "clock": "clock?",
        "metadata": "json?",
    },
}
SQL_TYPES: dict[str, dict[str, str]] = {
    "sqlite": {
        "integer": "INTEGER",
        "text": "TEXT",
        "decimal": "NUMERIC(12,2)",
        "double": "REAL",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "moment": "TIMESTAMP",
        "clock": "TIMESTAMP",
        "json": "JSON",
    },
    "postgresql": {
        "integer": "INTEGER",
        "text": "VARCHAR(200)",
        "decimal": "NUMERIC(12,2)",
        "double": "DOUBLE PRECISION",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "moment": "TIMESTAMPTZ",
        "clock": "TIMESTAMP",
        "json": "JSONB",
    },
    "duckdb": {
        "integer": "INTEGER",
        "text": "VARCHAR",
        "decimal": "DECIMAL(12,2)",
        "double": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "moment": "TIMESTAMPTZ",
        "clock": "TIMESTAMP",
        "json": "JSON",
    },
    "clickhousedb": {
        "integer": "Int64",
        "text": "String",
        "decimal": "Decimal(12, 2)",
        "double": "Float64",
        "boolean": "Bool",
        "date": "Date32",
        "moment": "DateTime64(6, 'UTC')",
        "clock": "DateTime64(6)",
        "json": "String",
    },
}
ENTITIES: Row = {
    "sale": {
        "date_field": "at",
        "primary_key": ["id"],
        "fields": {"total": "quantity * weight"},
        "measures": {
            "pieces": "sum(quantity)",
            "per_row": "sum(quantity) / count()",
            "flagged": "count(where=flag)",
            "statuses": "count_distinct(status)",
            "net": "sum(quantity, where=flag) - sum(quantity, where=flag == False)",
        },
        "relations": {"seller": {"entity": "seller", "field": "seller_id"}},
    },
    "seller": {"primary_key": ["id"], "relations": {"country": {"entity": "country", "field": "country_id"}}},
    "country": {"primary_key": ["id"]},
}


@dataclass
class Engine:
    """A user's database on one engine, filled with rows, and the catalog over it."""

    name: str
    catalog: Catalog
    fill: Callable[[dict[str, list[Row]]], None]
    write: Callable[[str], object] = lambda _statement: None
    held: dict[str, list[Row]] | None = field(default=None, repr=False)  # a long text hides the failure it belongs to

    def hold(self, tables: dict[str, list[Row]]) -> None:
        """Have these rows in these tables; those of other tables stay."""
        if self.held is not tables:
            self.fill(tables)
            self.held = tables

    def run(self, operation_type: str, options: Row, **call: Any) -> Result:
        """One operation, from the document to the result, as the resolver runs it."""
        operation = OPERATIONS[operation_type]
        asked = operation.options.model_validate(options)
        context = OperationContext(
            **{"catalog": self.catalog, "now": NOW, "scope": PLATFORM, "needs": operation.needs, **call}
        )
        return operation.execute(asked, context)


def _load(name: str) -> ModuleType:
    """A module beside this file: test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"operations_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The operations in plain Python."""
    return _load("reference")


@pytest.fixture(scope="session")
def tables() -> dict[str, list[Row]]:
    """Some hundred rows with what tends to go wrong: nulls, odd texts, and times around changes of the clocks."""
    return _rows(random.Random(20260615), 260)


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "duckdb", "clickhousedb"])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine, with whatever rows the last test left."""
    found: Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture
def engine(any_engine: Engine, tables: dict[str, list[Row]]) -> Engine:
    """Each engine, with the rows of `tables`."""
    any_engine.hold(tables)
    return any_engine


TEXTS = [
    None,
    "PAID",
    "paid",
    "Paid",
    "OPEN",
    "",
    "a%b",
    "a_b",
    "a\\b",
    "100%",
    "Ärger",
    "ärger",
    "ÄRGER",
    "it's",
    'say "hi"',
    "line\nbreak",
    "(none)",
    "naïve",
    "NAÏVE",
    "*[x]?",
    "日本",
    "😀 smile",
    "a · b",
    " PAID",
    "z",
]
ZONES_OF_ROWS = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "UTC")


def _rows(source: random.Random, count: int) -> dict[str, list[Row]]:
    countries = [{"id": 1, "name": "Österreich"}, {"id": 2, "name": None}, {"id": 3, "name": "Chile"}]
    sellers = [
        {
            "id": number,
            "name": f"Seller {number % 5}",
            "tier": source.choice([None, "gold", "silver"]),
            "country_id": source.choice([None, 1, 2, 3, 99]),
        }
        for number in range(1, 9)
    ]
    return {"country": countries, "seller": sellers, "sale": [_sale(source, number) for number in range(1, count + 1)]}


def _sale(source: random.Random, number: int) -> Row:
    def maybe(value: Any, share: float = 0.15) -> Any:
        return None if source.random() < share else value

    at = _moment(source)
    return {
        "id": number,
        "status": source.choice(TEXTS[:5]),
        "note": source.choice(TEXTS),
        "seller_id": maybe(source.randint(1, 10)),
        "quantity": maybe(source.randint(-3, 9)),
        "amount": maybe(Decimal(source.randint(-500, 20_000)) / 100),
        "weight": maybe(source.randint(-8, 40) / 4),
        "flag": maybe(source.random() < 0.5, 0.3),
        "day": maybe(at.date() + timedelta(days=source.randint(-2, 2))),
        "at": at,
        "seen_at": maybe(at + timedelta(minutes=source.randint(0, 300)), 0.4),
        "clock": maybe((at + timedelta(hours=source.randint(-9, 9))).replace(tzinfo=None)),
        "metadata": maybe(_document(source)),
    }


def _document(source: random.Random) -> Row:
    return {
        "product_id": source.choice(["p1", "p2", 3, None]),
        "ok": source.choice([True, False]),
        "deep": {"er": source.choice(["x", "y z", 1.5])},
        "wei rd-key": "v",
    }


def _moment(source: random.Random) -> datetime:
    """Mostly close to now; also around midnights and changes of the clocks, to the microsecond."""
    kind = source.random()
    if kind < 0.6:
        seconds = source.randint(0, 120 * 86400)
        return NOW - timedelta(seconds=seconds, microseconds=source.choice([0, 1, 999_999]))
    if kind < 0.8:
        zone = ZoneInfo(source.choice(ZONES_OF_ROWS))
        midnight = datetime(2026, source.randint(1, 6), source.randint(1, 28), tzinfo=zone).astimezone(UTC)
        return midnight + timedelta(microseconds=source.choice([-1, -400, 0, 1]))
    change = source.choice([(2026, 3, 29, 1), (2025, 10, 26, 1), (2026, 3, 8, 7), (2026, 4, 4, 15)])
    return datetime(*change, tzinfo=UTC) + timedelta(minutes=source.choice([-90, -60, -31, -1, 0, 29, 45, 60, 95]))


def _ddl(dialect: str, table: str) -> str:
    types = SQL_TYPES[dialect]

    def column(name: str, kind: str) -> str:
        type_, nullable = types[kind.rstrip("?")], kind.endswith("?")
        if dialect == "clickhousedb":
            return f"`{name}` {f'Nullable({type_})' if nullable else type_}"
        return f'"{name}" {type_}{"" if nullable else " NOT NULL"}{" PRIMARY KEY" if name == "id" else ""}'

    columns = ", ".join(column(name, kind) for name, kind in COLUMNS[table].items())
    ending = " ENGINE = MergeTree ORDER BY id" if dialect == "clickhousedb" else ""
    return f"CREATE TABLE {table} ({columns}){ending}"


def _values(dialect: str, table: str, row: Row) -> list[Any]:
    return [_stored(dialect, kind.rstrip("?"), row[name]) for name, kind in COLUMNS[table].items()]


def _stored(dialect: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value)
    if dialect == "sqlite":
        if kind == "decimal":
            return float(value)
        if kind in {"moment", "clock"}:  # as programs write them: fractions only where there are some
            return value.replace(tzinfo=None).isoformat(sep=" ")
        return value.isoformat() if kind == "date" else value
    if dialect == "clickhousedb" and kind == "clock":
        return value.replace(tzinfo=UTC)
    return value


def _attached(name: str, url: str, fill: Callable[[dict[str, list[Row]]], None], **more: Any) -> Engine:
    times = "utc" if name == "sqlite" else "local"  # elsewhere moments say that they are UTC
    shop = SourceSettings.model_validate({"url": url, "tables": list(COLUMNS), "entities": ENTITIES, "times": times})
    with TemporaryDirectory() as folder, Database(f"sqlite:///{folder}/workbench.db") as database:
        catalog = build_catalog(Settings(sources={"shop": shop}), database)
    assert not catalog.problems()
    source = catalog.source("shop")
    assert isinstance(source, AttachedSource)
    sale = _retyped(catalog.entity("sale"), source)
    return Engine(name, Catalog([sale, catalog.entity("seller"), catalog.entity("country")], [source]), fill, **more)


def _retyped(sale: Entity, source: AttachedSource) -> Entity:
    """What toml cannot say: SQLite's `clock` is a wall clock beside moments, ClickHouse's text is a document."""
    table, readings = sale.table, source._readings.get(sale.table, {})
    table.c.clock.type = WallClock()
    if "clock" in readings:
        readings["clock"].type = WallClock()
    table.c.metadata.type = JSONDocument()
    fields = dict(sale.fields)
    fields["clock"] = replace(fields["clock"], wall_clock=True)
    fields["metadata"] = replace(fields["metadata"], type=FieldType.JSON)
    return replace(sale, fields=MappingProxyType(fields))


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    file = tmp_path_factory.mktemp("operations") / "shop.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table in COLUMNS:
            connection.execute(_ddl("sqlite", table))

        def fill(tables: dict[str, list[Row]]) -> None:
            connection.execute("BEGIN")
            for table, rows in tables.items():
                connection.execute(f"DELETE FROM {table}")
                holes = ", ".join("?" * len(COLUMNS[table]))
                connection.executemany(
                    f"INSERT INTO {table} VALUES ({holes})", [_values("sqlite", table, row) for row in rows]
                )
            connection.execute("COMMIT")

        engine = _attached("sqlite", f"sqlite:///{file}", fill, write=connection.execute)
        yield engine
        engine.catalog.close()


@pytest.fixture(scope="session")
def postgresql_engine(postgresql: Any) -> Iterator[Engine]:
    with postgresql.database(template="template1") as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        for table in COLUMNS:
            connection.execute(_ddl("postgresql", table))

        def fill(tables: dict[str, list[Row]]) -> None:
            for table, rows in tables.items():
                connection.execute(f"TRUNCATE {table}")
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(_values("postgresql", table, row))
            connection.commit()

        def write(statement: str) -> None:
            connection.execute(statement)
            connection.commit()

        connection.commit()
        engine = _attached("postgresql", url, fill, write=write)
        yield engine
        engine.catalog.close()


@pytest.fixture(scope="session")
def duckdb_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    file = tmp_path_factory.mktemp("operations") / "shop.duckdb"
    with duckdb.connect(file) as connection:
        for table in COLUMNS:
            connection.execute(_ddl("duckdb", table))

    def fill(tables: dict[str, list[Row]]) -> None:
        engine.catalog.close()  # a DuckDB file has one writer or several readers
        with duckdb.connect(file) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for table, rows in tables.items():
                connection.execute(f"DELETE FROM {table}")
                holes = ", ".join(f"({', '.join('?' * len(COLUMNS[table]))})" for _ in rows)
                if rows:
                    values = [value for row in rows for value in _values("duckdb", table, row)]
                    connection.execute(f"INSERT INTO {table} VALUES {holes}", values)

    engine = _attached("duckdb", f"duckdb:///{file}", fill)
    yield engine
    engine.catalog.close()


@pytest.fixture(scope="session")
def clickhousedb_engine() -> Iterator[Engine]:
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb")
    client.command("CREATE DATABASE operations")
    for table in COLUMNS:
        client.command(_ddl("clickhousedb", table).replace("TABLE ", "TABLE operations."))

    def fill(tables: dict[str, list[Row]]) -> None:
        for table, rows in tables.items():
            client.command(f"TRUNCATE TABLE operations.{table}")
            values = [_values("clickhousedb", table, row) for row in rows]
            if values:
                client.insert(table, values, column_names=list(COLUMNS[table]), database="operations")

    engine = _attached("clickhousedb", "clickhousedb:///operations?interface=chdb", fill)
    yield engine
    engine.catalog.close()
    client.command("DROP DATABASE operations")
    client.close()


@pytest.fixture
def sales(any_engine: Engine, tables: dict[str, list[Row]]) -> Callable[..., Engine]:
    """Each engine with these sales, given by what matters of them."""

    def hold(*rows: Row) -> Engine:
        nothing = dict.fromkeys(COLUMNS["sale"])
        filled = [{**nothing, "at": NOW, **row, "id": number} for number, row in enumerate(rows, 1)]
        any_engine.hold({**tables, "sale": filled})
        return any_engine

    return hold


def difference(ours: Any, theirs: Any, path: str = "") -> str:
    """Where two results differ; empty where they do not. Floats are equal to eleven digits."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        found = (difference(ours[key], theirs[key], f"{path}.{key}") for key in ours)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = (
            difference(one, other, f"{path}[{index}]")
            for index, (one, other) in enumerate(zip(ours, theirs, strict=True))
        )
    elif isinstance(ours, float) and isinstance(theirs, float):
        found = iter(
            () if math.isclose(ours, theirs, rel_tol=1e-11, abs_tol=1e-11) else [f"{path}: {ours!r} != {theirs!r}"]
        )
    elif type(ours) is type(theirs) and ours == theirs:
        found = iter(())
    else:
        found = iter([f"{path}: {ours!r} != {theirs!r}"])
    return next(filter(None, found), "")


@pytest.fixture(scope="session")
def same_over(reference: ModuleType) -> Callable[..., None]:
    """Asserts that an engine that holds these tables gives what the reference gives for them."""

    def check(engine: Engine, held: dict[str, list[Row]], operation: str, options: Row, timezone: str) -> None:
        theirs = getattr(reference, operation)(options, held, NOW, timezone)
        ours = engine.run(operation, options, timezone=timezone)
        assert (found := difference(ours.data, theirs)) == "", (found, options, ours.statement)

    return check


@pytest.fixture(scope="session")
def same(reference: ModuleType, tables: dict[str, list[Row]]) -> Callable[..., None]:
    """Asserts that an engine gives what the reference gives for the rows of `tables`."""
    answers: dict[str, Row] = {}

    def check(engine: Engine, operation: str, options: Row, timezone: str = "UTC") -> None:
        call = json.dumps([operation, options, timezone])
        if call not in answers:
            answers[call] = getattr(reference, operation)(options, tables, NOW, timezone)
        ours = engine.run(operation, options, timezone=timezone)
        assert (found := difference(ours.data, answers[call])) == "", (found, options, ours.statement)

    return check
