"""The language of computed fields and measures: what it reads, what it refuses, what it calculates on four engines."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, MetaData, Numeric, String, Table, select
from sqlalchemy.dialects import sqlite

from stats_core.catalog.entity import FieldType
from stats_core.catalog.expressions import (
    Expression,
    FormulaError,
    check_size,
    field_types,
    parse_expression,
)
from stats_core.catalog.formula_reader import MAX_DEPTH
from stats_core.errors import ExpectedError

FIELDS = {
    "price": FieldType.NUMBER,
    "quantity": FieldType.INTEGER,
    "paid": FieldType.BOOLEAN,
    "status": FieldType.TEXT,
    "at": FieldType.DATETIME,
    "document": FieldType.JSON,
    "unit price": FieldType.NUMBER,
}
TABLE = Table(
    "line",
    MetaData(),
    Column("price", Numeric()),
    Column("quantity", BigInteger()),
    Column("paid", Boolean()),
    Column("status", String()),
    Column("unit price", Numeric()),
)


def field(text: str) -> Expression:
    return parse_expression(text, aggregates=False)


def measure(text: str) -> Expression:
    return parse_expression(text, aggregates=True)


def sql(expression: Expression) -> str:
    return str(expression.compile(lambda name: TABLE.c[name]).compile(dialect=sqlite.dialect()))


@pytest.mark.parametrize(
    ("text", "expected", "names"),
    [
        ("quantity * price", "line.quantity * line.price", ("quantity", "price")),
        ("price * (1 - 0.19)", "line.price * (1 - 0.19)", ("price",)),
        ("price - (quantity - 1)", "line.price - (line.quantity - 1)", ("price", "quantity")),
        ("-price", "0 - line.price", ("price",)),
        ("--price", "0 - (0 - line.price)", ("price",)),
        ("+price", "line.price", ("price",)),
        ("`unit price` + price", 'line."unit price" + line.price', ("unit price", "price")),
        (
            "price /\n  quantity",
            "CAST(line.price AS REAL) / nullif(CAST(line.quantity AS REAL), 0)",
            ("price", "quantity"),
        ),
        ("price * (1 / 2)", "line.price * (CAST(1 AS REAL) / nullif(CAST(2 AS REAL), 0))", ("price",)),
        ("1e-7 * price", "0.0000001 * line.price", ("price",)),
    ],
)
def test_a_computed_field_becomes_sql(text, expected, names):
    expression = field(text)
    assert (sql(expression), expression.names) == (expected, names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count()", "count(*)"),
        ("count(price)", "count(line.price)"),
        ("count_distinct(status)", "count(DISTINCT line.status)"),
        ("sum(quantity * price)", "coalesce(sum(line.quantity * line.price), 0)"),
        ("sum(paid)", "coalesce(sum(CASE WHEN line.paid THEN 1 WHEN line.paid = 0 THEN 0 END), 0)"),
        ("count(where=paid)", "count(CASE WHEN line.paid THEN 1 END)"),
        ("sum(price, where=status == 'A')", "coalesce(sum(CASE WHEN (line.status = ?) THEN line.price END), 0)"),
        ("max(price) - min(price)", "max(line.price) - min(line.price)"),
    ],
)
def test_a_measure_becomes_sql(text, expected):
    assert sql(measure(text)) == expected


def test_texts_of_conditions_are_bound_and_never_stand_in_the_sql():
    compiled = measure("count(where=status in (\"x'); DROP TABLE line; --\", 'b') and price > -2.5)").compile(
        lambda name: TABLE.c[name]
    )
    written = compiled.compile(dialect=sqlite.dialect())
    assert "DROP" not in str(written)
    assert list(written.params.values()) == [["x'); DROP TABLE line; --", "b"], Decimal("-2.5")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The formula is empty."),
        ("price +", "The formula cannot be read: invalid syntax."),
        ("price ** 2", "The operator ** at character 7 is not one of + - * /."),
        ("(ü) //(price)", "The operator // at character 5 is not one of + - * /."),
        ("price // 2", "The operator // at character 7 is not one of + - * /."),
        ("price % 2", "The operator % at character 7 is not one of + - * /."),
        ("price if 1 else 2", "Something stands that formulas do not have at character 1."),
        ("[price]", "Something stands that formulas do not have at character 1."),
        ("price[0]", "Something stands that formulas do not have at character 1."),
        ("(lambda: 1)", "Something stands that formulas do not have at character 2."),
        ("f'{price}'", "Something stands that formulas do not have at character 1."),
        ("1 + 'a'", "The text 'a' is no number at character 5."),
        ("1 + True", "True is no number at character 5."),
        ("price + 1j", "1j is no number at character 9."),
        ("price * 1e999", "A number of 1e+15 or more stands at character 9."),
        ("9" * 400, "A number of 1e+15 or more stands at character 1."),
        ("order.price", "A dotted name stands at character 1."),
        ("über.price", "A dotted name stands at character 1."),
        ("ü + order.price", "A dotted name stands at character 5."),
        ("sum(price)", "sum() stands in a computed field at character 1."),
        ("system('ls')", "No function 'system' is known at character 1."),
        ("(price)(1)", "No function 'price' is known at character 1."),
        ("a.b(price)", "Something that is no function is called at character 1."),
        ("__import__('os').system('id')", "Something that is no function is called at character 1."),
        ('"quantity" * 2', "The text 'quantity' is no number at character 1."),
        ("x" * 1001, "The formula has 1001 characters; at most 1000 are read."),
        ("-" * 500 + "1", f"The formula is nested more than {MAX_DEPTH} deep at character {MAX_DEPTH + 1}."),
        ("price\0", "The formula cannot be read: source code string cannot contain null bytes."),
        ("#price", "The formula cannot be read: invalid syntax."),
        ("price; price", "The formula cannot be read at character 6: invalid syntax."),
    ],
)
def test_what_is_no_computed_field_is_refused_with_its_place(text, message):
    with pytest.raises(FormulaError) as caught:
        field(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price", "'price' at character 1 stands outside an aggregate function."),
        ("sum(price) / quantity", "'quantity' at character 14 stands outside an aggregate function."),
        ("sum(1 + max(price))", "max() stands inside sum() at character 9."),
        ("sum()", "sum() takes one field at character 1."),
        ("sum(price, quantity)", "sum() takes one field at character 1."),
        ("summ(price)", "No function 'summ' is known at character 1."),
        ("sum(price, when=paid)", "sum() has an unknown argument at character 1."),
        ("sum(price, **paid)", "sum() has an unknown argument at character 1."),
        (
            "count(where=status == price)",
            "Fields are compared with constants, and something else stands at character 23.",
        ),
        ("count(where=1 < quantity < 3)", "A condition is not understood at character 13."),
        ("count(where=status in 'AB')", "After in stands a list at character 23."),
        ("count(where=status in ())", "After in stands a list at character 23."),
        ("count(where=status is None)", "A condition is not understood at character 13."),
        ("count(where=" + "not " * 80 + "paid)", "The condition is nested more than 60 deep at character 249."),
    ],
)
def test_what_is_no_measure_is_refused_with_its_place(text, message):
    with pytest.raises(FormulaError) as caught:
        measure(text)
    assert caught.value.message == message


def test_a_misspelt_function_has_its_near_names():
    with pytest.raises(FormulaError) as caught:
        measure("count_distict(status)")
    assert caught.value.hint == "Did you mean 'count_distinct'?"


@given(st.text(alphabet="abx01.,()+-*/=<>'\"`_ \n\t#[]{}:;!@%&|~^\\\0é٣ƒsumcountwhereinnot", max_size=60))
@example("sum(a, where=a in (b'x',))")
@example("count(where=a == b'x')")
@example("'\\d'")
@example("1if 2else 3")
@example("(" * 190 + "a" + ")" * 190)
def test_any_text_gives_a_formula_or_an_expected_error(text):
    depth = sys.getrecursionlimit()
    for aggregates in (False, True):
        try:
            found = parse_expression(text, aggregates=aggregates)
        except ExpectedError:
            continue
        assert found.text == text
    assert sys.getrecursionlimit() == depth


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (field("quantity + 1"), "integer"),
        (field("quantity * quantity - 2"), "integer"),
        (field("-quantity"), "integer"),
        (field("quantity / 2"), "number"),
        (field("quantity * 0.5"), "number"),
        (field("quantity * price"), "number"),
        (measure("count()"), "integer"),
        (measure("count_distinct(status)"), "integer"),
        (measure("sum(quantity)"), "integer"),
        (measure("sum(paid)"), "integer"),
        (measure("sum(price)"), "number"),
        (measure("avg(quantity)"), "number"),
        (measure("max(at)"), "datetime"),
        (measure("min(status)"), "text"),
        (measure("sum(quantity) / count()"), "number"),
    ],
    ids=lambda value: getattr(value, "text", value),
)
def test_the_type_of_a_formula_follows_from_its_fields(expression, expected):
    assert expression.type(FIELDS).value == expected


AS_NUMBER = 'If its texts are numbers, say so: types.status = "number".'


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        (field("quanttiy * 2"), "No field named 'quanttiy', at character 1.", "Did you mean 'quantity'?"),
        (field("price + status"), "'status' is text, and only numbers can be calculated with.", AS_NUMBER),
        (field("paid + 1"), "'paid' is boolean, and only numbers can be calculated with.", ""),
        (
            measure("sum(status)"),
            "sum() at character 1 wants a number, and 'status' is text.",
            f"{AS_NUMBER} count_distinct, min and max work on any field.",
        ),
        (measure("max(document)"), "max() at character 1 cannot order json values.", ""),
        (measure("max(at) + 1"), "its argument is datetime, and only numbers can be calculated with.", ""),
        (measure("count(where=status)"), "'status' at character 13 is text and cannot be a condition of its own.", ""),
        (
            measure("count(where=price == 'a')"),
            "'price' at character 13 is number and cannot be compared with 'a'.",
            "",
        ),
        (
            measure("count(where=paid in (1, 0))"),
            "'paid' at character 13 is boolean and cannot be compared with 1.",
            "",
        ),
    ],
    ids=lambda value: getattr(value, "text", None),
)
def test_what_cannot_be_calculated_is_refused_with_the_field(expression, message, hint):
    with pytest.raises(FormulaError) as caught:
        expression.type(FIELDS)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_computed_fields_may_build_on_each_other_in_any_order():
    formulas = {"net": field("gross - tax"), "tax": field("gross * 0.19"), "gross": field("quantity * 2")}
    found = field_types({"quantity": FieldType.INTEGER}, formulas)
    assert {name: found[name].value for name in formulas} == {"net": "number", "tax": "number", "gross": "integer"}


def test_computed_fields_that_lead_in_a_circle_are_named():
    with pytest.raises(FormulaError) as caught:
        field_types({"x": FieldType.INTEGER}, {"a": field("b + x"), "b": field("c"), "c": field("2 * b")})
    assert caught.value.message == "Computed fields lead in a circle: b -> c -> b."


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        (
            {f"f{n}": field(f"f{n + 1} + 1") for n in range(2000)},
            "Computed fields build on each other more than 60 deep.",
        ),
        (
            {f"f{n}": field(f"f{n - 1} + 1" if n else "x") for n in range(2000)},
            "With the computed fields it uses, the formula has 121 parts, 61 deep; at most 2000 and 60 are calculated.",
        ),
        (
            {f"f{n}": field(f"f{n - 1} + f{n - 1}" if n else "x") for n in range(40)},
            (
                "With the computed fields it uses, the formula has 2047 parts, 11 deep; "
                "at most 2000 and 60 are calculated."
            ),
        ),
    ],
    ids=["deep, last first", "deep", "large"],
)
def test_computed_fields_that_grow_too_large_for_a_statement_are_refused(formulas, message):
    with pytest.raises(FormulaError) as caught:
        field_types({"f2000": FieldType.INTEGER, "x": FieldType.INTEGER}, formulas)
    assert caught.value.message == message


def test_a_measure_that_grows_too_large_by_its_computed_fields_is_refused():
    formulas = {f"f{n}": field(f"f{n - 1} + f{n - 1}" if n else "x") for n in range(10)}
    with pytest.raises(FormulaError, match="has 2049 parts"):
        check_size(measure("sum(f9) + sum(f9)"), formulas)
    check_size(measure("sum(f9)"), formulas)


@pytest.mark.parametrize(
    ("text", "additive"),
    [
        ("count()", True),
        ("sum(price)", True),
        ("sum(price, where=paid) - 2 * count() + -sum(quantity)", True),
        ("sum(price) / 100", True),
        ("sum(price) / count()", False),
        ("sum(price) + 1", False),
        ("sum(price) * sum(price)", False),
        ("avg(price)", False),
        ("max(price)", False),
        ("count_distinct(status)", False),
    ],
)
def test_only_sums_and_counts_add_up(text, additive):
    assert measure(text).additive is additive


MEASURES = {
    "count()": 4,
    "count(quantity)": 3,
    "count_distinct(status)": 2,
    "sum(quantity)": 6_000_000_000,
    "avg(quantity)": 2_000_000_000,
    "sum(price)": 0.6,
    "sum(price * (1 - 0.1))": 0.54,
    "sum(small * small)": 30_000_000_000,
    "sum(small) / count()": 75_000,
    "sum(quantity) / 4": 1_500_000_000,
    "count() / 3": 4 / 3,
    "sum(quantity) / (count() - 4)": None,
    "sum(price / zero)": 0,
    "sum(paid)": 2,
    "avg(paid)": 2 / 3,
    "count(where=paid)": 2,
    "count(where=not paid)": 2,
    "count(where=status in ('A', 'Z') and price > 0.1)": 1,
    "count(where=status not in ('B',) or price == 0.3)": 4,
    "count(where=status != 'A')": 2,
    "sum(price, where=status == 'none')": 0,
    "avg(price / zero)": None,
    "max(price) - min(price)": 0.3,
    "min(status)": "A",
}


LINE = (
    "id INTEGER PRIMARY KEY, status VARCHAR(9), quantity BIGINT, small INTEGER, price NUMERIC(12,2), paid BOOLEAN, "
    "zero INTEGER"
)
CLICKHOUSE_LINE = (
    "id Int32, status Nullable(String), quantity Nullable(Int64), small Int32, price Decimal(12,2), "
    "paid Nullable(Bool), zero Int32) ENGINE = MergeTree ORDER BY (id"
)
ROWS = (
    "(1, 'A', 2000000000, 100000, 0.1, true, 0), (2, 'A', 2000000000, 100000, 0.2, true, 0), "
    "(3, 'B', 2000000000, 100000, 0.3, false, 0), (4, NULL, NULL, 0, 0, NULL, 0)"
)


def test_measures_give_the_same_on_every_engine(shop, attach, ask):
    shop.run(
        f"CREATE TABLE line ({CLICKHOUSE_LINE if shop.dialect == 'clickhousedb' else LINE})",
        f"INSERT INTO line VALUES {ROWS}",
    )
    measures = {f"m{n}": text for n, text in enumerate(MEASURES)}
    catalog = attach(shop.url, "line", entities={"line": {"measures": measures}})
    assert catalog.problems() == ()
    line = catalog.entity("line")
    columns = [measure.expression.compile(lambda name: line.table.c[name]) for measure in line.measures.values()]
    found = ask(catalog, "shop", select(*columns)).rows[0]
    assert dict(zip(MEASURES, found, strict=True)) == {
        text: value if isinstance(value, str | None) else pytest.approx(value, rel=1e-12)
        for text, value in MEASURES.items()
    }


@pytest.mark.parametrize(
    ("formula", "exact"),
    [("sum(quantity * quantity)", 27000000006000000001), ("sum(quantity) * 4e14 * 1000", 9000000001 * 4 * 10**17)],
)
def test_integers_beyond_64_bits_are_exact_or_refused_and_never_wrong(shop, attach, ask, formula, exact):
    engine = ") ENGINE = MergeTree ORDER BY (quantity" if shop.dialect == "clickhousedb" else ""
    shop.run(
        f"CREATE TABLE line (quantity BIGINT{engine})",
        "INSERT INTO line VALUES (3000000000), (3000000000), (3000000001)",
    )
    catalog = attach(shop.url, "line", entities={"line": {"measures": {"figure": formula}}})
    line = catalog.entity("line")
    statement = select(line.measures["figure"].expression.compile(lambda name: line.table.c[name]))
    if shop.dialect == "sqlite" and formula == "sum(quantity * quantity)":
        with pytest.raises(ExpectedError, match="a number is too large"):
            ask(catalog, "shop", statement)
    else:
        assert ask(catalog, "shop", statement).rows[0][0] == pytest.approx(exact, rel=1e-15)
