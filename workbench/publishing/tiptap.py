"""Tiptap documents: every `statsPanel` node gets its numbers, and nothing else is touched.

   {"type": "statsPanel", "attrs": {"panelId": "panel_…", "mode": "value"}}
→  {"type": "statsPanel", "attrs": {"panelId": "panel_…", "mode": "value", "data": {"value": 4213}, …}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from stats_core.composition import Workbench, open_workbench
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from workbench.figures.cells import address, lengths
from workbench.figures.text import NULL
from workbench.figures.views import Canvas, ChartView, MetricView, TableView, View
from workbench.publishing.answered import TABLE_ROWS, Answered, Note, answered, note
from workbench.publishing.embed import Embed, read_embed
from workbench.publishing.record import Published, Record, settled
from workbench.publishing.sheet import alt_of, read_size
from workbench.publishing.written import Pictures

NODE = "statsPanel"
GIVEN = MappingProxyType(  # what an author writes into attrs, by the names Tiptap and Python use
    {
        name: name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:])
        for name in Embed.model_fields
        if name != "display"
    }
)
FILLED = ("data", "display", "hash", "note", "resolved_at", "shown", "source")

Found = Answered | Note
Fill = Callable[[Embed, Published | None], Found]
Draw = Callable[[Answered], Pictures]
_Fill = Callable[[Mapping[str, Any]], tuple[Found, Pictures | None]]


def inject_panel_data(document: Mapping[str, Any], workbench: Workbench | None = None) -> dict[str, Any]:
    """The document with the numbers of its panels; the one that is given stays as it is.

    Every `statsPanel` node gets `data`, `display`, `resolved_at`, `hash` (of the call), `source` (a line), `shown`
    (what there is to see, in words) and `note`: null, or why there are no numbers or not all. Numbers that are in the
    node already and did not change keep their `resolved_at`, so that a second run gives the same document.

    Args:
        document: What Tiptap's `editor.getJSON()` gives.
        workbench: Who answers, and whose data may be seen; default: one over the settings' databases, for this call.

    Raises:
        InvalidOptionsError: The document is no Tiptap node, or too deep.
        ConfigurationError: The settings' database cannot be opened.
    """
    if workbench is None:
        with open_workbench() as opened:
            return inject_panel_data(document, opened)
    filled, _ = fill_document(document, partial(_answer, workbench=workbench))
    return filled


def fill_document(document: Any, fill: Fill, draw: Draw | None = None) -> tuple[dict[str, Any], list[Found]]:
    """The document with its panels filled, and what was found for each, in their order.

    Args:
        document: The outermost node.
        fill: Finds the answer of an embed.
        draw: Writes the pictures of figures; None where there is no place for files.

    Raises:
        InvalidOptionsError: The document is no Tiptap node, or too deep.
    """
    if not isinstance(document, Mapping):
        raise _no_document("A Tiptap document is a JSON object.")
    found: list[Found] = []
    try:
        return _node(document, partial(_outcome, fill=fill, draw=draw), found), found
    except RecursionError as error:
        raise _no_document("This document is nested too deeply.") from error


def record_of(document: Any) -> Record:
    """What the nodes of a document show by now."""
    record: dict[str, Published] = {}

    def look(embed: Embed, known: Published | None) -> Found:
        if known is not None:
            record[embed.key] = known
        return Note(embed, ())

    fill_document(document, look)
    return record


def published(attrs: Mapping[str, Any]) -> Published | None:
    """What a node shows by now; None where nothing was filled in."""
    try:
        return Published(str(attrs["hash"]), datetime.fromisoformat(attrs["resolved_at"]), dict(attrs["data"]))
    except (KeyError, TypeError, ValueError):
        return None


def _outcome(attrs: Mapping[str, Any], *, fill: Fill, draw: Draw | None) -> tuple[Found, Pictures | None]:
    """What is found for a node, and its pictures; why there is none, where one of them fails."""
    try:
        embed = _embed(attrs)
        read_size(embed.size)
        found = fill(embed, published(attrs))
        drawn = draw(found) if draw and isinstance(found, Answered) and found.mode == "figure" else None
    except ExpectedError as error:
        return note(error, None), None
    return found, drawn


def _node(node: Mapping[str, Any], fill: _Fill, found: list[Found]) -> dict[str, Any]:
    kept = dict(node)
    if node.get("type") == NODE:
        attrs = node.get("attrs")
        kept["attrs"] = _attrs(attrs if isinstance(attrs, Mapping) else {}, fill, found)
    if isinstance(content := node.get("content"), list):
        kept["content"] = [_node(item, fill, found) if isinstance(item, Mapping) else item for item in content]
    return kept


def _attrs(attrs: Mapping[str, Any], fill: _Fill, found: list[Found]) -> dict[str, Any]:
    outcome, drawn = fill(attrs)
    found.append(outcome)
    own = {name: value for name, value in attrs.items() if name not in FILLED}
    shown = noted(outcome) if isinstance(outcome, Note) else described(outcome, drawn)
    if isinstance(outcome, Note) and "display" in attrs:
        shown["display"] = attrs["display"]  # an author's own, of a call that stands in the post
    return own | shown


def _embed(attrs: Mapping[str, Any]) -> Embed:
    names = {name for pair in GIVEN.items() for name in pair}
    given = {name: value for name, value in attrs.items() if name in names and value is not None}
    inline = attrs.get("panelId", attrs.get("panel_id")) is None
    display = {"display": attrs["display"]} if inline and attrs.get("display") is not None else {}
    return read_embed(given | display)


def described(found: Answered, drawn: Pictures | None = None) -> dict[str, Any]:
    """What a node gets of an answer, and of the files of its figure."""
    return {
        "data": found.data,
        "display": found.result.display.model_dump(mode="json", exclude_defaults=True),
        "hash": found.asked.hash,
        "note": found.cut or None,
        "resolved_at": found.resolved_at.isoformat(),
        "shown": _shown(found, drawn),
        "source": found.source,
    }


def noted(why: Note) -> dict[str, Any]:
    """What a node gets where there is no answer."""
    return dict.fromkeys(FILLED) | {"note": why.text}


def _shown(found: Answered, drawn: Pictures | None) -> dict[str, Any]:
    """What there is to see, worded and shaped: a renderer needs to know nothing about numbers."""
    view = found.view(Canvas())
    if found.mode == "figure":
        return _figure(found, view, drawn)
    if isinstance(view, TableView):
        return _table(found, view)
    if isinstance(view, MetricView):
        return {"mode": "value", "text": view.value.text, "full": view.value.full, "label": view.label}
    return {"mode": "value", "text": NULL, "full": NULL, "label": ""}


def _figure(found: Answered, view: View, drawn: Pictures | None) -> dict[str, Any]:
    """By its files, and as data for those who draw themselves; a number or list as a figure has files alone."""
    of = read_size(found.embed.size)
    return {
        "mode": "figure",
        "title": found.title,
        "alt": alt_of(found, view),
        "src": drawn.light if drawn else None,
        "src_dark": (drawn.dark or None) if drawn else None,
        "width": of.width_px,
        "height": of.height_px,
        "figure": view.figure if isinstance(view, ChartView) else None,
    }


def _table(found: Answered, view: TableView) -> dict[str, Any]:
    """Texts by row; what a column has beside them by column."""
    rows = view.rows[:TABLE_ROWS]
    columns = [
        {
            "label": column.label,
            "numeric": column.numeric,
            "links": [address(row[at], column) or None for row in rows] if column.links else None,
            "lengths": list(lengths(view, at, TABLE_ROWS)) if column.bars else None,
        }
        for at, column in enumerate(view.columns)
    ]
    texts = [[cell.text for cell in row] for row in rows]
    return {"mode": "table", "title": found.title, "columns": columns, "rows": texts, "total": view.total}


def _answer(embed: Embed, known: Published | None, *, workbench: Workbench) -> Found:
    found = answered(embed, workbench)
    return settled(found, {embed.key: known} if known else {}, workbench)


def _no_document(message: str) -> InvalidOptionsError:
    return InvalidOptionsError([Problem("", message, "Give what editor.getJSON() gives.")])
