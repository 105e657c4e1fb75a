"""The look of the pages: a style sheet with the colours of the theme as variables, and one for each mode of a page.

`:has` stands in sheets of modes alone, and in those for narrow screens: a browser that knows one such rule looks for it
again at every change of a page: 0.8 s of style recalculation at the start of a dashboard of sixteen charts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from workbench.figures.theme import FONT, theme

HERE = Path(__file__).parent
SHEET = HERE / "style.css"


@cache
def stylesheet(theme_name: str | None) -> str:
    """The `<style>` of a theme."""
    colours = theme(theme_name)
    variables = {
        "accent": colours.accent,
        "on-accent": colours.page,
        "page": colours.page,
        "card": colours.card,
        "text": colours.text,
        "muted": colours.muted,
        "hairline": colours.hairline,
        "red": colours.status["red"],
        "font": FONT,
    }
    declared = "".join(f"--wb-{name}:{value};" for name, value in variables.items())
    return f"<style>:root{{{declared}}}{SHEET.read_text(encoding='utf-8')}</style>"


@cache
def mode_stylesheet(mode: Literal["arrange", "editor"]) -> str:
    """The `<style>` that a page needs beside the first one while it is in this mode."""
    return f"<style>{(HERE / mode / 'style.css').read_text(encoding='utf-8')}</style>"
