from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import product

import plotly.graph_objects as go
import pytest

from workbench.figures.layout import text_px
from workbench.figures.theme import DARK, LIGHT, SHAPE_CONTRAST, TEXT_CONTRAST, contrast
from workbench.figures.views import Canvas, ChartView

WEEK = {f"2026-11-{day}": day for day in range(10, 17)}  # all over at the NOON of conftest.py
TODAY = WEEK | {"2026-11-21": 3}
WIDE, NARROW = Canvas(LIGHT, 800, 300), Canvas(LIGHT, 240, 120)


def test_an_area_is_one_quiet_line_from_zero(shown, buckets):
    chart = shown(
        "area", buckets({"2026-11-19": 800, "2026-11-20": 1000}), name="Sessions", canvas=Canvas(LIGHT, 400, 200)
    )
    assert chart == ChartView(
        figure={
            "data": [
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": ["2026-11-19", "2026-11-20"],
                    "y": [800.0, 1000.0],
                    "line": {"color": "#3b5bdb", "width": 2, "shape": "linear"},
                    "marker": {"size": [0, 0], "color": "#3b5bdb"},
                    "cliponaxis": False,
                    "name": "Sessions",
                    "customdata": ["800", "1,000"],
                    "hovertemplate": "%{customdata}",
                    "fill": "tozeroy",
                    "fillcolor": "rgba(59,91,219,0.1)",
                }
            ],
            "layout": chart.figure["layout"],
        },
        alt="Area chart: Sessions. 19 Nov 2026 to 20 Nov 2026. "
        "Lowest 800 (19 Nov 2026), highest 1,000 (20 Nov 2026), last 1,000.",
    )
    layout = chart.figure["layout"]
    assert layout["template"] == {}
    assert layout["showlegend"] is False
    assert layout["hovermode"] == "x unified"
    assert layout["yaxis"]["range"] == [0.0, 1060.0]
    assert layout["yaxis"]["ticktext"] == ["0", "500", "1k"]
    assert layout["xaxis"]["range"] == ["2026-11-19", "2026-11-20"]
    assert layout["xaxis"]["fixedrange"]
    assert layout["dragmode"] is False


@pytest.mark.parametrize("panel_type", ["bar", "line", "area"])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_figure_is_one_that_plotly_accepts(shown, buckets, groups, panel_type, theme):
    split = {date: {"a": 1, "b": None, "c": 3.5} for date in TODAY}
    for data in (buckets(TODAY), buckets(split), groups({"a": 1, "b": -2}), buckets({"2026-11-21": 4})):
        figure = shown(panel_type, data, canvas=Canvas(theme)).figure
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)


def test_figures_know_neither_streamlit_nor_plotly(repository):
    code = (
        "import sys, workbench.figures.drawing, workbench.figures.html; print({'streamlit', 'plotly'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_same_answer_gives_the_same_figure(shown, buckets):
    assert shown("line", buckets(TODAY)) == shown("line", buckets(TODAY))


# ---------------------------------------------------------------- the period that is not over


def test_the_running_day_is_reached_by_a_dashed_line_and_said(shown, buckets):
    solid, dashed, read = shown("line", buckets(TODAY)).figure["data"]
    assert (solid["x"][-1], solid["hoverinfo"], solid["line"].get("dash")) == ("2026-11-16", "skip", None)
    assert (dashed["x"], dashed["line"]["dash"]) == (["2026-11-16", "2026-11-21"], "3px,3px")
    assert read["customdata"] == ["10", "11", "12", "13", "14", "15", "16", "3 so far"]
    assert read["marker"]["size"] == [0] * 7 + [6]
    assert "21 Nov 2026, the last not over" in shown("line", buckets(TODAY)).alt


def test_the_running_bar_is_hatched(shown, buckets):
    (bars,) = shown("bar", buckets(TODAY)).figure["data"]
    assert bars["marker"]["pattern"]["shape"] == [""] * 7 + ["/"]
    assert bars["customdata"][-1] == "3 so far"


@pytest.mark.parametrize(
    ("precision", "date", "running"),
    [
        ("day", "2026-11-21", True),
        ("day", "2026-11-20", False),
        ("day", "2026-11-22", False),
        ("week", "2026-11-16", True),
        ("week", "2026-11-09", False),
        ("month", "2026-11-01", True),
        ("month", "2026-10-01", False),
        ("quarter", "2026-10-01", True),
        ("year", "2026-01-01", True),
        ("hour", "2026-11-21T12:00:00+00:00", True),
        ("hour", "2026-11-21T13:00:00+01:00", True),
        ("hour", "2026-11-21T12:00:00+01:00", False),
    ],
)
def test_the_last_period_runs_until_the_next_begins(shown, buckets, precision, date, running):
    (bars,) = shown("bar", buckets({"2020-01-01": 1, date: 2}, precision=precision)).figure["data"]
    assert (bars["marker"]["pattern"]["shape"][-1] == "/") is running


@pytest.mark.parametrize(
    ("timezone", "date", "running"),
    [
        ("Pacific/Auckland", "2026-11-22", True),  # 01:00 there
        ("Pacific/Auckland", "2026-11-21", False),
        ("America/Los_Angeles", "2026-11-21", True),
    ],
)
def test_the_day_runs_in_the_zone_it_was_cut_in(shown, buckets, timezone, date, running):
    data = buckets({"2026-11-01": 1, date: 2})
    for where in ({"canvas": Canvas(timezone=timezone)}, {"options": {"timezone": timezone}}):
        (bars,) = shown("bar", data, **where).figure["data"]
        assert (bars["marker"]["pattern"]["shape"][-1] == "/") is running


def test_rows_have_no_period_that_runs(shown):
    rows = [{"date": "2026-11-20", "n": 1}, {"date": "2026-11-21", "n": 2}]
    assert len(shown("line", {"rows": rows}).figure["data"]) == 1


# ---------------------------------------------------------------- times


def test_the_hour_that_autumn_repeats_stays_two(shown, buckets):
    hours = {
        "2026-10-25T01:00:00+02:00": 1,
        "2026-10-25T02:00:00+02:00": 2,
        "2026-10-25T02:00:00+01:00": 3,
        "2026-10-25T03:00:00+01:00": 4,
    }
    chart = shown("line", buckets(hours, precision="hour"))
    (line,) = chart.figure["data"]
    assert line["x"] == [f"2026-10-25T0{hour}:00:00" for hour in (1, 2, 3, 4)]
    assert line["y"] == [1, 2, 3, 4]
    assert line["customdata"][1:3] == ["25 Oct 2026, 02:00 +02:00: 2", "25 Oct 2026, 02:00 +01:00: 3"]
    assert chart.figure["layout"]["xaxis"]["unifiedhovertitle"] == {"text": " "}


def test_rows_are_drawn_from_left_to_right_however_they_are_sorted(shown):
    rows = [{"day": "2026-11-03", "n": 3}, {"day": None, "n": 9}, {"day": "2026-11-01", "n": 1}]
    (line,) = shown("line", {"rows": rows}).figure["data"]
    assert (line["x"], line["y"]) == (["2026-11-01", "2026-11-03"], [1.0, 3.0])


def test_gaps_stay_gaps_and_a_lone_point_is_seen(shown, buckets):
    (line,) = shown("line", buckets({"2026-11-01": 1, "2026-11-02": None, "2026-11-03": 3})).figure["data"]
    assert line["y"] == [1.0, None, 3.0]
    assert line["mode"] == "lines+markers"
    assert line["marker"]["size"] == [5, 0, 5]
    assert "connectgaps" not in line


# ---------------------------------------------------------------- bars over names


def test_short_names_stand_under_their_bars_with_the_numbers_on_top(shown, groups):
    figure = shown("bar", groups({"PAID": 1200, "OPEN": 7}), canvas=WIDE).figure
    (bars,) = figure["data"]
    assert (bars["orientation"], bars["x"], bars["y"], bars["text"]) == ("v", [0, 1], [1200.0, 7.0], ["1,200", "7"])
    assert figure["layout"]["xaxis"]["ticktext"] == ["PAID", "OPEN"]
    assert figure["layout"]["yaxis"]["showticklabels"] is False
    assert figure["layout"]["yaxis"]["range"][0] == 0
    assert figure["layout"]["yaxis"]["range"][1] > 1200


STATES = ("COMPLETE", "SHIPPED", "REFUNDED", "CANCELLED", "PARTIALLY_REFUNDED", "FULFILLING", "PAID", "PENDING")


@pytest.mark.parametrize(
    ("names", "canvas", "orientation"),
    [
        (STATES[:3], Canvas(LIGHT, 1308, 300), "v"),
        (STATES, Canvas(LIGHT, 1308, 300), "h"),  # they would fit here, and lie on each other on a phone
        (STATES, Canvas(LIGHT, 1308, 120), "v"),  # no room for all of them below each other
        (("approved", "archived", "in_review", "draft"), Canvas(LIGHT, 408, 300), "v"),
        (("approved", "archived", "in_review", "draft"), Canvas(LIGHT, 300, 300), "h"),
    ],
)
def test_bars_stand_where_their_names_fit_on_a_narrower_screen_too(shown, groups, names, canvas, orientation):
    figure = shown("bar", groups(dict.fromkeys(names, 1)), canvas=canvas).figure
    (bars,) = figure["data"]
    assert (bars["orientation"], len(bars["text"])) == (orientation, len(names))


def test_names_below_bars_turn_where_they_would_overlap_and_beside_them_never(shown, groups):
    standing = shown("bar", groups({"PAID": 1, "OPEN": 2}), canvas=WIDE).figure["layout"]["xaxis"]
    assert standing["autotickangles"] == [0, 45, 90]
    assert "tickangle" not in standing
    lying = shown("bar", groups(dict.fromkeys(STATES, 1)), canvas=WIDE).figure["layout"]["yaxis"]
    assert lying["tickangle"] == 0


def test_names_beside_bars_leave_them_room_on_a_phone(shown, groups):
    for width_px, name in product((408, 1308), ("/a" * 100, "W" * 100, "語" * 100)):
        for display in ({}, {"suffix": " of them, as far as we know today"}):
            figure = shown("bar", groups({name: 1000, "/": 1}), display, canvas=Canvas(LIGHT, width_px, 300)).figure
            names_px = max(map(text_px, figure["layout"]["yaxis"]["ticktext"]))
            phone_px = min(width_px / 2, 340)
            assert phone_px - names_px - figure["layout"]["margin"]["r"] > figure["layout"]["minreducedwidth"]


def test_long_names_stand_beside_lying_bars_shortened_and_in_full_on_hover(shown, groups):
    path = "/blog/2026/a-rather-long-path-that-does-not-fit"
    figure = shown("bar", groups({path: 3, "/": 1}), canvas=NARROW).figure
    (bars,) = figure["data"]
    assert (bars["orientation"], bars["y"], bars["x"]) == ("h", [0, 1], [3.0, 1.0])
    assert figure["layout"]["yaxis"]["ticktext"] == ["/blog/2026/\N{HORIZONTAL ELLIPSIS}", "/"]
    assert figure["layout"]["yaxis"]["range"] == [1.5, -0.5]  # the first on top
    assert bars["customdata"] == [f"{path}: 3", "/: 1"]


def test_bars_that_do_not_fit_are_left_out_and_counted(shown, groups):
    many = groups({f"a name that is quite long {at}": 100 - at for at in range(50)})
    chart = shown("bar", many, canvas=NARROW)
    assert len(chart.figure["data"][0]["y"]) == 5
    assert chart.note == "5 of 50 bars"


def test_a_limit_is_kept(shown, groups, buckets):
    chart = shown("bar", groups({str(at): at for at in range(9)}), {"limit": 3}, canvas=WIDE)
    assert (chart.figure["data"][0]["x"], chart.note) == ([0, 1, 2], "3 of 9 bars")
    of_more = shown("bar", groups({"a": 2, "b": 1}, count=96), canvas=WIDE)
    assert of_more.note == "2 of 96 bars"
    latest = shown("bar", buckets(WEEK), {"limit": 2}, canvas=WIDE)
    assert latest.figure["data"][0]["x"] == ["2026-11-15", "2026-11-16"]
    lines = shown("line", buckets({"2026-11-01": {"a": 1, "b": 5, "c": 3}, "2026-11-02": {"a": 1}}), {"limit": 2})
    assert ([trace["name"] for trace in lines.figure["data"]], lines.note) == (["b", "c"], "2 of 3 series")


def test_groups_by_two_fields_become_series_of_the_one_that_is_named(shown):
    items = [("open", "x", 5), ("open", "y", 3), ("done", "x", 9)]
    data = {
        "groups": [{"key": f"{a}, {b}", "keys": {"status": a, "kind": b}, "value": v} for a, b, v in items],
        "group_count": 3,
    }
    figure = shown("bar", data, {"group_by": "kind"}, options={"aggregate": {"fn": "count"}}, canvas=WIDE).figure
    assert [(trace["name"], trace["y"]) for trace in figure["data"]] == [("x", [5.0, 9.0]), ("y", [3.0, None])]
    assert figure["layout"]["xaxis"]["ticktext"] == ["open", "done"]
    assert figure["layout"]["barmode"] == "stack"


def test_conditions_colour_bars_and_add_their_words(shown, groups):
    rules = [{"when": {"op": "<", "value": 5}, "color": "red", "label": "few"}]
    (bars,) = shown("bar", groups({"a": 9, "b": 2}), {"conditional_formatting": rules}, canvas=WIDE).figure["data"]
    assert bars["marker"]["color"] == [LIGHT.accent, LIGHT.status["red"]]
    assert bars["text"] == ["9", "2 few"]


def test_negative_bars_have_room_below(shown, groups):
    low, high = shown("bar", groups({"a": 5, "b": -3}), canvas=WIDE).figure["layout"]["yaxis"]["range"]
    assert low < -3
    assert high > 5


# ---------------------------------------------------------------- several series


def test_lines_are_named_at_their_ends_and_their_names_do_not_touch(shown, buckets):
    data = buckets({"2026-11-01": {"a": 100, "b": 99, "c": 10}, "2026-11-02": {"a": 50, "b": 50.5, "c": 0}})
    figure = shown("line", data, canvas=Canvas(LIGHT, 400, 200)).figure
    assert figure["layout"]["showlegend"] is False
    names = {note["text"]: note["y"] for note in figure["layout"]["annotations"]}
    gap = 15 * (figure["layout"]["yaxis"]["range"][1] - figure["layout"]["yaxis"]["range"][0]) / 170
    assert names["b"] == 50.5
    assert names["a"] == pytest.approx(50.5 - gap)
    assert names["c"] == 0
    colours = [note["font"]["color"] for note in figure["layout"]["annotations"]]
    assert min(contrast(colour, LIGHT.card) for colour in colours) >= TEXT_CONTRAST


def test_more_lines_than_ends_can_hold_get_a_legend_and_no_more_than_ten_are_drawn(shown, buckets):
    many = {date: {f"s{at}": at for at in range(1, 13)} for date in ("2026-11-01", "2026-11-02")}
    chart = shown("line", buckets(many))
    assert chart.figure["layout"]["showlegend"] is True
    assert [trace["name"] for trace in chart.figure["data"]] == [f"s{at}" for at in range(3, 13)]
    assert chart.note == "10 of 12 series"


@pytest.mark.parametrize(
    ("aggregate", "stacked"), [({"fn": "sum"}, True), ({"fn": "avg"}, False), ({"measure": "x"}, False)]
)
def test_only_what_adds_up_is_stacked(shown, buckets, aggregate, stacked):
    data = buckets({"2026-11-01": {"a": 1, "b": 5}, "2026-11-02": {"a": 2, "b": 5}})
    figure = shown("area", data, options={"aggregate": aggregate}).figure
    assert all((trace.get("stackgroup") == "all") is stacked for trace in figure["data"])
    assert figure["layout"]["yaxis"]["range"][1] == pytest.approx((7 if stacked else 5) * 1.06)


# ---------------------------------------------------------------- much data


def test_a_long_line_keeps_its_peaks_in_two_points_per_pixel(shown, buckets):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    hours = {(start + timedelta(hours=at)).isoformat(): at % 7 for at in range(5000)}
    peak, pit = list(hours)[2345], list(hours)[3333]
    hours |= {peak: 1000, pit: -50}
    (line,) = shown("line", buckets(hours, precision="hour"), canvas=Canvas(LIGHT, 300, 200)).figure["data"]
    assert len(line["x"]) <= 602
    assert (max(line["y"]), min(line["y"])) == (1000, -50)
    assert (line["x"][0], line["x"][-1]) == ("2024-01-01T00:00:00", "2024-07-27T07:00:00")


def test_bars_thinner_than_a_pixel_are_drawn_as_their_outline(shown, buckets):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    hours = {(start + timedelta(hours=at)).isoformat(): at % 7 for at in range(5000)}
    (outline,) = shown("bar", buckets(hours, precision="hour")).figure["data"]
    assert (outline["type"], outline["line"]["shape"], outline["fill"]) == ("scatter", "hvh", "tozeroy")


# ---------------------------------------------------------------- words and colours


def test_numbers_are_written_in_the_panels_format_everywhere(shown, buckets):
    chart = shown(
        "bar",
        buckets({"2026-10-01": 1_200_000, "2026-11-01": 50}, precision="month"),
        {"currency": "EUR"},
        unit="cents",
    )
    euro = "\N{EURO SIGN}"
    assert chart.figure["layout"]["yaxis"]["ticktext"] == [f"{euro}0", f"{euro}5k", f"{euro}10k"]
    assert chart.figure["data"][0]["customdata"] == [f"{euro}12,000.00", f"{euro}0.50 so far"]
    assert f"highest {euro}12,000.00 (Oct 2026)" in chart.alt


def test_the_panels_own_words_come_first(shown, buckets):
    display = {"alt_text": "Fewer every day.", "label": "Visits", "color": "#ffffee"}
    chart = shown("line", buckets(WEEK), display)
    assert chart.alt == (
        "Fewer every day. 10 Nov 2026 to 16 Nov 2026. Lowest 10 (10 Nov 2026), highest 16 (16 Nov 2026), last 16."
    )
    assert chart.figure["data"][0]["name"] == "Visits"
    assert contrast(chart.figure["data"][0]["line"]["color"], LIGHT.card) >= SHAPE_CONTRAST


@pytest.mark.parametrize(
    ("aggregate", "name"),
    [
        ({"measure": "bounce_rate"}, "Bounce rate"),
        ({"fn": "sum", "field": "store.total"}, "Store total"),
        ({"fn": "avg", "field": "x"}, "Orders"),
    ],
)
def test_hover_names_what_was_aggregated(shown, buckets, aggregate, name):
    assert shown("line", buckets(WEEK), options={"aggregate": aggregate}).figure["data"][0]["name"] == name


def test_bars_are_told_one_by_one(shown, groups):
    assert shown("bar", groups({"PAID": 12, None: 3}), name="By status", canvas=WIDE).alt == (
        "Bar chart: By status. PAID 12, (none) 3."
    )


def test_the_axis_of_names_has_a_title_where_the_panel_gives_one(shown, groups):
    figure = shown("bar", groups({"PAID": 12}), {"x_axis": "Status <b>"}, canvas=WIDE).figure
    assert figure["layout"]["xaxis"]["title"]["text"] == "Status &lt;b&gt;"
    figure = shown("bar", groups({"PAID": 12}), {"x_axis": "Status"}, canvas=WIDE, name="Orders by status").figure
    assert "title" not in figure["layout"]["xaxis"]  # the panel's own title says it


def test_a_few_days_are_each_named_and_no_hours_stand_between_them(shown, buckets):
    axis = shown("bar", buckets({"2026-05-17": 263, "2026-05-18": 448})).figure["layout"]["xaxis"]
    assert (len(axis["tickvals"]), axis["tickformat"]) == (2, "%-d %b")
    many = {f"2026-05-{day:02}": day for day in range(1, 31)}
    assert "tickvals" not in shown("bar", buckets(many)).figure["layout"]["xaxis"]


@pytest.mark.parametrize(
    ("precision", "months", "ticks"),
    [
        ("week", [1, 2, 3], ["2026-01-05", "2026-02-05", "2026-03-05"]),
        ("quarter", range(1, 10), ["2026-01-05", "2026-03-05"]),
    ],
)
def test_weeks_and_quarters_are_written_where_they_begin(shown, buckets, precision, months, ticks):
    dates = {f"2026-{month:02}-05": month for month in months}
    axis = shown("bar", buckets(dates, precision=precision)).figure["layout"]["xaxis"]
    assert axis["tickvals"][: len(ticks)] == ticks
    assert len(axis["tickvals"]) <= 7


def test_numbers_at_the_ends_of_lying_bars_have_room_in_pixels_on_any_screen(shown, groups):
    def drawn(values, canvas=NARROW):
        layout = shown("bar", groups({f"a long name of it {at} " * 4: v for at, v in enumerate(values)}), canvas=canvas)
        return layout.figure["layout"]["xaxis"]["range"], layout.figure["layout"]["margin"]["r"]

    assert drawn([4771, 12], WIDE) == drawn([4771, 12]) == ([0.0, 4771.0], int(7 * 6.6))
    assert drawn([0, 0]) == ([0.0, 1.0], int(3 * 6.6))
    (low, high), _ = drawn([-50, -100])
    assert low < -100
    assert high == 0


def test_the_running_day_of_a_stack_lies_under_a_veil(shown, buckets):
    def veiled(panel_type, values, fn="sum") -> list[tuple[str, str]]:
        split = {date: {"a": value, "b": value} for date, value in values.items()}
        drawn = shown(panel_type, buckets(split), options={"entity": "x", "aggregate": {"fn": fn}})
        return [(shape["x0"], shape["x1"]) for shape in drawn.figure["layout"].get("shapes", [])]

    assert veiled("area", TODAY) == [("2026-11-16", "2026-11-21"), ("2026-11-16", "2026-11-16")]
    assert veiled("area", WEEK) == []
    assert veiled("area", TODAY, fn="avg") == []  # not stacked: each line ends in dashes
    assert veiled("line", TODAY) == []
