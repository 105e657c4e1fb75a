"""Answers as Markdown and HTML: numbers in a line, tables, pictures, and notes where there is no answer.

Whatever comes from data is escaped: nothing in it becomes markup, ends a marker, or is read as a tag.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workbench.figures.cells import address, link_text
from workbench.figures.formats import as_number
from workbench.figures.text import NULL, one_line
from workbench.figures.views import Canvas, Cell, Column, MetricView, TableView
from workbench.publishing.answered import TABLE_ROWS, Answered, Note
from workbench.publishing.page import table_html
from workbench.publishing.sheet import read_size
from workbench.publishing.tags import Syntax

OWN_LINE: Final = "A figure or table needs a line of its own: put the tag alone on a line."
_MARKUP = re.compile(r"([\\`*_\[\]|~])")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Addresses of a figure's files, as the post names them.

    Attributes:
        light: The one that everybody sees; a page where nothing draws pictures.
        dark: For screens that are dark; empty where there is only one.
    """

    light: str
    dark: str = ""
    alt: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it is a page with the figure in it."""
        return self.light.endswith(".html")


def value_text(found: Answered) -> str:
    """The number as an element that knows it in full."""
    shown = found.view(Canvas())
    written = shown.value if isinstance(shown, MetricView) else None
    text, full = (written.text, written.full) if written else (NULL, NULL)
    number = f' value="{found.value}"' if as_number(found.value) is not None else ""
    return f'<data{number} title="{_safe(f"{full}. {found.source}")}">{_safe(text)}</data>'


def table_text(found: Answered, syntax: Syntax) -> str:
    """The table, with what is cut off and where it comes from."""
    shown = found.view(Canvas())
    assert isinstance(shown, TableView), "answered() checked the type"
    if syntax == "html":
        title = f"<h2>{_safe(found.title)}</h2>" if found.title else ""
        cut = f"{_safe(found.cut)} " if found.cut else ""
        table = _no_tags(table_html(shown))
        caption = f"<figcaption>{cut}Source: {_safe(found.source)}</figcaption>"
        return f'<figure class="wb-figure">{title}<div class="wb-scroll">{table}</div>{caption}</figure>'
    head = _row(_plain(column.label) for column in shown.columns)
    line = "| " + " | ".join("---:" if column.numeric else "---" for column in shown.columns) + " |"
    rows = [
        _row(_cell(cell, column) for cell, column in zip(row, shown.columns, strict=True))
        for row in shown.rows[:TABLE_ROWS]
    ]
    heading = [f"**{_plain(found.title)}**", ""] if found.title else []
    cut = f"{_plain(found.cut)} " if found.cut else ""
    return "\n".join(["", *heading, head, line, *rows, "", f"*{cut}Source: {_plain(found.source)}*", ""])


def figure_text(found: Answered, pictures: Pictures, syntax: Syntax) -> str:
    """The figure by its files."""
    of = read_size(found.embed.size)
    alt, light = _safe(pictures.alt), _safe(pictures.light)
    if pictures.is_page and syntax == "html":
        return (
            f'<iframe class="wb-frame" src="{light}" title="{alt}" height="{of.height_px + 8}" loading="lazy"></iframe>'
        )
    if pictures.is_page:
        name = _plain(found.title or "Figure")
        return f"\n[{name}]({pictures.light}): {_plain(pictures.alt)}\n\n*Source: {_plain(found.source)}*\n"
    if syntax == "markdown" and not pictures.dark:
        return f"\n![{_plain(pictures.alt)}]({pictures.light})\n"
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="{_safe(pictures.dark)}">' if pictures.dark else ""
    image = f'<img src="{light}" alt="{alt}" width="{of.width_px}" height="{of.height_px}">'
    return f"<picture>{dark}{image}</picture>"


def note_text(why: Note, syntax: Syntax, *, alone: bool) -> str:
    """Why there is nothing: in the post, where everybody sees it."""
    if not alone:
        return f"<data><em>[No number: {_safe(why.text)}]</em></data>"
    if syntax == "html":
        return f'<p class="wb-note"><strong>Nothing to show here.</strong> {_safe(why.text)}</p>'
    return f"\n> **Nothing to show here.** {_plain(why.text)}\n"


def _row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _cell(cell: Cell, column: Column) -> str:
    to = address(cell, column)
    return f"[{_plain(link_text(cell))}](<{_safe(to)}>)" if to else _plain(cell.text)


def _plain(value: object) -> str:
    """For Markdown: no letter of it is markup."""
    return _MARKUP.sub(r"\\\1", _safe(value))


def _safe(value: object) -> str:
    """For HTML, in elements and in quoted attributes."""
    return _no_tags(html.escape(one_line(value), quote=True))


def _no_tags(text: str) -> str:
    return text.replace("{{", "&#123;&#123;")
