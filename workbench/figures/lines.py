"""Lines and areas, named at their ends, with the period that is not over dashed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.figures.axes import scale
from workbench.figures.layout import (
    EDGE_PX,
    Drawing,
    date_axis,
    ghost,
    heights,
    hover,
    layout,
    margin,
    name_axis,
    number_axis,
)
from workbench.figures.naming import names_of_series
from workbench.figures.plot import Series, thinned
from workbench.figures.theme import faded

_VEIL = 0.55  # how much of the card covers a period that is not over


def lines(drawing: Drawing, *, filled: bool, shape: str = "linear") -> dict[str, Any]:
    """One line per series.

    Args:
        drawing: What is drawn.
        filled: Areas: filled to zero, or stacked where the values add up; the axis starts at zero then.
        shape: Plotly's line shape.
    """
    drawing = replace(drawing, plot=thinned(drawing.plot, drawing.canvas.width_px), stacked=filled and drawing.stacked)
    drawn, canvas = drawing.plot, drawing.canvas
    numbers = scale(heights(drawing), drawing.style, from_zero=filled)
    place_px = canvas.width_px / max(len(drawn.labels), 1)
    ends = {"range": [drawn.positions[0], drawn.positions[-1]]} if len(drawn.positions) > 1 else {}
    names = date_axis(drawn, canvas) if drawn.temporal else name_axis(drawing, place_px)
    figure_layout = layout(
        canvas.theme,
        xaxis=names | ends,
        yaxis=number_axis(numbers, canvas.theme),
        hovermode="x unified",
        margin=margin(right=EDGE_PX),
    )
    traces = [trace for at in range(len(drawn.series)) for trace in _traces(drawing, at, filled=filled, shape=shape)]
    figure_layout |= names_of_series(drawing, numbers) | _veil(drawing)
    return {"data": [*ghost(drawing), *traces], "layout": figure_layout}


def _veil(drawing: Drawing) -> dict[str, Any]:
    """Over the way to the last period of a stack that is not over: dashes within a stack would be lost."""
    drawn = drawing.plot
    if not (drawing.stacked and drawn.running and len(drawn.positions) > 1):
        return {}
    return {
        "shapes": [
            {
                "type": "rect",
                "x0": drawn.positions[-2],
                "x1": drawn.positions[-1],
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "fillcolor": faded(drawing.theme.card, _VEIL),
                "line": {"width": 0},
                "layer": "above",
            },
            {
                "type": "line",
                "x0": drawn.positions[-2],
                "x1": drawn.positions[-2],
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": drawing.theme.muted, "width": 1, "dash": "3px,3px"},
            },
        ]
    }


def _traces(drawing: Drawing, at: int, *, filled: bool, shape: str) -> list[dict[str, Any]]:
    """A series: one trace, or three where its last period is not over."""
    one, colour = drawing.plot.series[at], drawing.colours[at]
    lone = _lone_points(one)
    whole: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers" if any(lone) else "lines",
        "x": list(drawing.plot.positions),
        "y": list(one.values),
        "line": {"color": colour, "width": 2, "shape": shape},
        "marker": {"size": [5 if alone else 0 for alone in lone], "color": colour},
        "cliponaxis": False,
        **hover(drawing, one),
    }
    if filled:
        whole |= {"stackgroup": "all"} if drawing.stacked else {"fill": "tozeroy"}
        whole |= {"fillcolor": faded(colour, 0.35 if drawing.stacked else 0.1)}
    way_to_last = one.values[-2:]
    if not drawing.plot.running or drawing.stacked or None in way_to_last or len(way_to_last) == 1:
        return [whole]
    return _with_running_end(whole, colour, drawing)


def _with_running_end(whole: dict[str, Any], colour: str, drawing: Drawing) -> list[dict[str, Any]]:
    """The line up to the last full period, a dashed way to the running one, and the points that hover reads.

    Hover reads one trace, of which only the last point is seen; of two it would show the full period beside it.
    """
    unread = {"hoverinfo": "skip", "hovertemplate": "", "customdata": []}
    full = {key: whole[key][:-1] for key in ("x", "y")}
    way = {key: whole[key][-2:] for key in ("x", "y")}
    dashed = {"mode": "lines", "line": {"color": colour, "width": 2, "dash": "3px,3px"}, "showlegend": False}
    points = {key: whole[key] for key in ("type", "x", "y", "name", "customdata", "hovertemplate", "cliponaxis")}
    hollow = {
        "size": [0] * len(full["x"]) + [6],
        "color": drawing.theme.card,
        "line": {"color": colour, "width": 1.5},
    }
    read = points | {"mode": "markers", "marker": hollow, "showlegend": False}
    return [whole | full | unread, whole | way | unread | dashed, read]


def _lone_points(one: Series) -> list[bool]:
    """Which points stand between two gaps, where a line alone would not show them."""
    gaps = [True, *(value is None for value in one.values), True]
    return [not gaps[at] and gaps[at - 1] and gaps[at + 1] for at in range(1, len(gaps) - 1)]
