"""What the column types of each engine are to us: a field type, the SQLAlchemy type, and how values are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Boolean, Date, Double, Numeric, String
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from stats_core.catalog import readings
from stats_core.catalog.entity import FieldType
from stats_core.catalog.moments import Moment, WallClock
from stats_core.catalog.readings import Reading
from stats_core.database.types import JSONDocument

Times = Literal["utc", "local"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column is to us.

    Attributes:
        sql: Of the column in statements; decides how values are bound and returned.
        reading: How it is read where it is not read as it stands.
        keys_as_they_are: The reading is left out for columns that join or tell rows apart, where an index matters.
        wall_clock: A time of the clock on the wall.
    """

    holds: FieldType
    sql: TypeEngine[Any]
    reading: type[Reading] | None = None
    keys_as_they_are: bool = False
    wall_clock: bool = False


TEXT: Final = Kind(FieldType.TEXT, String())
TEXT_BY_CAST: Final = replace(TEXT, reading=readings.AsText)
INTEGER: Final = Kind(FieldType.INTEGER, BigInteger())
DOUBLE: Final = Kind(FieldType.NUMBER, Double())
FLOAT: Final = replace(DOUBLE, reading=readings.AsDouble)
EXACT: Final = Kind(FieldType.NUMBER, Numeric())
BOOLEAN: Final = Kind(FieldType.BOOLEAN, Boolean())
DAY: Final = Kind(FieldType.DATE, Date())
DOCUMENT: Final = Kind(FieldType.JSON, JSONDocument())
ZONED: Final = Kind(FieldType.DATETIME, Moment(zoned=True))

SQLITE_INTEGER: Final = replace(INTEGER, reading=readings.AsInteger, keys_as_they_are=True)
SQLITE_NUMBER: Final = replace(DOUBLE, reading=readings.AsNumber, keys_as_they_are=True)
SQLITE_BOOLEAN: Final = replace(BOOLEAN, reading=readings.AsBoolean)
SQLITE_DAY: Final = replace(DAY, reading=readings.AsDay)
SQLITE_DOCUMENT: Final = replace(DOCUMENT, reading=readings.AsDocument)


def timestamp(times: Times, reading: type[Reading] | None = None) -> Kind:
    """A time whose column does not say in which zone it is."""
    local = times == "local"
    if local and reading is readings.AsMoment:
        reading = readings.AsWallClock
    return Kind(FieldType.DATETIME, WallClock() if local else Moment(), reading, wall_clock=local)


def sqlite_kind(declared: str, times: Times) -> Kind | str:
    """Of what a CREATE TABLE says, which SQLite itself hardly minds; else why nobody can read it."""
    name = declared.upper().partition("(")[0].strip()
    if name.startswith(("DATETIME", "TIMESTAMP")):
        return timestamp(times, readings.AsMoment)
    for words, kind in _SQLITE_KINDS:
        if re.search(words, name):
            return kind
    return TEXT_BY_CAST


_SQLITE_KINDS: Final[tuple[tuple[str, Kind | str], ...]] = (
    (r"^DATE$", SQLITE_DAY),
    (r"BOOL", SQLITE_BOOLEAN),
    (r"JSON", SQLITE_DOCUMENT),
    (r"BLOB|BINARY|IMAGE", "it holds bytes"),
    (r"INT", SQLITE_INTEGER),
    (r"CHAR|CLOB|TEXT", TEXT),
    (r"REAL|FLOA|DOUB|NUMERIC|DECIMAL|NUMBER|MONEY", SQLITE_NUMBER),
)


def postgresql_kind(type_: TypeEngine[Any], times: Times) -> Kind | str:
    """Of PostgreSQL's types, domains by what they are made of."""
    if isinstance(type_, postgresql.DOMAIN):
        return postgresql_kind(type_.data_type, times)
    if isinstance(type_, postgresql.TIMESTAMP):
        return ZONED if type_.timezone else timestamp(times)
    return _by_class(type_, _POSTGRESQL_KINDS)


_POSTGRESQL_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], Kind], ...]] = (
    (postgresql.MONEY, replace(EXACT, reading=readings.AsExact)),
    (postgresql.REAL, FLOAT),
    (sqltypes.Double, DOUBLE),
    (sqltypes.Float, DOUBLE),
    (sqltypes.Numeric, EXACT),
    (sqltypes.Integer, INTEGER),
    (sqltypes.Boolean, BOOLEAN),
    (sqltypes.Date, DAY),
    (postgresql.JSONB, DOCUMENT),
    (sqltypes.JSON, replace(DOCUMENT, reading=readings.AsDocument)),
    (sqltypes.Enum, TEXT_BY_CAST),
    (sqltypes.CHAR, TEXT_BY_CAST),  # compares without the blanks at its end
    (postgresql.CITEXT, TEXT_BY_CAST),
    (sqltypes.String, TEXT),
    (sqltypes.Uuid, TEXT_BY_CAST),
    (sqltypes.Time, TEXT_BY_CAST),
    (postgresql.INTERVAL, TEXT_BY_CAST),
    (postgresql.INET, TEXT_BY_CAST),
    (postgresql.CIDR, TEXT_BY_CAST),
    (postgresql.MACADDR, TEXT_BY_CAST),
    (postgresql.OID, INTEGER),
)


def duckdb_kind(type_: TypeEngine[Any], times: Times) -> Kind | str:
    """Of DuckDB's types."""
    if isinstance(type_, sqltypes.TIMESTAMP):
        return ZONED if type_.timezone else timestamp(times)
    return _by_class(type_, _DUCKDB_KINDS)


_DUCKDB_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], Kind], ...]] = (
    (sqltypes.REAL, FLOAT),
    (sqltypes.Float, DOUBLE),
    (sqltypes.Numeric, EXACT),
    (sqltypes.Integer, INTEGER),
    (sqltypes.Boolean, BOOLEAN),
    (sqltypes.Date, DAY),
    (sqltypes.JSON, DOCUMENT),
    (sqltypes.Enum, TEXT_BY_CAST),
    (sqltypes.Uuid, TEXT_BY_CAST),
    (sqltypes.Time, TEXT_BY_CAST),
    (postgresql.INTERVAL, TEXT_BY_CAST),
    (sqltypes.String, TEXT),
)


def _by_class(type_: TypeEngine[Any], kinds: tuple[tuple[type[TypeEngine[Any]], Kind], ...]) -> Kind | str:
    found = next((kind for class_, kind in kinds if isinstance(type_, class_)), None)
    return found or f"values of type {type(type_).__name__} cannot be shown in a cell"


def clickhouse_kind(name: str, times: Times, server_zone: str) -> Kind | str:
    """Of ClickHouse's types by name, `LowCardinality(Nullable(String))` too; a DateTime is in `server_zone`."""
    base, _, arguments = _unwrapped(name).partition("(")
    if base in {"DateTime", "DateTime64"}:
        return _clickhouse_time(arguments, times, server_zone)
    if re.fullmatch(r"U?Int\d+", base):
        return INTEGER
    if base.startswith("Decimal"):
        return EXACT
    return _CLICKHOUSE_KINDS.get(base, f"values of type {base} cannot be shown in a cell")


_CLICKHOUSE_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "String": TEXT,
        "FixedString": replace(TEXT, reading=readings.AsUnpaddedText),
        **dict.fromkeys(("UUID", "Enum", "Enum8", "Enum16", "IPv4", "IPv6", "Time", "Time64"), TEXT_BY_CAST),
        "Float64": DOUBLE,
        **dict.fromkeys(("Float32", "BFloat16"), FLOAT),
        "Bool": BOOLEAN,
        "Date": DAY,
        "Date32": DAY,
    }
)


def _unwrapped(name: str) -> str:
    while match := re.fullmatch(r"(?:(?:Nullable|LowCardinality)\(|SimpleAggregateFunction\(\w+,\s*)(.*)\)", name):
        name = match[1]
    return name


def _clickhouse_time(arguments: str, times: Times, server_zone: str) -> Kind:
    named = re.search(r"'([^']+)'", arguments)
    zone = named[1] if named else server_zone
    local = times == "local" and named is None
    if zone in {"UTC", "Etc/UTC"}:
        return timestamp("local" if local else "utc")
    return timestamp("local", readings.Digits) if local else timestamp("utc", readings.InUTC)


def read_otherwise(kind: Kind, wanted: FieldType, times: Times) -> Kind:
    """The kind of a column that workbench.toml gives another type."""
    if kind.holds is wanted:
        return kind
    if wanted is FieldType.DATETIME:
        from_number = kind.holds.numeric
        return timestamp("utc" if from_number else times, readings.AsUnixTime if from_number else readings.AsMoment)
    return _OTHERWISE[wanted]


_OTHERWISE: Final[Mapping[FieldType, Kind]] = MappingProxyType(
    {
        FieldType.TEXT: TEXT_BY_CAST,
        FieldType.INTEGER: replace(INTEGER, reading=readings.AsInteger),
        FieldType.NUMBER: replace(DOUBLE, reading=readings.AsNumber),
        FieldType.BOOLEAN: replace(BOOLEAN, reading=readings.AsBoolean),
        FieldType.DATE: replace(DAY, reading=readings.AsDay),
    }
)
