"""The panel editor's drawer, and what else a panel's menu offers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import nbformat
import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from stats_core.models import StatsPanel
from stats_core.panels.panel import PanelSpec
from workbench.forms.copies import as_notebook

RANGE = {"range": {"type": "range", "label": "Range", "default": {"preset": "30d"}}}
BY_STATUS = PanelSpec(
    name="Partners by status",
    type="bar",
    width=6,
    height=6,
    operation_type="aggregate_data",
    operation_options={
        "entity": "partner",
        "aggregate": {"fn": "count"},
        "group_by": "status",
        "filters": {"name": {"$starts_with": "Partner"}, "$or": [{"verified": True}, {"verified": False}]},
    },
    cache_ttl_seconds=60,
)
HOSTILE = "<script>alert(1)</script> **b** :material/delete: $x$ '; DROP TABLE partner; --"


@pytest.fixture
def mine(filled: Workbench):
    return filled.dashboards.create("Mine", metadata={"variables": RANGE})


@pytest.fixture
def stored(filled: Workbench, mine) -> PanelSpec:
    return filled.dashboards.add_panel(mine.id, BY_STATUS)


def document(app: AppTest) -> dict[str, Any]:
    """What the JSON tab says."""
    return json.loads(app.text_area(key="edit_json").value)


def options(app: AppTest) -> dict[str, Any]:
    return document(app)["operation_options"]


def dialogs(app: AppTest) -> list[str]:
    return [found.proto.dialog.title for found in app.get("dialog")]


def faults(app: AppTest) -> list[str]:
    """What is said to be wrong at a field."""
    return [element.proto.body for element in app.get("html") if "wb-fault" in element.proto.body[:30]]


def preview(app: AppTest) -> str:
    block = app.get_by_key("panel_draft")
    found = [chart.proto.spec for chart in block.get("plotly_chart")] + [item.value for item in block.markdown]
    return " ".join([*(element.proto.body for element in block.get("html")), *found])


def panels(filled: Workbench, dashboard_id: str) -> tuple[PanelSpec, ...]:
    return filled.dashboards.get(dashboard_id).panels


def test_the_menu_opens_the_drawer_and_the_address_says_so(dashboard, stored):
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Edit").run()
    assert app.query_params["edit"] == stored.id
    assert dialogs(app) == ["Edit Partners by status"]
    assert not app.exception


def test_the_button_begins_a_new_panel_on_an_empty_dashboard(dashboard, mine, filled: Workbench):
    app = dashboard(mine.id)
    app.button(key="add_panel").click().run()
    assert dialogs(app) == ["New panel"]
    app.button(key="edit_save").click().run()
    assert not app.exception
    assert dialogs(app) == []
    (made,) = panels(filled, mine.id)
    assert (made.type, made.operation_options["range"]) == ("metric", {"$var": "range"})


def test_edits_of_the_form_reach_json_and_preview(dashboard, stored):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    assert "active" in preview(app)
    app.text_input(key="edit_name").set_value("Who is with us").run()
    app.multiselect(key="edit_operation_options.group_by").set_value(["verified"]).run()
    app.number_input(key="edit_operation_options.limit").set_value(1).run()
    app.selectbox(key="edit_operation_options.sort").set_value("asc").run()
    assert document(app)["name"] == "Who is with us"
    assert options(app) == {**BY_STATUS.operation_options, "group_by": "verified", "limit": 1, "sort": "asc"}
    assert "Who is with us" in preview(app)
    assert "active" not in preview(app)
    assert not app.button(key="edit_save").disabled


def test_edits_of_the_json_reach_the_form(dashboard, stored):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    written = document(app)
    written["operation_options"] |= {"aggregate": {"fn": "count_distinct", "field": "name"}, "limit": 2}
    written["display"] = {"prefix": "≈", "conditional_formatting": [{"when": {"op": ">", "value": 3}, "color": "red"}]}
    app.text_area(key="edit_json").set_value(json.dumps(written)).run()
    assert not app.exception
    assert app.selectbox(key="edit_operation_options.aggregate.what").value == "count_distinct"
    assert app.selectbox(key="edit_operation_options.aggregate.field").value == "name"
    assert app.number_input(key="edit_operation_options.limit").value == 2
    assert app.text_input(key="edit_display.prefix").value == "≈"
    assert app.selectbox(key="edit_condition_0_color").value == "red"


def test_json_that_cannot_be_read_is_kept_and_says_where(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.text_area(key="edit_json").set_value('{\n  "name": oops\n}').run()
    assert app.text_area(key="edit_json").value == '{\n  "name": oops\n}'
    assert "Line 2, column 11" in faults(app)[0]
    assert app.button(key="edit_save").disabled
    assert app.text_input(key="edit_name").disabled
    app.button(key="edit_back").click().run()
    assert document(app)["name"] == "Partners by status"
    for text in ("[1]", '{"a": NaN}', "[" * 3000, '{"name": 3}', '{"type": "pie"}', '{"display": []}', '{"id": "x"}'):
        app.text_area(key="edit_json").set_value(text).run()
        assert not app.exception, text
        assert app.button(key="edit_save").disabled, text
    assert panels(filled, stored.dashboard_id) == (stored,)


def test_an_error_stands_at_its_field_and_keeps_from_saving(dashboard, stored):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    written = document(app)
    written["operation_options"]["group_by"] = "statsu"
    app.text_area(key="edit_json").set_value(json.dumps(written)).run()
    assert app.multiselect(key="edit_operation_options.group_by").value == ["statsu"]
    (fault,) = faults(app)
    assert "statsu" in fault
    assert "status" in fault
    assert app.button(key="edit_save").disabled
    app.multiselect(key="edit_operation_options.group_by").set_value(["status"]).run()
    assert faults(app) == []
    assert app.button(key="edit_save").disabled, "nothing is changed"


def test_save_stores_exactly_the_value(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.number_input(key="edit_cache_ttl_seconds").set_value(None).run()
    app.number_input(key="edit_width").set_value(8).run()
    app.selectbox(key="edit_display.format").set_value("percent").run()
    app.button(key="edit_condition_add").click().run()
    app.text_input(key="edit_condition_0_label").set_value(HOSTILE).run()
    expected = document(app)
    app.button(key="edit_save").click().run()
    assert not app.exception
    (saved,) = panels(filled, stored.dashboard_id)
    assert (saved.id, saved.width, saved.cache_ttl_seconds) == (stored.id, 8, None)
    assert saved.operation_options == BY_STATUS.operation_options == expected["operation_options"]
    (condition,) = saved.display.conditional_formatting
    assert saved.display.format == "percent"
    assert (condition.when.op, condition.when.value, condition.color, condition.label) == (">", 0, "green", HOSTILE)


def test_cancel_stores_nothing_and_keeps_the_draft(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.text_input(key="edit_name").set_value("Half done").run()
    app.button(key="edit_cancel").click().run()
    assert dialogs(app) == []
    assert panels(filled, stored.dashboard_id) == (stored,)
    app.menu_button(key=f"menu_{stored.id}").click("Edit").run()
    assert app.text_input(key="edit_name").value == "Half done"
    app.button(key="edit_discard").click().run()
    assert app.text_input(key="edit_name").value == "Partners by status"


@pytest.mark.parametrize("panel_type", ["metric", "list", "table", "bar", "line", "area", "label"])
def test_each_type_can_be_made_by_the_form(dashboard, mine, filled: Workbench, panel_type: str):
    app = dashboard(mine.id, edit="new")
    app.text_input(key="edit_name").set_value(f"A {panel_type} {HOSTILE}").run()
    app.selectbox(key="edit_type").set_value(panel_type).run()
    if panel_type == "label":
        app.text_area(key="edit_display.text").set_value(f"# Read this\n{HOSTILE}").run()
    elif panel_type != "metric":
        app.selectbox(key="edit_operation_options.entity").set_value("partner").run()
        app.multiselect(key="edit_operation_options.group_by").set_value(["status"]).run()
    assert not app.exception
    assert faults(app) == []
    assert "<script>" not in preview(app)
    app.button(key="edit_save").click().run()
    assert not app.exception
    (made,) = panels(filled, mine.id)
    assert (made.type, made.name) == (panel_type, f"A {panel_type} {HOSTILE}")
    assert (made.operation_type is None) == (panel_type == "label")


def test_every_template_is_shown_and_can_be_saved(dashboard, mine, filled: Workbench):
    app = dashboard(mine.id, edit="new")
    for name in ("list", "bar", "line", "table", "note", "number"):
        app.button(key=f"edit_template_{name}").click().run()
        assert not app.exception
        assert faults(app) == []
        assert not app.button(key="edit_save").disabled, name


def test_every_operation_has_a_form(dashboard, mine, filled: Workbench):
    app = dashboard(mine.id, edit="new")
    app.selectbox(key="edit_type").set_value("table").run()
    before = options(app)
    for name in ("read_data", "time_series", "aggregate_product_analytics"):
        app.selectbox(key="edit_operation_type").set_value(name).run()
        assert not app.exception
        assert faults(app) == [], name
    app.selectbox(key="edit_operation_type").set_value("aggregate_data").run()
    assert options(app) == before


def test_filters_are_built_line_by_line_and_the_rest_is_kept(dashboard, stored):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.selectbox(key="edit_filter_add").set_value("verified").run()
    assert options(app)["filters"]["verified"] is True
    app.selectbox(key="edit_filter_1_value").set_value(False).run()
    app.text_input(key="edit_filter_0_value").set_value(HOSTILE).run()
    app.selectbox(key="edit_filter_add").set_value("id").run()
    app.selectbox(key="edit_filter_2_operator").set_value("$in").run()
    app.multiselect(key="edit_filter_2_value").set_value(["1", "2"]).run()
    assert not app.exception
    assert options(app)["filters"] == {
        "name": {"$starts_with": HOSTILE},
        "verified": False,
        "id": {"$in": [1, 2]},
        "$or": [{"verified": True}, {"verified": False}],
    }
    app.button(key="edit_filter_0_remove").click().run()
    assert set(options(app)["filters"]) == {"verified", "id", "$or"}


def test_variables_of_the_dashboard_are_values_of_filters(dashboard, filled: Workbench):
    of_website = {"website": {"type": "website", "label": "Website", "default": None}}
    made = filled.dashboards.create("Sites", metadata={"variables": of_website})
    app = dashboard(made.id, edit="new")
    app.selectbox(key="edit_operation_options.entity").set_value("analytics_session").run()
    app.selectbox(key="edit_filter_add").set_value("website_id").run()
    app.selectbox(key="edit_filter_0_operator").set_value("").run()
    app.selectbox(key="edit_filter_0_source").set_value("website").run()
    assert options(app)["filters"] == {"website_id": {"$var": "website"}}
    assert faults(app) == []


def test_ranges_are_variables_presets_days_and_dates(dashboard, mine):
    app = dashboard(mine.id, edit="new")
    for form, expected in (
        ('{"preset": "90d"}', {"preset": "90d"}),
        ("last", {"last_days": 14}),
        ("between", {"from": "2026-05-17", "to": "2026-06-15"}),
        ('{"$var": "range"}', {"$var": "range"}),
    ):
        app.selectbox(key="edit_operation_options.range.form").set_value(form).run()
        assert not app.exception
        assert options(app)["range"] == expected
    app.selectbox(key="edit_operation_options.range.form").set_value("last").run()
    app.number_input(key="edit_operation_options.range.days").set_value(3).run()
    assert options(app)["range"] == {"last_days": 3}
    app.selectbox(key="edit_operation_options.range.form").set_value(None).run()
    assert "range" not in options(app)


def test_a_change_of_somebody_else_is_told_and_nothing_is_lost(dashboard, stored, filled: Workbench, clock):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.text_input(key="edit_name").set_value("Mine").run()
    with filled.database.write() as session:
        row = session.get_one(StatsPanel, stored.id)
        row.name, row.updated_at = "Theirs", row.updated_at + timedelta(hours=1)
    app.run()
    assert any("Somebody else changed this panel" in element.proto.body for element in app.get("html"))
    assert app.button(key="edit_save").disabled
    app.button(key="edit_mine").click().run()
    app.button(key="edit_save").click().run()
    assert [panel.name for panel in panels(filled, stored.dashboard_id)] == ["Mine"]


def test_a_panel_that_somebody_deleted_is_saved_anew(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id, edit=stored.id)
    app.text_input(key="edit_name").set_value("Still here").run()
    filled.dashboards.delete_panel(stored.id)
    app.run()
    assert any("Somebody else deleted this panel" in element.proto.body for element in app.get("html"))
    app.button(key="edit_save").click().run()
    (made,) = panels(filled, stored.dashboard_id)
    assert (made.name, made.operation_options) == ("Still here", BY_STATUS.operation_options)


def test_an_unknown_panel_in_the_address_opens_nothing(dashboard, stored):
    app = dashboard(stored.dashboard_id, edit="panel_gone")
    assert not app.exception
    assert dialogs(app) == []


def test_duplicates_stand_below(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Duplicate").run()
    first, second = panels(filled, stored.dashboard_id)
    assert (first, second.name) == (stored, "Partners by status (copy)")
    assert second.y >= first.y + first.height
    assert second.operation_options == first.operation_options


def test_a_panel_is_deleted_when_somebody_says_so(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Delete").run()
    assert dialogs(app) == ["Delete this panel?"]
    app.button(key="keep_panel").click().run()
    assert panels(filled, stored.dashboard_id) == (stored,)
    app.menu_button(key=f"menu_{stored.id}").click("Delete").run()
    app.button(key="delete_panel").click().run()
    assert panels(filled, stored.dashboard_id) == ()


def test_a_panel_moves_to_another_dashboard(dashboard, stored, filled: Workbench):
    other = filled.dashboards.create("Other")
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Move …").run()
    app.selectbox(key="move_to").set_value(other.id).run()
    app.button(key="move").click().run()
    assert not app.exception
    assert panels(filled, stored.dashboard_id) == ()
    assert [panel.name for panel in panels(filled, other.id)] == ["Partners by status"]


def test_a_panel_is_copied_in_four_ways(dashboard, stored, filled: Workbench):
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Copy as …").run()
    written, python, markdown, tiptap = (code.value for code in app.code)
    assert json.loads(written)["operation_options"] == BY_STATUS.operation_options
    assert markdown == f"{{{{ panel {stored.id} }}}}"
    assert json.loads(tiptap) == {"type": "statsPanel", "attrs": {"panelId": stored.id, "mode": "figure"}}
    call = python.partition("run(")[2].partition("\n    )\n")[0]
    assert eval(f"dict(zip('ab', ({call}), strict=False))")["b"] == BY_STATUS.operation_options


def test_a_panel_goes_on_in_a_notebook(dashboard, stored):
    app = dashboard(stored.dashboard_id)
    app.menu_button(key=f"menu_{stored.id}").click("Open in notebook").run()
    assert not app.exception
    assert dialogs(app) == ["Open in a notebook"]
    assert app.code[0].value.endswith(f"wb.panel('{stored.id}')")
    notebook = nbformat.reads(as_notebook(stored.model_copy(update={"name": HOSTILE})), as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "code"]
    assert notebook.cells[0].source.startswith(r"# \<script\>alert\(1\)\<\/script\> \*\*b\*\*")
    assert f"wb.panel('{stored.id}')" in notebook.cells[1].source
