"""List panels: names with their numbers, longest first as they come, each with a bar."""

from __future__ import annotations

from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import Answer, Row
from workbench.figures.conditions import mark
from workbench.figures.formats import as_float, style_of, write, write_date
from workbench.figures.text import one_line
from workbench.figures.views import Canvas, ListItem, ListView

DEFAULT_LIMIT = 50  # lines; a list is read, not searched


def listing(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> ListView:
    """One line per row, at most `display.limit` of them."""
    del panel
    rows = answer.rows[: result.display.limit or DEFAULT_LIMIT]
    longest = max((abs(_number(row, answer)) for row in rows), default=0.0)
    style = style_of(result.display, result.meta)

    def item(row: Row) -> ListItem:
        value = row.get(answer.value) if answer.value else None
        return ListItem(
            label=_label(row, answer),
            value=write(value, style),
            share=abs(_number(row, answer)) / longest if longest else 0.0,
            mark=mark(value, result.display.conditional_formatting, canvas.theme),
        )

    return ListView(items=tuple(map(item, rows)), total=answer.total)


def _label(row: Row, answer: Answer) -> str:
    parts = [row.get(name) for name in (answer.series, answer.label) if name is not None]
    written = (write_date(part, answer.precision).text if answer.temporal else one_line(part) for part in parts)
    return ", ".join(written)


def _number(row: Row, answer: Answer) -> float:
    return (as_float(row.get(answer.value)) if answer.value else None) or 0.0
