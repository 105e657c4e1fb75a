"""Column types of times in attached databases: one meaning in Python, whatever the engine stores.

`Moment` is aware and in UTC, `WallClock` is naive: what the clock on the wall showed. In SQL both are times without an
offset unless the column itself is zoned; on SQLite both are text of one width (`YYYY-MM-DD HH:MM:SS.ffffff`), which
sorts and compares as time does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, DateTime, Dialect, String, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

_WRITTEN = {
    # Where we write the text of a time ourselves, and the times that may stand there.
    "sqlite": ("0001-01-01", "9999-12-31 23:59:59.999999"),
    "clickhousedb": ("1900-01-01 00:00:00", "2262-04-11 00:00:00"),  # its driver would cut fractions of a second off
}


class _Time(TypeDecorator[datetime]):
    """What both have in common: how the time stands in the statement."""

    impl = DateTime()
    cache_ok = True
    zoned = False

    class Comparator(TypeDecorator.Comparator[datetime]):
        """TRICKY: ClickHouse compares DateTime with DateTime64, but finds no DateTime in a list of DateTime64."""

        def operate(self, op: Any, *other: Any, **options: Any) -> ColumnElement[Any]:
            """Lists of times are written as comparisons."""
            if op in {operators.in_op, operators.not_in_op} and isinstance(other[0], list | tuple) and other[0]:
                if op is operators.in_op:
                    return or_(*(self.expr == value for value in other[0]))
                return and_(*(self.expr != value for value in other[0]))
            return super().operate(op, *other, **options)

    comparator_factory = Comparator

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where we write the text ourselves."""
        return dialect.type_descriptor(String() if dialect.name in _WRITTEN else DateTime(timezone=self.zoned))

    def bind_expression(self, bindparam: BindParameter[datetime]) -> ColumnElement[Any]:
        """ClickHouse needs the type beside the text."""
        return _Written(bindparam)


class WallClock(_Time):
    """A local time without a zone: naive in Python.

    Raises:
        ValueError: An aware datetime is bound.
    """

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The time as the driver takes it."""
        if value is None:
            return None
        if value.tzinfo is not None:
            raise ValueError(f"{value!r} has a time zone; wall clock times are naive.")
        return _bound(value, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The stored time, naive."""
        del dialect
        found = _read(value)
        return None if found is None else found.replace(tzinfo=None)


class Moment(_Time):
    """A moment: aware and in UTC in Python.

    Args:
        zoned: The column is a TIMESTAMP WITH TIME ZONE; else it holds UTC without saying so.

    Raises:
        ValueError: A naive datetime is bound: it does not say which moment it means.
    """

    cache_ok = True

    def __init__(self, *, zoned: bool = False) -> None:
        super().__init__()
        self.zoned = zoned

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The moment in UTC, as the driver takes it."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone. Use an aware datetime.")
        utc = value.astimezone(UTC)
        return _bound(utc if self.zoned else utc.replace(tzinfo=None), dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The stored moment, aware."""
        del dialect
        found = _read(value)
        if found is None:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


class _Written(FunctionElement[datetime]):
    """A bound time."""

    name = "written"
    inherit_cache = True


@compiles(_Written)
def _as_bound(element: _Written, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Written, "clickhousedb")
def _as_datetime64(element: _Written, compiler: SQLCompiler, **options: Any) -> str:
    return f"toDateTime64({compiler.process(element.clauses, **options)}, 6, 'UTC')"


def _bound(value: datetime, dialect: Dialect) -> datetime | str:
    if dialect.name not in _WRITTEN:
        return value
    first, last = _WRITTEN[dialect.name]
    return min(max(value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"), first), last)


def _read(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
