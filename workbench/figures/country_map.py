"""Groups by country as a map of the world: drawn from our own outlines, so nothing is asked of anybody.

It is made of filled lines over two plain axes. Plotly's own maps fetch their geometry from a server at run time, which
a page without outside requests, a notebook and a file on a disk cannot do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from workbench.figures.conditions import mark
from workbench.figures.formats import write
from workbench.figures.layout import CHAR_PX, Drawing, axis, layout, margin
from workbench.figures.plot import Plot
from workbench.figures.shades import Shades, shades
from workbench.figures.text import ELLIPSIS, one_line, plotly_text, shortened
from workbench.figures.views import Canvas
from workbench.figures.world.atlas import Atlas, Country, Outline, atlas, joined

_DOT_PX = 9
_TOLD = 3  # of what is not a country, by name
_UNPLACED_CHARS = 30  # of one such name
_LINE_CHARS, _SHORTEST_LINE, _LINES = 56, 12, 2  # under the map; as many as a phone has room for
_LINE_PX, _LEGEND_PX = 15, 22
_FLATNESS = 0.44  # height of the map against its width
_ROOMY_PX = 140  # height from which the legend has room on it


@dataclass(frozen=True, slots=True)
class Placed:
    """The groups of an answer that are countries, one each, and the positions of those that are not."""

    countries: tuple[Country, ...]
    plot: Plot
    unplaced: tuple[tuple[str, float | None], ...]


def placed(drawn: Plot) -> Placed:
    """Which groups the atlas knows; of two that name the same country the second has no place."""
    world, found = atlas(), dict[str, int]()
    for at, label in enumerate(drawn.labels):
        if (country := world.find(label)) is not None:
            found.setdefault(country.code, at)
    at_home = list(found.values())
    countries = tuple(world.countries[code] for code in found)
    rest = sorted(set(range(len(drawn.labels))) - set(at_home))
    values = drawn.series[0].values
    return Placed(
        countries=countries,
        plot=replace(
            drawn,
            labels=tuple(country.name for country in countries),
            positions=tuple(range(len(countries))),
            series=(replace(drawn.series[0], values=tuple(values[at] for at in at_home)),),
        ),
        unplaced=tuple((drawn.labels[at], values[at]) for at in rest),
    )


def country_map(drawing: Drawing, countries: Sequence[Country], unplaced: str) -> dict[str, Any]:
    """The map as a Plotly figure.

    Args:
        drawing: The values of the countries, in their order.
        countries: Where they are drawn.
        unplaced: What has no place on it, in words that stand below; empty where everything has.
    """
    world, values = atlas(), drawing.plot.series[0].values
    ramp = shades([value for value in values if value is not None], drawing.colours[0], drawing.theme, drawing.style)
    known = [(country, value) for country, value in zip(countries, values, strict=True) if value is not None]
    filled = [_filled(country, value, ramp, drawing) for country, value in known if country.outline.x]
    dots = [_dot(country, value, ramp, drawing) for country, value in known if country.dot is not None]
    figure_layout = layout(
        drawing.theme,
        hovermode="closest",
        xaxis=axis(range=[0, world.width], visible=False, constrain="domain"),
        yaxis=axis(range=[0, world.height], visible=False, constrain="domain", scaleanchor="x"),
    )
    below = _below(unplaced, drawing.canvas, legend=bool(ramp.bounds))
    rest = _unknown(world, {country.code for country, _ in known}, drawing.canvas)
    return {"data": [rest, *filled, *dots, *_samples(ramp)], "layout": figure_layout | below}


def words_of(unplaced: Sequence[tuple[str, float | None]], drawing: Drawing) -> str:
    """What is not on the map, the first of it by name and number."""
    if not unplaced:
        return ""
    told = [
        f"{shortened(one_line(label), _UNPLACED_CHARS)} {write(value, drawing.style).text}"
        for label, value in unplaced[:_TOLD]
    ]
    rest = len(unplaced) - len(told)
    return f"Not on the map: {', '.join(told)}{f' and {rest:,} more' if rest else ''}"


# ---------------------------------------------------------------- parts


def _unknown(world: Atlas, known: set[str], canvas: Canvas) -> dict[str, Any]:
    """Every country without a value, in one piece."""
    outlines = [country.outline for code, country in world.countries.items() if code not in known]
    return _shape(joined([*outlines, world.others]), canvas.theme.hairline, canvas) | {"hoverinfo": "skip"}


def _filled(country: Country, value: float, ramp: Shades, drawing: Drawing) -> dict[str, Any]:
    return (
        _shape(country.outline, _colour(value, ramp, drawing), drawing.canvas)
        | _told(country, value, drawing)
        | {"hoveron": "fills"}
    )


def _shape(outline: Outline, colour: str, canvas: Canvas) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(outline.x),
        "y": list(outline.y),
        "fill": "toself",
        "fillcolor": colour,
        "line": {"color": canvas.theme.card, "width": 0.6},
        "showlegend": False,
    }


def _dot(country: Country, value: float, ramp: Shades, drawing: Drawing) -> dict[str, Any]:
    """A country that nobody would find by its outline."""
    at = country.dot or (0, 0)
    line = {"color": drawing.theme.card, "width": 1}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [at[0]],
        "y": [at[1]],
        "marker": {"size": _DOT_PX, "color": _colour(value, ramp, drawing), "line": line},
        "showlegend": False,
        **_told(country, value, drawing),
    }


def _told(country: Country, value: float, drawing: Drawing) -> dict[str, Any]:
    found = mark(value, drawing.display.conditional_formatting, drawing.theme)
    sign = f" {found.sign}" if found else ""
    words = plotly_text(f"{country.name}: {write(value, drawing.style).full}{sign}")
    return {"name": plotly_text(country.name), "text": words, "hoverinfo": "text"}


def _colour(value: float, ramp: Shades, drawing: Drawing) -> str:
    found = mark(value, drawing.display.conditional_formatting, drawing.theme)
    return found.colour if found else ramp.of(value)


def _samples(ramp: Shades) -> list[dict[str, Any]]:
    """What the legend shows, most first: a point of each shade that stands nowhere."""
    if not ramp.bounds:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [None],
            "y": [None],
            "marker": {"size": 10, "symbol": "square", "color": colour},
            "name": plotly_text(text, _UNPLACED_CHARS),
            "hoverinfo": "skip",
            "showlegend": True,
        }
        for colour, text in zip(reversed(ramp.colours), reversed(ramp.texts), strict=True)
    ]


def _below(text: str, canvas: Canvas, *, legend: bool) -> dict[str, Any]:
    """What stands beside and under the map: the legend, and what has no place, in lines that a phone has room for."""
    tight = min(canvas.height_px, canvas.width_px * _FLATNESS) < _ROOMY_PX
    width = min(_LINE_CHARS, max(int(canvas.width_px / CHAR_PX), _SHORTEST_LINE))
    lines = wrap(text, width, max_lines=_LINES, placeholder=ELLIPSIS)
    room = _LINE_PX * len(lines) + (_LEGEND_PX if legend and tight else 4)
    note = {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 0,
        "yref": "paper",
        "yanchor": "top",
        "yshift": -(room - _LINE_PX * len(lines)) if tight else 0,
        "align": "left",
        "showarrow": False,
        "text": "<br>".join(map(plotly_text, lines)),
        "font": {"color": canvas.theme.muted, "size": 11},
    }
    return {
        "margin": margin() | {"b": room},
        "annotations": [note] if lines else [],
        **(_legend(canvas, tight=tight) if legend else {}),
    }


def _legend(canvas: Canvas, *, tight: bool) -> dict[str, Any]:
    """In the South Pacific, where there is nothing to cover; under a map that is too small for that."""
    place = {"orientation": "h", "yanchor": "top"} if tight else {"orientation": "v", "yanchor": "bottom"}
    return {
        "showlegend": True,
        "legend": {
            **place,
            "x": 0,
            "y": 0,
            "xanchor": "left",
            "bgcolor": "rgba(0,0,0,0)",
            "font": {"color": canvas.theme.text, "size": 11},
            "itemclick": False,
            "itemdoubleclick": False,
            "traceorder": "normal",
        },
    }
