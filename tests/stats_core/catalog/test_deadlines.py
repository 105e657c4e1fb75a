"""A statement that takes too long is stopped, on every engine, and its connection serves the next one."""

from __future__ import annotations

import time
from functools import reduce
from typing import Any

import pytest
from sqlalchemy import Select, Table, func, select

from stats_core.catalog.catalog import build_catalog
from stats_core.errors import DeadlineExceededError
from stats_core.models import Partner
from stats_core.settings import Settings

DEADLINE_S = 0.2
FAR_TOO_LATE_S = 20  # of a machine under load; the statement itself would take days


def endless(table: Table) -> Select[Any]:
    """Counts the pairs of pairs of pairs of rows."""
    copies = [table.alias(f"copy_{n}") for n in range(6)]
    total = sum((copy.c.id for copy in copies[1:]), copies[0].c.id)
    joined = reduce(lambda rows, copy: rows.join(copy, copies[0].c.id + copy.c.id > -1), copies[1:], copies[0])
    return select(func.count()).select_from(joined).where(total == -1)


def fill(shop) -> None:
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    rows = ", ".join(f"({number})" for number in range(1000))
    shop.run(f"CREATE TABLE thing (id INTEGER{engine})", f"INSERT INTO thing VALUES {rows}")


def test_a_users_database_is_stopped_and_serves_the_next_statement(shop, attach, ask):
    fill(shop)
    catalog = attach(shop.url, "thing", pool_size=1)
    table = catalog.entity("thing").table

    started = time.monotonic()
    with pytest.raises(DeadlineExceededError) as caught:
        ask(catalog, "shop", endless(table), deadline_s=DEADLINE_S)

    assert time.monotonic() - started < FAR_TOO_LATE_S
    assert caught.value.message == "The source 'shop' did not answer within 0.2 s."
    assert caught.value.hint == "Choose a shorter range or fewer groups, or raise deadline_s."
    for _ in range(3):
        assert ask(catalog, "shop", select(func.count()).select_from(table), deadline_s=FAR_TOO_LATE_S).rows == [
            (1000,)
        ]


def test_the_limit_of_the_source_goes_before_that_of_the_call(shop, attach, ask):
    fill(shop)
    catalog = attach(shop.url, "thing", deadline_s=DEADLINE_S)
    with pytest.raises(DeadlineExceededError, match=r"did not answer within 0\.2 s"):
        ask(catalog, "shop", endless(catalog.entity("thing").table), deadline_s=FAR_TOO_LATE_S)


def test_the_workbenchs_own_database_is_stopped_and_serves_the_next_statement(database, ask):
    with database.write() as session:
        session.add_all(Partner(name="x", status="active", verified=True) for _ in range(300))
    catalog = build_catalog(Settings(), database)
    partners = catalog.entity("partner").table
    for _ in range(2):
        with pytest.raises(DeadlineExceededError, match=r"The workbench's database did not answer within 0\.2 s"):
            ask(catalog, "workbench", endless(partners), deadline_s=DEADLINE_S)
        assert ask(catalog, "workbench", select(func.count()).select_from(partners)).rows == [(300,)]


def test_without_a_limit_of_the_call_the_workbenchs_setting_holds(sqlite_database, ask):
    with sqlite_database.write() as session:
        session.add_all(Partner(name="x", status="active", verified=True) for _ in range(300))
    catalog = build_catalog(Settings(deadline_s=DEADLINE_S), sqlite_database)
    with pytest.raises(DeadlineExceededError):
        ask(catalog, "workbench", endless(catalog.entity("partner").table))
