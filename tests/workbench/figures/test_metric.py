from __future__ import annotations

import pytest

from workbench.figures.conditions import Mark
from workbench.figures.formats import Written
from workbench.figures.theme import DARK, LIGHT
from workbench.figures.views import Canvas, EmptyView, ErrorView, MetricView

DASH = "\N{EN DASH}"


def test_a_value_is_one_number(shown):
    assert shown("metric", {"value": 1234567, "row_count": 100}, {"label": "All time"}) == MetricView(
        value=Written("1,234,567", "1,234,567"), label="All time"
    )


def test_a_count_of_nothing_is_zero_and_not_empty(shown):
    assert shown("metric", {"value": 0, "row_count": 0}, row_count=0) == MetricView(Written("0", "0"))


def test_a_ratio_of_nothing_is_empty(shown):
    assert isinstance(shown("metric", {"value": None, "row_count": 0}, row_count=0), EmptyView)


def test_a_null_with_rows_is_a_dash(shown):
    assert shown("metric", {"value": None}, unit="ratio") == MetricView(Written(DASH, DASH))


def test_the_unit_says_how_it_is_written(shown):
    assert shown("metric", {"value": 0.5918}, unit="ratio").value == Written("59.2%", "59.18%")


def test_groups_show_their_first_under_its_own_name(shown, groups):
    assert shown("metric", groups({"PAID": 12, "SHIPPED": 3})) == MetricView(Written("12", "12"), label="PAID")


def test_buckets_show_their_latest_with_their_history(shown, buckets):
    metric = shown("metric", buckets({"2026-11-19": 4, "2026-11-20": None, "2026-11-21": 9}))
    assert metric == MetricView(Written("9", "9"), "21 Nov 2026, so far", history=(4.0, None, 9.0), running=True)
    assert shown("metric", buckets({"2026-11-19": 4})).label == "19 Nov 2026"


def test_rows_show_the_field_that_the_panel_names(shown):
    rows = {"rows": [{"name": "Ann", "orders": 3, "spent": 4200}, {"name": "Bob", "orders": 1, "spent": 100}]}
    assert shown("metric", rows, {"field": "spent", "format": "currency", "currency": "USD"}) == MetricView(
        Written("$4,200.00", "$4,200.00"), label="Ann"
    )


def test_rows_without_numbers_are_refused_with_a_way_out(shown):
    error = shown("metric", {"rows": [{"name": "Ann"}]})
    assert isinstance(error, ErrorView)
    assert error.problems[0].path == "display.field"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_condition_marks_the_number(shown, theme):
    rules = [{"when": {"op": ">", "value": 10}, "color": "red", "icon": "trending_up", "label": "high"}]
    metric = shown("metric", {"value": 12}, {"conditional_formatting": rules}, canvas=Canvas(theme))
    assert metric.mark == Mark(theme.status["red"], "trending_up", "high")
