"""Figures as HTML: a page that stands alone, light or dark as its reader's screen is, and the parts that posts use."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, Final

from workbench.figures.cells import table_cells
from workbench.figures.html import list_html, metric_html
from workbench.figures.layout import CONFIG
from workbench.figures.text import one_line
from workbench.figures.theme import DARK, FONT, LIGHT, Theme
from workbench.figures.views import ChartView, ListView, MetricView, TableView, View
from workbench.publishing.answered import TABLE_ROWS, Answered
from workbench.publishing.sheet import Sheet, both

SCRIPT_NAME: Final = "plotly.min.js"
_DRAW = """
const dark = matchMedia("(prefers-color-scheme: dark)");
for (const place of document.querySelectorAll(".wb-plot")) {
  const figures = JSON.parse(document.getElementById(place.id + "-data").textContent);
  const draw = () => {
    const { data, layout } = figures[dark.matches ? "dark" : "light"];
    Plotly.react(place, data, layout, figures.config);
  };
  draw();
  dark.addEventListener("change", draw);
}
"""


def figure_page(found: Answered, *, size: str | None = None, script: str | None = None) -> str:
    """The figure as a page of its own: one file that needs nothing else.

    Args:
        found: What is shown.
        size: Of the figure; default: the embed's.
        script: Address of Plotly.js where it lies beside the page; None = in the page, which then has 5 MB.
    """
    light, dark = both(found, size=size)
    chart = isinstance(light.view, ChartView)
    plotly = f'<script src="{escape(script)}"></script>' if script else f"<script>{plotly_script()}</script>"
    scripts = f"{plotly}<script>{_DRAW}</script>" if chart else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text(found.title) or 'Figure'}</title><style>{styles()}</style></head>"
        f"<body>{figure_html(found, light, dark)}{scripts}</body></html>\n"
    )


def figure_html(found: Answered, light: Sheet, dark: Sheet) -> str:
    """A `<figure>` with title, plot, number, list or table, and its source."""
    title = f"<h2>{_text(found.title)}</h2>" if found.title else ""
    told = f"<p>{_text(found.result.display.description)}</p>" if found.result.display.description else ""
    cut = f"{_text(found.cut)} " if found.cut else ""
    return (
        f'<figure class="wb-figure" style="max-width:{light.size.width_px}px">{title}{told}{_body(light, dark)}'
        f"<figcaption>{cut}Source: {_text(found.source)}</figcaption></figure>"
    )


def table_html(shown: TableView) -> str:
    """A table; what is cut off is said beside it."""
    return f"<table>{table_cells(shown, TABLE_ROWS, right='wb-right')}</table>"


def styles() -> str:
    """The styles of figures and of pages made of them."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    screen = f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}"
    return f":root {{ {_variables(LIGHT)} --wb-font: {FONT}; }} {screen}\n{style}"


def plotly_script() -> str:
    """Plotly.js as the plotly package has it: nothing is fetched."""
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def _body(light: Sheet, dark: Sheet) -> str:
    if isinstance(light.view, ChartView) and isinstance(dark.view, ChartView):
        return _chart(light, light.view, dark.view)
    return "".join(
        f'<div class="wb-{printed.theme.name}">{_words(printed.view, printed.theme)}</div>' for printed in (light, dark)
    )


def _words(shown: View, theme: Theme) -> str:
    if isinstance(shown, MetricView):
        return metric_html(shown, theme)
    if isinstance(shown, ListView):
        return list_html(shown, theme)
    return f'<div class="wb-scroll">{table_html(shown)}</div>' if isinstance(shown, TableView) else ""


def _chart(printed: Sheet, light: ChartView, dark: ChartView) -> str:
    height = printed.plot[3]
    figures: dict[str, Any] = {"light": light.figure, "dark": dark.figure, "config": CONFIG}
    return (
        f'<div class="wb-plot" id="{printed.key}" role="img" aria-label="{_text(printed.alt)}" '
        f'style="height:{height}px"></div>'
        f'<script type="application/json" id="{printed.key}-data">{_json(figures)}</script>'
    )


def _json(document: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _variables(theme: Theme) -> str:
    return (
        f"--wb-card: {theme.card}; --wb-page: {theme.page}; --wb-text: {theme.text}; --wb-muted: {theme.muted}; "
        f"--wb-hairline: {theme.hairline}; --wb-accent: {theme.accent};"
    )


def _text(value: str | None) -> str:
    return escape(one_line(value or ""))
