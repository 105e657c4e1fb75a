"""Aggregates: what goes with which field, what nothing adds up to, and what a figure is said to mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import FieldType
from stats_core.catalog.expressions import parse_expression
from stats_core.catalog.own import own_entities
from stats_core.errors import ExpectedError
from stats_core.query.aggregates import Aggregate, Figure, figure_of, normal, over_nothing
from stats_core.query.joins import Joined

CATALOG = Catalog(own_entities(), [])


def figure(entity: str, **asked: str) -> Figure:
    return figure_of(Aggregate.model_validate(asked), Joined(CATALOG, CATALOG.entity(entity)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "give either fn"),
        ({"fn": "count", "measure": "orders"}, "give either fn"),
        ({"measure": "orders", "field": "id"}, "leave field out"),
        ({"fn": "sum"}, "sum needs a field"),
        ({"fn": "median", "field": "id"}, "Input should be"),
        ({"fn": "sum", "field": "id", "distinct": True}, "Extra inputs"),
        ({"fn": "sum", "field": 5}, "valid string"),
    ],
)
def test_an_aggregate_is_a_function_with_its_field_or_a_measure(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Aggregate.model_validate(asked)


@pytest.mark.parametrize(
    ("entity", "asked", "path", "message"),
    [
        (
            "sales_order",
            {"fn": "sum", "field": "status"},
            "aggregate.field",
            "sum wants a number, and status is of type text.",
        ),
        (
            "sales_order",
            {"fn": "avg", "field": "created_at"},
            "aggregate.field",
            "avg wants a number, and created_at is of type datetime.",
        ),
        (
            "analytics_session",
            {"fn": "max", "field": "is_bounce"},
            "aggregate.field",
            "max wants a number, a text, a date or a time, and is_bounce is of type boolean.",
        ),
        (
            "analytics_event",
            {"fn": "count_distinct", "field": "metadata"},
            "aggregate.field",
            "count_distinct wants a field that is no JSON document, and metadata is of type json.",
        ),
        (
            "sales_order",
            {"fn": "sum", "field": "totalcents"},
            "aggregate.field",
            "No field of sales_order named 'totalcents'.",
        ),
        ("sales_order", {"measure": "revenu"}, "aggregate.measure", "No measure of sales_order named 'revenu'."),
    ],
    ids=str,
)
def test_a_function_that_does_not_go_with_the_field_is_refused(
    entity: str, asked: Any, path: str, message: str
) -> None:
    with pytest.raises(ExpectedError) as caught:
        figure(entity, **asked)
    assert (caught.value.path, caught.value.message) == (path, message)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sum(a)", 0),
        ("count()", 0),
        ("count_distinct(a)", 0),
        ("avg(a)", None),
        ("min(a) + 1", None),
        ("sum(a) / sum(b)", None),
        ("sum(a) / 4", 0.0),
        ("sum(a) - sum(b)", 0),
        ("100 - sum(a) * 2.5", 100.0),
        ("-count() + 3", 3),
        ("1 / (count() - count())", None),
    ],
)
def test_over_nothing_counts_and_sums_are_0_and_ratios_null(formula: str, expected: float | None) -> None:
    found = over_nothing(parse_expression(formula, aggregates=True))
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("raw", "type_", "expected"),
    [
        (None, FieldType.NUMBER, None),
        (Decimal("12.50"), FieldType.NUMBER, 12.5),
        (0.1 + 0.2, FieldType.NUMBER, 0.3),
        (1234567.891234567, FieldType.NUMBER, 1234567.89123),
        (-0.0, FieldType.NUMBER, 0.0),
        (3, FieldType.NUMBER, 3.0),
        (Decimal(7), FieldType.INTEGER, 7),
        ("Zoë", FieldType.TEXT, "Zoë"),
        (True, FieldType.BOOLEAN, True),
    ],
    ids=repr,
)
def test_numbers_look_the_same_whichever_engine_gave_them(raw: Any, type_: FieldType, expected: Any) -> None:
    found = normal(raw, type_)
    assert (type(found), str(found)) == (type(expected), str(expected))


def test_a_figure_says_what_it_means() -> None:
    total = figure("sales_order", fn="sum", field="total_cents")
    assert (total.unit, total.definition) == ("cents", "Sum of total_cents. In minor units of the order's currency.")
    assert total.additive
    count = figure("sales_order", fn="count")
    assert (count.unit, count.definition) == (None, "Number of rows: Orders.")
    bounce_rate = figure("analytics_session", measure="bounce_rate")
    assert (bounce_rate.unit, bounce_rate.additive, bounce_rate.over_nothing) == ("ratio", False, None)


def test_a_sum_of_daily_visitors_is_known_to_count_people_once_per_day() -> None:
    assert figure("analytics_daily_stats", fn="sum", field="unique_visitors").by_day
    assert figure("analytics_daily_stats", measure="daily_visitors").by_day
    assert not figure("analytics_daily_stats", fn="max", field="unique_visitors").by_day
    assert not figure("analytics_daily_stats", fn="sum", field="sessions").by_day
