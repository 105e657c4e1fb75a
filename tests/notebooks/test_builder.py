"""The panel builder: the app's form as widgets; validation at the field, preview, pin and copies."""

from __future__ import annotations

import json
from datetime import timedelta

import ipywidgets as widgets
import pytest

from stats_core.errors import InvalidOptionsError
from workbench.forms.draft import document_of
from workbench.notebook import open_workbench
from workbench.notebook.shown import PLOTLY

OPTIONS = "operation_options"


@pytest.fixture
def builder(wb):
    wb.dashboard("Mine", create=True)
    return wb.builder(dashboard="Mine")


def inside(control, kind):
    """The first widget of this kind in a control."""
    todo = [control.widget]
    while todo:
        widget = todo.pop(0)
        if type(widget) is kind:
            return widget
        todo += getattr(widget, "children", ())
    raise AssertionError(kind)


@pytest.fixture
def capture(monkeypatch):
    """Without a kernel an Output catches nothing: this one keeps what was displayed last."""
    displayed = []
    monkeypatch.setattr("workbench.notebook.builder.display", displayed.append)

    def latest():
        return displayed[-1]._repr_mimebundle_()

    return latest


def test_a_new_panel_begins_with_a_template_and_is_built_by_its_widgets(wb, capture):
    wb.dashboard("Mine", create=True)
    builder = wb.builder(dashboard="Mine")
    assert "Orders" in capture()["text/plain"]
    inside(builder.control("name"), widgets.Text).value = "Designs"
    inside(builder.control(OPTIONS, "entity"), widgets.Dropdown).value = "design"
    inside(builder.control(OPTIONS, "range"), widgets.Dropdown).label = "All of time"
    inside(builder.control("type"), widgets.Dropdown).value = "bar"
    assert "This panel cannot show its answer" in capture()["text/html"]
    inside(builder.control(OPTIONS, "group_by"), widgets.Dropdown).value = "partner.name"
    inside(builder.control(OPTIONS, "limit"), widgets.Text).value = "10"
    assert capture()[PLOTLY]["layout"]["title"]["text"] == "Designs"
    drafted = wb.draft("bar", "Designs").aggregate("design", group_by="partner.name", limit=10)
    assert builder.panel.asked.hash == drafted.asked.hash

    stored = builder.pin()
    (panel,) = wb.dashboard("Mine")
    assert (panel.id, panel.spec.operation_options) == (stored.id, drafted.spec.operation_options)
    assert "Pinned to" in builder._told.value
    inside(builder.control("name"), widgets.Text).value = "Designs by partner"
    assert builder.pin().id == stored.id
    assert [panel.name for panel in wb.dashboard("Mine")] == ["Designs by partner"]
    assert "Changed on" in builder._told.value


def test_a_fault_stands_at_its_field_and_nothing_is_pinned(builder, wb):
    builder.enter((OPTIONS, "limit"), 0)
    assert "greater than or equal to 1" in builder.control(OPTIONS, "limit").told
    assert builder.control(OPTIONS, "entity").told == ""
    assert builder._pin.disabled
    assert builder.pin() is None
    assert list(wb.dashboard("Mine")) == []
    with pytest.raises(InvalidOptionsError):
        _ = builder.panel
    builder._copy(builder.as_python)
    assert "Nothing to copy yet" in builder._told.value
    builder.enter((OPTIONS, "limit"), None)
    assert builder.control(OPTIONS, "limit").told == ""
    assert not builder._pin.disabled


def test_what_is_typed_into_a_number_is_judged_by_the_form(builder):
    inside(builder.control(OPTIONS, "limit"), widgets.Text).value = "many"
    assert "integer" in builder.control(OPTIONS, "limit").told
    assert inside(builder.control(OPTIONS, "limit"), widgets.Text).value == "many"
    inside(builder.control(OPTIONS, "limit"), widgets.Text).value = "7"
    assert builder.draft.document[OPTIONS]["limit"] == 7


def test_controls_that_show_the_same_stay(builder):
    name, entity = builder.control("name"), builder.control(OPTIONS, "entity")
    builder.enter(("width",), 12)
    assert builder.control("name") is name
    assert builder.control(OPTIONS, "entity") is entity
    builder.enter(("name",), "Other")
    assert builder.control("name") is not name


def test_filters_are_rows_with_typed_values(builder):
    def row(kind, at=-1):
        box = [item for item in _all(builder.control(OPTIONS, "filters").widget) if isinstance(item, widgets.HBox)]
        return next(item for item in box[at].children if type(item) is kind)

    builder.enter((OPTIONS, "entity"), "sales_order")
    filters = builder.control(OPTIONS, "filters")
    inside(filters, widgets.Dropdown).value = "total_cents"
    assert builder.draft.document[OPTIONS]["filters"] == {"total_cents": {"$exists": True}}
    row(widgets.Dropdown).value = "$gte"
    row(widgets.Text).value = "1000"
    assert builder.draft.document[OPTIONS]["filters"] == {"total_cents": {"$gte": 1000}}
    row(widgets.Dropdown).value = "$between"
    row(widgets.Text).value = "1000, 5000"
    assert builder.draft.document[OPTIONS]["filters"] == {"total_cents": {"$between": [1000, 5000]}}
    row(widgets.Button).click()
    assert "filters" not in builder.draft.document[OPTIONS]


def _all(widget):
    return [widget, *(inner for child in getattr(widget, "children", ()) for inner in _all(child))]


def test_ranges_are_presets_days_or_two_days(builder):
    def of(kind):
        return inside(builder.control(OPTIONS, "range"), kind)

    of(widgets.Dropdown).value = "last_days"
    of(widgets.BoundedIntText).value = 3
    assert builder.draft.document[OPTIONS]["range"] == {"last_days": 3}
    of(widgets.Dropdown).value = "between"
    assert builder.draft.document[OPTIONS]["range"] == {"from": "2026-05-16", "to": "2026-06-15"}


def test_measures_come_before_functions(builder):
    builder.enter((OPTIONS, "entity"), "analytics_session")
    figure = inside(builder.control(OPTIONS, "aggregate"), widgets.Dropdown)
    figure.value = "measure:bounce_rate"
    assert builder.draft.document[OPTIONS]["aggregate"] == {"measure": "bounce_rate"}
    inside(builder.control(OPTIONS, "aggregate"), widgets.Dropdown).value = "sum"
    assert builder.draft.document[OPTIONS]["aggregate"]["fn"] == "sum"


def test_every_seeded_panel_survives_the_builder_and_its_copy_in_python(wb):
    for panel in [panel for dashboard in wb.dashboards for panel in dashboard]:
        builder = wb.builder(panel)
        assert builder.draft.document == document_of(panel.spec, version=panel.spec.operation_version)
        code = builder.as_python().replace("from workbench.notebook import wb\n", "")
        made = {"wb": wb}
        exec(code, made)
        copied = made["panel"]
        assert copied.asked.hash == panel.asked.hash
        assert (copied.spec.name, copied.spec.type, copied.spec.display) == (
            panel.spec.name,
            panel.spec.type,
            panel.spec.display,
        )
        assert builder.pin().id == panel.id


def test_copies_appear_below(builder):
    assert builder._copied.layout.display == "none"
    copy = next(item for item in _all(builder) if getattr(item, "description", "") == "Copy as JSON")
    copy.click()
    assert builder._copied.layout.display == ""
    assert '"operation_type": "aggregate_data"' in builder._copied.value


def test_a_builder_without_any_dashboard_says_how_to_make_one(wb):
    for dashboard in list(wb.dashboards):
        wb.workbench.dashboards.delete(dashboard.id)
    builder = wb.builder()
    assert builder.pin() is None
    assert "wb.dashboard(" in builder._told.value


def test_names_in_labels_and_links_stay_text(wb):
    wb.dashboard("<b>Mine</b>", create=True)
    builder = wb.builder(dashboard="<b>Mine</b>")
    builder.pin()
    assert "&lt;b&gt;Mine&lt;/b&gt;" in builder._told.value


@pytest.fixture
def colleague(demo_url, clock, tmp_path):
    """Somebody else's session over the same database, five minutes later."""
    with open_workbench(demo_url, clock=lambda: clock() + timedelta(minutes=5), home=tmp_path) as session:
        yield session.workbench.dashboards


@pytest.fixture
def opened(builder, wb):
    """A builder on a stored panel, with a change that is not pinned yet."""
    builder.enter(("name",), "Designs")
    builder.pin()
    (panel,) = wb.dashboard("Mine")
    again = wb.builder(panel)
    again.enter(("width",), 12)
    return again


def ways(builder):
    return [button.description for button in builder._ways.children]


def click(builder, words):
    next(button for button in builder._ways.children if button.description == words).click()


def names(wb):
    return [(panel.name, panel.spec.width) for panel in wb.dashboard("Mine")]


def test_a_panel_that_somebody_else_changed_is_not_written_over_unasked(opened, colleague, wb):
    panel_id = next(iter(wb.dashboard("Mine"))).id
    colleague.update_panel(panel_id, name="Theirs", width=4)
    assert opened.pin() is None
    assert "Somebody else changed this panel (2026-06-15 12:05 UTC)" in opened._told.value
    assert ways(opened) == ["Pin mine over it", "Take theirs", "Pin as new"]
    assert names(wb) == [("Theirs", 4)]
    assert opened.draft.document["width"] == 12

    click(opened, "Pin mine over it")
    assert names(wb) == [("Designs", 12)]
    assert "Changed on" in opened._told.value
    assert ways(opened) == []
    opened.enter(("name",), "Designs again")
    assert opened.pin().id == panel_id


def test_theirs_can_be_taken_and_mine_is_kept_as_json(opened, colleague, wb):
    panel_id = next(iter(wb.dashboard("Mine"))).id
    colleague.update_panel(panel_id, name="Theirs", width=4)
    opened.pin()
    click(opened, "Take theirs")
    assert (opened.draft.document["name"], opened.draft.document["width"]) == ("Theirs", 4)
    assert inside(opened.control("name"), widgets.Text).value == "Theirs"
    mine = json.loads(opened._copied.value)
    assert (mine["name"], mine["width"], opened._copied.layout.display) == ("Designs", 12, "")
    assert ways(opened) == []
    assert opened.pin().id == panel_id
    opened.take_theirs()
    assert "nothing to take" in opened._told.value


def test_mine_can_be_pinned_beside_theirs(opened, colleague, wb):
    colleague.update_panel(next(iter(wb.dashboard("Mine"))).id, width=4)
    opened.pin()
    click(opened, "Pin as new")
    assert sorted(names(wb)) == [("Designs", 4), ("Designs", 12)]
    assert "Pinned to" in opened._told.value


def test_a_change_after_the_question_is_asked_about_again(opened, colleague, wb, demo_url, clock, tmp_path):
    panel_id = next(iter(wb.dashboard("Mine"))).id
    colleague.update_panel(panel_id, width=4)
    opened.pin()
    with open_workbench(demo_url, clock=lambda: clock() + timedelta(minutes=9), home=tmp_path) as third:
        third.workbench.dashboards.update_panel(panel_id, width=5)
    assert opened.pin_over() is None
    assert "12:09 UTC" in opened._told.value
    assert names(wb) == [("Designs", 5)]


def test_a_panel_that_somebody_else_deleted_comes_back_only_as_a_new_one(opened, colleague, wb):
    colleague.delete_panel(next(iter(wb.dashboard("Mine"))).id)
    assert opened.pin() is None
    assert opened.pin_over() is None
    assert "Somebody else deleted this panel" in opened._told.value
    assert ways(opened) == ["Pin as new"]
    assert names(wb) == []
    click(opened, "Pin as new")
    assert names(wb) == [("Designs", 12)]


def test_a_dashboard_that_somebody_else_deleted_is_told_and_the_draft_stays(opened, colleague, wb):
    colleague.delete(wb.dashboard("Mine").id)
    assert opened.pin() is None
    assert "Not pinned" in opened._told.value
    assert opened.draft.document["width"] == 12


def test_a_new_panel_does_not_take_the_place_of_another_of_its_name_unasked(builder, wb):
    builder.enter(("name",), "Designs")
    builder.pin()
    again = wb.builder(dashboard="Mine")
    again.enter(("name",), "Designs")
    again.enter(("width",), 12)
    assert again.pin() is None
    assert "Mine has a panel named Designs already" in again._told.value
    assert names(wb) != [("Designs", 12)]
    click(again, "Pin mine over it")
    assert names(wb) == [("Designs", 12)]


def test_conditional_formatting_is_rows(builder):
    path = ("display", "conditional_formatting")

    def rows():
        return [item.children for item in _all(builder.control(*path).widget) if isinstance(item, widgets.HBox)]

    def add():
        next(item for item in _all(builder.control(*path).widget) if type(item) is widgets.Button).click()

    def written():
        return builder.draft.document["display"]["conditional_formatting"]

    assert rows() == []
    add()
    assert written() == [{"when": {"op": ">", "value": 0}, "color": "green"}]
    rows()[0][0].value = "<"
    rows()[0][1].value = "2.5"
    rows()[0][2].value = "red"
    rows()[0][3].value = "too few"
    builder.control(*path).widget.children[0].children[-1].click()
    rows()[1][1].value = "high"
    assert written() == [
        {"when": {"op": "<", "value": 2.5}, "color": "red", "label": "too few"},
        {"when": {"op": ">", "value": "high"}, "color": "green"},
    ]
    assert builder.panel.spec.display.conditional_formatting[0].label == "too few"
    rows()[0][3].value = ""
    rows()[0][-1].click()
    assert written() == [{"when": {"op": ">", "value": "high"}, "color": "green"}]
    rows()[0][-1].click()
    assert "conditional_formatting" not in builder.draft.document.get("display", {})
