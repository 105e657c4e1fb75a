"""The engines a source may run on: how each is opened so that it cannot write, and how a statement is stopped in time.

sqlite         a file, by mode=ro and query_only
postgresql     read-only transactions, sessions in UTC
duckdb         a file read-only, or a named in-memory database (`duckdb:///:memory:shop`), which cannot be locked
clickhousedb   a server, or the engine in this process (`clickhousedb://?interface=chdb`); readonly = 2
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from stats_core.catalog.files import FileConnection, Guard, SharedFile, file_state, leave_replaced_files, unguarded
from stats_core.catalog.readings import SQLITE_FUNCTIONS
from stats_core.database.postgresql import postgresql_engine
from stats_core.errors import ConfigurationError, UnsupportedError

POOL_WAIT_S: Final = 30.0
SQLITE_WAIT_S: Final = 10.0  # for another program's lock, while tables are read at start; later the deadline holds
SQLITE_MAGIC: Final = b"SQLite format 3\0"
SQLITE_STEPS: Final = 100_000  # of SQLite's machine between two looks at the clock: about a millisecond
DUCKDB_SETTINGS: Final[Mapping[str, Any]] = MappingProxyType(
    # Else a file or a view could make it download and run an extension.
    {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
)
CLICKHOUSE_SETTINGS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "readonly": 2,  # 1 would refuse the settings below
        "join_use_nulls": 1,  # else a row without a partner gets zeros and empty texts
        "aggregate_functions_null_for_empty": 1,  # else the sum of nothing is 0
        "max_query_size": 64_000_000,  # bytes; values come in the text, and a filter holds 10 000
    }
)


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine.

    Attributes:
        open: An Engine that cannot write, with at most so many connections.
        time_limit: While it is entered, statements of the connection stop after so many seconds.
        ran_out: Whether an error means that the time was over.
        guard: What must be entered before a connection of the engine is taken.
    """

    open: Callable[[URL, int], Engine]
    time_limit: Callable[[Connection, float], AbstractContextManager[None]]
    ran_out: Callable[[DBAPIError], bool]
    guard: Callable[[Engine], Guard] = lambda _engine: unguarded


def engine_kind(name: str) -> EngineKind:
    """The engine of a dialect.

    Raises:
        UnsupportedError: Sources do not run on it.
    """
    if (kind := KINDS.get(name)) is None:
        raise UnsupportedError(
            f"Sources do not run on {name!r}.",
            hint=f"They run on {', '.join(KINDS)}; the answers of other engines have not been compared with these.",
        )
    return kind


def _open_sqlite(url: URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("An SQLite source is a file.", hint="Write sqlite:///path/to/file.db.")
    file = Path(url.database).absolute()  # and not resolved: the link may point elsewhere tomorrow
    if not file.is_file():
        raise ConfigurationError(f"There is no file {file}.", hint="Check the path in the source's url.")

    def connect() -> FileConnection:
        state = file_state(file)  # before it is opened: what is replaced meanwhile must be noticed
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode=ro",
            uri=True,
            check_same_thread=False,
            timeout=SQLITE_WAIT_S,
            factory=FileConnection,
        )
        connection.state = state
        return connection

    engine = create_engine("sqlite://", creator=connect, **_pool(pool_size))
    leave_replaced_files(engine, file)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")
        for name, function in SQLITE_FUNCTIONS.items():
            connection.create_function(name, 1, function, deterministic=True)

    return engine


def _open_postgresql(url: URL, pool_size: int) -> Engine:
    return postgresql_engine(url.set(drivername="postgresql+psycopg"), read_only=True, connections=pool_size)


def _open_duckdb(url: URL, pool_size: int) -> Engine:
    database = url.database or ":memory:"
    if database == ":memory:":
        raise ConfigurationError(
            "An in-memory DuckDB needs a name, or every connection gets a database of its own.",
            hint="Write duckdb:///:memory:shop.",
        )
    if _is_sqlite(Path(database)):
        raise ConfigurationError(f"{database} is an SQLite file.", hint="Write sqlite:/// instead of duckdb:///.")
    in_memory = database.startswith(":memory:")  # of this process; who made it has chosen its settings
    locked = {} if in_memory else {"connect_args": {"read_only": True, "config": dict(DUCKDB_SETTINGS)}}
    engine = create_engine(url, **_pool(pool_size), **locked)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.execute("SET TimeZone = 'UTC'")

    return engine


def _is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False


def _guard_duckdb(engine: Engine) -> Guard:
    database = engine.url.database or ""
    return unguarded if database.startswith(":memory:") else SharedFile(engine, Path(database).absolute()).held


def _open_clickhouse(url: URL, pool_size: int) -> Engine:
    # Its dialect tells SQLAlchemy nothing of joins, so that each would be warned of as a cartesian product.
    return create_engine(
        url,
        **_pool(pool_size),
        enable_from_linting=False,
        execution_options={"settings": dict(CLICKHOUSE_SETTINGS)},
    )


def _pool(size: int) -> dict[str, Any]:
    return {
        "poolclass": QueuePool,
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": POOL_WAIT_S,
        "hide_parameters": True,
    }


@contextmanager
def _limit_sqlite(connection: Connection, seconds: float) -> Iterator[None]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    end = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > end, SQLITE_STEPS)
    (patience_ms,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {max(1, round(seconds * 1000))}")  # it takes no parameters
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
        driver.execute(f"PRAGMA busy_timeout = {patience_ms}")


@contextmanager
def _limit_postgresql(connection: Connection, seconds: float) -> Iterator[None]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    # For this transaction only: others take the connection after us. SET takes no parameters: the integer is written.
    driver.execute(SQL("SET LOCAL statement_timeout = {}").format(max(1, round(seconds * 1000))))
    yield


@contextmanager
def _limit_duckdb(connection: Connection, seconds: float) -> Iterator[None]:
    driver: Any = connection.connection.driver_connection
    watch = threading.Timer(seconds, driver.interrupt)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        watch.join()  # else it could still interrupt the connection's next statement


@contextmanager
def _limit_clickhouse(connection: Connection, seconds: float) -> Iterator[None]:
    connection.execution_options(settings={**CLICKHOUSE_SETTINGS, "max_execution_time": seconds})
    yield


def _sqlite_ran_out(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def _postgresql_ran_out(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "57014"


def _duckdb_ran_out(error: DBAPIError) -> bool:
    return type(error.orig).__name__ == "InterruptException"


def _clickhouse_ran_out(error: DBAPIError) -> bool:
    return "(TIMEOUT_EXCEEDED)" in str(error.orig)


KINDS: Final[Mapping[str, EngineKind]] = MappingProxyType(
    {
        "sqlite": EngineKind(_open_sqlite, _limit_sqlite, _sqlite_ran_out),
        "postgresql": EngineKind(_open_postgresql, _limit_postgresql, _postgresql_ran_out),
        "duckdb": EngineKind(_open_duckdb, _limit_duckdb, _duckdb_ran_out, _guard_duckdb),
        "clickhousedb": EngineKind(_open_clickhouse, _limit_clickhouse, _clickhouse_ran_out),
    }
)
