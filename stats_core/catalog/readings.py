"""How a stored value is read as the type that its field claims, on each engine.

SQLite keeps what it is given, whatever the column declares, so its columns are always read this way: dates and times
from ISO text (with a blank or `T`, fractions, `Z` or an offset) and from numbers as Unix time (seconds; milliseconds
from 1e11 on); what is none of these is null. Elsewhere a reading is needed where a type behaves oddly (32-bit floats,
UUIDs, enums), or where `types` in workbench.toml says what a text means; PostgreSQL then refuses texts that mean
nothing, the others read null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement
from sqlalchemy import types as sqltypes
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

TRUE_WORDS: Final = ("1", "t", "true", "y", "yes")
FALSE_WORDS: Final = ("0", "f", "false", "n", "no")
MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds, this is the year 5138
_WHOLE_SECONDS = len("2026-01-31 10:00:00")


class Reading(FunctionElement[Any]):
    """One column, read as another type; how is in `templates`, by dialect, with `{c}` for the column."""

    inherit_cache = True
    templates: ClassVar[Mapping[str, str]] = MappingProxyType({})


@compiles(Reading)
def _compile(element: Reading, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return element.templates[compiler.dialect.name].replace("{c}", column)


class AsText(Reading):
    """As text."""

    inherit_cache = True
    name = "as_text"
    templates = MappingProxyType(
        {
            "sqlite": "CAST({c} AS TEXT)",
            "postgresql": "CAST({c} AS TEXT)",
            "duckdb": "CAST({c} AS VARCHAR)",
            "clickhousedb": "toString({c})",
        }
    )


class AsUnpaddedText(Reading):
    """ClickHouse's FixedString without the zero bytes at its end."""

    inherit_cache = True
    name = "as_unpadded_text"
    templates = MappingProxyType({"clickhousedb": "toStringCutToZero({c})"})


class AsInteger(Reading):
    """As a whole number."""

    inherit_cache = True
    name = "as_integer"
    templates = MappingProxyType(
        {
            "sqlite": "CASE typeof({c}) WHEN 'text' THEN integer_of({c}) ELSE {c} END",
            "postgresql": "CAST({c} AS BIGINT)",
            "duckdb": "TRY_CAST({c} AS BIGINT)",
            "clickhousedb": "toInt64OrNull(toString({c}))",
        }
    )


class AsNumber(Reading):
    """As a number; not-a-number and infinity are none, and one of them would make a whole sum null."""

    inherit_cache = True
    name = "as_number"
    templates = MappingProxyType(
        {
            "sqlite": "CASE typeof({c}) WHEN 'text' THEN number_of({c}) ELSE {c} END",
            "postgresql": "NULLIF(NULLIF(NULLIF(CAST({c} AS DOUBLE PRECISION), 'NaN'), 'Infinity'), '-Infinity')",
            "duckdb": "CASE WHEN isfinite(TRY_CAST({c} AS DOUBLE)) THEN TRY_CAST({c} AS DOUBLE) END",
            "clickhousedb": "if(isFinite(toFloat64OrNull(toString({c}))), toFloat64OrNull(toString({c})), NULL)",
        }
    )


class AsDouble(Reading):
    """A 32-bit float as a double: a sum of those has seven digits."""

    inherit_cache = True
    name = "as_double"
    templates = MappingProxyType(
        {
            "postgresql": "CAST({c} AS DOUBLE PRECISION)",
            "duckdb": "CAST({c} AS DOUBLE)",
            "clickhousedb": "toFloat64({c})",
        }
    )


class AsExact(Reading):
    """PostgreSQL's money as a number."""

    inherit_cache = True
    name = "as_exact"
    templates = MappingProxyType({"postgresql": "CAST({c} AS NUMERIC)"})


def _by_words(text: str) -> str:
    true, false = (", ".join(f"'{word}'" for word in words) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"CASE WHEN lower({text}) IN ({true}) THEN true WHEN lower({text}) IN ({false}) THEN false END"


class AsBoolean(Reading):
    """As true or false, from 1 and 0 and the usual words."""

    inherit_cache = True
    name = "as_boolean"
    templates = MappingProxyType(
        {
            "sqlite": "CASE WHEN {c} IN (0, 1) THEN {c} ELSE boolean_of({c}) END",
            "postgresql": _by_words("CAST({c} AS TEXT)"),
            "duckdb": _by_words("CAST({c} AS VARCHAR)"),
            "clickhousedb": _by_words("toString({c})"),
        }
    )


class AsMoment(Reading):
    """As a time in UTC, without saying so."""

    inherit_cache = True
    name = "as_moment"
    templates = MappingProxyType(
        {
            "sqlite": "moment_of({c})",
            "postgresql": "CAST({c} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE 'UTC'",
            "duckdb": "TRY_CAST({c} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'",
            "clickhousedb": "parseDateTime64BestEffortOrNull(toString({c}), 6, 'UTC')",
        }
    )


class AsWallClock(Reading):
    """As the time that stands there, whatever offset follows it."""

    inherit_cache = True
    name = "as_wall_clock"
    templates = MappingProxyType(
        {
            "sqlite": "wall_clock_of({c})",
            "postgresql": "CAST({c} AS TIMESTAMP)",
            "duckdb": "TRY_CAST({c} AS TIMESTAMP)",
            "clickhousedb": "parseDateTime64BestEffortOrNull(substring(toString({c}), 1, 26), 6, 'UTC')",
        }
    )


class AsDay(Reading):
    """As the date that stands there."""

    inherit_cache = True
    name = "as_day"
    templates = MappingProxyType(
        {
            "sqlite": "day_of({c})",
            "postgresql": "CAST({c} AS DATE)",
            "duckdb": "TRY_CAST({c} AS DATE)",
            "clickhousedb": "toDate32OrNull(substring(toString({c}), 1, 10))",
        }
    )


class AsUnixTime(Reading):
    """A number of seconds (milliseconds from 1e11 on) since 1970 as a time in UTC."""

    inherit_cache = True
    name = "as_unix_time"
    templates = MappingProxyType(
        {
            "sqlite": "moment_of({c})",
            "postgresql": f"to_timestamp(CASE WHEN abs({{c}}) >= {MILLISECONDS_FROM} THEN {{c}} / 1000.0 "
            "ELSE {c} END) AT TIME ZONE 'UTC'",
            "duckdb": f"make_timestamp(CAST(CASE WHEN abs({{c}}) >= {MILLISECONDS_FROM} THEN {{c}} * 1000 "
            "ELSE {c} * 1000000 END AS BIGINT))",
            "clickhousedb": f"fromUnixTimestamp64Micro(toInt64(CASE WHEN abs({{c}}) >= {MILLISECONDS_FROM} "
            "THEN {c} * 1000 ELSE {c} * 1000000 END), 'UTC')",
        }
    )


class InUTC(Reading):
    """ClickHouse's times of another zone, shown in UTC."""

    inherit_cache = True
    name = "in_utc"
    templates = MappingProxyType({"clickhousedb": "toTimeZone({c}, 'UTC')"})


class Digits(Reading):
    """ClickHouse's times as they are shown in their own zone."""

    inherit_cache = True
    name = "digits"
    templates = MappingProxyType({"clickhousedb": "toDateTime64(toString({c}), 6, 'UTC')"})


class AsDocument(Reading):
    """JSON that is surely JSON (SQLite) and can be compared (PostgreSQL)."""

    inherit_cache = True
    name = "as_document"
    templates = MappingProxyType(
        {
            "sqlite": "CASE WHEN json_valid({c}) THEN {c} END",
            "postgresql": "CAST({c} AS JSONB)",
        }
    )


def read_as(reading: type[Reading], column: ColumnElement[Any], type_: sqltypes.TypeEngine[Any]) -> ColumnElement[Any]:
    """The column, read so; `type_` is what results are taken for."""
    element = reading(column)
    element.type = type_
    return element


def moment_of(value: object) -> str | None:
    """SQLite's value as text of one width in UTC."""
    return _time_text(value, lambda time: time.astimezone(UTC))


def wall_clock_of(value: object) -> str | None:
    """SQLite's value as text of one width, as it stands."""
    return _time_text(value, lambda time: time)


def _time_text(value: object, in_zone: Callable[[datetime], datetime]) -> str | None:
    # One call per row, so the common case comes first: it is checked, and only its separator and width are changed.
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else _unix_time(value)
        if found is None:
            return None
        if isinstance(value, str) and len(value) == _WHOLE_SECONDS and found.tzinfo is None:
            return f"{value[:10]} {value[11:]}.000000"
        time = found if found.tzinfo is None else in_zone(found)
        return time.replace(tzinfo=None).isoformat(" ", "microseconds")
    except (ValueError, OverflowError):
        return None


def _unix_time(value: object) -> datetime | None:
    if not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day_of(value: object) -> str | None:
    """SQLite's value as the date that stands there."""
    if not isinstance(value, str):
        found = _unix_time(value)
        return None if found is None else found.date().isoformat()
    try:
        return (date.fromisoformat(value) if len(value) == _DAY else datetime.fromisoformat(value).date()).isoformat()
    except ValueError:
        return None


_DAY = len("2026-01-31")


def integer_of(value: str) -> int | None:
    """A text in a column of whole numbers."""
    try:
        found = int(value)
    except ValueError:
        return None
    return found if -(2**63) <= found < 2**63 else None


def number_of(value: str) -> float | None:
    """A text in a column of numbers."""
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def boolean_of(value: object) -> bool | None:
    """A word in a column of booleans."""
    word = str(value).strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


SQLITE_FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {function.__name__: function for function in (moment_of, wall_clock_of, day_of, integer_of, number_of, boolean_of)}
)
"""What the templates for SQLite call: a tenth of the time and of the text that its own functions need for it."""
