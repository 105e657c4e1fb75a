"""Cards: what stands on one whose call matched nothing, and the ways out of that."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from stats_core.panels.panel import PanelSpec

VARIABLES = {
    "website": {"type": "website", "label": "Website"},
    "range": {"type": "range", "label": "Range", "default": {"preset": "30d"}},
}
NOTHING = PanelSpec(
    name="Nobody",
    type="bar",
    operation_type="aggregate_data",
    operation_options={
        "entity": "analytics_event",
        "aggregate": {"fn": "count"},
        "group_by": "country",
        "filters": {"website_id": {"$var": "website"}, "pathname": "/nowhere"},
        "range": {"$var": "range"},
        "date_field": "timestamp",
    },
)


@pytest.fixture
def empty(dashboard, filled: Workbench):
    """The page of a dashboard whose one panel matches nothing, and that panel's id."""
    made = filled.dashboards.create("Nothing", metadata={"variables": VARIABLES})
    panel = filled.dashboards.add_panel(made.id, NOTHING)
    return dashboard(made.id, website="site_a", range="7d"), panel.id


def ways(app: AppTest, panel_id: str | None) -> list[str]:
    return [button.label for button in app.button if str(button.key).startswith(f"way_{panel_id}")]


def test_an_empty_card_names_its_filters_and_offers_to_lift_them(empty):
    app, panel_id = empty
    assert not app.exception
    words = " ".join(element.proto.body for element in app.get("html"))
    assert "<li>Website id is site_a</li><li>Pathname is /nowhere</li><li>Last 7 days</li>" in words
    assert ways(app, panel_id) == ["Clear Website", "Show all time"]


def test_lifting_a_choice_changes_the_address_and_leaves_the_others(empty):
    app, panel_id = empty
    app.button(key=f"way_{panel_id}_website").click().run()
    assert not app.exception
    assert (app.query_params.get("website"), app.query_params["range"]) == (None, "7d")
    assert ways(app, panel_id) == ["Show all time"]
    app.button(key=f"way_{panel_id}_range").click().run()
    assert app.query_params["range"] == "all"
    assert ways(app, panel_id) == []
