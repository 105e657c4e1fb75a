"""Table panels: rows, groups or buckets, each cell with a value to sort by and a text to read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import VALUE, Answer, is_temporal
from workbench.figures.conditions import mark
from workbench.figures.formats import Style, as_number, style_of, write, write_date
from workbench.figures.text import humanised, one_line
from workbench.figures.views import Canvas, Cell, Column, TableView

DEFAULT_LIMIT = 1_000  # rows; more are scrolled past, not read

_PAGE = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)


def table(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> TableView:
    """Every field a column: the value column in the panel's format and with its conditions, others by their units."""
    del panel
    display = result.display
    styled = answer.value if answer.kind != "rows" else _styled_field(display, answer)
    units = {name: result.meta.of(name) if name in result.meta.units else Meta() for name in answer.fields}
    styles = {name: style_of(Display(), units[name]) for name in answer.fields}
    if styled is not None:
        styles[styled] = style_of(display, result.meta.of(styled))
    temporal = {name for name in answer.fields if is_temporal(answer.rows, name)}

    def column(name: str) -> Column:
        numeric = any(as_number(row.get(name)) is not None for row in answer.rows)
        bars = name == styled and answer.kind != "buckets" and _as_lengths(name, answer)
        in_major_units = styles[name].format == "currency"
        told = humanised(name.removesuffix("_cents") if in_major_units else name)
        named = name == VALUE and answer.kind != "rows" and display.label
        label = one_line(display.label) if named else told
        return Column(name, label, numeric, links=_links(name, answer), bars=bars)

    def cell(name: str, value: Any) -> Cell:
        if name in temporal:
            return Cell(value, write_date(value, answer.precision).text)
        if name != styled:
            return _plain(name, value, styles[name])
        found = mark(value, display.conditional_formatting, canvas.theme)
        text = write(value, styles[name]).text
        return Cell(value, f"{text} {found.sign}" if found else text, found)

    rows = answer.rows[: display.limit or DEFAULT_LIMIT]
    return TableView(
        columns=tuple(map(column, answer.fields)),
        rows=tuple(tuple(cell(name, row.get(name)) for name in answer.fields) for row in rows),
        total=answer.total,
    )


def _links(name: str, answer: Answer) -> bool:
    """Whether the field holds addresses of pages and nothing else: no other scheme is ever followed."""
    told = [row.get(name) for row in answer.rows if row.get(name) is not None]
    return bool(told) and all(isinstance(value, str) and _PAGE.fullmatch(value) for value in told)


def _as_lengths(name: str, answer: Answer) -> bool:
    """Whether the numbers of the field can stand as lengths beside each other."""
    values = [row.get(name) for row in answer.rows]
    numbers = [number for value in values if (number := as_number(value)) is not None]
    return len(numbers) > 1 and max(numbers) > 0 and all(number >= 0 for number in numbers)


def _styled_field(display: Display, answer: Answer) -> str | None:
    """Of rows, only a field that the panel names gets its format: more would be a guess."""
    return next((name for name in (display.field, display.y_axis) if name in answer.fields), None)


def _plain(name: str, value: Any, style: Style) -> Cell:
    if isinstance(value, bool):
        return Cell(value, "yes" if value else "no")
    if isinstance(value, Mapping | list | tuple):
        text = one_line(json.dumps(value, ensure_ascii=False))
        return Cell(text, text)
    if as_number(value) is not None and not _is_key(name):
        return Cell(value, write(value, style).text)
    line = one_line(value)
    return Cell(value if value is None or as_number(value) is not None else line, line)


def _is_key(name: str) -> bool:
    """Whether numbers of this field name rows: nobody counts to order 1,976."""
    return name.rpartition(".")[2] == "id" or name.endswith("_id")
