"""PostgreSQL engines by psycopg 3: UTC sessions; a reader sees one snapshot and cannot write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, QueuePool, create_engine, event
from sqlalchemy.engine import URL

from stats_core.database.types import write_json

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_S = 10
POOL_WAIT_S = 30.0


def postgresql_engine(url: URL, *, read_only: bool, connections: int) -> Engine:
    """An engine whose readers are REPEATABLE READ READ ONLY and whose writers are READ COMMITTED."""
    from psycopg import IsolationLevel  # those who use SQLite need not wait for it

    defaults: dict[str, Any] = {"connect_timeout": CONNECT_S, "application_name": "stats-workbench"}
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,  # a restarted server costs no request
        json_serializer=write_json,
        connect_args={name: value for name, value in defaults.items() if name not in url.query},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Connection, _record: object) -> None:
        connection.autocommit = True
        connection.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = False
        if read_only:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True

    return engine
