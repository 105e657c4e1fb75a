"""The rows of an answer, in plain Python values whatever the engine returned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from sqlalchemy import CursorResult


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave.

    Attributes:
        columns: Names of the columns, in order.
        rows: One tuple per row, of None, bool, int, float, str, date, datetime, list and dict.
        statement: The SQL that ran, with placeholders where values stood.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    statement: str


def fetched(result: CursorResult[Any]) -> Rows:
    """All rows of a result, normalised."""
    rows = [tuple(map(plain, row)) for row in result]
    return Rows(tuple(result.keys()), rows, result.context.statement or "")


def plain(value: Any) -> Any:
    """A value as every engine gives it: see `Rows.rows`. Numbers that are none, such as NaN, are None."""
    if type(value) in _PLAIN:
        return value
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    return str(value)  # an address, a time of day, a range


def _decimal(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


def _float(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _datetime(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC)


_PLAIN: Final = frozenset({type(None), bool, int, str, date})
_CONVERSIONS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...]] = (
    (float, _float),
    (Decimal, _decimal),
    (datetime, _datetime),
    (Enum, lambda value: plain(value.value)),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    (dict, lambda value: {str(key): plain(item) for key, item in value.items()}),
    ((list, tuple, set), lambda value: [plain(item) for item in value]),
)
