"""What would change on a dashboard, as a list that a person reads before it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from stats_core.panels.difference import Difference, FieldChange, PanelChange
from workbench.figures.text import html_text, shortened

LONGEST = 120  # characters of a value; the whole of it is its tooltip, up to LONGEST_TITLE
LONGEST_TITLE = 2_000
_SIGNS: Mapping[str, str] = MappingProxyType({"added": "+", "changed": "~", "removed": "\N{MINUS SIGN}"})
_WORDS: Mapping[str, str] = MappingProxyType({"added": "new", "changed": "changed", "removed": "goes"})


def changes_html(found: Difference) -> str:
    """The dashboard's own fields, then its panels, each with its fields."""
    panels = "".join(map(_panel, found.panels))
    return f'<ul class="wb-changes">{_fields(found.fields)}{panels}</ul>'


def _panel(change: PanelChange) -> str:
    name = html_text(shortened(change.name, LONGEST)) if change.name else f"<em>{html_text(change.type)}</em>"
    fields = f"<ul>{_fields(change.fields)}</ul>" if change.fields else ""
    word = "moved" if change.is_move else _WORDS[change.kind]
    return (
        f'<li class="wb-{change.kind}">{_sign(change.kind)}<strong>{name}</strong> '
        f'<span class="wb-kind">{word} · {html_text(change.path)}</span>{fields}</li>'
    )


def _fields(changes: Iterable[FieldChange]) -> str:
    return "".join(map(_field, changes))


def _field(change: FieldChange) -> str:
    before = _value("del", change.before) if change.kind != "added" else ""
    after = _value("ins", change.after) if change.kind != "removed" else ""
    return (
        f'<li class="wb-{change.kind}">{_sign(change.kind)}<code>{html_text(change.path)}</code> '
        f"{' '.join(filter(None, [before, after]))}</li>"
    )


def _sign(kind: str) -> str:
    """Read aloud as a word."""
    return f'<span class="wb-sign" role="img" aria-label="{_WORDS[kind]}">{_SIGNS[kind]}</span>'


def _value(element: str, value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    shown, title = (html_text(shortened(text, limit)) for limit in (LONGEST, LONGEST_TITLE))
    return f'<{element} title="{title}">{shown}</{element}>'
