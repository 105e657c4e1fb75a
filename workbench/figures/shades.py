"""Numbers as a few shades of one colour: where one shade ends and the next begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.figures.axes import scale
from workbench.figures.formats import Style, tick
from workbench.figures.theme import Theme, mixed

MOST = 5  # shades of one colour that an eye tells apart, a legend at hand
_SKEWED = 25  # the highest, as a multiple of the lowest, from which equal steps would leave nearly all in one shade
_PALEST, _DARKEST = 0.7, 0.65  # how far the outer shades are mixed with the card, and with the text
_COLOUR_AT = 0.7  # where between them the colour itself stands


@dataclass(frozen=True, slots=True)
class Shades:
    """Shades of one colour, palest first.

    Attributes:
        bounds: Where each shade but the first begins.
        texts: What each shade stands for: "< 10", "10+".
    """

    colours: tuple[str, ...]
    bounds: tuple[float, ...]
    texts: tuple[str, ...]

    def of(self, value: float) -> str:
        """The colour of this value."""
        return self.colours[sum(bound <= value for bound in self.bounds)]


def shades(values: Sequence[float], colour: str, theme: Theme, style: Style) -> Shades:
    """At most five shades, each between round numbers and further from the card than the one before.

    Where a few values are far above the rest, as visits by country are, the bounds grow by factors, else by equal
    steps. A single hue that only gets darker (on a dark card lighter) is read alike by every kind of colour vision.
    """
    bounds = _bounds(values, style)
    written = [tick(bound, style) for bound in bounds]
    texts = [f"< {written[0]}", *(f"{text}+" for text in written)] if written else [""]
    return Shades(_ramp(colour, len(bounds) + 1, theme), bounds, tuple(texts))


def _bounds(values: Sequence[float], style: Style) -> tuple[float, ...]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low == high:
        return ()
    least = min((value for value in values if value > 0), default=0.0)
    marks = _factors(least, high) if low >= 0 and high > least * _SKEWED else _steps(values, style)
    return tuple(mark for mark in marks if low < mark <= high)


def _steps(values: Sequence[float], style: Style) -> tuple[float, ...]:
    """Equal steps; as an axis would write them."""
    for ticks in range(MOST, 0, -1):
        found = scale(values, style, from_zero=False, ticks=ticks).ticks
        inner = [mark for mark in found if min(values) < mark <= max(values)]
        if len(inner) < MOST:
            return tuple(inner)
    return ()


def _factors(low: float, high: float) -> tuple[float, ...]:
    """The last round numbers that lie a factor apart: 1, 2, 5 and their tens, or every so many tens."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high))
    tens = [10.0**power for power in range(first, last + 1)]
    fine = [factor * ten for ten in tens for factor in (1, 2, 5)]
    for marks in (fine, *(tens[-1::-every][::-1] for every in range(1, len(tens) + 1))):
        inner = [mark for mark in marks if low < mark <= high]
        if len(inner) < MOST:
            return tuple(inner)
    return ()


def _ramp(colour: str, count: int, theme: Theme) -> tuple[str, ...]:
    """From near the card over the colour to near the text."""
    if count == 1:
        return (colour,)
    palest, darkest = mixed(colour, theme.card, _PALEST), mixed(colour, theme.text, _DARKEST)
    shares = [at / (count - 1) for at in range(count)]
    return tuple(
        mixed(palest, colour, share / _COLOUR_AT)
        if share <= _COLOUR_AT
        else mixed(colour, darkest, (share - _COLOUR_AT) / (1 - _COLOUR_AT))
        for share in shares
    )
