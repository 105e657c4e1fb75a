"""Columns of every type that the four engines have: what they are to us, and how their values come back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import String, func, select, type_coerce

from stats_core.catalog.kinds import clickhouse_kind
from stats_core.catalog.moments import WallClock
from stats_core.catalog.readings import Digits, InUTC, read_as

NOON = datetime(2024, 1, 31, 12, 0, 0, 250000, tzinfo=UTC)
WALL = NOON.replace(tzinfo=None)

SQLITE = {  # column: (declared, stored, field type, read)
    "id": ("INTEGER PRIMARY KEY", "1", "integer", 1),
    "big": ("BIGINT", "9007199254740993", "integer", 9007199254740993),
    "price": ("DECIMAL(10,2)", "12.5", "number", 12.5),
    "ratio": ("DOUBLE", "0.25", "number", 0.25),
    "number_as_text": ("NUMERIC", "'n/a'", "number", None),
    "blank": ("INT", "''", "integer", None),
    "name": ("VARCHAR(20)", "'Ann'", "text", "Ann"),
    "kind": ("UUID", "'8a52'", "text", "8a52"),
    "untyped": ("", "5", "text", "5"),
    "yes": ("BOOLEAN", "1", "boolean", True),
    "word": ("BOOL", "'No'", "boolean", False),
    "day": ("DATE", "'2024-01-31'", "date", date(2024, 1, 31)),
    "day_with_time": ("DATE", "'2024-01-31 23:59:59'", "date", date(2024, 1, 31)),
    "no_day": ("DATE", "'soon'", "date", None),
    "blank_time": ("DATETIME", "'2024-01-31 12:00:00.250'", "datetime", NOON),
    "t_time": ("DATETIME", "'2024-01-31T12:00:00.25'", "datetime", NOON),
    "zulu": ("TIMESTAMP", "'2024-01-31T12:00:00.250000Z'", "datetime", NOON),
    "offset": ("TIMESTAMP WITH TIME ZONE", "'2024-01-31 13:00:00.25+01:00'", "datetime", NOON),
    "seconds": ("TIMESTAMP", "1706702400.25", "datetime", NOON),
    "milliseconds": ("TIMESTAMP", "1706702400250", "datetime", NOON),
    "midnight": ("DATETIME", "'2024-01-31'", "datetime", datetime(2024, 1, 31, tzinfo=UTC)),
    "no_time": ("DATETIME", "'0000-00-00 00:00:00'", "datetime", None),
    "document": ("JSON", "'{\"a\": [1]}'", "json", {"a": [1]}),
    "no_document": ("JSON", "'{'", "json", None),
    "photo": ("BLOB", "x'00'", None, None),
}
POSTGRESQL = {
    "id": ("integer PRIMARY KEY", "1", "integer", 1),
    "big": ("bigint", "9007199254740993", "integer", 9007199254740993),
    "price": ("numeric(10,2)", "12.5", "number", 12.5),
    "money": ("money", "12.5", "number", 12.5),
    "ratio": ("double precision", "0.25", "number", 0.25),
    "small": ("real", "0.25", "number", 0.25),
    "name": ("varchar(20)", "'Ann'", "text", "Ann"),
    "padded": ("char(5)", "'Ann'", "text", "Ann"),
    "mood": ("mood", "'happy'", "text", "happy"),
    "uuid": ("uuid", "'8a52c1de-0000-4000-8000-000000000000'", "text", "8a52c1de-0000-4000-8000-000000000000"),
    "address": ("inet", "'10.0.0.1/32'", "text", "10.0.0.1/32"),
    "part": ("interval", "'1 day'", "text", "1 day"),
    "clock": ("time", "'12:00'", "text", "12:00:00"),
    "yes": ("boolean", "true", "boolean", True),
    "day": ("date", "'2024-01-31'", "date", date(2024, 1, 31)),
    "unzoned": ("timestamp", "'2024-01-31 12:00:00.25'", "datetime", NOON),
    "zoned": ("timestamptz", "'2024-01-31 13:00:00.25+01'", "datetime", NOON),
    "document": ("jsonb", "'{\"a\": [1]}'", "json", {"a": [1]}),
    "old_document": ("json", "'{\"a\": [1]}'", "json", {"a": [1]}),
    "whole": ("whole", "7", "integer", 7),
    "photo": ("bytea", "'\\x00'", None, None),
    "list": ("integer[]", "'{1}'", None, None),
    "search": ("tsvector", "'a'", None, None),
}
DUCKDB = {
    "id": ("INTEGER PRIMARY KEY", "1", "integer", 1),
    "tiny": ("TINYINT", "1", "integer", 1),
    "unsigned": ("UBIGINT", "9007199254740993", "integer", 9007199254740993),
    "huge": ("HUGEINT", "9007199254740993", "integer", 9007199254740993),
    "price": ("DECIMAL(10,2)", "12.5", "number", 12.5),
    "ratio": ("DOUBLE", "0.25", "number", 0.25),
    "small": ("FLOAT", "0.25", "number", 0.25),
    "name": ("VARCHAR", "'Ann'", "text", "Ann"),
    "mood": ("ENUM ('happy')", "'happy'", "text", "happy"),
    "uuid": ("UUID", "'8a52c1de-0000-4000-8000-000000000000'", "text", "8a52c1de-0000-4000-8000-000000000000"),
    "part": ("INTERVAL", "INTERVAL 1 DAY", "text", "1 day"),
    "clock": ("TIME", "'12:00'", "text", "12:00:00"),
    "yes": ("BOOLEAN", "true", "boolean", True),
    "day": ("DATE", "'2024-01-31'", "date", date(2024, 1, 31)),
    "unzoned": ("TIMESTAMP", "'2024-01-31 12:00:00.25'", "datetime", NOON),
    "coarse": ("TIMESTAMP_S", "'2024-01-31 12:00:00'", "datetime", NOON.replace(microsecond=0)),
    "zoned": ("TIMESTAMPTZ", "'2024-01-31 13:00:00.25+01'", "datetime", NOON),
    "document": ("JSON", "'{\"a\": [1]}'", "json", {"a": [1]}),
    "photo": ("BLOB", "'a'", None, None),
    "list": ("INTEGER[]", "[1]", None, None),
    "struct": ("STRUCT(a INTEGER)", "{'a': 1}", None, None),
    "pairs": ("MAP(INTEGER, INTEGER)", "MAP {1: 1}", None, None),
}
CLICKHOUSE = {
    "id": ("Int32", "1", "integer", 1),
    "unsigned": ("UInt64", "9007199254740993", "integer", 9007199254740993),
    "huge": ("Int128", "9007199254740993", "integer", 9007199254740993),
    "maybe": ("Nullable(Int64)", "NULL", "integer", None),
    "price": ("Decimal(10, 2)", "12.5", "number", 12.5),
    "ratio": ("Float64", "0.25", "number", 0.25),
    "small": ("Nullable(Float32)", "0.25", "number", 0.25),
    "nan": ("Float64", "nan", "number", None),
    "name": ("String", "'Ann'", "text", "Ann"),
    "few": ("LowCardinality(Nullable(String))", "'Ann'", "text", "Ann"),
    "padded": ("FixedString(5)", "'Ann'", "text", "Ann"),
    "mood": ("Enum8('happy' = 1)", "'happy'", "text", "happy"),
    "uuid": ("UUID", "'8a52c1de-0000-4000-8000-000000000000'", "text", "8a52c1de-0000-4000-8000-000000000000"),
    "address": ("IPv4", "'10.0.0.1'", "text", "10.0.0.1"),
    "yes": ("Bool", "true", "boolean", True),
    "day": ("Date", "'2024-01-31'", "date", date(2024, 1, 31)),
    "far_day": ("Nullable(Date32)", "'2024-01-31'", "date", date(2024, 1, 31)),
    "seconds": ("DateTime", "'2024-01-31 12:00:00'", "datetime", NOON.replace(microsecond=0)),
    "fine": ("Nullable(DateTime64(3))", "'2024-01-31 12:00:00.25'", "datetime", NOON),
    "in_berlin": ("DateTime64(6, 'Europe/Berlin')", "'2024-01-31 13:00:00.25'", "datetime", NOON),
    "latest": ("SimpleAggregateFunction(max, Int64)", "5", "integer", 5),
    "list": ("Array(Int32)", "[1]", None, None),
    "pair": ("Tuple(Int32, Int32)", "(1, 1)", None, None),
    "pairs": ("Map(String, Int32)", "map('a', 1)", None, None),
    "state": ("AggregateFunction(sum, Int64)", "(SELECT sumState(toInt64(1)))", None, None),
}
COLUMNS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "duckdb": DUCKDB, "clickhousedb": CLICKHOUSE}
BEFORE = {"postgresql": ["CREATE TYPE mood AS ENUM ('happy')", "CREATE DOMAIN whole AS integer"]}
AFTER = {"clickhousedb": " ENGINE = MergeTree ORDER BY id"}


def quoted(dialect: str, name: str) -> str:
    return f"`{name}`" if dialect == "clickhousedb" else f'"{name}"'


def create(dialect: str, table: str, columns: dict[str, tuple[Any, ...]]) -> list[str]:
    """Statements that make the table with one row."""
    declared = ", ".join(f"{quoted(dialect, name)} {declared}" for name, (declared, *_) in columns.items())
    stored = ", ".join(stored for _, stored, *_ in columns.values())
    return [
        *BEFORE.get(dialect, []),
        f"CREATE TABLE {table} ({declared}){AFTER.get(dialect, '')}",
        f"INSERT INTO {table} SELECT {stored}",
    ]


def test_every_type_of_column_is_known_and_its_values_come_back_plain(shop, attach, ask):
    columns = COLUMNS[shop.dialect]
    shop.run(*create(shop.dialect, "thing", columns))

    catalog = attach(shop.url, "thing")

    readable = {name: (kind, value) for name, (_, _, kind, value) in columns.items() if kind is not None}
    entity = catalog.entity("thing")
    assert {name: field.type.value for name, field in entity.fields.items()} == {
        name: kind for name, (kind, _) in readable.items()
    }
    found = ask(catalog, "shop", select(*(entity.table.c[name] for name in readable)))
    assert dict(zip(found.columns, found.rows[0], strict=True)) == {
        name: value for name, (_, value) in readable.items()
    }
    assert {type(value) for value in found.rows[0]} <= {type(None), bool, int, float, str, date, datetime, dict}
    assert {problem.path for problem in catalog.problems()} == {
        f"sources.shop.entities.thing.{name}" for name in columns if name not in readable
    }


def test_times_of_a_shop_that_keeps_local_time_come_back_as_they_stand(shop, attach, ask):
    columns = {
        name: column for name, column in COLUMNS[shop.dialect].items() if name == "id" or column[2] == "datetime"
    }
    shop.run(*create(shop.dialect, "thing", columns))

    catalog = attach(shop.url, "thing", times="local")

    zoned = {"zoned", "in_berlin"}  # these say which moment they mean
    entity = catalog.entity("thing")
    times = [name for name in columns if name != "id"]
    assert {name: entity.fields[name].wall_clock for name in times} == {name: name not in zoned for name in times}
    found = ask(catalog, "shop", select(*(entity.table.c[name] for name in times)))
    hour_later = {"offset": WALL.replace(hour=13)}  # 13:00+01:00: what the clock showed
    expected = {
        name: value if name in zoned or value is None else hour_later.get(name, value.replace(tzinfo=None))
        for name, (_, _, kind, value) in columns.items()
        if kind == "datetime"
    }
    assert dict(zip(times, found.rows[0], strict=True)) == expected


def test_every_time_can_be_compared_to_the_microsecond(shop, attach, ask):
    columns = {name: column for name, column in COLUMNS[shop.dialect].items() if column[2] == "datetime" and column[3]}
    shop.run(*create(shop.dialect, "thing", {"id": COLUMNS[shop.dialect]["id"], **columns}))
    catalog = attach(shop.url, "thing")
    table = catalog.entity("thing").table

    for name, (_, _, _, value) in columns.items():
        column = table.c[name]
        later = value.replace(microsecond=value.microsecond + 1)
        tests = [
            column >= value, column <= value, column == value, column.in_([value, later]), column.between(value, value),
            column < later, column > value, column != value, column.in_([later]), column.not_in([value]),
        ]  # fmt: skip
        found = [ask(catalog, "shop", select(func.count()).select_from(table).where(test)).rows[0][0] for test in tests]
        assert (name, found) == (name, [1] * 6 + [0] * 4)


@pytest.mark.parametrize(
    ("name", "times", "server_zone", "wall_clock", "reading"),
    [
        ("DateTime", "utc", "UTC", False, None),
        ("DateTime", "utc", "Europe/Berlin", False, InUTC),
        ("DateTime64(3)", "local", "Etc/UTC", True, None),
        ("Nullable(DateTime64(3))", "local", "Europe/Berlin", True, Digits),
        ("DateTime('Europe/Berlin')", "local", "UTC", False, InUTC),
        ("LowCardinality(Nullable(DateTime('UTC')))", "local", "Europe/Berlin", False, None),
    ],
)
def test_times_of_a_clickhouse_that_lives_in_another_zone(name, times, server_zone, wall_clock, reading):
    kind = clickhouse_kind(name, times, server_zone)
    assert (kind.holds.value, kind.wall_clock, kind.reading) == ("datetime", wall_clock, reading)


def test_the_clock_on_the_wall_of_a_clickhouse_in_another_zone_is_read_digit_by_digit(clickhouse_shop, attach, ask):
    clickhouse_shop.run(
        "CREATE TABLE thing (id Int32, at DateTime('Europe/Berlin')) ENGINE = MergeTree ORDER BY id",
        "INSERT INTO thing VALUES (1, '2024-01-31 12:00:00')",
    )
    catalog = attach(clickhouse_shop.url, "thing")
    at = catalog.entity("thing").table.c.at
    as_if_unzoned = read_as(Digits, type_coerce(at, String()), WallClock())
    found = ask(catalog, "shop", select(at, as_if_unzoned).where(as_if_unzoned == datetime(2024, 1, 31, 11)))  # noqa: DTZ001
    assert found.rows == [(datetime(2024, 1, 31, 11, tzinfo=UTC), datetime(2024, 1, 31, 11))]  # noqa: DTZ001


TEXTS = {"whole": "'12'", "part": "'12.5'", "word": "'yes'", "day": "'2024-01-31'", "time": "'2024-01-31T12:00:00.25Z'"}
AS = {"whole": "integer", "part": "number", "word": "boolean", "day": "date", "time": "datetime", "unix": "datetime"}


@pytest.mark.parametrize(
    ("times", "time", "unix"),
    [("utc", NOON, NOON.replace(microsecond=0)), ("local", WALL, NOON.replace(microsecond=0))],
)
def test_settings_say_what_a_text_or_a_number_means(shop, attach, ask, times, time, unix):
    text, integer = ("String", "Int64") if shop.dialect == "clickhousedb" else ("VARCHAR(40)", "BIGINT")
    columns = {
        "id": (integer, "1"),
        **{name: (text, stored) for name, stored in TEXTS.items()},
        "unix": (integer, "1706702400"),
    }
    shop.run(*create(shop.dialect, "thing", columns))

    catalog = attach(shop.url, "thing", times=times, entities={"thing": {"types": AS}})

    entity = catalog.entity("thing")
    assert {name: entity.fields[name].type.value for name in AS} == AS
    assert ask(catalog, "shop", select(*(entity.table.c[name] for name in AS))).rows == [
        (12, 12.5, True, date(2024, 1, 31), time, unix)
    ]
    assert catalog.problems() == ()


def test_texts_that_mean_nothing_are_null_or_an_error_that_says_so(shop, attach, ask):
    text = "String" if shop.dialect == "clickhousedb" else "VARCHAR(40)"
    shop.run(*create(shop.dialect, "thing", {"id": ("INTEGER", "1"), **dict.fromkeys(TEXTS, (text, "'soon'"))}))
    catalog = attach(shop.url, "thing", entities={"thing": {"types": {name: AS[name] for name in TEXTS}}})
    table = catalog.entity("thing").table

    if shop.dialect == "postgresql":
        with pytest.raises(
            Exception, match="could not calculate this: a number is too large, or a value is not of its"
        ):
            ask(catalog, "shop", select(table.c.part))
    else:
        assert ask(catalog, "shop", select(*(table.c[name] for name in TEXTS))).rows == [(None,) * len(TEXTS)]


@pytest.mark.parametrize("stored", ["'inf'", "'-Infinity'", "'NaN'"])
def test_texts_of_no_finite_number_do_not_take_a_whole_sum_along(shop, attach, ask, stored):
    text = "String" if shop.dialect == "clickhousedb" else "VARCHAR(40)"
    shop.run(*create(shop.dialect, "thing", {"id": ("INTEGER", "1"), "part": (text, stored)}))
    shop.run("INSERT INTO thing VALUES (2, '2.5')")
    catalog = attach(shop.url, "thing", entities={"thing": {"types": {"part": "number"}}})
    part = catalog.entity("thing").table.c.part
    assert ask(catalog, "shop", select(func.sum(part), func.count(part), func.count())).rows == [(2.5, 1, 2)]
