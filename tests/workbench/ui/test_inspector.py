"""The drawer behind a panel."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from stats_core.models import StatsPanel
from stats_core.panels.panel import PanelSpec


@pytest.fixture
def inspected(dashboard, filled: Workbench):
    """The page with the drawer of this panel open."""

    def show(panel: PanelSpec, **query: str) -> AppTest:
        made = filled.dashboards.create("Behind", metadata={"variables": RANGE})
        stored = filled.dashboards.add_panel(made.id, panel)
        return dashboard(made.id, panel=stored.id, **query)

    return show


RANGE = {"range": {"type": "range", "label": "Range", "default": {"preset": "30d"}}}
BY_STATUS = PanelSpec(
    name="Partners / by status",
    type="bar",
    operation_type="aggregate_data",
    operation_options={
        "entity": "partner",
        "aggregate": {"fn": "count"},
        "group_by": "status",
        "filters": {"name": {"$starts_with": "Partner"}},
    },
    cache_ttl_seconds=60,
)


def drawer(app: AppTest) -> str:
    (found,) = app.get("dialog")
    return found.proto.dialog.title


def test_a_click_opens_the_drawer_and_the_address_says_so(dashboard, filled: Workbench):
    made = filled.dashboards.create("Behind")
    panel = filled.dashboards.add_panel(made.id, BY_STATUS)
    app = dashboard(made.id)
    assert not app.get("dialog")
    app.menu_button(key=f"menu_{panel.id}").click("Inspect").run()
    assert app.query_params["panel"] == panel.id
    assert drawer(app) == r"Inspect Partners \/ by status"


def test_the_data_are_all_there(inspected):
    app = inspected(BY_STATUS)
    assert app.dataframe[0].value.to_dict("records") == [
        {"status": "active", "value": 6},
        {"status": "inactive", "value": 3},
        {"status": "pending", "value": 3},
    ]
    (button,) = [found for found in app.get("download_button") if found.proto.label == "Download CSV"]
    assert not button.proto.disabled
    assert "3 rows" in [caption.value for caption in app.caption]


def test_the_call_and_the_choices_are_shown_as_they_are(inspected):
    app = inspected(BY_STATUS, range="7d")
    call, choices = (json.loads(found.value) for found in app.json)
    assert call["operation_options"] == BY_STATUS.operation_options
    assert (call["operation_type"], call["cache_ttl_seconds"]) == ("aggregate_data", 60)
    assert choices == {"range": {"preset": "7d"}}


def test_the_statement_is_the_one_that_ran_without_values(inspected):
    app = inspected(BY_STATUS)
    statement = next(code.value for code in app.code if "SELECT" in code.value)
    assert "FROM partner" in statement
    assert "Partner'" not in statement


def test_the_statement_tells_its_timing_and_runs_again(inspected):
    app = inspected(BY_STATUS)  # the card of the panel has filled the cache

    def told() -> str:
        return next(caption.value for caption in app.caption if caption.value.startswith("It ran"))

    assert "this answer came from the cache" in told()
    app.button(key="inspect_run").click().run()
    assert not app.exception
    assert re.fullmatch(r"It ran .+ UTC, in (less than 1|\d+) ms with everything around it\.", told())
    app.run()
    assert "this answer came from the cache" in told()


def test_a_panel_that_fails_says_where_and_keeps_its_call(dashboard, filled: Workbench):
    made = filled.dashboards.create("Behind")
    panel = filled.dashboards.add_panel(made.id, BY_STATUS)
    with filled.database.write() as session:
        session.get_one(StatsPanel, panel.id).operation_options = {"entity": "partners", "aggregate": {"fn": "count"}}
    app = dashboard(made.id, panel=panel.id)
    assert not app.exception
    assert json.loads(app.json[0].value)["operation_options"]["entity"] == "partners"
    words = " ".join(element.proto.body for element in app.get("html"))
    assert "No entity named" in words
    assert "partner" in words


def test_an_unknown_panel_in_the_address_opens_nothing(dashboard, filled: Workbench):
    made = filled.dashboards.create("Behind")
    filled.dashboards.add_panel(made.id, BY_STATUS)
    app = dashboard(made.id, panel="panel_gone")
    assert not app.exception
    assert not app.get("dialog")


def test_mixed_values_are_shown_as_text(inspected):
    rows = PanelSpec(name="Rows", type="table", operation_type="read_data", operation_options={"entity": "partner"})
    app = inspected(rows)
    assert not app.exception
    assert len(app.dataframe[-1].value) == 12
