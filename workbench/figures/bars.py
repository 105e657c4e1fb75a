"""Bars: upright over dates, upright or lying over names."""

from __future__ import annotations

from typing import Any

from workbench.figures.axes import scale
from workbench.figures.conditions import Mark, mark
from workbench.figures.formats import write
from workbench.figures.layout import (
    CHAR_PX,
    Drawing,
    axis,
    date_axis,
    ghost,
    heights,
    hover,
    layout,
    legend,
    margin,
    name_axis,
    number_axis,
    text_px,
)
from workbench.figures.naming import names_of_series
from workbench.figures.plot import Plot, Series
from workbench.figures.text import plotly_text
from workbench.figures.theme import FONT
from workbench.figures.views import Canvas

BAR_PX = 24  # a bar with its gap, or a line of text beside it
_THICKEST_PX, _BROADEST_PX = 28, 56  # of bars that lie, that stand
_WIDEST = 0.72  # of its place
_LEVEL, _TURNED = {"tickangle": 0}, {"autotickangles": [0, 45, 90]}  # names; turned by the browser where they overlap
# A figure is made for a page of one width and stretched to that of the reader, which a phone gives another shape.
_NARROWEST, _PHONE_PX = 0.5, 340  # of the width, and what a phone has of it: there, lying bars are still to be seen
_NARROWER = 0.7  # of the width: names that fit into that, and on a phone, may stand below
_LEAST_PX, _TITLE_PX = 16, 24  # for lying bars, for the title of their names


def lies(drawn: Plot, canvas: Canvas) -> bool:
    """Whether bars over names lie, with their names beside them.

    They stand where the longest name fits under its bar, on a narrower screen too, and where not all of them would have
    room below each other; there names that turn out not to fit are turned.
    """
    if _fit(drawn, min(canvas.width_px * _NARROWER, _PHONE_PX)):
        return False
    return not (_fit(drawn, canvas.width_px) and len(drawn.labels) * BAR_PX > canvas.height_px)


def _fit(drawn: Plot, width_px: float) -> bool:
    longest = max(map(text_px, drawn.labels), default=0)
    return longest <= width_px / max(len(drawn.labels), 1) - 8


def date_bars(drawing: Drawing) -> dict[str, Any]:
    """Bars over dates, from zero; the last is hatched where its period is not over."""
    drawn, theme = drawing.plot, drawing.theme
    last = len(drawn.positions) - 1
    hatched = ["/" if drawn.running and at == last else "" for at in range(last + 1)]
    numbers = scale(heights(drawing), drawing.style, from_zero=True)
    pattern = {"shape": hatched, "fillmode": "replace", "size": 5, "solidity": 0.45}
    traces = [
        {
            "type": "bar",
            "x": list(drawn.positions),
            "y": list(one.values),
            "marker": {"color": drawing.colours[at], "pattern": pattern},
            **hover(drawing, one),
        }
        for at, one in enumerate(drawn.series)
    ]
    figure_layout = layout(
        theme,
        xaxis=date_axis(drawn, drawing.canvas),
        yaxis=number_axis(numbers, theme),
        bargap=0.2,
        barmode="stack" if drawing.stacked else "group",
        barcornerradius=2,
        hovermode="x unified",
    )
    return {"data": [*traces, *_over_bars(drawing)], "layout": figure_layout | names_of_series(drawing, numbers)}


def _over_bars(drawing: Drawing) -> list[dict[str, Any]]:
    """The period before with a rim in the card's colour, without which a thin line would be lost over bars."""
    rim = {
        "line": {"color": drawing.theme.card, "width": 4},
        "name": "",
        "hoverinfo": "skip",
        "hovertemplate": "",
        "customdata": [],
    }
    return [trace for line in ghost(drawing) for trace in (line | rim, line)]


def named_bars(drawing: Drawing, *, lying: bool) -> dict[str, Any]:
    """Bars over names; a single series has its values at the ends of its bars instead of an axis."""
    drawn, canvas = drawing.plot, drawing.canvas
    count = max(len(drawn.positions), 1)
    names, numbers = ("y", "x") if lying else ("x", "y")
    place_px = (canvas.height_px if lying else canvas.width_px) / count
    name_px = _names_px(drawing) if lying else place_px
    ends = [count - 0.5, -0.5] if lying else [-0.5, count - 0.5]
    figure_layout = layout(
        canvas.theme,
        bargap=1 - min(_WIDEST, (_THICKEST_PX if lying else _BROADEST_PX) / place_px),
        barmode="stack" if drawing.stacked else "group",
        barcornerradius=2,
        hovermode="closest",
        minreducedwidth=8,  # rather thin bars than names whose beginnings are cut off
        **{
            f"{names}axis": name_axis(drawing, name_px, range=ends, **(_LEVEL if lying else _TURNED)),
            f"{numbers}axis": _values_axis(drawing, lying=lying),
        },
    )
    if len(drawn.series) > 1:
        figure_layout |= legend(canvas.theme)
    elif lying:
        figure_layout["margin"] = margin(right=int(_text_px(drawing)))
    bars = [_bars(drawing, at, lying=lying) for at in range(len(drawn.series))]
    return {"data": bars, "layout": figure_layout}


def _bars(drawing: Drawing, at: int, *, lying: bool) -> dict[str, Any]:
    one = drawing.plot.series[at]
    names, numbers = ("y", "x") if lying else ("x", "y")
    alone = len(drawing.plot.series) == 1
    marks = _marks(drawing, one)
    return {
        "type": "bar",
        "orientation": "h" if lying else "v",
        names: list(drawing.plot.positions),
        numbers: list(one.values),
        "marker": {"color": [found.colour if found else drawing.colours[at] for found in marks]},
        "cliponaxis": False,
        **(_end_texts(drawing, one, marks) if alone else {}),
        **hover(drawing, one),
    }


def _marks(drawing: Drawing, one: Series) -> list[Mark | None]:
    rules = drawing.display.conditional_formatting
    return [mark(value, rules, drawing.theme) for value in one.values]


def _end_texts(drawing: Drawing, one: Series, marks: list[Mark | None]) -> dict[str, Any]:
    words = [f" {found.sign}" if found else "" for found in marks]
    written = [write(value, drawing.style).text for value in one.values]
    return {
        "text": [plotly_text(text + word) for text, word in zip(written, words, strict=True)],
        "textposition": "outside",
        "textfont": {"color": drawing.theme.text, "family": FONT, "size": 12},
        "textangle": 0,
        "constraintext": "none",
    }


def _names_px(drawing: Drawing) -> float:
    """What is left beside lying bars and their numbers where the figure is at its narrowest."""
    beside = _text_px(drawing) if len(drawing.plot.series) == 1 else 0.0
    return _narrowest_px(drawing) - beside - _LEAST_PX - (_TITLE_PX if drawing.names_title else 0)


def _text_px(drawing: Drawing) -> float:
    """The longest number at the ends of a single series with a gap beside it; half of the narrowest at most."""
    one = drawing.plot.series[0]
    longest = max(map(text_px, _end_texts(drawing, one, _marks(drawing, one))["text"]), default=CHAR_PX)
    return min(longest + 2 * CHAR_PX, _narrowest_px(drawing) / 2)


def _narrowest_px(drawing: Drawing) -> float:
    return min(drawing.canvas.width_px * _NARROWEST, _PHONE_PX)


def _values_axis(drawing: Drawing, *, lying: bool) -> dict[str, Any]:
    """Unseen where each bar tells its number, with room for the longest of them."""
    if len(drawing.plot.series) > 1:
        return number_axis(scale(heights(drawing), drawing.style, from_zero=True), drawing.theme)
    low, high = min([0.0, *drawing.plot.values]), max([0.0, *drawing.plot.values])
    high = high if high > low else 1.0
    share = min(_text_px(drawing) / (drawing.canvas.width_px - _names_px(drawing)), 0.5) if lying else 0.0
    share = share or min(20 / drawing.canvas.height_px, 0.5)
    room = (high - low) * share / (1 - share)
    above = 0.0 if lying else room  # what lies has a margin in pixels there: a phone is narrower than we think
    ends = [low - (room if low < 0 else 0.0), high + (above if high > 0 else 0.0)]
    return axis(range=ends, showticklabels=False)
