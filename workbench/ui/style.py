"""The look of the pages: one style sheet, with the colours of the theme as variables."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from workbench.figures.theme import FONT, theme

SHEET = Path(__file__).with_name("style.css")


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
