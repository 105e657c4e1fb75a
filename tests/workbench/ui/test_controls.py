"""The choices above a dashboard: what is picked from data, and what is free."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from stats_core.composition import Workbench
from stats_core.panels.panel import PanelSpec

VARIABLES: dict[str, Any] = {
    "store": {"type": "number", "label": "Store", "entity": "store"},
    "status": {"type": "text", "entity": "sales_order", "field": "status"},
    "name": {"type": "text", "label": "Customer"},
    "least": {"type": "number"},
    "paid": {"type": "boolean"},
    "since": {"type": "date"},
    "lost": {"type": "text", "entity": "no_such_entity"},
}
ORDERS = PanelSpec(
    name="Orders",
    type="metric",
    operation_type="aggregate_data",
    operation_options={
        "entity": "sales_order",
        "aggregate": {"fn": "count"},
        "filters": {
            "store_id": {"$var": "store"},
            "status": {"$var": "status"},
            "customer_name": {"$starts_with": {"$var": "name"}},
            "total_cents": {"$gte": {"$var": "least"}},
            "created_at": {"$gte": {"$var": "since"}},
        },
    },
)


@pytest.fixture
def shop(filled: Workbench) -> str:
    return filled.dashboards.create("Shop", panels=[ORDERS], metadata={"variables": VARIABLES}).id


def number(app) -> str:
    """What the metric says."""
    (found,) = [item.value for item in app.markdown if "wb-metric-value" in item.value]
    return found.partition("wb-metric-value")[2].partition(">")[2].partition("<")[0]


def test_stores_and_values_of_a_field_are_picked_from_data(dashboard, shop):
    app = dashboard(shop)
    assert not app.exception
    assert app.selectbox(key="choose_store").options == ["Any store", "Fern's"]
    assert app.selectbox(key="choose_status").options == ["Any status", "PAID", "REFUNDED", "SHIPPED"]
    assert number(app) == "4"
    app.selectbox(key="choose_status").set_value("PAID").run()
    assert (number(app), app.query_params["status"]) == ("2", "PAID")
    app.selectbox(key="choose_store").set_value(1).run()
    assert app.query_params["store"] == "1"
    app.selectbox(key="choose_status").set_value("").run()
    assert number(app) == "4"
    assert "status" not in app.query_params


def test_free_choices_are_typed_and_stand_in_the_address(dashboard, shop):
    app = dashboard(shop)
    app.text_input(key="choose_name").set_value(" Ann ").run()
    app.number_input(key="choose_least").set_value(1000.0).run()
    app.selectbox(key="choose_paid").set_value(False).run()
    app.date_input(key="choose_since").set_value(date(2026, 1, 2)).run()
    assert not app.exception
    assert number(app) == "3"
    typed = {"name": "Ann", "least": "1000", "paid": "false", "since": "2026-01-02"}
    assert {name: app.query_params[name] for name in typed} == typed
    for reset, nothing in (("name", ""), ("least", None), ("since", None)):
        {"name": app.text_input, "least": app.number_input, "since": app.date_input}[reset](
            key=f"choose_{reset}"
        ).set_value(nothing).run()
    app.selectbox(key="choose_paid").set_value("").run()
    assert not typed.keys() & dict(app.query_params).keys()


def test_an_address_brings_its_choices_and_what_is_gone_is_still_named(dashboard, shop):
    app = dashboard(shop, store="99", status="PAID", name="<b>Ann", least="12.5", paid="true", since="2026-01-02")
    assert not app.exception
    assert app.selectbox(key="choose_store").value == 99
    assert "99" in app.selectbox(key="choose_store").options
    assert app.text_input(key="choose_name").value == "<b>Ann"
    assert app.number_input(key="choose_least").value == 12.5
    assert app.selectbox(key="choose_paid").value is True
    assert app.date_input(key="choose_since").value == date(2026, 1, 2)


def test_what_cannot_be_offered_is_typed(dashboard, shop):
    app = dashboard(shop)
    app.text_input(key="choose_lost").set_value("anything").run()
    assert app.query_params["lost"] == "anything"
