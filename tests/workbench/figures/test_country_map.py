"""Groups by country on a map: where each stands, what has no place, and that nothing is asked of anybody."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.figures.formats import PLAIN
from workbench.figures.shades import MOST, shades
from workbench.figures.theme import DARK, LIGHT, contrast
from workbench.figures.views import Canvas, ChartView, EmptyView, ErrorView
from workbench.figures.world.atlas import FILE, atlas

VISITS = {"DE": 1830, "US": 4210, "fr": 12, "India": 7, None: 1204, "XX": 3, "SG": 120}


@pytest.fixture
def mapped(shown, groups):
    """The map of these visits."""

    def build(visits, display=None, **more) -> ChartView:
        chart = shown("bar", groups(visits, field="country"), {"map": True, **(display or {})}, name="Visits", **more)
        assert isinstance(chart, ChartView)
        return chart

    return build


def drawn(chart: ChartView) -> dict[str, str]:
    """What hover says of each country that has a colour."""
    return {trace["name"]: trace["text"] for trace in chart.figure["data"] if "text" in trace}


def test_countries_are_told_by_code_or_name_and_the_rest_below(mapped):
    chart = mapped(VISITS)
    assert drawn(chart) == {
        "Germany": "Germany: 1,830",
        "United States": "United States: 4,210",
        "France": "France: 12",
        "India": "India: 7",
        "Singapore": "Singapore: 120",
    }
    (note,) = chart.figure["layout"]["annotations"]
    assert note["text"] == "Not on the map: (none) 1,204, XX 3"
    assert chart.alt == (
        "Map of the world: Visits. Germany 1,830, United States 4,210, France 12, India 7, Singapore 120. "
        "Not on the map: (none) 1,204, XX 3."
    )
    assert chart.note == ""
    assert [trace["name"] for trace in chart.figure["data"] if trace["showlegend"]] == ["1k+", "100+", "10+", "&lt; 10"]


def test_a_map_needs_no_geometry_of_anybody_else(mapped):
    chart = mapped(VISITS)
    assert {trace["type"] for trace in chart.figure["data"]} == {"scatter"}
    assert "geo" not in chart.figure["layout"]
    assert len(gzip.compress(json.dumps(chart.figure).encode())) < 40_000
    assert len(gzip.compress(FILE.read_bytes())) < 25_000


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("size", [(900, 420), (372, 260), (200, 60)])
def test_every_map_is_a_figure_that_plotly_accepts(mapped, theme, size):
    every = {code: at for at, code in enumerate(atlas().countries)}
    for visits in (VISITS, every, {None: 3}, {"DE": 1}, {"DE": None}, {"DE": 0, "FR": 0}, {"DE": -3, "FR": 0.5}):
        chart = mapped(visits, canvas=Canvas(theme, *size))
        go.Figure(chart.figure)
        json.dumps(chart.figure, allow_nan=False)


def test_the_second_of_two_groups_that_name_one_country_stands_below(mapped):
    chart = mapped({"DE": 5, "de": 2, "Germany": 1})
    assert drawn(chart) == {"Germany": "Germany: 5"}
    assert chart.alt.endswith("Not on the map: de 2, Germany 1.")


def test_many_names_that_are_no_country_are_counted(mapped):
    chart = mapped({"DE": 5, **{f"Z{at}": at for at in range(9)}})
    assert chart.alt.endswith("Not on the map: Z0 0, Z1 1, Z2 2 and 6 more.")


def test_a_met_rule_colours_its_country_and_says_so(mapped):
    rules = [{"when": {"op": ">", "value": 1000}, "color": "red", "label": "busy"}]
    chart = mapped({"DE": 1830, "FR": 3}, {"conditional_formatting": rules})
    (germany,) = [trace for trace in chart.figure["data"] if trace.get("name") == "Germany"]
    assert (germany["text"], germany["fillcolor"]) == ("Germany: 1,830 busy", LIGHT.status["red"])


def test_a_limit_keeps_the_first_countries(mapped):
    chart = mapped({"DE": 5, "FR": 3, "US": 1}, {"limit": 2})
    assert list(drawn(chart)) == ["Germany", "France"]
    assert chart.note == "2 of 3 countries"


def test_no_text_of_a_group_is_markup_on_a_map(mapped):
    chart = mapped({"DE": 1, "<img src=x onerror=alert(1)>": 2, "a" * 500: 3})
    (note,) = chart.figure["layout"]["annotations"]
    assert "<img" not in note["text"]
    assert len(note["text"]) < 200


@pytest.mark.parametrize(
    "data",
    [
        {"buckets": [{"date": "2026-11-01", "value": 1}], "precision": "day"},
        {"groups": [{"key": "DE, x", "keys": {"country": "DE", "device": "x"}, "value": 1}]},
    ],
)
def test_what_is_not_one_country_per_group_is_no_map_and_says_the_way_out(shown, data):
    fault = shown("bar", data, {"map": True})
    assert isinstance(fault, ErrorView)
    assert [(problem.path, problem.hint) for problem in fault.problems] == [
        ("display.map", "Group by the country alone, or leave out display.map.")
    ]


def test_a_map_of_nothing_is_empty_as_bars_are(shown, groups):
    assert isinstance(shown("bar", groups({}), {"map": True}), EmptyView)


def test_every_country_has_an_outline_or_a_dot_on_the_map():
    world = atlas()
    assert len(world.countries) == 249  # ISO 3166-1 without Antarctica, with Kosovo
    for code, country in world.countries.items():
        assert country.outline.x or country.dot, code
        assert (len(country.code), len(country.outline.x)) == (2, len(country.outline.y))
        for axis, most in ((country.outline.x, world.width), (country.outline.y, world.height)):
            assert all(part is None or 0 <= part <= most for part in axis), code


def test_the_map_keeps_sizes_and_places():
    """Areas of the CIA World Factbook in thousand km², against the United States; and who lies where."""
    world = atlas()
    area = {code: _area(world.countries[code].outline) for code in ("US", "BR", "AU", "IN", "GL", "DE", "RU")}
    for code, published in {"BR": 8516, "AU": 7741, "IN": 3287, "GL": 2166, "DE": 357, "RU": 17098}.items():
        assert area[code] / area["BR"] == pytest.approx(published / 8516, rel=0.08), code
    middles = {code: np.nanmean(np.array(world.countries[code].outline.x, dtype=float)) for code in ("BR", "DE", "JP")}
    assert middles["BR"] < middles["DE"] < middles["JP"]
    south, north = (world.find(name).outline.y for name in ("South Africa", "Norway"))
    assert max(part for part in south if part is not None) < min(part for part in north if part is not None)


def test_names_are_found_in_any_case_and_nothing_else_is():
    world = atlas()
    named = ("GB", "gbr", "uk", " United Kingdom ", "United States", "USA", "XK", "Réunion", "Congo", "", "(none)", 7)
    found = [world.find(name) for name in named]
    assert [country.code if country else None for country in found] == [
        *["GB"] * 4,
        *["US"] * 2,
        *["XK", "RE", "CG", None, None, None],
    ]


NUMBERS = st.lists(st.floats(-1e9, 1e9) | st.integers(0, 10**9).map(float), min_size=1, max_size=50)


@given(NUMBERS)
def test_shades_are_few_and_in_order(values):
    ramp = shades(values, LIGHT.accent, LIGHT, PLAIN)
    assert 1 <= len(ramp.colours) == len(ramp.texts) == len(ramp.bounds) + 1 <= MOST
    assert list(ramp.bounds) == sorted(set(ramp.bounds))
    assert ramp.of(max(values)) == ramp.colours[-1]
    if ramp.bounds:
        assert ramp.of(min(values)) == ramp.colours[0]


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1, 2, 3, 4000], (10, 100, 1000)),
        ([1, 30], (2, 5, 10, 20)),
        ([1, 99_999_999], (10, 1000, 100_000, 10_000_000)),
        ([0.2, 0.3, 0.8], (0.4, 0.6, 0.8)),
        ([0, 1, 2, 3], (1, 2, 3)),
        ([5, 5], ()),
    ],
)
def test_bounds_are_round_and_grow_by_factors_where_values_do(values, bounds):
    assert shades([float(value) for value in values], LIGHT.accent, LIGHT, PLAIN).bounds == bounds


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("colour", ["accent", "red", "green"])
def test_each_shade_stands_out_further_than_the_one_before(theme, colour):
    """Lightness alone tells them apart, so every kind of colour vision does."""
    chosen = theme.accent if colour == "accent" else theme.status[colour]
    ramp = shades([1.0, 99_999_999.0], chosen, theme, PLAIN)
    away = [contrast(shade, theme.card) for shade in ramp.colours]
    assert len(away) == MOST
    assert all(after > before * 1.12 for before, after in pairwise(away))
    assert contrast(ramp.colours[0], theme.hairline) > 1.2


def _area(outline) -> float:
    total, ring = 0.0, []
    for point in [*zip(outline.x, outline.y, strict=True), (None, None)]:
        if point[0] is not None:
            ring.append(point)
            continue
        pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
        total += abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2
        ring = []
    return total
