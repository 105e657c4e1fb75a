"""The axis of numbers: from where to where, and which of them are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.figures.formats import SECONDS, Style, tick

TICKS = 4
_HEADROOM = 0.06  # of the range, so that the highest line is not cut in half
_SQUEEZED = 0.5  # a line whose lowest point is above half of its highest would lie flat on an axis from zero
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    texts: tuple[str, ...]


def scale(values: Sequence[float], style: Style, *, from_zero: bool, ticks: int = TICKS) -> Scale:
    """The axis that holds all values: from a round number to a little above the highest, with round numbers between.

    Args:
        values: What is drawn, stacks already added up.
        style: How its numbers are written.
        from_zero: Whether zero has to be on it, as under bars; otherwise only where that costs no detail.
        ticks: About how many numbers are written.
    """
    lowest, highest = min(values, default=0.0), max(values, default=0.0)
    if from_zero or lowest < highest * _SQUEEZED or lowest == highest:
        lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    if lowest == highest:
        highest = lowest + (abs(lowest) or 1.0)
    step = _step((highest - lowest) / ticks, style, whole=all(value.is_integer() for value in values))
    first, last = math.floor(lowest / step), math.floor(highest / step * (1 + 1e-9))
    marks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    headroom = (highest - marks[0]) * _HEADROOM
    return Scale(marks[0], highest + headroom, marks, tuple(tick(mark, style) for mark in marks))


def _step(rough: float, style: Style, *, whole: bool) -> float:
    """The round step at or above `rough`: 1, 2, 5 and their tens; parts of hours; powers of two for bytes."""
    if style.format == "duration":
        second = float(SECONDS.get(style.unit or "s", 1))
        for seconds in _TIME_STEPS:
            if seconds / second >= rough and rough * second >= 1:
                return seconds / second
    if style.format == "bytes" and rough >= 1:
        return 2.0 ** math.ceil(math.log2(rough))
    step = _round_up(rough)
    return max(step, 1.0) if whole and style.format != "percent" else step


def _round_up(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
