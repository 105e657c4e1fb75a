"""SQLite engines: we begin transactions ourselves, and every connection has the same pragmas."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import URL

from stats_core.database.types import write_json

BUSY_S = 30.0  # how long a writer waits for another process's write
WAL_PAGES = 20_000  # checkpoint every ~80 MB: 50 to 80 % faster inserts into a grown table than the default 1 000
# A writer keeps so many KiB of changed pages until it commits: spilled pages are written twice (imports 25 % slower).
# TRICKY: written with a minus, in KiB. SQLite reads a number of pages as a boolean too, by its lowest byte.
SPILL_KIB = 65_536
_WAL_RETRY_S = 0.01


def sqlite_engine(url: URL, *, read_only: bool, connections: int) -> Engine:
    """An engine over the file, whose folder is made; readers refuse to write, writers begin IMMEDIATE.

    A writer that began DEFERRED would read first and take the lock later: two of them read the same value, and one
    update is lost or fails at once, whatever the busy timeout.
    """
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_S,
        json_serializer=write_json,
        # isolation_level None: the driver opens no transaction by itself.
        connect_args={"timeout": BUSY_S, "isolation_level": None, "check_same_thread": False},
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        _enter_wal(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        connection.execute("PRAGMA query_only = ON" if read_only else f"PRAGMA cache_spill = -{SPILL_KIB}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, once and for all.

    TRICKY: SQLite does not wait for the busy timeout here when several processes open a new file at once.
    """
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return
