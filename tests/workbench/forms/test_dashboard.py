"""A dashboard's fields as texts, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stats_core.composition import Workbench
from stats_core.errors import InvalidOptionsError, Problem
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.dashboards import Dashboards
from workbench.forms.dashboard import DashboardDraft, VariableLine, opened

VARIABLES = {
    "range": {"type": "range", "label": "Days", "default": {"preset": "30d"}},
    "store": {"type": "text", "entity": "store", "default": ["s1", "s2"]},
    "known": {"type": "text", "field": "status", "entity": "partner", "default": '["as text"]'},
    "least": {"type": "number", "default": 2.5},
    "open": {"type": "boolean", "default": False},
    "other": {"type": "text", "default": {"$var": "known"}},
}


@pytest.fixture
def dashboards(bench: Workbench) -> Dashboards:
    return bench.dashboards


@pytest.fixture
def dashboard(dashboards: Dashboards) -> Dashboard:
    metadata = {"variables": VARIABLES, "timezone": "Europe/Berlin", "audience": "tenant", "theirs": {"a": 1}}
    return dashboards.create("Board", description="What it shows.", metadata=metadata)


def test_what_is_not_touched_comes_back_as_it_was(dashboard, dashboards):
    draft = opened(dashboard)
    assert [line.default for line in draft.variables] == [
        '{"preset": "30d"}',
        '["s1", "s2"]',
        '"[\\"as text\\"]"',
        "2.5",
        "false",
        '{"$var": "known"}',
    ]
    changed = dashboards.update(dashboard.id, **draft.fields(dashboard.metadata))
    assert changed.metadata == dashboard.metadata
    assert (changed.name, changed.description) == ("Board", "What it shows.")


def test_empty_texts_say_nothing(dashboard):
    draft = DashboardDraft(name="Board", description="  ", variables=(VariableLine("a", label=" "),))
    fields = draft.fields(dashboard.metadata)
    assert fields["description"] is None
    assert fields["metadata"] == {"variables": {"a": {"type": "text"}}, "theirs": {"a": 1}}


@pytest.mark.parametrize(
    ("lines", "place", "told"),
    [
        ((VariableLine("a"), VariableLine(" ")), "variables[1]", "A variable needs a name."),
        ((VariableLine("a"), VariableLine("b"), VariableLine("a")), "variables[2]", "Two variables are called 'a'."),
        ((VariableLine("a"), VariableLine("9b")), "variables[1]", "'9b' is no name"),
        ((VariableLine("n", "number", default="many"),), "variables[0]", "number"),
        ((VariableLine("d", "date", default="tomorrow"),), "variables[0]", "date"),
        ((VariableLine("r", "range", default='{"preset": "5y"'),), "variables[0]", "range"),
        ((VariableLine("x", default='{"$var": "y"}'), VariableLine("y", default='{"$var": "x"}')), "variables[0]", "→"),
    ],
)
def test_what_is_wrong_stands_at_its_line(dashboard, dashboards, lines, place, told):
    draft = replace(opened(dashboard), variables=lines)
    with pytest.raises(InvalidOptionsError) as raised:
        dashboards.update(dashboard.id, **draft.fields(dashboard.metadata))
    assert [told in problem.message for problem in raised.value.problems if draft.place(problem) == place] == [True]
    assert dashboards.get(dashboard.id) == dashboard


def test_other_problems_stand_at_their_field_or_below_all():
    draft = DashboardDraft(name="", variables=(VariableLine("a"),))
    for path, place in (
        ("name", "name"),
        ("metadata.timezone", "timezone"),
        ("metadata.variables.gone.default", ""),
        ("panels[0].operation_options", ""),
    ):
        assert draft.place(Problem(path, "No.")) == place
