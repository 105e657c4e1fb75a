"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

write_json = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""How JSON documents are written: compact, readable text; NaN is refused, since PostgreSQL has no such JSON."""

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key. SQLite numbers rows by itself only in an INTEGER; use it with `sqlite_autoincrement`."""


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python; TIMESTAMPTZ on PostgreSQL, `YYYY-MM-DD HH:MM:SS.ffffff` on SQLite.

    That text has one width, so that it sorts and compares as time does.

    Raises:
        ValueError: A naive datetime is bound: it does not say which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, as the driver wants it."""
        del dialect
        if value is None:
            return None
        if value.utcoffset() is None:
            msg = f"{value!r} has no time zone. Use an aware datetime."
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored moment, aware."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JSONDocument(TypeDecorator[Any]):
    """A JSON value: JSONB on PostgreSQL, text on SQLite; None is NULL, never the JSON `null`.

    Values are replaced, not changed in place: assign a new dict or list to have it written.
    """

    impl = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True


class utc_now(FunctionElement[datetime]):  # noqa: N801 - an SQL function, named like one
    """The server's clock, as UTCDateTime stores it."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(utc_now)
def _utc_now(_element: utc_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(utc_now, "sqlite")
def _utc_now_sqlite(_element: utc_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"  # %f is SS.SSS: milliseconds, padded to our width
