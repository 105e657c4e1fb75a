"""Filters: what is wrong with a document is said with its path; values never stand in the SQL.

What filters find is tested with the operations, on every engine.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.own import own_entities
from stats_core.errors import ExpectedError, InvalidOptionsError, UnknownNameError
from stats_core.query.filters import MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES, OPERATORS, compile_filters
from stats_core.query.joins import Joined

BERLIN = ZoneInfo("Europe/Berlin")
CATALOG = Catalog(own_entities(), [])


def compiled(filters: Any, entity: str = "sales_order", dialect: Any = sqlite) -> str:
    joined = Joined(CATALOG, CATALOG.entity(entity))
    return str(compile_filters(filters, joined, BERLIN).compile(dialect=dialect.dialect()))


def refusal(filters: Any, entity: str = "sales_order") -> ExpectedError:
    with pytest.raises(ExpectedError) as caught:
        compiled(filters, entity)
    return caught.value


@pytest.mark.parametrize(
    ("filters", "path", "message"),
    [
        ({"statos": "PAID"}, "filters.statos", "No field of sales_order named 'statos'."),
        ({"status": {"$equals": "PAID"}}, "filters.status.$equals", "No operator named '$equals'."),
        ({"status": {"PAID": 1}}, "filters.status.PAID", "No operator named 'PAID'."),
        ({"$nor": []}, "filters.$nor", "No operator named '$nor'."),
        ({"status": 5}, "filters.status", "5 is not a text."),
        ({"status": {"$in": ["PAID", 5]}}, "filters.status.$in[1]", "5 is not a text."),
        ({"status": ["PAID", None, True]}, "filters.status[2]", "True is not a text."),
        ({"status": {"$in": "PAID"}}, "filters.status.$in", "'PAID' is not a list."),
        ({"total_cents": "a lot"}, "filters.total_cents", "'a lot' is not a whole number."),
        ({"total_cents": {"$gt": None}}, "filters.total_cents.$gt", "null has no order."),
        ({"total_cents": {"$gt": True}}, "filters.total_cents.$gt", "True is not a whole number."),
        (
            {"total_cents": {"$between": [1]}},
            "filters.total_cents.$between",
            "[…] is not a list of two values, the least and the greatest.",
        ),
        ({"total_cents": {"$like": "1%"}}, "filters.total_cents.$like", "Patterns want a text field."),
        ({"status": {"$exists": "yes"}}, "filters.status.$exists", "'yes' is not true or false."),
        (
            {"status": {"$like": "a\\"}},
            "filters.status.$like",
            "'a\\\\' ends with a single backslash; write two for a backslash.",
        ),
        (
            {"status": {"$contains": "x" * 1001}},
            "filters.status.$contains",
            "A pattern of 1001 characters is longer than 1000.",
        ),
        (
            {"status": {"$eq": "a\0"}},
            "filters.status.$eq",
            "'a\\x00' holds a character that no database stores (NUL or half a surrogate pair).",
        ),
        (
            {"created_at": "soon"},
            "filters.created_at",
            "'soon' is no date or time; write 2026-01-31 or 2026-01-31T10:00:00Z.",
        ),
        ({"$or": {"status": "PAID"}}, "filters.$or", "{…} is no list of filters."),
        ({"$or": [{"status": "PAID"}, "PAID"]}, "filters.$or[1]", "'PAID' is no filter."),
        ({"$and": [{"$not": {"$or": [{"status": 1}]}}]}, "filters.$and[0].$not.$or[0].status", "1 is not a text."),
        ({"$not": ["PAID"]}, "filters.$not", "[…] is no filter."),
        ({"status": {"$not": {"$gt": 1}}}, "filters.status.$not.$gt", "1 is not a text."),
        ({"status": {"$not": "PAID"}}, "filters.status.$not", "'PAID' is not an object of operators."),
        ({"store.merchant.nam": "x"}, "filters.store.merchant.nam", "No field of merchant named 'nam'."),
        ({"stor.name": "x"}, "filters.stor.name", "No relation of sales_order named 'stor'."),
        ({"store": 1}, "filters.store", "'store' is a relation of sales_order, not a field."),
        ({"revenue": 1}, "filters.revenue", "'revenue' is a measure of sales_order, not a field."),
        (
            {"status.deeper": 1},
            "filters.status.deeper",
            "'status' of sales_order is no relation, so 'status.deeper' leads nowhere.",
        ),
        ({7: "x"}, "filters.7", "7 is no name of a field."),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_with_its_path(filters: Any, path: str, message: str) -> None:
    found = refusal(filters)
    assert (found.path, found.message) == (path, message)


def test_near_names_are_offered_for_fields_relations_and_operators() -> None:
    assert refusal({"statos": 1}).hint == "Did you mean 'status'?"
    assert refusal({"stor.name": 1}).hint == "Did you mean 'store' or 'customer'?"
    assert refusal({"status": {"$startswith": "P"}}).hint == "Did you mean '$starts_with'?"
    assert "'refunds' behind a dot" in refusal({"status": {"refunds": "P"}}).hint
    assert refusal({"total_cents": "x"}).hint == "total_cents is of type integer."


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"metadata": {"$eq": "x"}}, "A JSON document is compared by one of its keys, as metadata.product_id."),
        ({"metadata": {"$contains": "x"}}, "Patterns want a text field."),
        ({"metadata.a": {"$gt": 5}}, "metadata.a is compared as text, in which 10 comes before 9; give a text."),
        ({"metadata.a": 1.5}, "1.5 is not a text."),
        ({'metadata.a"b': 1}, "'a\"b' is no path into the document 'metadata'."),
        ({"metadata.a..b": 1}, "'a..b' is no path into the document 'metadata'."),
        ({"metadata." + ".".join("a" * 11): 1}, "'a.a.a.a.a.a.a.a.a.a.a' is no path into the document 'metadata'."),
    ],
    ids=str,
)
def test_documents_are_compared_by_their_keys(filters: Any, message: str) -> None:
    assert refusal(filters, "analytics_event").message == message


def test_a_document_that_is_too_deep_too_long_or_too_wide_is_refused() -> None:
    deep: Any = {"status": "PAID"}
    for _ in range(MAX_DEPTH + 1):
        deep = {"$not": deep}
    deep_on_field: Any = {"$eq": "PAID"}
    for _ in range(MAX_DEPTH + 2):
        deep_on_field = {"$not": deep_on_field}
    assert "nested more than 50 deep" in refusal(deep).message
    assert "nested more than 50 deep" in refusal({"status": deep_on_field}).message
    many = [{"status": "PAID"}] * (MAX_CONDITIONS + 1)
    assert refusal({"$or": many}).message == "Filters hold more than 500 conditions."
    assert refusal({"$or": [{}] * (MAX_CONDITIONS + 1)}).message == "Filters hold more than 500 conditions."
    assert (
        refusal({"created_at": ["2026-01-01"] * (MAX_CONDITIONS + 1)}).message
        == "Filters hold more than 500 conditions."
    )
    values = list(range(MAX_VALUES + 1))
    assert refusal({"total_cents": values}).message == "Lists hold more than 10000 values."
    assert refusal({"x" * 501: 1}).message == "A name of 501 characters is no field."
    assert refusal({"parent." * 7 + "x": 1}).message == "No relation of sales_order named 'parent'."


def test_relations_are_followed_six_deep_and_joined_twenty_times() -> None:
    joined = Joined(CATALOG, CATALOG.entity("sales_order_line"))
    assert joined.field("order.store.merchant.name", path="").nullable
    with pytest.raises(UnknownNameError):
        joined.field("order.store.merchant.owner.name", path="")


def test_each_relation_is_joined_once_however_often_it_is_named() -> None:
    joined = Joined(CATALOG, CATALOG.entity("sales_order_line"))
    for name in ("order.status", "order.total_cents", "order.store.name", "order.store.currency", "product.name"):
        joined.field(name, path="")
    assert str(joined.rows).count("JOIN") == 3


@pytest.mark.parametrize("dialect", [sqlite, postgresql], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("operator", list(OPERATORS))
def test_no_value_stands_in_the_sql(operator: str, dialect: Any) -> None:
    poison = "x'; DROP TABLE sales_order; --"
    operands = {"$in": [poison], "$nin": [poison], "$between": [poison, poison], "$exists": True}
    for filters in (
        {"status": {operator: operands.get(operator, poison)}},
        {"$not": {"status": {operator: operands.get(operator, poison)}}},
    ):
        assert "DROP" not in compiled(filters, dialect=dialect)


def test_names_of_keys_in_documents_are_values_too() -> None:
    assert "DROP" not in compiled({"metadata.x'; DROP TABLE y; --": "1"}, "analytics_event")


@pytest.mark.parametrize(
    ("filters", "sql"),
    [
        ({"status": "PAID"}, "sales_order.status = ?"),
        ({"$not": {"status": "PAID"}}, "sales_order.status != ?"),
        ({"customer_id": {"$ne": 1}}, "sales_order.customer_id != ? OR sales_order.customer_id IS NULL"),
        ({"customer_id": None}, "sales_order.customer_id IS NULL"),
        ({"customer_id": {"$exists": True}}, "sales_order.customer_id IS NOT NULL"),
        ({"status": None}, "0 = 1"),
        ({"created_at": "2026-03-29"}, "sales_order.created_at >= ? AND sales_order.created_at < ?"),
        ({"created_at": {"$lte": "2026-03-29"}}, "sales_order.created_at < ?"),
    ],
    ids=str,
)
def test_conditions_are_as_plain_as_the_field_allows(filters: Any, sql: str) -> None:
    assert compiled(filters) == sql


def test_a_filter_that_asks_for_nothing_is_no_condition() -> None:
    joined = Joined(CATALOG, CATALOG.entity("sales_order"))
    assert compile_filters(None, joined, BERLIN) is None
    assert compile_filters({}, joined, BERLIN) is None


def test_errors_of_filters_are_options_errors() -> None:
    assert isinstance(refusal({"status": 5}), InvalidOptionsError)
