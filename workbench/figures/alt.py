"""A chart in words, for those who do not see it."""

from __future__ import annotations

from workbench.figures.formats import Style, write
from workbench.figures.plot import Plot, Series
from workbench.figures.text import one_line

_KINDS = {"bar": "Bar chart", "line": "Line chart", "area": "Area chart", "map": "Map of the world"}
_NAMED = 8  # bars or series told one by one


def title_of(kind: str, name: str) -> str:
    """The first words of a chart whose author gave none."""
    return f"{_KINDS[kind]}: {one_line(name)}." if name else f"{_KINDS[kind]}."


def alt_text(head: str, drawn: Plot, style: Style) -> str:
    """What it is, what it spans, and its numbers: all of a few bars, the extremes and the end of a line."""
    told = [_told(one, drawn, style) for one in drawn.series[:_NAMED]]
    if len(drawn.series) > _NAMED:
        told.append(f"And {len(drawn.series) - _NAMED} more series.")
    return " ".join([head, *_span(drawn), *told])


def _span(drawn: Plot) -> list[str]:
    if not drawn.temporal or len(drawn.labels) < 2:  # noqa: PLR2004 - one date spans nothing
        return []
    running = ", the last not over" if drawn.running else ""
    return [f"{drawn.labels[0]} to {drawn.labels[-1]}{running}."]


def _told(one: Series, drawn: Plot, style: Style) -> str:
    known = [(value, label) for value, label in zip(one.values, drawn.labels, strict=True) if value is not None]
    words = (_extremes(known, style) if drawn.temporal else _one_by_one(known, style)) if known else "no values"
    if len(drawn.series) > 1:
        return f"{one.name}: {words}."
    return f"{words[0].upper()}{words[1:]}." if drawn.temporal else f"{words}."


def _one_by_one(known: list[tuple[float, str]], style: Style) -> str:
    bars = ", ".join(f"{label} {write(value, style).text}" for value, label in known[:_NAMED])
    return f"{bars}, and {len(known) - _NAMED} more" if len(known) > _NAMED else bars


def _extremes(known: list[tuple[float, str]], style: Style) -> str:
    (low, low_at), (high, high_at) = min(known, key=_value), max(known, key=_value)
    last = write(known[-1][0], style).text
    return f"lowest {write(low, style).text} ({low_at}), highest {write(high, style).text} ({high_at}), last {last}"


def _value(pair: tuple[float, str]) -> float:
    return pair[0]
