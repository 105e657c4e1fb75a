from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stats_core.errors import InvalidOptionsError
from stats_core.panels.comparison import values_before
from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import DashboardContext, Variable

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
CONTEXT = DashboardContext(
    {
        "range": Variable(type="range", default={"preset": "30d"}),
        "website": Variable(type="website"),
        "other": Variable(type="range", default={"preset": "7d"}),
    }
)
OPTIONS = {"entity": "partner", "range": {"$var": "range"}, "filters": {"website_id": {"$var": "website"}}}


def before(given: dict, *, options: dict = OPTIONS, timezone: str = "UTC") -> dict | None:
    panel = PanelSpec(operation_type="aggregate_data", operation_options=options).on(CONTEXT)
    return values_before(panel, given, now=NOW, timezone=timezone)


@pytest.mark.parametrize(
    ("asked", "earlier"),
    [
        ({"preset": "today"}, {"from": "2026-06-14", "to": "2026-06-14"}),
        ({"preset": "7d"}, {"from": "2026-06-02", "to": "2026-06-08"}),
        ({"last_days": 2}, {"from": "2026-06-12", "to": "2026-06-13"}),
        ({"preset": "ytd"}, {"from": "2025-07-19", "to": "2025-12-31"}),
        ({"from": "2026-05-01", "to": "2026-05-31"}, {"from": "2026-03-31", "to": "2026-04-30"}),
        (
            {"from": "2026-06-15T10:00:00Z", "to": "2026-06-15T12:00:00Z"},
            {"from": "2026-06-15T08:00:00+00:00", "to": "2026-06-15T10:00:00+00:00"},
        ),
    ],
)
def test_the_period_before_is_as_long_and_ends_where_this_one_begins(asked, earlier):
    assert before({"range": asked}) == {"range": earlier}


def test_the_default_range_counts_and_other_choices_stay():
    assert before({"website": "site_a"}) == {
        "website": "site_a",
        "range": {"from": "2026-04-17", "to": "2026-05-16"},
    }


def test_days_are_those_of_the_zone_also_over_a_change_of_the_clock():
    early = datetime(2026, 3, 30, 22, 30, tzinfo=UTC)  # half past midnight of the 31st in Berlin
    panel = PanelSpec(operation_type="aggregate_data", operation_options=OPTIONS).on(CONTEXT)
    asked = {"range": {"last_days": 3}}
    assert values_before(panel, asked, now=early, timezone="Europe/Berlin") == {
        "range": {"from": "2026-03-26", "to": "2026-03-28"}
    }


@pytest.mark.parametrize("asked", [{"preset": "all"}, {"from": "2026-01-01"}, {"to": "2026-01-01"}])
def test_a_range_with_an_open_side_has_no_period_before(asked):
    assert before({"range": asked}) is None


def test_a_panel_without_a_range_of_the_dashboard_is_not_compared():
    assert before({}, options={"entity": "partner"}) is None
    assert before({}, options={"entity": "partner", "range": {"preset": "7d"}}) is None


def test_a_range_that_does_not_validate_is_left_to_the_call_itself():
    assert before({"range": {"preset": "fortnight"}}) is None
    with pytest.raises(InvalidOptionsError):
        before({"range": {"from": "2026-02-01", "to": "2026-01-01"}})
