from __future__ import annotations

import pytest

from stats_core.errors import InvalidOptionsError, Problem, UnknownNameError
from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import DashboardContext, Variable
from workbench.figures.states import empty, error
from workbench.figures.views import EmptyView, ErrorView, WayOut

ON_DASHBOARD = DashboardContext(
    variables={
        "website": Variable(type="website"),
        "range": Variable(type="range", default={"preset": "30d"}),
    }
)


def panel(**options: object) -> PanelSpec:
    return PanelSpec(operation_options={"entity": "analytics_event", **options}).on(ON_DASHBOARD)


def test_it_says_which_filters_and_range_matched_nothing():
    filters = {
        "website_id": {"$var": "website"},
        "status": ["PAID", "SHIPPED"],
        "store.name": None,
        "total_cents": {"$gte": 100, "$lt": 200},
        "country": {"$nin": ["DE", "FR", "IT", "ES", "PT", "NL"]},
        "session_id": {"$exists": False},
        "is_bounce": True,
        "$and": [{"os": "Linux"}],
        "$or": [{"a": 1}, {"b": 2}],
        "$not": {"c": 3},
    }
    asked = panel(filters=filters, range={"$var": "range"})
    assert empty(asked, {"website": "site_7", "range": {"from": "2026-10-01", "to": "2026-10-31"}}) == EmptyView(
        title="No analytics event matches",
        reasons=(
            "Website id is site_7",
            "Status is one of PAID, SHIPPED",
            "Store name is empty",
            "Total cents at least 100",
            "Total cents below 200",
            "Country is none of DE, FR, IT, ES, PT and 1 more",
            "Session id is empty",
            "Is bounce is yes",
            "Os is Linux",
            "one of several conditions",
            "a condition that excludes rows",
            "1 Oct 2026 to 31 Oct 2026",
        ),
        hint="Choose a longer range or fewer filters.",
        ways=(WayOut("website", None, "Clear Website"), WayOut("range", {"preset": "all"}, "Show all time")),
    )


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ({"website": "site_7"}, ["Clear Website", "Show all time"]),
        ({"website": "site_7", "range": {"preset": "all"}}, ["Clear Website"]),
        ({}, ["Show all time"]),
        ({"range": {"preset": "all"}}, []),
    ],
)
def test_only_choices_that_narrow_the_call_can_be_lifted(given, ways):
    filters = {"$or": [{"website_id": {"$in": {"$var": "website"}}}, {"os": {"$var": "undeclared"}}]}
    asked = panel(filters=filters, range={"$var": "range"})
    assert [way.label for way in empty(asked, given).ways] == ways
    assert empty(panel(filters={"os": "x"}, range={"preset": "7d"}), given).ways == ()


@pytest.mark.parametrize(
    ("given", "reasons"),
    [
        ({}, ("Last 30 days",)),
        ({"range": {"preset": "ytd"}}, ("This year to date",)),
        ({"range": {"last_days": 7}}, ("Last 7 days",)),
        ({"range": {"from": "2026-10-01"}}, ("From 1 Oct 2026",)),
        ({"range": {"to": "2026-10-01"}}, ("Until 1 Oct 2026",)),
        ({"website": None}, ("Last 30 days",)),
        ({"website": ["a", "b"]}, ("Website id is one of a, b", "Last 30 days")),
    ],
)
def test_a_variable_stands_for_its_value_or_default_or_nothing(given, reasons):
    asked = panel(filters={"website_id": {"$var": "website"}}, range={"$var": "range"})
    assert empty(asked, given).reasons == reasons


def test_without_conditions_there_is_just_nothing_yet():
    assert empty(panel()) == EmptyView("No analytics event yet", (), "This fills as data comes in.")


def test_charts_and_tables_without_rows_are_empty(shown, groups, buckets):
    zeros = buckets({"2026-11-20": 0, "2026-11-21": 0})
    for panel_type, data in [("bar", groups({})), ("list", groups({})), ("table", {"rows": []}), ("area", zeros)]:
        assert isinstance(shown(panel_type, data, row_count=0), EmptyView)


def test_zeros_of_rows_that_matched_are_drawn(shown, buckets):
    assert not isinstance(shown("line", buckets({"2026-11-20": 0, "2026-11-21": 0}), row_count=4), EmptyView)


def test_an_error_keeps_every_problem():
    problems = (Problem("filters.status", "No such value."), Problem("range", "Inverted.", "Swap the ends."))
    assert error(InvalidOptionsError(problems)) == ErrorView("This panel has no answer", problems)
    assert error(UnknownNameError("entity", "ordr", ["order"], path="entity"), "Sorry").problems == (
        Problem("entity", "No entity named 'ordr'.", "Did you mean 'order'?"),
    )


@pytest.mark.parametrize("panel_type", ["list", "bar", "line", "area"])
def test_a_single_value_is_refused_where_names_are_needed(shown, panel_type):
    assert shown(panel_type, {"value": 3}) == ErrorView(
        "This panel cannot show its answer",
        (
            Problem(
                "type",
                f"A {panel_type} panel draws groups, buckets or rows, but this call answers with one value.",
                "Choose the type metric, or add group_by to the call.",
            ),
        ),
    )
