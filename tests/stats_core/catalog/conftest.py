"""Users' databases on all four engines, and a call that asks them."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy import Select

from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.catalog.plans import Plan
from stats_core.catalog.rows import Rows
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.database import Database
from stats_core.settings import Settings, SourceSettings

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """The context of a call, as far as sources read it."""

    catalog: Catalog
    scope: Scope = PLATFORM
    deadline_s: float | None = None


@dataclass(frozen=True)
class Shop:
    """A user's database: its address, its engine, and a way to fill it that the workbench does not have."""

    url: str
    dialect: str
    run: Callable[..., None]


@pytest.fixture
def ask() -> Callable[..., Rows]:
    """What the source of `source` answers to a statement; `scope` and `deadline_s` of the call may be given."""

    def run(catalog: Catalog, source: str, statement: Select[Any], **call: Any) -> Rows:
        return catalog.source(source).run(statement, Call(catalog, **call))

    return run


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """What the source of `source` means to do; see `ask`."""

    def explain(catalog: Catalog, source: str, statement: Select[Any], **call: Any) -> Plan:
        return catalog.source(source).plan(statement, Call(catalog, **call))

    return explain


@pytest.fixture
def attach(sqlite_database: Database) -> Iterator[Callable[..., Catalog]]:
    """A catalog with one more source, `shop`; settings as in workbench.toml."""
    catalogs: list[Catalog] = []

    def make(url: str, *tables: str, **settings: Any) -> Catalog:
        source = SourceSettings.model_validate({"url": url, "tables": tables, **settings})
        catalogs.append(build_catalog(Settings(sources={"shop": source}), sqlite_database))
        return catalogs[-1]

    yield make
    for catalog in catalogs:
        catalog.close()


@pytest.fixture
def sqlite_shop(tmp_path: Path) -> Shop:
    file = tmp_path / "shop.db"

    def run(*statements: str) -> None:
        with sqlite3.connect(file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    run()
    return Shop(f"sqlite:///{file}", "sqlite", run)


@pytest.fixture
def postgresql_shop(postgresql_url: str) -> Shop:
    def run(*statements: str) -> None:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    return Shop(postgresql_url, "postgresql", run)


@pytest.fixture
def duckdb_shop(tmp_path: Path) -> Shop:
    file = tmp_path / "shop.duckdb"

    def run(*statements: str) -> None:
        with duckdb.connect(file) as connection:
            for statement in statements:
                connection.execute(statement)

    run()
    return Shop(f"duckdb:///{file}", "duckdb", run)


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[Any]:
    """ClickHouse in this process. It is one engine, whoever asks: databases keep the tests apart."""
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb")
    yield client
    client.close()


@contextmanager
def _clickhouse_database(client: Any) -> Iterator[str]:
    name = f"shop_{next(_NUMBERS)}"
    client.command(f"CREATE DATABASE {name}")
    yield name
    client.command(f"DROP DATABASE {name}")


@pytest.fixture
def clickhouse_shop(clickhouse: Any) -> Iterator[Shop]:
    with _clickhouse_database(clickhouse) as name:

        def run(*statements: str) -> None:
            clickhouse.command(f"USE {name}")
            for statement in statements:
                clickhouse.command(statement)

        yield Shop(f"clickhousedb:///{name}?interface=chdb", "clickhousedb", run)


@pytest.fixture(params=["sqlite", "postgresql", "duckdb", "clickhouse"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A user's empty database, on each engine."""
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found
