"""What all charts share: colours, axes, hover boxes and legends, as Plotly wants them.

Every text is escaped, since Plotly reads a subset of HTML in names, ticks and hover boxes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

from stats_core.panels.display import Display
from workbench.figures.axes import Scale
from workbench.figures.formats import Style, write
from workbench.figures.plot import Plot, Series
from workbench.figures.text import plotly_text
from workbench.figures.theme import FONT, Theme
from workbench.figures.views import Canvas

CONFIG = {"displayModeBar": False, "responsive": True, "typesetMath": False, "doubleClick": False, "showTips": False}

CHAR_PX = 6.6  # an average character of FONT at 12 px
BROAD_PX, SQUARE_PX = 10.0, 12.0  # a broad one, an ideograph
DATE_TICK_PX = 90
MOST_DATES = 7  # on an axis: they still stand upright on a screen of 400 px
EDGE_PX = 5  # right of a line, for the point at its end
_DAY_MS, _WEEK_MS = 86_400_000, 604_800_000
_TICK_DATES = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y", "quarter": "Q%q %Y", "year": "%Y"}
_HOVER_DATES = {"hour": "%-d %b %Y, %H:%M", "month": "%b %Y", "quarter": "Q%q %Y", "year": "%Y"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the parts of a figure need to know.

    Attributes:
        colours: One per series, in their order.
        stacked: Whether series stand on each other.
        names_title: Title of the axis of names; empty where the panel's own title says it.
    """

    plot: Plot
    style: Style
    display: Display
    canvas: Canvas
    colours: tuple[str, ...]
    stacked: bool
    names_title: str = ""

    @property
    def theme(self) -> Theme:
        """The theme it is drawn in."""
        return self.canvas.theme


def layout(theme: Theme, **more: Any) -> dict[str, Any]:
    """A quiet layout: nothing behind the figure, no margin but what the labels take, no dragging."""
    return {
        "template": {},  # none: no defaults of another library's theme come in
        "autosize": True,
        "margin": margin(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": theme.muted},
        "hoverlabel": {
            "bgcolor": theme.card,
            "bordercolor": theme.hairline,
            "font": {"family": FONT, "size": 12, "color": theme.text},
            "namelength": -1,
        },
        "dragmode": False,
        "showlegend": False,
        **more,
    }


def margin(right: int = 0) -> dict[str, int]:
    """Room around the plot in px; labels of axes make their own."""
    return {"l": 0, "r": right, "t": 8, "b": 0, "pad": 0}


def axis(**more: Any) -> dict[str, Any]:
    """An axis without lines, ticks and grid."""
    return {
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "automargin": True,
        **more,
    }


def number_axis(numbers: Scale, theme: Theme) -> dict[str, Any]:
    """An axis of numbers with hairlines, written in the panel's own format."""
    return axis(
        range=[numbers.low, numbers.high],
        tickmode="array",
        tickvals=list(numbers.ticks),
        ticktext=[plotly_text(text) for text in numbers.texts],
        showgrid=True,
        gridcolor=theme.hairline,
        gridwidth=1,
        ticklabelstandoff=4,
        zeroline=numbers.low < 0,
        zerolinecolor=theme.muted,
        zerolinewidth=1,
    )


def date_axis(drawn: Plot, canvas: Canvas) -> dict[str, Any]:
    """An axis of dates."""
    return axis(
        type="date",
        **_date_ticks(drawn, min(max(canvas.width_px // DATE_TICK_PX, 2), MOST_DATES)),
        hoverformat=_HOVER_DATES.get(drawn.precision or "", "%-d %b %Y"),
        ticklabeloverflow="hide past domain",
        spikecolor=canvas.theme.muted,
        spikethickness=1,
        spikedash="solid",
        # Plotly writes the position there; where the clock was changed, the words of the point say the time instead.
        unifiedhovertitle={"text": " " if drawn.shifted else ""},
    )


def _date_ticks(drawn: Plot, room: int) -> dict[str, Any]:
    """Every bucket where there is room, since between two days Plotly would write hours; else it chooses what fits.

    Weeks and quarters are written where they begin: it would write Sundays, and months in between.
    """
    every = -(-len(drawn.positions) // room)
    if drawn.precision in _TICK_DATES and (every <= 1 or drawn.precision in {"week", "quarter"}):
        return {"tickvals": list(drawn.positions)[::every], "tickformat": _TICK_DATES[drawn.precision]}
    stops = [
        {"dtickrange": [None, _DAY_MS - 1], "value": "%H:%M<br>%-d %b"},
        {"dtickrange": [_DAY_MS, _WEEK_MS], "value": "%-d %b"},
        {"dtickrange": [_WEEK_MS, "M1"], "value": "%-d %b"},
        {"dtickrange": ["M1", "M12"], "value": "%b %Y"},
        {"dtickrange": ["M12", None], "value": "%Y"},
    ]
    return {"nticks": room, "tickformatstops": stops}


def text_px(text: str) -> float:
    """About how wide a text is in FONT at 12 px, rather more than less."""
    return sum(_char_px(char) for char in text)


def fitting(text: str, room_px: float) -> int:
    """How many characters of the text have room; four at least."""
    ends = accumulate(_char_px(char) for char in text)
    return max(sum(end <= room_px for end in ends), 4)


def _char_px(char: str) -> float:
    if east_asian_width(char) in "WF":
        return SQUARE_PX
    return BROAD_PX if char in "MWmw@%" else CHAR_PX


def name_axis(drawing: Drawing, room_px: float, **more: Any) -> dict[str, Any]:
    """An axis of names, shortened to `room_px` each; hover has them in full."""
    names = [plotly_text(label, fitting(label, room_px)) for label in drawing.plot.labels]
    title = {"title": {"text": plotly_text(drawing.names_title), "standoff": 8}} if drawing.names_title else {}
    return axis(
        tickmode="array",
        tickvals=list(drawing.plot.positions),
        ticktext=names,
        tickfont={"color": drawing.theme.text},
        ticklabelstandoff=4,
        **title,
        **more,
    )


def hover(drawing: Drawing, one: Series) -> dict[str, Any]:
    """The words of the hover box: the full value, and over names the full name."""
    drawn = drawing.plot
    words = [write(value, drawing.style).full for value in one.values]
    if drawn.running:
        words[-1] += " so far"
    if drawn.shifted or not drawn.temporal:
        words = [f"{label}: {word}" for label, word in zip(drawn.labels, words, strict=True)]
    return {
        "name": plotly_text(one.name),
        "customdata": [plotly_text(word) for word in words],
        "hovertemplate": "%{customdata}",
    }


def ghost(drawing: Drawing) -> list[dict[str, Any]]:
    """The period before as a thin line behind; hover says when that was. Nothing where nothing is compared."""
    if (before := drawing.plot.before) is None:
        return []
    words = [
        f"{write(value, drawing.style).full} ({label})"
        for value, label in zip(before.values, before.labels, strict=True)
    ]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": list(drawing.plot.positions),
            "y": list(before.values),
            "line": {"color": drawing.theme.text, "width": 1.25, "dash": "1px,3px"},
            "name": "Before",
            "customdata": [plotly_text(word) for word in words],
            "hovertemplate": "%{customdata}",
            "cliponaxis": False,
            "showlegend": False,
        }
    ]


def legend(theme: Theme) -> dict[str, Any]:
    """Names above the plot, for series that cannot be named where they are drawn."""
    return {
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "font": {"color": theme.text, "size": 11},
            "itemclick": False,
            "itemdoubleclick": False,
            "traceorder": "normal",
        },
    }


def heights(drawing: Drawing) -> list[float]:
    """What the axis of numbers must hold: the values, or their positive and negative stacks."""
    drawn = drawing.plot
    if not drawing.stacked:
        earlier = drawn.before.values if drawn.before else ()
        return drawn.values + [value for value in earlier if value is not None]
    columns = [[value or 0.0 for value in column] for column in zip(*(one.values for one in drawn.series), strict=True)]
    return [math.fsum(value for value in column if value * sign > 0) for column in columns for sign in (1, -1)]
