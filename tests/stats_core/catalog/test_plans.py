"""A source tells how its database means to answer a statement: under scope and deadline, and without running it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from stats_core.catalog.scope import Scope
from stats_core.errors import DeadlineExceededError, ScopeError, SourceUnavailableError, UnsupportedError

SAYS = {"sqlite": "SCAN thing", "postgresql": "Seq Scan on", "duckdb": "SCAN"}


@pytest.fixture
def filled(shop, attach):
    """Three rows, on each engine."""
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    shop.run(
        f"CREATE TABLE thing (id INTEGER, name VARCHAR(20){engine})",
        "INSERT INTO thing VALUES (1, 'one'), (2, 'two'), (3, 'two')",
    )
    return attach(shop.url, "thing")


@pytest.fixture
def counted(filled):
    """A statement with values, a list of them and a WITH."""
    thing = filled.entity("thing").table.c
    few = select(thing.name, func.count().label("rows")).where(thing.id.in_([1, 2]), thing.name != "three")
    return select(few.group_by(thing.name).cte("few"))


@pytest.mark.parametrize("shop", ["sqlite", "postgresql", "duckdb"], indirect=True)
def test_the_plan_is_of_the_statement_that_runs_and_in_the_engines_words(shop, filled, counted, ask, plan):
    ran = ask(filled, "shop", counted)
    found = plan(filled, "shop", counted)
    assert found.statement == ran.statement
    assert SAYS[shop.dialect] in found.text
    assert "ANALYZE" not in found.text.upper()
    assert sorted(ask(filled, "shop", counted).rows) == sorted(ran.rows) == [("one", 1), ("two", 1)]


@pytest.mark.parametrize("shop", ["clickhouse"], indirect=True)
def test_an_engine_that_gives_no_plans_says_so(filled, counted, plan):
    with pytest.raises(UnsupportedError) as refused:
        plan(filled, "shop", counted)
    assert str(refused.value) == (
        "The source 'shop' gives no plan: the workbench asks clickhousedb for none. "
        "Plans come from sqlite, postgresql, duckdb."
    )


def test_steps_of_sqlite_stand_below_what_they_are_a_part_of(sqlite_shop, attach, plan):
    sqlite_shop.run("CREATE TABLE thing (id INTEGER, name TEXT)")
    catalog = attach(sqlite_shop.url, "thing")
    thing = catalog.entity("thing").table.c
    few = select(thing.name, func.count().label("rows")).group_by(thing.name).limit(2).subquery("few")
    lines = plan(catalog, "shop", select(func.max(few.c.rows))).text.splitlines()
    assert lines[0].startswith("CO-ROUTINE few")
    assert lines[1].startswith("  SCAN thing")
    assert not lines[-1].startswith(" ")
    assert lines[-1].endswith(" few")


def test_the_own_database_explains_under_the_scope(sqlite_database, attach, sqlite_shop, plan):
    sqlite_shop.run("CREATE TABLE thing (id INTEGER)")
    catalog = attach(sqlite_shop.url, "thing")
    order = catalog.entity("sales_order").table.c
    whole = plan(catalog, "workbench", select(func.count(order.id)))
    of_one = plan(catalog, "workbench", select(func.count(order.id)), scope=Scope("merchant", 7))
    assert "sales_order" in whole.text
    assert of_one.statement != whole.statement
    with pytest.raises(ScopeError):
        plan(catalog, "shop", select(catalog.entity("thing").table), scope=Scope("merchant", 7))


def test_a_table_that_is_gone_is_worded_as_when_it_runs(sqlite_shop, attach, plan):
    sqlite_shop.run("CREATE TABLE thing (id INTEGER)")
    catalog = attach(sqlite_shop.url, "thing")
    statement = select(catalog.entity("thing").table)
    sqlite_shop.run("DROP TABLE thing")
    with pytest.raises(SourceUnavailableError, match="no longer has a table"):
        plan(catalog, "shop", statement)


def test_a_plan_is_under_the_deadline(postgresql_shop, attach, plan):
    postgresql_shop.run(
        "CREATE TABLE thing (id INTEGER)",
        "CREATE FUNCTION slow() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(60)'",
    )
    catalog = attach(postgresql_shop.url, "thing")
    thing = catalog.entity("thing").table.c
    with pytest.raises(DeadlineExceededError):  # the planner computes what does not depend on rows
        plan(catalog, "shop", select(thing.id).where(thing.id == func.slow()), deadline_s=0.2)
