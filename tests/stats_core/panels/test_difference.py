"""What is different between two states of a dashboard, and what importing a file would change."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stats_core.errors import ConflictError, InvalidOptionsError, Problem
from stats_core.panels.difference import Difference, FieldChange, PanelChange, difference
from stats_core.panels.panel import PanelSpec

FILE = """\
kind: dashboard
version: 1
id: dash_01TEST
name: Partners
metadata:
  timezone: Europe/Berlin
  variables:
    status: {type: text}
panels:
- id: panel_01A
  name: Active
  type: metric
  x: 0
  y: 0
  width: 3
  height: 3
  operation_type: tally
  operation_options:
    entity: partner
    filters: {status: {$var: status}}
  display: {format: integer}
- id: panel_01B
  name: Note
  type: label
  y: 3
- id: panel_01C
  type: label
  y: 9
"""
CHANGED = """\
kind: dashboard
version: 1
id: dash_01TEST
name: Our partners
description: Who works with us
metadata:
  variables:
    status: {type: text, default: active}
panels:
- name: New
  type: label
  x: 6
- id: panel_01A
  name: Active partners
  type: metric
  x: 0
  y: 0
  width: 3
  height: 3
  operation_type: tally
  operation_options:
    entity: partner
    filters: {status: {$in: [active, pending]}}
  display: {format: integer, label: partners}
- id: panel_01C
  type: label
  y: 6
"""
BROKEN = """\
kind: dashboard
version: 2
name: Partners
colour: red
metadata:
  timezone: Mars
  variables:
    status: {type: txt}
panels:
- id: dash_1
  type: metric
  operation_type: tally
  operation_options: {entity: partnr, filters: {status: {$var: status}}}
- type: pie
- 5
- id: panel_01A
  type: metric
  x: zero
- id: panel_01A
  type: metric
  dashboard_id: dash_2
  operation_type: tally
  operation_options: {entity: partner, filters: {status: {$var: stauts}}}
"""


def test_a_plan_names_every_field_and_panel_and_changes_nothing(dashboards):
    made = dashboards.import_yaml(FILE)
    plan = dashboards.plan_yaml(CHANGED)
    assert (plan.name, plan.dashboard_id) == ("Our partners", "dash_01TEST")
    assert plan.difference == Difference(
        (
            FieldChange("changed", "name", "Partners", "Our partners"),
            FieldChange("removed", "metadata.timezone", "Europe/Berlin", None),
            FieldChange("added", "metadata.variables.status.default", None, "active"),
            FieldChange("added", "description", None, "Who works with us"),
        ),
        (
            PanelChange("added", "panels[0]", None, "New", "label"),
            PanelChange(
                "changed",
                "panels[1]",
                "panel_01A",
                "Active partners",
                "metric",
                (
                    FieldChange("changed", "name", "Active", "Active partners"),
                    FieldChange("removed", "operation_options.filters.status.$var", "status", None),
                    FieldChange("added", "operation_options.filters.status.$in", None, ["active", "pending"]),
                    FieldChange("added", "display.label", None, "partners"),
                ),
            ),
            PanelChange("changed", "panels[2]", "panel_01C", "", "label", (FieldChange("changed", "y", 9, 6),)),
            PanelChange("removed", "panels[1]", "panel_01B", "Note", "label"),
        ),
    )
    assert str(plan.difference) == (
        "Changed name, metadata.timezone, metadata.variables, description. Added 'New'. Removed 'Note'. "
        "Changed 'Active partners' (name, operation_options.filters, display.label). Moved a label."
    )
    assert dashboards.get(made.id) == made


def test_what_was_planned_is_what_happens(dashboards):
    dashboards.import_yaml(FILE)
    plan = dashboards.plan_yaml(CHANGED)
    dashboards.import_yaml(CHANGED, seen=plan)
    now = dashboards.history("dash_01TEST")[0]
    assert now.action == f"Imported from a file. {plan.difference}"
    assert not dashboards.plan_yaml(dashboards.export_yaml("dash_01TEST")).difference
    again = dashboards.plan_yaml(CHANGED).difference  # the new panel has no id in the file, so it would be made anew
    assert [(panel.kind, panel.name) for panel in again.panels] == [("added", "New"), ("removed", "New")]


def test_a_plan_that_is_no_longer_true_is_not_carried_out(dashboards):
    made = dashboards.import_yaml(FILE)
    plan = dashboards.plan_yaml(CHANGED)
    between = dashboards.update(made.id, icon="group")
    with pytest.raises(ConflictError) as caught:
        dashboards.import_yaml(CHANGED, seen=plan)
    assert caught.value.hint == "Look at what it would do now, then import it."
    assert dashboards.get(made.id) == between
    dashboards.delete(made.id)
    with pytest.raises(ConflictError):
        dashboards.import_yaml(CHANGED, seen=plan)
    assert dashboards.list().total == 0


def test_a_new_dashboard_is_planned_as_such(dashboards):
    plan = dashboards.plan_yaml(FILE)
    assert plan.dashboard_id is None
    assert [panel.kind for panel in plan.difference.panels] == ["added"] * 3
    assert dashboards.import_yaml(FILE, seen=plan).id == "dash_01TEST"


def test_boxes_that_cannot_be_drawn_are_planned_as_they_will_stand(dashboards):
    dashboards.import_yaml(FILE)
    overlapping = FILE.replace("  y: 3\n", "  y: 0\n").replace("  y: 9\n", "  y: 90\n  width: 50\n")
    plan = dashboards.plan_yaml(overlapping)
    assert [
        (panel.panel_id, field.path, field.before, field.after)
        for panel in plan.difference.panels
        for field in panel.fields
    ] == [
        ("panel_01C", "y", 9, 31),
        ("panel_01C", "width", 6, 12),
    ]
    stored = dashboards.import_yaml(overlapping, seen=plan)
    assert [(panel.y, panel.width) for panel in stored.panels] == [(0, 3), (3, 6), (31, 12)]


def test_every_fault_of_every_part_is_named_at_once_and_nothing_changes(dashboards):
    made = dashboards.import_yaml(FILE)
    for call in (dashboards.plan_yaml, dashboards.import_yaml):
        with pytest.raises(InvalidOptionsError) as caught:
            call(BROKEN)
        assert [problem.path for problem in caught.value.problems] == [
            "version",
            "panels[1].type",
            "panels[2]",
            "panels[3].x",
            "colour",
            "panels[0].id",
            "panels[4].dashboard_id",
            "panels[4].id",
            "metadata.variables.status.type",
            "panels[0].operation_options.entity",
            "panels[4].operation_options.filters.status",
        ]
    assert dashboards.list().total == 1
    assert dashboards.get(made.id) == made


def test_a_panel_that_reads_a_faulty_variable_is_not_at_fault_itself(dashboards):
    with pytest.raises(InvalidOptionsError) as caught:
        dashboards.plan_yaml(FILE.replace("type: text", "type: txt"))
    assert [problem.path for problem in caught.value.problems] == ["metadata.variables.status.type"]


def test_a_panel_of_another_dashboard_is_a_fault_of_the_plan_too(dashboards):
    dashboards.import_yaml(FILE)
    with pytest.raises(ConflictError) as caught:
        dashboards.plan_yaml(FILE.replace("dash_01TEST", "dash_01OTHER"))
    assert caught.value.problems == (
        Problem(
            "panels[0].id",
            "The panel 'panel_01A' belongs to the dashboard 'dash_01TEST'.",
            "Remove the ids of the panels to import copies.",
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["changed a"]),
        ({"a": None}, {}, ["removed a"]),
        ({}, {"a": None}, ["added a"]),
        ({"a": {}}, {"a": {"b": 1}}, ["changed a"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}}, ["changed a.b"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "d": 2}}, ["changed a.b", "removed a.c", "added a.d"]),
    ],
)
def test_objects_are_entered_and_lists_compared_as_a_whole(before, after, kinds):
    found = difference({"metadata": before}, {"metadata": after}).fields if before and after else ()
    if not before or not after:
        found = difference({"metadata": {"k": 1, **before}}, {"metadata": {"k": 1, **after}}).fields
    assert [f"{field.kind} {field.path.removeprefix('metadata.')}" for field in found] == kinds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)


@given(JSON, JSON)
def test_there_is_no_difference_exactly_where_both_are_equal(one, other):
    assert not difference({"metadata": {"x": one}}, {"metadata": {"x": one}})
    if one != other:
        assert difference({"metadata": {"x": one}}, {"metadata": {"x": other}})


BOXES = st.lists(
    st.tuples(st.integers(-2, 20), st.integers(-5, 60), st.integers(0, 20), st.integers(0, 50)), min_size=1, max_size=7
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(first=BOXES, then=BOXES)
def test_whatever_boxes_a_file_has_the_plan_is_what_happens(sqlite_database, dashboards, first, then):
    made = dashboards.create("A", panels=[_label(box) for box in first])
    file = dashboards.export_yaml(made.id).split("panels:")[0] + "panels:\n"
    for i, (x, y, width, height) in enumerate(then):
        panel_id = f"id: {made.panels[i].id}, " if i < len(made.panels) else ""
        file += f"- {{{panel_id}type: label, x: {x}, y: {y}, width: {width}, height: {height}}}\n"
    planned = dashboards.plan_yaml(file)
    stored = dashboards.import_yaml(file, seen=planned)
    new = {panel.path for panel in planned.difference.panels if panel.kind == "added"}
    assert len(stored.panels) == len(then)
    assert len(new) == max(len(then) - len(first), 0)
    assert not dashboards.plan_yaml(dashboards.export_yaml(made.id)).difference
    assert [panel for panel in dashboards.plan_yaml(file).difference.panels if panel.kind == "changed"] == []


def _label(box):
    x, y, width, height = box
    return PanelSpec(type="label", x=x, y=y, width=width, height=height)
