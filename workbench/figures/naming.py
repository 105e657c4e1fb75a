"""Names of series, where they are drawn rather than in a legend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from workbench.figures.axes import Scale
from workbench.figures.layout import CHAR_PX, Drawing, legend, margin
from workbench.figures.plot import Plot
from workbench.figures.text import plotly_text, shortened
from workbench.figures.theme import TEXT_CONTRAST, towards

MAX_END_LABELS = 6  # more names at the ends of lines collide
END_LABEL_CHARS = 18
LABEL_LINE_PX = 15
_AXIS_PX = 30  # under the plot


def names_of_series(drawing: Drawing, numbers: Scale) -> dict[str, Any]:
    """What the layout needs to name several series: at their ends where there is room for it, else in a legend."""
    if len(drawing.plot.series) == 1:
        return {}
    return legend(drawing.theme) if len(drawing.plot.series) > MAX_END_LABELS else _end_labels(drawing, numbers)


def _end_labels(drawing: Drawing, numbers: Scale) -> dict[str, Any]:
    """Names at the ends of their lines, moved apart where they would cover each other."""
    drawn, theme = drawing.plot, drawing.theme
    per_px = (numbers.high - numbers.low) / max(drawing.canvas.height_px - _AXIS_PX, 1)
    heights_of_names = apart(_ends(drawn, stacked=drawing.stacked), LABEL_LINE_PX * per_px, floor=numbers.low)
    annotations = [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 6,
            "y": y,
            "yref": "y",
            "yanchor": "middle",
            "showarrow": False,
            "text": plotly_text(one.name, END_LABEL_CHARS),
            "font": {"color": towards(drawing.colours[at], theme.text, theme.card, TEXT_CONTRAST)},
        }
        for at, (one, y) in enumerate(zip(drawn.series, heights_of_names, strict=True))
    ]
    longest = max(len(shortened(one.name, END_LABEL_CHARS)) for one in drawn.series)
    return {"annotations": annotations, "margin": margin(right=int(longest * CHAR_PX) + 14)}


def _ends(drawn: Plot, *, stacked: bool) -> list[float]:
    """Where each line ends: its last value, or the middle of its band in a stack."""
    lasts = [next((value for value in reversed(one.values) if value is not None), 0.0) for one in drawn.series]
    if not stacked:
        return lasts
    return [sum(lasts[:at]) + last / 2 for at, last in enumerate(lasts)]


def apart(wished: Sequence[float], least: float, *, floor: float) -> list[float]:
    """The same heights at least `least` apart and none below `floor`, in the same order."""
    order = sorted(range(len(wished)), key=lambda at: (-wished[at], at))
    placed = list(wished)
    for above, at in pairwise(order):
        placed[at] = min(placed[at], placed[above] - least)
    lowest = floor
    for at in reversed(order):
        placed[at] = max(placed[at], lowest)
        lowest = placed[at] + least
    return placed
