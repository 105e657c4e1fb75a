"""The colours of both themes, and how far they stand out from what is behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ThemeName = Literal["light", "dark"]

TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: text against its background
SHAPE_CONTRAST = 3.0  # WCAG 2.2, 1.4.11: lines and bars against theirs

FONT = '"Source Sans", "Source Sans 3", system-ui, sans-serif'

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme.

    Attributes:
        page: Behind the cards.
        card: Behind the figures.
        palette: Ten colours for series; the first is the accent. Found by a search for the largest smallest distance in
            OKLab under normal vision and under protan-, deuter- and tritanopia (Machado, Oliveira and Fernandes 2009,
            doi:10.1109/TVCG.2009.113), each at least 3 : 1 against the card.
        status: Colours of conditional formatting by name, each at least 4.5 : 1 against card and page.
    """

    name: ThemeName
    page: str
    card: str
    text: str
    muted: str
    hairline: str
    palette: tuple[str, ...]
    status: Mapping[str, str]

    @property
    def accent(self) -> str:
        """The one accent colour."""
        return self.palette[0]

    def colour(self, named: str | None, *, fallback: str | None = None) -> str:
        """A colour from a panel's display: a status name, `#rrggbb`, or the fallback (the accent)."""
        if named is not None and named in self.status:
            return self.status[named]
        return named.lower() if named and _HEX.fullmatch(named) else fallback or self.accent

    def readable(self, named: str) -> str:
        """The colour, moved towards black or white until text in it can be read on the card."""
        return towards(self.colour(named, fallback=self.muted), self.text, self.card, TEXT_CONTRAST)


LIGHT = Theme(
    name="light",
    page="#f7f8fa",
    card="#ffffff",
    text="#1c2128",
    muted="#59636e",
    hairline="#e4e7eb",
    palette=(
        "#3b5bdb",
        "#b59116",
        "#cb5868",
        "#1a97a6",
        "#572e90",
        "#736305",
        "#912050",
        "#9a84ef",
        "#0f4b07",
        "#4b0e30",
    ),
    status=MappingProxyType(
        {"green": "#157347", "yellow": "#856000", "red": "#c0262d", "blue": "#1f5fbf", "gray": "#59636e"}
    ),
)
DARK = Theme(
    name="dark",
    page="#0f1216",
    card="#161a20",
    text="#e6e8eb",
    muted="#9aa3ad",
    hairline="#272d35",
    palette=(
        "#8ea2ff",
        "#b75607",
        "#efaac1",
        "#1b8463",
        "#57fdfe",
        "#7452b7",
        "#a1d96a",
        "#c66db1",
        "#fdf9b2",
        "#9e9c3c",
    ),
    status=MappingProxyType(
        {"green": "#4cc38a", "yellow": "#e0b341", "red": "#ff7b78", "blue": "#7aa7ff", "gray": "#9aa3ad"}
    ),
)


def theme(name: str | None) -> Theme:
    """The dark theme by its name, else the light one."""
    return DARK if name == "dark" else LIGHT


def towards(colour: str, goal: str, background: str, least: float) -> str:
    """The colour mixed with as little of `goal` as brings its contrast against the background to `least`."""
    for percent in range(0, 101, 5):
        nearer = mixed(colour, goal, percent / 100)
        if contrast(nearer, background) >= least:
            return nearer
    return goal


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def faded(colour: str, opacity: float) -> str:
    """The colour as `rgba()`, for fills."""
    red, green, blue = _channels(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(one: str, other: str, share: float) -> str:
    """The first colour with this share of the other in it, 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
