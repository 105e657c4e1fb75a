"""Figures beside those of the period before."""

from __future__ import annotations

import pytest

from workbench.figures.formats import Written
from workbench.figures.html import metric_html
from workbench.figures.theme import LIGHT
from workbench.figures.views import Canvas, Change

NOW = {"2026-11-10": 4, "2026-11-11": 6, "2026-11-12": 5}
BEFORE = {"2026-11-07": 2, "2026-11-08": 9, "2026-11-09": None}


@pytest.mark.parametrize(
    ("was", "value", "unit", "text"),
    [
        (80, 90, None, "↑ 12.5%"),
        (90, 80, None, "↓ 11.1%"),
        (-10, -5, None, "↑ 50%"),
        (80, 80, None, "±0%"),
        (0, 3, None, "new"),
        (0, 0, None, "±0%"),
        (0.5, 0.4882, "ratio", "↓ 1.2 pp"),
        (50.0, 52.5, "percent", "↑ 2.5 pp"),
        (1000000, 1000001, None, "±0%"),
    ],
)
def test_a_number_says_how_far_it_moved(shown, was, value, unit, text):
    metric = shown("metric", {"value": value}, unit=unit, before={"value": was})
    assert metric.change is not None
    assert metric.change.text == text


def test_what_it_was_stands_beside_it(shown):
    metric = shown("metric", {"value": 1500}, {"format": "compact"}, before={"value": 1234})
    assert metric.change == Change("↑ 21.6%", Written("1.2k", "1,234"))
    assert '<strong>↑ 21.6%</strong> <span title="1,234">from 1.2k</span>' in metric_html(metric, LIGHT)


@pytest.mark.parametrize("was", [None, "text"])
def test_nothing_is_said_where_there_was_no_number(shown, was):
    assert shown("metric", {"value": 3}, before={"value": was}).change is None


def test_nothing_is_compared_unless_asked(shown, buckets):
    assert shown("metric", {"value": 3}).change is None
    assert [trace.get("name") for trace in shown("line", buckets(NOW)).figure["data"]] == ["Orders"]


@pytest.mark.parametrize("panel_type", ["line", "area", "bar"])
def test_the_period_before_is_a_thin_line_at_the_same_places(shown, buckets, panel_type):
    figure = shown(panel_type, buckets(NOW), before=buckets(BEFORE)).figure
    (ghost,) = [trace for trace in figure["data"] if trace.get("name") == "Before"]
    assert ghost["x"] == ["2026-11-10", "2026-11-11", "2026-11-12"]
    assert ghost["y"] == [2.0, 9.0, None]
    assert ghost["customdata"][0] == "2 (7 Nov 2026)"
    assert figure["layout"]["yaxis"]["range"][1] > 9


def test_months_of_unequal_length_are_laid_from_their_first_day(shown, buckets):
    longer = shown("line", buckets(NOW), before=buckets({**BEFORE, "2026-11-10": 7})).figure["data"][0]
    shorter = shown("line", buckets(NOW), before=buckets({"2026-11-09": 7})).figure["data"][0]
    assert (longer["y"], shorter["y"]) == ([2.0, 9.0, None], [7.0, None, None])


def test_several_series_are_not_compared(shown, buckets):
    several = buckets({"2026-11-10": {"a": 1, "b": 2}})
    assert "Before" not in [trace.get("name") for trace in shown("line", several, before=several).figure["data"]]


def test_a_long_line_is_thinned_with_what_was_before(shown, buckets):
    days = {
        f"20{year:02}-{month:02}-{day:02}": day for year in range(9) for month in range(1, 13) for day in range(1, 29)
    }
    figure = shown("line", buckets(days), before=buckets(days), canvas=Canvas(width_px=200)).figure
    ghost, line = figure["data"]
    assert len(ghost["y"]) == len(line["y"]) <= 400
    assert ghost["y"] == line["y"]
