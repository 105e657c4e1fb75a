"""The two handles of the database: what they promise on both engines."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from stats_core.database import Database
from stats_core.database.schema import migrate
from stats_core.errors import ConfigurationError, SourceUnavailableError
from stats_core.models import StatsDashboard, StatsPanel


def add_dashboard(database, **given):
    with database.write() as session:
        session.add(StatsDashboard(**{"id": "dash_1", "name": "One"} | given))


def dashboards(session):
    return session.scalar(select(func.count()).select_from(StatsDashboard))


def counter(database):
    with database.read() as session:
        return session.scalars(select(StatsDashboard)).one().metadata_["counter"]


def write_and_fail(database):
    with database.write() as session:
        session.add(StatsDashboard(id="dash_1", name="One"))
        session.flush()
        raise RuntimeError


def write_while_reading(database):
    with database.read() as session:
        session.add(StatsDashboard(id="dash_1", name="One"))
        session.flush()


def settings_of(session, *names):
    keyword = "PRAGMA" if session.get_bind().dialect.name == "sqlite" else "SHOW"
    return {name: session.scalar(text(f"{keyword} {name}")) for name in names}


def test_what_is_written_is_read(database):
    add_dashboard(database, name="Traffic")
    with database.read() as session:
        assert session.get_one(StatsDashboard, "dash_1").name == "Traffic"


def test_a_failed_write_leaves_nothing_and_blocks_nobody(database):
    with pytest.raises(RuntimeError):
        write_and_fail(database)
    add_dashboard(database, id="dash_2")
    with database.read() as session:
        assert session.scalars(select(StatsDashboard.id)).all() == ["dash_2"]


def test_reading_refuses_to_write(database):
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        write_while_reading(database)
    with database.read() as session:
        assert dashboards(session) == 0


def test_a_reader_sees_one_snapshot_while_a_writer_commits(database):
    add_dashboard(database)
    with database.read() as session:
        before = dashboards(session)
        add_dashboard(database, id="dash_2")
        assert (before, dashboards(session)) == (1, 1)
    with database.read() as session:
        assert dashboards(session) == 2


def test_readers_do_not_wait_for_a_writer(database):
    with database.write() as writer:
        writer.add(StatsDashboard(id="dash_1", name="One"))
        writer.flush()
        with database.read() as session:
            assert dashboards(session) == 0


def test_objects_outlive_their_session_with_what_the_server_filled_in(database):
    with database.write() as session:
        dashboard = StatsDashboard(id="dash_1", name="One")
        session.add(dashboard)
    assert (dashboard.name, dashboard.metadata_, dashboard.created_at) == ("One", {}, dashboard.updated_at)


def test_four_processes_that_add_to_a_counter_lose_nothing(database, run_together):
    add_dashboard(database, metadata_={"counter": 0})
    run_together("increment.py", database.url, 100)
    assert counter(database) == 400


def test_threads_that_add_to_a_counter_lose_nothing(database):
    add_dashboard(database, metadata_={"counter": 0})

    def increment(_):
        with database.write() as session:
            dashboard = session.scalars(select(StatsDashboard).with_for_update()).one()
            dashboard.metadata_ = {"counter": dashboard.metadata_["counter"] + 1}

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(increment, range(160)))
    assert counter(database) == 160


def test_many_threads_read_at_once(database):
    add_dashboard(database)

    def read(_):
        with database.read() as session:
            return dashboards(session)

    with ThreadPoolExecutor(32) as threads:
        assert list(threads.map(read, range(200))) == [1] * 200


def test_a_reader_that_finds_no_free_connection_is_told_so(database, monkeypatch):
    monkeypatch.setattr("stats_core.database.sqlite.BUSY_S", 0.01)
    monkeypatch.setattr("stats_core.database.postgresql.POOL_WAIT_S", 0.01)
    with (
        Database(database.url, pool_size=1) as small,
        small.read(),
        pytest.raises(SourceUnavailableError, match=r"Try again in a moment\."),
        small.read(),
    ):
        pass


def test_closing_gives_all_connections_back(database):
    with database.read() as session:
        session.execute(select(1))
    database.close()
    assert database.engine.pool.checkedin() == 0


def test_a_connection_that_comes_back_after_the_end_is_closed_too(database):
    with Database(database.url) as late:
        used = [late.engine.connect(), late.write_engine.connect()]
        below = [connection.connection.dbapi_connection for connection in used]
    for connection in used:
        connection.close()
    for connection in below:
        with pytest.raises((psycopg.OperationalError, sqlite3.ProgrammingError), match="closed"):
            connection.cursor()
    with late.read() as session:  # and begins anew where it is used again
        assert session.execute(text("SELECT 1")).scalar() == 1
    late.close()


def test_it_shows_itself_without_a_password(postgresql_url):
    with Database(postgresql_url.replace("postgres:@", "postgres:geheim@")) as database:
        assert "geheim" not in repr(database)
        assert "geheim" in database.url  # another process opens it by this


class TestSQLite:
    def test_connections_are_set_up_alike(self, sqlite_database):
        names = ("journal_mode", "foreign_keys", "synchronous", "wal_autocheckpoint", "busy_timeout", "query_only")
        with sqlite_database.read() as session:
            reading = settings_of(session, *names)
        with sqlite_database.write() as session:
            writing = settings_of(session, *names)
        full = 2
        expected = dict(zip(names, ("wal", 1, full, 20_000, 30_000, 1), strict=True))
        assert (reading, writing) == (expected, expected | {"query_only": 0})

    def test_a_parent_that_is_not_there_is_refused(self, sqlite_database):
        with pytest.raises(DBAPIError, match="FOREIGN KEY"), sqlite_database.write() as session:
            session.add(StatsPanel(id="p", dashboard_id="gone", name="", type="bar", x=0, y=0, width=1, height=1))

    def test_a_writer_that_waits_too_long_is_told_so(self, sqlite_database, tmp_path, monkeypatch):
        monkeypatch.setattr("stats_core.database.sqlite.BUSY_S", 0.01)
        other = sqlite3.connect(tmp_path / "workbench.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with Database(sqlite_database.url) as impatient:
            with pytest.raises(SourceUnavailableError, match="database is locked"), impatient.write():
                pass
            other.close()
            add_dashboard(impatient)

    def test_the_folder_of_the_file_is_made(self, tmp_path):
        with Database(f"sqlite:///{tmp_path}/new folder/of/100%/workbench.db") as database:
            migrate(database)
            add_dashboard(database)
        assert (tmp_path / "new folder/of/100%/workbench.db").is_file()

    def test_a_relative_file_stays_where_it_was_when_the_program_goes_elsewhere(self, tmp_path, monkeypatch):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path)
        with Database("sqlite:///./here.db") as database:
            monkeypatch.chdir(tmp_path / "elsewhere")
            migrate(database)
        assert [path.name for path in tmp_path.iterdir()] == ["elsewhere", "here.db"]

    def test_a_file_that_is_no_database_is_refused(self, tmp_path):
        (tmp_path / "letter.txt").write_text("Dear reader, " * 100)
        with pytest.raises(ConfigurationError, match="file is not a database"):
            Database(f"sqlite:///{tmp_path}/letter.txt")

    def test_a_folder_that_cannot_be_made_is_refused(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match="Cannot open the database"):
            Database(f"sqlite:///{tmp_path}/file/workbench.db")


class TestPostgreSQL:
    def test_sessions_are_in_utc_and_readers_have_a_read_only_snapshot(self, postgresql_database):
        names = ("TimeZone", "transaction_isolation", "transaction_read_only", "application_name")
        with postgresql_database.read() as session:
            reading = settings_of(session, *names)
        with postgresql_database.write() as session:
            writing = settings_of(session, *names)
        assert reading == dict(zip(names, ("UTC", "repeatable read", "on", "stats-workbench"), strict=True))
        assert writing == dict(zip(names, ("UTC", "read committed", "off", "stats-workbench"), strict=True))

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_every_spelling_of_the_scheme_means_psycopg(self, postgresql_url, scheme):
        with Database(postgresql_url.replace("postgresql", scheme, 1)) as database:
            assert (database.dialect, database.engine.driver) == ("postgresql", "psycopg")

    def test_a_connection_that_the_server_closed_costs_no_request(self, postgresql_database):
        with postgresql_database.read() as session:
            pid = session.scalar(select(func.pg_backend_pid()))
        with postgresql_database.write() as session:
            session.execute(select(func.pg_terminate_backend(pid, 5_000)))
        with postgresql_database.read() as session:
            assert session.scalar(select(func.pg_backend_pid())) != pid

    def test_a_database_that_went_away_is_said_to_be_away(self, postgresql_url):
        with Database(postgresql_url) as database:
            name = postgresql_url.partition("?")[0].rpartition("/")[2]
            with psycopg.connect(postgresql_url.replace(f"/{name}", "/postgres", 1), autocommit=True) as server:
                server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
                server.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
                )
                with pytest.raises(SourceUnavailableError, match="cannot be reached"), database.read():
                    pass
                server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            with database.read() as session:
                assert session.scalar(select(1)) == 1

    @pytest.mark.parametrize(
        "url", ["postgresql://reader:geheim@127.0.0.1:1/shop", "postgresql://127.0.0.1:1/shop?password=geheim"]
    )
    def test_a_server_that_is_not_there_is_refused_without_a_word_of_the_password(self, url):
        with pytest.raises(ConfigurationError, match="Cannot open the database postgresql") as caught:
            Database(url)
        assert "geheim" not in f"{caught.value} {caught.value.__cause__}"
