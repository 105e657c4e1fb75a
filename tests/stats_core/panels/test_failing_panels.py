"""Panels fail and wait alone: a database that is away or slow costs the panels that ask it, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from stats_core.composition import Workbench, open_workbench
from stats_core.errors import SourceUnavailableError, UnknownNameError
from stats_core.models import Partner
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings, SourceSettings

LOCK = 42
# Whoever reads it waits while the test holds the lock.
WAITING = f"CREATE VIEW waiting AS SELECT 1 AS id FROM pg_advisory_xact_lock_shared({LOCK})"
GOOD = 13


def count(entity, **options):
    asked = {"entity": entity, "aggregate": {"fn": "count"}, **options}
    return PanelSpec(type="metric", operation_type="aggregate_data", operation_options=asked)


@pytest.fixture
def urls(postgresql):
    with postgresql.database(template="template0") as waiting, postgresql.database(template="template0") as away:
        yield {"waiting": waiting, "away": away}


@pytest.fixture
def bench(urls, sqlite_database, tmp_path) -> Iterator[Workbench]:
    for name, statement in (("waiting", WAITING), ("away", "CREATE TABLE away (id INTEGER PRIMARY KEY)")):
        with psycopg.connect(urls[name], autocommit=True) as connection:
            connection.execute(statement)
    with sqlite_database.write() as session:
        session.add_all(Partner(name=f"Partner {i}", status="active", verified=True) for i in range(6))
    sources = {name: SourceSettings(url=url, tables=(name,)) for name, url in urls.items()}
    with open_workbench(Settings(database_url=sqlite_database.url, home=tmp_path, sources=sources)) as opened:
        yield opened


@pytest.fixture
def holder(urls):
    """A connection that may stop the others."""
    with closing(psycopg.connect(urls["waiting"], autocommit=True)) as connection:
        yield connection


def open_to_others(holder, url, *, is_open):
    name = conninfo_to_dict(url)["dbname"]
    holder.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(Identifier(name), SQL(str(is_open))))
    if not is_open:
        holder.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_thirteen_of_sixteen_are_answered_while_one_waits_one_is_away_and_one_is_invalid(bench, urls, holder):
    away, slow, invalid = count("away"), count("waiting"), count("partner", group_by="colour")
    assert bench.resolver.resolve_panel(away).data["value"] == 0
    open_to_others(holder, urls["away"], is_open=False)
    holder.execute(f"SELECT pg_advisory_lock({LOCK})")
    good = [count("partner", filters={"id": {"$gt": at}}) for at in range(GOOD)]
    with ThreadPoolExecutor(16) as pool:
        waiting, *others = [pool.submit(bench.resolver.resolve_panel, each) for each in (slow, away, invalid, *good)]
        wait(others)
        assert not waiting.done()
        holder.execute(f"SELECT pg_advisory_unlock({LOCK})")
        assert waiting.result().data["value"] == 1
    gone, refused, *answers = others
    assert isinstance(gone.exception(), SourceUnavailableError)
    assert isinstance(refused.exception(), UnknownNameError)
    assert [answer.result().data["value"] for answer in answers] == [max(6 - at, 0) for at in range(GOOD)]


def test_a_database_that_comes_back_is_asked_again(bench, urls, holder):
    away = count("away")
    assert bench.resolver.resolve_panel(away).data["value"] == 0
    open_to_others(holder, urls["away"], is_open=False)
    for _ in range(2):
        with pytest.raises(SourceUnavailableError) as caught:
            bench.resolver.resolve_panel(away)
        assert "'away'" in caught.value.message
    open_to_others(holder, urls["away"], is_open=True)
    assert bench.resolver.resolve_panel(away).data["value"] == 0
