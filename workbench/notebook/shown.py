"""What every value of a notebook shows of itself: HTML where there is a screen, text in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from stats_core.composition import Workbench
from workbench.figures.cells import table_cells
from workbench.figures.html import empty_html, error_html, label_html, list_html, metric_html
from workbench.figures.text import html_text
from workbench.figures.theme import Theme, ThemeName, theme
from workbench.figures.views import (
    ChartView,
    EmptyView,
    ErrorView,
    LabelView,
    ListView,
    MetricView,
    TableView,
    View,
)

PLOTLY: Final = "application/vnd.plotly.v1+json"
HTML: Final = "text/html"
TEXT: Final = "text/plain"
ROWS: Final = 30  # of a table in a notebook; `.frame()` has all


@dataclass(frozen=True, slots=True)
class Setting:
    """The workbench that is asked, the theme that is drawn in, and the width in px that figures are made for."""

    workbench: Workbench
    theme_name: ThemeName = "light"
    width_px: int = 720

    @property
    def theme(self) -> Theme:
        """Its colours."""
        return theme(self.theme_name)


class Shown:
    """Base of what shows itself as HTML and as text."""

    def html(self) -> str:
        """As a notebook shows it, without the frame and styles around it."""
        raise NotImplementedError

    def text(self) -> str:
        """As a terminal shows it."""
        raise NotImplementedError

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        return chosen({TEXT: self.text(), HTML: framed(self.html())}, include, exclude)

    def __str__(self) -> str:
        return self.text()


def chosen(
    bundle: Mapping[str, Any], include: Collection[str] | None, exclude: Collection[str] | None
) -> dict[str, Any]:
    """The formats that are asked for."""
    return {
        name: data for name, data in bundle.items() if (not include or name in include) and name not in (exclude or ())
    }


def framed(html: str) -> str:
    """HTML with the styles that it needs: each output stands alone, and may be shown without the others."""
    return f'<style>{_style()}</style><div class="wb-out">{html}</div>'


@cache
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def heading(title: str, told: str = "") -> str:
    """A title with a quiet line under it."""
    under = f'<div class="wb-told">{html_text(told)}</div>' if told else ""
    return f'<div class="wb-title">{html_text(title)}</div>{under}' if title or told else ""


def table_html(head: Collection[str], rows: Collection[Collection[str]], numeric: Collection[int] = ()) -> str:
    """Texts as a table, escaped; columns of these numbers stand right."""

    def cells(tag: str, texts: Collection[str]) -> str:
        return "".join(
            f"<{tag}{' class=wb-number' if at in numeric else ''}>{html_text(text)}</{tag}>"
            for at, text in enumerate(texts)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def table_text(head: Collection[str], rows: Collection[Collection[str]], numeric: Collection[int] = ()) -> str:
    """Texts in columns."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    written = (
        "  ".join(
            text.rjust(width) if at in numeric else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    return "\n".join(written)


def view_html(shown: View, theme: Theme) -> str:
    """A view model; of a chart its description, since its figure is no HTML."""
    if isinstance(shown, MetricView):
        return metric_html(shown, theme)
    if isinstance(shown, ListView):
        return list_html(shown, theme)
    if isinstance(shown, TableView):
        more = _more(shown.total - min(len(shown.rows), ROWS))
        return f"<table>{table_cells(shown, ROWS, right='wb-number')}</table>{more}"
    if isinstance(shown, LabelView):
        return label_html(shown)
    if isinstance(shown, ChartView):
        return f"<p>{html_text(shown.alt)}</p>"
    return empty_html(shown) if isinstance(shown, EmptyView) else error_html(shown)


def _more(left: int) -> str:
    return f'<div class="wb-told">and {left:,} more rows: .frame() has them</div>' if left > 0 else ""


def view_text(shown: View, *, markdown: str = "") -> str:
    """A view model in a terminal.

    Args:
        shown: What to write.
        markdown: What a label says.
    """
    if isinstance(shown, MetricView):
        change = f"  {shown.change.text} from {shown.change.before.text}" if shown.change else ""
        return f"{shown.value.text} {shown.label}".rstrip() + change
    if isinstance(shown, ListView):
        return table_text(("", "value"), [(item.label, item.value.text) for item in shown.items], (1,))
    if isinstance(shown, TableView):
        numeric = [at for at, column in enumerate(shown.columns) if column.numeric]
        rows = [[cell.text for cell in row] for row in shown.rows[:ROWS]]
        left = shown.total - len(rows)
        more = f"\nand {left:,} more rows" if left > 0 else ""
        return table_text([column.label for column in shown.columns], rows, numeric) + more
    if isinstance(shown, LabelView):
        return markdown
    if isinstance(shown, ChartView):
        return shown.alt
    return _state_text(shown)


def _state_text(shown: EmptyView | ErrorView) -> str:
    if isinstance(shown, EmptyView):
        return " · ".join(filter(None, (shown.title, *shown.reasons, shown.hint)))
    return "\n".join((shown.title, *map(str, shown.problems)))
