from __future__ import annotations

from stats_core.errors import Problem
from workbench.figures.conditions import Mark
from workbench.figures.formats import Written
from workbench.figures.html import empty_html, error_html, label_html, list_html, metric_html
from workbench.figures.sparkline import sparkline
from workbench.figures.theme import LIGHT
from workbench.figures.views import EmptyView, ErrorView, LabelView, ListItem, ListView, MetricView


def test_a_metric_has_its_full_number_as_title():
    assert metric_html(MetricView(Written("1.2k", "1,234"), "Visits"), LIGHT) == (
        '<div class="wb-metric wb-alone"><div class="wb-metric-value" title="1,234">1.2k</div>'
        '<div class="wb-metric-label">Visits</div></div>'
    )


def test_a_marked_metric_says_so_in_words_and_colour():
    marked = MetricView(Written("12", "12"), mark=Mark("#c0262d", "error", "too high"))
    assert metric_html(marked, LIGHT) == (
        '<div class="wb-metric wb-alone"><div class="wb-metric-value" title="12" style="color:#c0262d">12 '
        '<span class="wb-icon" aria-hidden="true">error</span><span class="wb-mark">too high</span></div></div>'
    )


def test_a_list_has_bars_and_says_what_is_left_out():
    listing = ListView((ListItem("/a", Written("2", "2"), 0.5),), total=1_234)
    assert list_html(listing, LIGHT) == (
        '<ol class="wb-list"><li><span class="wb-bar" style="width:50.0%;background:#3b5bdb"></span>'
        '<span class="wb-name" title="/a">/a</span><span class="wb-number" title="2">2</span></li>'
        '<li class="wb-more">and 1,233 more</li></ol>'
    )


def test_states_tell_reasons_paths_and_hints():
    assert empty_html(EmptyView("No order matches", ("Status is PAID",), "Choose a longer range.")) == (
        '<div class="wb-empty" role="status"><strong>No order matches</strong><ul><li>Status is PAID</li></ul>'
        "<p>Choose a longer range.</p></div>"
    )
    assert error_html(ErrorView("No answer", (Problem("entity", "No entity.", "Run `a <b>`."), Problem("", "x")))) == (
        '<div class="wb-error" role="alert"><strong>No answer</strong><p><code>entity</code> No entity. '
        '<span class="wb-hint">Run <code>a &lt;b&gt;</code>.</span></p><p>x </p></div>'
    )


def test_a_label_is_taken_as_it_is():
    assert label_html(LabelView("<p>hi</p>\n")) == '<div class="wb-label"><p>hi</p>\n</div>'


def test_a_sparkline_spans_its_box_from_zero():
    assert sparkline((0.0, None, 10.0), LIGHT, height_px=32) == (
        '<svg class="wb-spark" viewBox="0 0 200 32" height="32" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon points="0.0,31.0 0.0,31.0 200.0,1.0 200.0,31.0" fill="rgba(59,91,219,0.12)" />'
        '<polyline points="0.0,31.0 200.0,1.0" fill="none" stroke="#3b5bdb" stroke-width="1.5" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round" /></svg>'
    )


def test_the_way_to_a_running_period_is_dashed():
    line = sparkline((4.0, 2.0, 1.0), LIGHT, height_px=32, running=True)
    assert [part.split('"')[0] for part in line.split('<polyline points="')[1:]] == [
        "0.0,1.0 100.0,16.0",
        "100.0,16.0 200.0,23.5",
    ]
    assert line.count('stroke-dasharray="3 3"') == 1


def test_fewer_than_two_points_are_no_line():
    assert sparkline((None, 3.0), LIGHT, height_px=32) == ""
    assert sparkline((), LIGHT, height_px=32) == ""
