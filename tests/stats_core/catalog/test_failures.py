"""Databases that are away, refuse, or hold what cannot be calculated: what people are told, and what they are not."""

from __future__ import annotations

import pickle
import traceback
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import DBAPIError, StatementError

from stats_core.catalog.catalog import build_catalog
from stats_core.catalog.failures import RefusedStatementError
from stats_core.errors import ExpectedError, SourceUnavailableError
from stats_core.settings import Settings, SourceSettings

SECRET = "hunter2-äß/:@?#"
RESTART = "Start it or correct its url, then restart the workbench."
BROKEN = {
    "no file": ("sqlite:///{folder}/none.db", "url", "There is no file {folder}/none.db."),
    "no database file": ("sqlite:///{folder}/text.db", "", "cannot be read: file is not a database."),
    "SQLite in memory": ("sqlite://", "url", "An SQLite source is a file."),
    "no DuckDB file": (
        "duckdb:///{folder}/none.duckdb",
        "",
        (
            'cannot be read: IO Error: Cannot open database "{folder}/none.duckdb" in read-only mode: database does '
            "not exist."
        ),
    ),
    "DuckDB in memory without a name": (
        "duckdb:///:memory:",
        "url",
        "An in-memory DuckDB needs a name, or every connection gets a database of its own.",
    ),
    "nobody listens": ("postgresql://ann:{secret}@127.0.0.1:1/shop", "", "cannot be read: connection failed"),
    "no such host": ("postgresql://ann:{secret}@nowhere.invalid/shop", "", "cannot be read:"),
    "no ClickHouse": ("clickhousedb://ann:{secret}@127.0.0.1:1/shop?connect_timeout=1", "", "cannot be read:"),
    "another engine": ("mysql://ann:{secret}@127.0.0.1/shop", "url", "Sources do not run on 'mysql'."),
    "no url": ("ann:{secret}", "url", "The url cannot be read."),
    "a port that is none": ("postgresql://ann:{secret}@host:port/x", "url", "The url cannot be read."),
    "a variable that is not set": (
        "postgresql://ann:${{NOT_SET}}@h/x",
        "url",
        "The environment variable NOT_SET is not set.",
    ),
}


@pytest.mark.parametrize(("url", "key", "message"), list(BROKEN.values()), ids=list(BROKEN))
def test_a_source_that_is_away_disables_its_entities_and_nothing_else(
    sqlite_database, sqlite_shop, tmp_path, ask, monkeypatch, url, key, message
):
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one" * 100)
    monkeypatch.setenv("SECRET", SECRET)
    sqlite_shop.run("CREATE TABLE order_line (id INTEGER)", "INSERT INTO order_line VALUES (1)")
    settings = Settings(
        sources={
            "broken": SourceSettings(
                url=url.format(folder=tmp_path, secret="${SECRET}"), tables=("orders", "sales.invoice")
            ),
            "sound": SourceSettings(url=sqlite_shop.url, tables=("order_line",)),
        }
    )

    catalog = build_catalog(settings, sqlite_database)

    lines = catalog.entity("order_line").table
    assert ask(catalog, "sound", select(lines.c.id)).rows == [(1,)]
    (problem,) = catalog.problems()
    assert problem.path == ".".join(filter(None, ("sources.broken", key)))
    assert problem.message.startswith(f"The source 'broken' {'is off. ' if key else 'cannot be read: '}")
    assert message.format(folder=tmp_path) in problem.message
    for name in ("orders", "invoice"):
        with pytest.raises(SourceUnavailableError) as caught:
            catalog.entity(name, path="entity")
        assert caught.value.message == f"The entity {name!r} cannot be queried. {problem.message}"
        assert (caught.value.path, caught.value.hint) == ("entity", problem.hint)
        if not key:
            assert problem.hint == RESTART
        assert "hunter2" not in repr(caught.value) + str(problem) + repr(catalog._sources)


@pytest.mark.parametrize("url", ["postgresql://ann:{}@{host}/{name}", "postgresql://ann@{host}/{name}?password={}"])
def test_a_wrong_password_is_told_without_the_password(sqlite_database, postgresql_url, monkeypatch, url):
    with psycopg.connect(postgresql_url) as connection:
        host, port, name = connection.info.host, connection.info.port, connection.info.dbname
    monkeypatch.setenv("SECRET", SECRET)
    url = url.format("${SECRET}", host=f":{port}", name=name) + f"{'&' if '?' in url else '?'}host={host}"
    catalog = build_catalog(Settings(sources={"shop": SourceSettings(url=url, tables=("orders",))}), sqlite_database)
    (problem,) = catalog.problems()
    assert 'role "ann" does not exist' in problem.message or "password authentication failed" in problem.message
    assert "hunter2" not in str(problem)


def test_passwords_with_odd_characters_arrive_whole(monkeypatch):
    from stats_core.catalog.address import read_address

    for text in ("postgresql://ann:${SECRET}@h/x", "postgresql://h/x?user=ann&password=${SECRET}", "${WHOLE}"):
        address = read_address(text, {"SECRET": SECRET, "WHOLE": "postgresql://ann:pw@h/x"})
        found = address.url.password or address.url.query.get("password")
        assert found in {SECRET, "pw"}
        assert found in address.secrets
        assert "hunter2" not in repr(address)


def test_a_table_that_is_gone_is_told_and_the_others_still_answer(shop, attach, ask):
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    shop.run(f"CREATE TABLE one (id INTEGER{engine})", f"CREATE TABLE two (id INTEGER{engine})")
    catalog = attach(shop.url, "one", "two")
    one, two = (catalog.entity(name).table for name in ("one", "two"))
    if shop.dialect == "duckdb":
        catalog.close()  # DuckDB lets nobody write while somebody reads
    shop.run("DROP TABLE one")
    with pytest.raises(SourceUnavailableError) as caught:
        ask(catalog, "shop", select(one.c.id))
    assert caught.value.message == "The source 'shop' no longer has a table or column that it had at start."
    assert ask(catalog, "shop", select(two.c.id)).rows == []


def test_nothing_can_be_written(shop, attach):
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    shop.run(f"CREATE TABLE one (id INTEGER{engine})")
    catalog = attach(shop.url, "one")
    for statement in ("INSERT INTO one VALUES (1)", "DROP TABLE one", "CREATE TABLE two (id INTEGER)"):
        with catalog.source("shop")._engine.connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)


def test_a_database_in_memory_of_this_process_can_be_attached_by_its_name(attach, ask):
    engine = create_engine(
        "duckdb:///:memory:shop_in_memory"
    )  # by the same driver: DuckDB compares their configurations
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE thing AS SELECT 1 AS id")
        connection.commit()
        catalog = attach("duckdb:///:memory:shop_in_memory", "thing")
        assert ask(catalog, "shop", select(catalog.entity("thing").table.c.id)).rows == [(1,)]
    engine.dispose()


def test_postgresql_that_was_away_answers_again_when_it_is_back(postgresql_shop, attach, ask):
    postgresql_shop.run("CREATE TABLE thing (id integer)", "INSERT INTO thing VALUES (1)")
    catalog = attach(postgresql_shop.url, "thing", pool_size=2)
    statement = select(catalog.entity("thing").table.c.id)
    assert ask(catalog, "shop", statement).rows == [(1,)]
    # What a restart does to its clients.
    postgresql_shop.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stats-workbench'"
    )
    assert ask(catalog, "shop", statement).rows == [(1,)]


def test_a_connection_that_breaks_while_it_answers_is_told(postgresql_shop, attach, ask):
    postgresql_shop.run("CREATE TABLE thing (id integer)", "INSERT INTO thing VALUES (1)")
    catalog = attach(postgresql_shop.url, "thing")
    thing = catalog.entity("thing").table
    with pytest.raises(SourceUnavailableError) as caught:
        ask(catalog, "shop", select(func.pg_terminate_backend(func.pg_backend_pid())).select_from(thing))
    assert caught.value.message == "The source 'shop' is away, or the connection to it broke."
    assert ask(catalog, "shop", select(thing.c.id)).rows == [(1,)]


def test_what_the_databases_user_may_not_read_is_told(postgresql_shop, attach, ask):
    postgresql_shop.run("CREATE TABLE thing (id integer)", "CREATE ROLE guest LOGIN", "GRANT SELECT ON thing TO guest")
    catalog = attach(postgresql_shop.url.replace("postgres:@", "guest@"), "thing")
    statement = select(catalog.entity("thing").table.c.id)
    assert ask(catalog, "shop", statement).rows == []
    postgresql_shop.run("REVOKE SELECT ON thing FROM guest")
    with pytest.raises(SourceUnavailableError, match=r"The source 'shop' does not let its user read this\."):
        ask(catalog, "shop", statement)
    catalog.close()
    postgresql_shop.run("DROP OWNED BY guest", "DROP ROLE guest")


def test_a_view_that_wants_to_write_or_fails_is_told(postgresql_shop, attach, ask):
    postgresql_shop.run(
        "CREATE TABLE seen (id integer)",
        "CREATE FUNCTION note() RETURNS integer LANGUAGE sql VOLATILE AS 'INSERT INTO seen VALUES (1) RETURNING 1'",
        "CREATE FUNCTION fail() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE VIEW noting AS SELECT note() AS id",
        "CREATE VIEW failing AS SELECT fail() AS id",
    )
    catalog = attach(postgresql_shop.url, "noting", "failing")
    for name in ("noting", "failing"):
        with pytest.raises(ExpectedError) as caught:
            ask(catalog, "shop", select(catalog.entity(name).table.c.id))
        assert caught.value.message == (
            "The source 'shop' could not answer: a function in one of its views failed or wanted to write."
        )


def test_numbers_that_cannot_be_calculated_are_told_without_the_values(shop, attach, ask):
    shop.run(
        "CREATE TABLE thing (id INTEGER, big Decimal(18, 9)) ENGINE = MergeTree ORDER BY id"
        if shop.dialect == "clickhousedb"
        else "CREATE TABLE thing (id INTEGER, big BIGINT)",
        "INSERT INTO thing VALUES (1, 900000000), (2, 900000000)",
    )
    catalog = attach(shop.url, "thing")
    big = catalog.entity("thing").table.c.big
    too_large = {"clickhousedb": big * big, "sqlite": func.sum(big * 9000000000)}.get(shop.dialect, big * 90000000000)
    with pytest.raises(ExpectedError) as caught:
        ask(catalog, "shop", select(too_large))
    assert caught.value.message == (
        "The source 'shop' could not calculate this: a number is too large, or a value is not of its column's type."
    )
    assert "9000" not in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_a_date_without_an_end_is_told(postgresql_shop, attach, ask, kind):
    postgresql_shop.run(f"CREATE TABLE thing (at {kind})", "INSERT INTO thing VALUES ('2026-05-01'), ('infinity')")
    catalog = attach(postgresql_shop.url, "thing")
    at = catalog.entity("thing").table.c.at
    for statement in (select(at), select(func.max(at)), select(at, func.count()).group_by(at)):
        with pytest.raises(ExpectedError, match=r"The source 'shop' holds a date that no calendar has"):
            ask(catalog, "shop", statement)
    assert ask(catalog, "shop", select(func.count()).where(at < datetime(2027, 1, 1, tzinfo=UTC))).rows == [(1,)]


def test_a_fault_in_our_own_statement_travels_as_a_bug_without_the_values(shop, attach, ask):
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    shop.run(f"CREATE TABLE thing (id INTEGER{engine})")
    catalog = attach(shop.url, "thing")
    thing = catalog.entity("thing").table
    with pytest.raises(
        RefusedStatementError, match=r"The source 'shop' refused a statement: .*no_such_function"
    ) as caught:
        ask(catalog, "shop", select(func.no_such_function(thing.c.id)).where(thing.c.id == 8675309))
    assert "SELECT no_such_function" in str(caught.value)
    assert "8675309" not in "".join(traceback.format_exception(caught.value)).replace(SOURCE_LINE, "")


SOURCE_LINE = 'ask(catalog, "shop", select(func.no_such_function(thing.c.id)).where(thing.c.id == 8675309))'


def test_a_value_that_does_not_fit_its_column_is_a_bug_and_does_not_show(sqlite_database, ask):
    catalog = build_catalog(Settings(), sqlite_database)
    created = catalog.entity("partner").table.c.created_at
    with pytest.raises(StatementError) as caught:
        ask(catalog, "workbench", select(created).where(created > datetime(2031, 12, 24)))  # noqa: DTZ001 - naive is the fault
    assert "2031, 12, 24" not in str(caught.value).replace("datetime.datetime(2031, 12, 24, 0, 0) has no time zone", "")


def test_all_connections_in_use_is_told(postgresql_shop, attach, ask, monkeypatch):
    monkeypatch.setattr("stats_core.database.postgresql.POOL_WAIT_S", 0.05)
    postgresql_shop.run("CREATE TABLE thing (id integer)")
    catalog = attach(postgresql_shop.url, "thing", pool_size=1)
    with catalog.source("shop")._engine.connect(), pytest.raises(SourceUnavailableError) as caught:
        ask(catalog, "shop", select(catalog.entity("thing").table.c.id))
    assert caught.value.message == "The source 'shop' has all its connections in use."


def test_paths_of_this_test_are_no_secret(tmp_path: Path) -> None:
    from stats_core.catalog.address import read_address

    assert read_address(f"duckdb:///{tmp_path}/x.duckdb", {}).secrets == frozenset()
