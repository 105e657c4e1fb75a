"""Tables and columns may be called anything: like an engine's own words, or like what operations call their parts."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import Note, Problem, SourceUnavailableError
from stats_core.operations.context import OperationContext
from stats_core.operations.data import DATA_OPERATIONS

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
NAMES = ["groups", "considered", "page", "total", "buckets", "cells", "lines", "items", "found", "Groups", "nothing"]
QUESTIONS: dict[str, dict[str, Any]] = {
    "read_data": {"fields": ["id", "buyer.id"], "sort": [{"field": "id"}]},
    "aggregate_data": {"aggregate": {"fn": "sum", "field": "value"}, "group_by": ["id", "buyer.id"]},
    "time_series": {
        "aggregate": {"fn": "sum", "field": "value"},
        "precision": "day",
        "range": {"from": "2026-06-10", "to": "2026-06-20"},
        "group_by": "total",
        "series_limit": 1,
    },
}  # fmt: skip
DISTINCT = {"aggregate": {"fn": "count_distinct", "field": "id"}, "filters": {"value": {"$gte": 0}}}


@pytest.fixture
def named(shop, attach):
    """Tables of these names, each pointing at the table `person`; two owners have a row in each."""
    quote = "`" if shop.dialect == "clickhousedb" else '"'
    engine = " ENGINE = MergeTree ORDER BY id" if shop.dialect == "clickhousedb" else ""
    nullable = "Nullable(Float64)" if shop.dialect == "clickhousedb" else "DOUBLE PRECISION"
    names = [name for name in NAMES if shop.dialect not in {"sqlite", "duckdb"} or name != "Groups"]
    columns = f"(id INTEGER, owner INTEGER, day DATE, {quote}value{quote} {nullable}, total INTEGER){engine}"
    rows = "VALUES (1, 1, '2026-06-15', 2, 7), (2, 2, '2026-06-15', 3, 8)"
    for name in ("person", *names):
        shop.run(f"CREATE TABLE {quote}{name}{quote} {columns}", f"INSERT INTO {quote}{name}{quote} {rows}")
    relation = {"buyer": {"entity": "person", "field": "id"}}
    owned = {"scope": {"merchant": "buyer.owner"}, "relations": relation, "primary_key": ["id"]}
    entities = {"person": {"scope": {"merchant": "owner"}}, **dict.fromkeys(names, owned)}
    catalog = attach(shop.url, "person", *names, entities=entities)
    assert catalog.problems() == ()
    return catalog, names


def test_tables_called_like_parts_of_operations_are_asked_by_all_of_them(named):
    catalog, names = named
    operations = {operation.type: operation for operation in DATA_OPERATIONS}
    asked = [*QUESTIONS.items(), ("aggregate_data", DISTINCT), ("aggregate_data", {**DISTINCT, "fetch_limit": 10})]

    for scope, rows in ((PLATFORM, 2), (Scope("merchant", 1), 1)):
        context = OperationContext(catalog=catalog, now=NOW, scope=scope)
        for name in names:
            for type_, options in asked:
                operation = operations[type_]
                question = operation.options.model_validate({"entity": name, **options})
                found = operation.execute(question, context).data
                assert (name, type_, found["row_count"]) == (name, type_, rows)


def test_words_that_sqlite_keeps_for_itself_are_names_too(sqlite_shop, attach, ask):
    words = ("nothing", "returning", "select", "over", "filter")
    columns = ", ".join(f'"{word}" TEXT, "{word} 2" INTEGER' for word in words)
    sqlite_shop.run(*(f'CREATE TABLE "{word}" (id INTEGER, {columns})' for word in words))
    catalog = attach(sqlite_shop.url, *words)
    assert catalog.problems() == ()
    for word in words:
        table = catalog.entity(word).table
        assert ask(catalog, "shop", select(table).order_by(table.c[word])).rows == []
        assert ask(catalog, "shop", select(table.alias().c[word])).columns == (word,)


def test_a_table_in_the_wrong_case_takes_no_other_along(sqlite_shop, attach, ask):
    sqlite_shop.run("CREATE TABLE cdnow (id INTEGER)", "CREATE TABLE other (id INTEGER)")
    catalog = attach(sqlite_shop.url, "CDNOW", "other")
    assert catalog.problems() == (
        Problem(
            "sources.shop.entities.CDNOW",
            "The database has no table or view 'CDNOW'.",
            "Did you mean 'cdnow'?",
        ),
    )
    assert ask(catalog, "shop", select(catalog.entity("other").table.c.id)).rows == []


def test_near_names_are_given_with_their_schema(postgresql_shop, duckdb_shop, attach):
    for shop in (postgresql_shop, duckdb_shop):
        shop.run("CREATE SCHEMA nw", "CREATE TABLE nw.orders (id INTEGER)", "CREATE TABLE thing (id INTEGER)")
        wrong = {"nw.ordrs": "Did you mean 'nw.orders'?", "thng": "Did you mean 'thing'?"}
        catalog = attach(shop.url, *wrong)
        assert {problem.hint for problem in catalog.problems()} == set(wrong.values())


def test_an_entity_without_a_name_is_left_out_alone(sqlite_shop, attach):
    sqlite_shop.run('CREATE TABLE thing (id INTEGER, "" TEXT)')
    catalog = attach(sqlite_shop.url, "thing", "x.", entities={"": {"table": "thing"}})
    hint = "Say it: [sources.shop.entities.NAME] table = …"
    assert set(catalog.problems()) == {
        Problem("sources.shop.entities", "The entity over the table 'thing' has no name.", hint),
        Problem("sources.shop.entities", "The entity over the table 'x.' has no name.", hint),
        Note("sources.shop.entities.thing", "A column is left out: it has no name.", "Name it in a view."),
    }
    assert list(catalog.entity("thing").fields) == ["id"]


def test_an_sqlite_file_behind_the_address_of_duckdb_is_told(tmp_path, attach):
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE thing (id INTEGER)")
    connection.close()
    catalog = attach(f"duckdb:///{file}", "thing")
    message = f"The source 'shop' is off. {file} is an SQLite file."
    assert catalog.problems() == (Problem("sources.shop.url", message, "Write sqlite:/// instead of duckdb:///."),)
    with pytest.raises(SourceUnavailableError):
        catalog.entity("thing")


def test_duckdb_downloads_no_extensions(duckdb_shop, attach):
    duckdb_shop.run("CREATE TABLE thing (id INTEGER)")
    settings = "SELECT current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
    with attach(duckdb_shop.url, "thing").source("shop")._engine.connect() as connection:
        assert connection.exec_driver_sql(settings).one() == (False, False)
