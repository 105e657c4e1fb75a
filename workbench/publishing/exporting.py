"""A figure as a file: SVG, PNG or HTML by the file's name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stats_core.errors import ConfigurationError, InvalidOptionsError, Problem
from workbench.figures.theme import ThemeName
from workbench.publishing.answered import Answered
from workbench.publishing.browser import SCALE, Browser
from workbench.publishing.page import SCRIPT_NAME, figure_page, plotly_script
from workbench.publishing.sheet import sheet
from workbench.publishing.svg import svg_text

FORMATS: Final = (".svg", ".png", ".html")


def figure_bytes(
    found: Answered,
    suffix: str,
    browser: Browser,
    *,
    theme: ThemeName = "light",
    size: str | None = None,
    scale: float = SCALE,
    embedded: bool = False,
    script: str | None = None,
) -> bytes:
    """The figure in the format of the suffix; the same bytes for the same answer.

    Args:
        found: What is shown.
        suffix: `.svg`, `.png` or `.html`.
        browser: Draws charts; HTML needs none.
        theme: Of SVG and PNG; HTML has both.
        size: A preset or `800x450`; default: the embed's.
        scale: Pixels of a PNG per px.
        embedded: Whether an SVG brings its letters along.
        script: Where Plotly.js lies beside an HTML page; None = in the page.

    Raises:
        InvalidOptionsError: There is no such format or size, or a picture of a table is wanted.
        ConfigurationError: A picture is wanted and there is no browser.
    """
    if suffix == ".html":
        return figure_page(found, size=size, script=script).encode()
    if suffix not in FORMATS:
        message, hint = f"{suffix or 'No suffix'!r} is no format of figures.", f"Take one of {', '.join(FORMATS)}."
        raise InvalidOptionsError([Problem("output", message, hint)])
    drawn = svg_text(sheet(found, theme, size=size), browser.draw, embedded=embedded)
    return drawn.encode() if suffix == ".svg" else browser.rasterise(drawn, scale=scale)


def write_bytes(file: Path, content: bytes) -> bool:
    """Write a file whose content is another; whether there was something to write.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        if file.is_file() and file.read_bytes() == content:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error
    return True


def write_script(folder: Path) -> bool:
    """Plotly.js beside pages that name it."""
    return write_bytes(folder / SCRIPT_NAME, plotly_script().encode())
