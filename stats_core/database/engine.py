"""The workbench's own database, by two handles and no others: `read()` and `write()`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Self, cast

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from stats_core.database.address import parse_address, shown
from stats_core.database.postgresql import postgresql_engine
from stats_core.database.sqlite import sqlite_engine
from stats_core.errors import ConfigurationError, SourceUnavailableError

Dialect = Literal["sqlite", "postgresql"]

_ENGINES = {"sqlite": sqlite_engine, "postgresql": postgresql_engine}
# SQLite has one writer at a time: threads queue for its connection instead of polling for the file's lock.
_WRITERS: dict[Dialect, int] = {"sqlite": 1, "postgresql": 8}


class Database:
    """Where the workbench keeps its tables.

    Attributes:
        url: With driver and password; it opens the same database in another process.
        address: The same for people to read: no password.
        dialect: `sqlite` or `postgresql`.
        engine: What `read()` uses; for sources, which bring their own deadlines.
        write_engine: What `write()` uses; for migrations.

    Raises:
        ConfigurationError: The URL names another kind of database, or none answers there.
    """

    def __init__(self, url: str, *, pool_size: int = 32) -> None:
        parsed = parse_address(url)
        self.url = parsed.render_as_string(hide_password=False)
        self.address = shown(parsed)
        self.dialect = cast("Dialect", parsed.get_backend_name())
        make = _ENGINES[self.dialect]
        try:
            self.engine = make(parsed, read_only=True, connections=pool_size)
            self.write_engine = make(parsed, read_only=False, connections=_WRITERS[self.dialect])
            self.engine.connect().close()
        except (DBAPIError, OSError) as error:
            msg = f"Cannot open the database {self.address}: {reason(error)}."
            raise ConfigurationError(msg, hint="Check WORKBENCH_DATABASE_URL and that the server runs.") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one snapshot and cannot write.

        Raises:
            SourceUnavailableError: The database is away, or all connections are in use.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            with self.answering():
                session.connection()
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any error.

        On SQLite it holds the write lock from the start, so what it reads stays true until it commits. On PostgreSQL
        writers run side by side: read rows that you will change `with_for_update()`, which SQLite ignores.

        Raises:
            SourceUnavailableError: The database is away, or busy with other writers for too long.
        """
        with Session(self.write_engine, expire_on_commit=False) as session, session.begin():
            with self.answering():
                session.connection()
            yield session

    def close(self) -> None:
        """Close all connections; those that another thread still uses, when it gives them back."""
        for engine in (self.engine, self.write_engine):
            pool = engine.pool
            engine.dispose()
            event.listen(pool, "checkin", _close)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Connecting and beginning happen inside: a database that is away or busy becomes a SourceUnavailableError."""
        try:
            yield
        except (DBAPIError, PoolTimeoutError) as error:
            msg = f"The database {self.address} cannot be reached: {reason(error)}."
            raise SourceUnavailableError(msg, hint="Try again in a moment.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({self.address!r})"


def _close(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    """The pool that it goes back to is nobody's any more: left there, it would stay open until it is collected."""
    record.close()


def reason(error: Exception) -> str:
    """The first line of the driver's own words."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return words.partition("\n")[0].rstrip(".")
