"""Printed figures as SVG: the same bytes for the same figure, whatever fonts a machine has."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from stats_core.errors import InvalidOptionsError, Problem
from workbench.figures.sparkline import sparkline
from workbench.figures.text import one_line
from workbench.figures.theme import FONT
from workbench.figures.views import ChartView, MetricView
from workbench.publishing.sheet import (
    PAD,
    SOURCE_LINE,
    SOURCE_PX,
    SUBTITLE_LINE,
    SUBTITLE_PX,
    TITLE_LINE,
    TITLE_PX,
    Sheet,
)
from workbench.publishing.typeface import FACE

Draw = Callable[[dict[str, object], int, int], str]
"""A Plotly figure with its width and height in px, as SVG."""

_VALUE_PX = 64
_SPARK_PX = 64
_RANDOM_ID = re.compile(r'id="(?:defs|topdefs)-([0-9a-f]{6})"')
_OPENING = re.compile(r"<svg [^>]*>")


def svg_text(printed: Sheet, draw: Draw, *, embedded: bool = False) -> str:
    """The figure with title, description and source.

    Args:
        printed: What is drawn.
        draw: Draws charts.
        embedded: Bring the letters along (230 kB), so that it looks the same everywhere.

    Raises:
        InvalidOptionsError: It is neither a chart nor a number.
    """
    colours, key = printed.theme, printed.key
    width, height = printed.size.width_px, printed.size.height_px
    font = f"<style>{FACE.css()}</style>" if embedded else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
        f'height="{height}" viewBox="0 0 {printed.width} {printed.height}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc" style="max-width:100%;height:auto" '
        f'font-family="{escape(FONT)}">'
        f'<title id="{key}-title">{_text(" ".join(printed.title))}</title>'
        f'<desc id="{key}-desc">{_text(printed.alt)}</desc>{font}'
        f'<rect width="{printed.width}" height="{printed.height}" fill="{colours.card}"/>'
        f"{_head(printed)}{_plot(printed, draw)}{_foot(printed)}</svg>\n"
    )


def _head(printed: Sheet) -> str:
    colours, y = printed.theme, PAD + TITLE_PX - 3
    title = _lines(printed.title, y, TITLE_LINE, f'font-size="{TITLE_PX}" font-weight="600" fill="{colours.text}"')
    below = PAD + len(printed.title) * TITLE_LINE + SUBTITLE_PX
    return title + _lines(printed.subtitle, below, SUBTITLE_LINE, f'font-size="{SUBTITLE_PX}" fill="{colours.muted}"')


def _foot(printed: Sheet) -> str:
    first = printed.height - PAD + 4 - (len(printed.source) - 1) * SOURCE_LINE
    return _lines(printed.source, first, SOURCE_LINE, f'font-size="{SOURCE_PX}" fill="{printed.theme.muted}"')


def _lines(texts: tuple[str, ...], first: float, step: float, style: str) -> str:
    return "".join(
        f'<text x="{PAD}" y="{first + at * step:g}" {style}>{_text(text)}</text>' for at, text in enumerate(texts)
    )


def _plot(printed: Sheet, draw: Draw) -> str:
    x, y, width, height = printed.plot
    if isinstance(printed.view, MetricView):
        return _number(printed, printed.view)
    if not isinstance(printed.view, ChartView):
        message = "Only charts and numbers are drawn; this is a table or a list."
        raise InvalidOptionsError([Problem("type", message, "Export it as HTML, or choose the type bar.")])
    drawn = settled_ids(draw(_with_fixed_ids(printed.view.figure), width, height), printed.key)
    return _OPENING.sub(
        f'<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" overflow="visible">',
        drawn,
        count=1,
    )


def _number(printed: Sheet, shown: MetricView) -> str:
    """A number, big, with its words and its history."""
    colours, (x, y, width, height) = printed.theme, printed.plot
    spark_px = min(_SPARK_PX, height // 3)
    line = sparkline(shown.history, colours, height_px=spark_px, running=shown.running)
    below = y + height - spark_px
    middle = y + (height - (spark_px if line else 0)) / 2
    value = f'<text x="{x}" y="{middle + 16:g}" font-size="{_VALUE_PX}" font-weight="600" fill="{colours.text}">'
    label = f'<text x="{x + 2}" y="{middle + 44:g}" font-size="16" fill="{colours.muted}">{_text(shown.label)}</text>'
    placed = line.replace("<svg ", f'<svg x="{x}" y="{below}" width="{width}" ', 1)
    return f"{value}{_text(shown.value.text)}</text>{label if shown.label else ''}{placed}"


def _with_fixed_ids(figure: dict[str, object]) -> dict[str, object]:
    """Plotly names each trace by chance unless it has a name."""
    traces = figure["data"]
    assert isinstance(traces, list)
    return {**figure, "data": [{**trace, "uid": f"t{at}"} for at, trace in enumerate(traces)]}


def settled_ids(drawn: str, key: str) -> str:
    """The SVG with the six random letters of its ids replaced, so that it is always the same and unlike others."""
    for found in dict.fromkeys(_RANDOM_ID.findall(drawn)):
        drawn = re.sub(rf"(?<=[A-Za-z-]){found}(?![0-9a-f.,])", key, drawn)
    return drawn


def _text(value: str) -> str:
    return escape(one_line(value))
