"""Cells of a table as HTML and Markdown: addresses of pages as links, numbers with their lengths beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final
from urllib.parse import quote

from workbench.figures.formats import as_float
from workbench.figures.text import one_line
from workbench.figures.views import Cell, Column, TableView

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_OF_ADDRESSES: Final = ":/?#@!$&'*+,;=%~"  # what may stand in one as it is; brackets and quotes could end a link


def table_cells(shown: TableView, most: int, *, right: str) -> str:
    """Head and body of a table.

    Args:
        shown: With the words chosen.
        most: Rows that are written.
        right: The class of cells with numbers.
    """
    rows = shown.rows[:most]
    shares = {at: lengths(shown, at, most) for at, column in enumerate(shown.columns) if column.bars}
    head = "".join(
        f"<th{_class(column, right)}>{_safe(column.label)}</th>{'<td></td>' if column.bars else ''}"
        for column in shown.columns
    )
    body = "".join(
        f"<tr>{''.join(_cells(row, shown.columns, {at: of[number] for at, of in shares.items()}, right))}</tr>"
        for number, row in enumerate(rows)
    )
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def lengths(shown: TableView, at: int, most: int) -> tuple[float | None, ...]:
    """The numbers of a column against the longest, 0 to 1; None where there is no number."""
    numbers = [as_float(row[at].value) for row in shown.rows[:most]]
    longest = max((number for number in numbers if number is not None), default=0.0) or 1.0
    return tuple(None if number is None else round(number / longest, 4) for number in numbers)


def address(cell: Cell, column: Column) -> str:
    """The page that a cell leads to, with nothing in it that could end a link; empty where it leads nowhere.

    No scheme but http and https is ever followed.
    """
    if not column.links or not isinstance(cell.value, str) or not _SCHEME.match(cell.value):
        return ""
    return quote(cell.value, safe=_OF_ADDRESSES)


def link_text(cell: Cell) -> str:
    """What a link is called: the address without its scheme, as the app calls it."""
    return _SCHEME.sub("", cell.text, count=1)


def _cells(
    row: Sequence[Cell], columns: Sequence[Column], shares: dict[int, float | None], right: str
) -> Iterable[str]:
    for at, (cell, column) in enumerate(zip(row, columns, strict=True)):
        yield f"<td{_class(column, right)}>{_inner(cell, column)}</td>"
        if column.bars:
            yield f'<td class="wb-lengths">{_length(shares[at])}</td>'


def _inner(cell: Cell, column: Column) -> str:
    if not (to := address(cell, column)):
        return _safe(cell.text)
    return f'<a href="{escape(to)}" target="_blank" rel="noopener">{_safe(link_text(cell))}</a>'


def _length(share: float | None) -> str:
    return f'<span style="width:{share:.1%}"></span>' if share else ""


def _class(column: Column, right: str) -> str:
    return f' class="{right}"' if column.numeric else ""


def _safe(text: str) -> str:
    return escape(one_line(text))
