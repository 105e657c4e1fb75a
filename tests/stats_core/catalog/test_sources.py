"""Sources run statements: values are bound, many threads ask at once, and odd databases are read as they are."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import duckdb
import pytest
from sqlalchemy import and_, case, create_engine, func, literal, or_, select

from stats_core.catalog.catalog import build_catalog
from stats_core.errors import Problem, SourceUnavailableError
from stats_core.settings import Settings, SourceSettings

THREADS = 20


@pytest.fixture
def filled(shop, attach):
    """1000 rows with a number, a text, a day and a time."""
    text, day, time, engine = ("VARCHAR(20)", "DATE", "TIMESTAMP", "")
    if shop.dialect == "clickhousedb":
        text, day, time, engine = ("String", "Date", "DateTime64(6)", ") ENGINE = MergeTree ORDER BY (id")
    rows = ", ".join(
        f"({n}, 'name {n}', '2024-01-{n % 28 + 1:02}', '2024-01-01 00:00:{n % 60:02}')" for n in range(1000)
    )
    shop.run(
        f"CREATE TABLE thing (id INTEGER, name {text}, day {day}, moment {time}{engine})",
        f"INSERT INTO thing VALUES {rows}",
    )
    return attach(shop.url, "thing", pool_size=2 * THREADS)


def test_no_value_ever_stands_in_the_statement(filled, ask):
    thing = filled.entity("thing").table.c
    values = {
        "8675309": 8675309,
        "97531": 97531,
        "Robert'); DROP TABLE thing; --": "Robert'); DROP TABLE thing; --",
        "2031-12-24": date(2031, 12, 24),
        "2032-11-23": datetime(2032, 11, 23, 10, tzinfo=UTC),
        "0.123456789": 0.123456789,
        "4242": 4242,
        "7373": 7373,
    }
    number, other, text, day, time, part, limit, offset = values.values()
    rows = (
        select(
            thing.id, thing.name, case((thing.id > number, part), else_=0.0).label("share"), literal(text).label("text")
        )
        .where(
            or_(
                and_(thing.id.in_([number, other]), thing.id.not_in([other])),
                thing.name.in_([text]),
                thing.name.startswith(text),
                thing.name.ilike(f"%{text}%"),
                thing.day >= day,
                thing.day.between(day, day),
                thing.moment < time,
                thing.moment.in_([time, time]),
                func.coalesce(thing.id, number) == other,
            )
        )
        .order_by(thing.id)
        .limit(limit)
        .offset(offset)
        .subquery("considered")
    )
    found = ask(filled, "shop", select(func.count(), func.max(rows.c.text)).select_from(rows).limit(limit))
    assert found.rows[0][0] == 0
    assert [value for value in values if value in found.statement] == []
    assert "Robert" not in found.statement


def test_many_threads_ask_at_once_and_each_gets_its_own_answer(filled, ask):
    thing = filled.entity("thing").table

    def count_below(limit: int) -> int:
        return ask(filled, "shop", select(func.count()).select_from(thing).where(thing.c.id < limit)).rows[0][0]

    with ThreadPoolExecutor(THREADS) as threads:
        assert list(threads.map(count_below, range(0, 1000, 10))) == list(range(0, 1000, 10))


def test_an_empty_answer_has_its_columns(filled, ask):
    thing = filled.entity("thing").table
    found = ask(filled, "shop", select(thing.c.id, thing.c.moment.label("at")).where(thing.c.id < 0))
    assert (found.columns, found.rows) == (("id", "at"), [])


def test_a_file_that_another_program_writes_in_wal_mode_is_read(sqlite_shop, attach, ask):
    sqlite_shop.run("PRAGMA journal_mode = WAL", "CREATE TABLE thing (id INTEGER)", "INSERT INTO thing VALUES (1)")
    catalog = attach(sqlite_shop.url, "thing")
    count = select(func.count()).select_from(catalog.entity("thing").table)
    assert ask(catalog, "shop", count).rows == [(1,)]
    with sqlite3.connect(sqlite_shop.url.removeprefix("sqlite:///")) as writer:
        writer.execute("INSERT INTO thing VALUES (2)")
        writer.commit()
        assert ask(catalog, "shop", count).rows == [(2,)]
    writer.close()


def test_views_over_parquet_files_are_read_by_duckdb(tmp_path, duckdb_shop, attach, ask):
    file = tmp_path / "thing.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT range AS id, DATE '2024-01-31' AS day FROM range(3)) TO '{file}'")
    duckdb_shop.run(f"CREATE VIEW thing AS SELECT * FROM '{file}'")
    catalog = attach(duckdb_shop.url, "thing")
    thing = catalog.entity("thing")
    assert thing.date_field == "day"
    assert ask(catalog, "shop", select(func.sum(thing.table.c.id), func.max(thing.table.c.day))).rows == [
        (3, date(2024, 1, 31))
    ]


def test_a_view_whose_file_is_gone_takes_no_other_entity_along(tmp_path, duckdb_shop, attach, ask):
    file = tmp_path / "thing.parquet"
    duckdb_shop.run(
        f"COPY (SELECT 1 AS id) TO '{file}'",
        f"CREATE VIEW gone AS SELECT * FROM '{file}'",
        "CREATE TABLE thing (id INTEGER)",
    )
    file.unlink()
    catalog = attach(duckdb_shop.url, "gone", "thing")
    assert ask(catalog, "shop", select(catalog.entity("thing").table.c.id)).rows == []
    with pytest.raises(SourceUnavailableError):
        ask(catalog, "shop", select(catalog.entity("gone").table))


def test_a_view_that_cannot_be_described_takes_no_other_entity_along(sqlite_shop, attach, ask):
    sqlite_shop.run("CREATE TABLE old (id INTEGER)", "CREATE VIEW broken AS SELECT * FROM old")
    sqlite_shop.run("PRAGMA legacy_alter_table = ON", "CREATE TABLE thing (id INTEGER)", "DROP TABLE old")
    catalog = attach(sqlite_shop.url, "broken", "thing")
    assert ask(catalog, "shop", select(catalog.entity("thing").table.c.id)).rows == []
    assert catalog.problems() == (
        Problem(
            "sources.shop.entities.broken",
            "The database cannot describe 'broken': no such table: main.old.",
            "Check that the view and what it reads are sound.",
        ),
    )


def test_a_duckdb_file_that_somebody_writes_is_away_with_the_reason(duckdb_shop, attach):
    duckdb_shop.run("CREATE TABLE thing (id INTEGER)")
    writer = create_engine(duckdb_shop.url)
    with writer.connect():
        (problem,) = attach(duckdb_shop.url, "thing").problems()
    writer.dispose()
    assert "Can't open a connection to same database file" in problem.message


def test_a_source_cannot_take_the_name_of_the_workbenchs_own(sqlite_database, sqlite_shop):
    settings = Settings(sources={"workbench": SourceSettings(url=sqlite_shop.url, tables=("thing",))})
    catalog = build_catalog(settings, sqlite_database)
    assert catalog.problems() == (
        Problem("sources.workbench", "This name is the workbench's own.", "Give the source another."),
    )
    assert catalog.source("workbench").dialect == "sqlite"
