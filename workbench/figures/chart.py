"""Bar, line and area panels: from an answer to a Plotly figure as plain data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.alt import alt_text, title_of
from workbench.figures.answers import Answer
from workbench.figures.bars import BAR_PX, date_bars, lies, named_bars
from workbench.figures.country_map import country_map, placed, words_of
from workbench.figures.formats import style_of
from workbench.figures.layout import Drawing
from workbench.figures.lines import lines
from workbench.figures.plot import Plot, at_most, largest, local_now, plot
from workbench.figures.text import humanised, one_line
from workbench.figures.theme import SHAPE_CONTRAST, towards
from workbench.figures.views import Canvas, ChartView

MAX_SERIES = 10  # colours there are
ADDITIVE = frozenset({"count", "sum"})


def bar(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> ChartView:
    """Bars: upright over dates, and over names where these fit under them; else lying, with the names beside them.

    Groups by country may stand on a map instead.
    """
    if result.display.map:
        return world_map(panel, result, answer, canvas)
    drawn = _plot(panel, result, answer, canvas)
    drawn = largest(at_most(drawn, result.display.limit, latest=drawn.temporal), MAX_SERIES)
    lying = not drawn.temporal and lies(drawn, canvas)
    if not drawn.temporal:
        drawn = at_most(drawn, max((canvas.height_px if lying else canvas.width_px) // BAR_PX, 1))
    drawing = _drawing(panel, result, drawn, canvas)
    if not drawn.temporal:
        figure = named_bars(drawing, lying=lying)
    elif len(drawn.positions) > canvas.width_px:  # bars thinner than a pixel: their outline shows the same
        figure = lines(drawing, filled=True, shape="hvh")
    else:
        figure = date_bars(drawing)
    return _view("bar", panel, drawing, figure)


def world_map(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> ChartView:
    """Countries by their values, with what is no country in words below."""
    found = placed(at_most(_plot(panel, result, answer, canvas), result.display.limit))
    drawing = _drawing(panel, result, found.plot, canvas)
    unplaced = words_of(found.unplaced, drawing)
    shown = _view("map", panel, drawing, country_map(drawing, found.countries, unplaced))
    return replace(shown, alt=f"{shown.alt} {unplaced}." if unplaced else shown.alt)


def line(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> ChartView:
    """One line per series."""
    drawing = _drawing(panel, result, _series(panel, result, answer, canvas), canvas)
    return _view("line", panel, drawing, lines(drawing, filled=False))


def area(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> ChartView:
    """Filled lines; several are stacked where their values add up."""
    drawing = _drawing(panel, result, _series(panel, result, answer, canvas), canvas)
    return _view("area", panel, drawing, lines(drawing, filled=True))


def _plot(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> Plot:
    return plot(answer, name=_value_name(panel, result), now=local_now(panel, result, canvas))


def _series(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> Plot:
    drawn = _plot(panel, result, answer, canvas)
    return largest(drawn, min(result.display.limit or MAX_SERIES, MAX_SERIES))


def _value_name(panel: PanelSpec, result: PanelResult) -> str:
    """How hover calls the number: the panel's label or axis title, else what was aggregated, else the panel's name."""
    if named := result.display.label or result.display.y_axis:
        return one_line(named)
    aggregate = _aggregate(panel)
    told = aggregate.get("measure") or (aggregate.get("field") if aggregate.get("fn") == "sum" else None)
    return humanised(str(told)) if told else one_line(panel.name)


def _aggregate(panel: PanelSpec) -> dict[str, Any]:
    given = panel.operation_options.get("aggregate")
    return given if isinstance(given, dict) else {}


def _drawing(panel: PanelSpec, result: PanelResult, drawn: Plot, canvas: Canvas) -> Drawing:
    theme = canvas.theme
    first = towards(theme.colour(result.display.color), theme.text, theme.card, SHAPE_CONTRAST)
    return Drawing(
        plot=drawn,
        style=style_of(result.display, result.meta),
        display=result.display,
        canvas=canvas,
        colours=(first, *theme.palette[1:]),
        stacked=len(drawn.series) > 1 and _aggregate(panel).get("fn") in ADDITIVE,
        names_title=_names_title(panel, result),
    )


def _names_title(panel: PanelSpec, result: PanelResult) -> str:
    """What the names are, unless the panel is called "Orders by status" already."""
    title = result.display.x_axis or ""
    return "" if title.casefold() in panel.name.casefold() else title


def _view(kind: str, panel: PanelSpec, drawing: Drawing, figure: dict[str, Any]) -> ChartView:
    drawn, told = drawing.plot, drawing.display.alt_text
    things = _things(kind, drawn)
    shown = len(drawn.series) if things == "series" else len(drawn.positions)
    return ChartView(
        figure=figure,
        alt=alt_text(one_line(told) if told else title_of(kind, panel.name), drawn, drawing.style),
        map=kind == "map",
        note=f"{shown:,} of {shown + drawn.left_out:,} {things}" if drawn.left_out else "",
    )


def _things(kind: str, drawn: Plot) -> str:
    """What is counted where something is left out."""
    if kind == "map":
        return "countries"
    return "bars" if kind == "bar" and len(drawn.series) == 1 else "series"
