"""A figure as it is printed: what is drawn, with its title, its words for those who do not see it, and its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stats_core.errors import InvalidOptionsError, Problem
from workbench.figures.text import one_line, shortened
from workbench.figures.theme import DARK, LIGHT, Theme, ThemeName, theme
from workbench.figures.views import Canvas, ChartView, ListView, MetricView, TableView, View
from workbench.publishing.answered import Answered

PAD: Final = 24  # px around everything
TITLE_PX, SUBTITLE_PX, SOURCE_PX = 20, 14, 11.5
TITLE_LINE, SUBTITLE_LINE, SOURCE_LINE = 26, 20, 16
GAP: Final = 14  # px above and below the plot
LEAST, MOST = 200, 4000  # px of a side
_MOST_LINES = 2
_CHAR = 0.51  # of the font size: the mean width of a letter of Source Sans


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in px; `zoom` enlarges letters and lines with them, for pictures that are seen small."""

    width_px: int
    height_px: int
    zoom: float = 1.0


SIZES: Final = MappingProxyType(
    {
        "post": Size(720, 420),
        "wide": Size(1080, 480),
        "square": Size(720, 720),
        "social": Size(1200, 630, zoom=1.5),
    }
)


def read_size(text: str) -> Size:
    """A preset by its name, or `800x450`.

    Raises:
        InvalidOptionsError: It is neither, or a side is too short or too long.
    """
    if (preset := SIZES.get(text)) is not None:
        return preset
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if sides is None or not all(LEAST <= int(side) <= MOST for side in sides.groups()):
        message, hint = f"{text!r} is no size.", f"Take {', '.join(SIZES)}, or 800x450; sides are {LEAST} to {MOST} px."
        raise InvalidOptionsError([Problem("size", message, hint)])
    return Size(int(sides[1]), int(sides[2]))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure in one theme and size.

    Attributes:
        key: Equal for equal figures of a post, different for others: prefixes the ids in its markup.
        title: In lines that fit.
        subtitle: In lines that fit.
        source: In lines that fit.
        alt: All of it in words.
        plot: Left, top, width and height of the plot.
    """

    key: str
    theme: Theme
    size: Size
    title: tuple[str, ...]
    subtitle: tuple[str, ...]
    source: tuple[str, ...]
    alt: str
    view: View
    plot: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        """In units that text is measured in."""
        return round(self.size.width_px / self.size.zoom)

    @property
    def height(self) -> int:
        """In units that text is measured in."""
        return round(self.size.height_px / self.size.zoom)


def sheet(found: Answered, theme_name: ThemeName = "light", *, size: str | None = None) -> Sheet:
    """The figure of an answer, laid out."""
    drawn_in, of = theme(theme_name), read_size(size or found.embed.size)
    width, height = round(of.width_px / of.zoom), round(of.height_px / of.zoom)
    inner = width - 2 * PAD
    title = wrapped(found.title, inner, TITLE_PX)
    subtitle = wrapped(found.result.display.description or "", inner, SUBTITLE_PX)
    source = wrapped(f"Source: {found.source}", inner, SOURCE_PX)
    top = PAD + len(title) * TITLE_LINE + len(subtitle) * SUBTITLE_LINE + (GAP if title or subtitle else 0)
    bottom = PAD + len(source) * SOURCE_LINE - 8 + GAP
    plot = (PAD, top, inner, max(height - top - bottom, 40))
    view = found.view(Canvas(theme=drawn_in, width_px=plot[2], height_px=plot[3]))
    return Sheet(
        key=f"wb{found.embed.key[:8]}{theme_name[0]}",
        theme=drawn_in,
        size=of,
        title=title,
        subtitle=subtitle,
        source=source,
        alt=alt_of(found, view),
        view=view,
        plot=plot,
    )


def both(found: Answered, *, size: str | None = None) -> tuple[Sheet, Sheet]:
    """The figure light and dark."""
    return sheet(found, LIGHT.name, size=size), sheet(found, DARK.name, size=size)


def alt_of(found: Answered, view: View) -> str:
    """The author's words for it, else what can be read in it."""
    if found.embed.alt:
        return one_line(found.embed.alt)
    if isinstance(view, ChartView):
        return view.alt
    if isinstance(view, MetricView):
        return one_line(f"{found.title}: {view.value.text} {view.label}").strip()
    if isinstance(view, ListView):
        listed = ", ".join(f"{item.label} {item.value.text}" for item in view.items[:8])
        return f"{one_line(found.title)}: {listed}."
    rows = view.total if isinstance(view, TableView) else 0
    return f"Table: {one_line(found.title)}, {rows:,} rows."


def wrapped(text: str, width_px: float, font_px: float, most: int = _MOST_LINES) -> tuple[str, ...]:
    """The text in lines of at most so many px, the last one cut where there would be more."""
    fits = max(int(width_px / (font_px * _CHAR)), 8)
    lines: list[str] = []
    for word in one_line(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and len(joined) <= fits:
            lines[-1] = joined
        else:
            lines.append(word)
    kept = [*lines[: most - 1], " ".join(lines[most - 1 :])] if lines else []
    return tuple(shortened(line, fits) for line in kept if line)
