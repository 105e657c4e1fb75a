"""What a control shows of a document, and the document with what was entered; what is not entered is not touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.forms.fields import MISSING, Choice, FormField, placed, value_at

_NOTHING: tuple[Any, ...] = (None, "", [], (), {})


def fitted(field: FormField, document: Any) -> FormField:
    """The field as it can show what the document holds: another choice, or JSON where it cannot."""
    value = value_at(document, field.path)
    if value is MISSING or value is None:
        return field
    if not _fits(field, value):
        return replace(field, kind="json")
    wanted = value if isinstance(value, list) else [value]
    if field.kind in {"choice", "entity", "field", "fields", "group"}:
        known = [choice.value for choice in field.choices]
        unknown = tuple(Choice(item, item) for item in dict.fromkeys(wanted) if item not in known)
        return replace(field, choices=(*field.choices, *unknown))
    return field


def _fits(field: FormField, value: Any) -> bool:
    if field.kind in {"choice", "entity", "field", "measure", "text"}:
        return isinstance(value, str)
    if field.kind in {"fields", "group"}:
        return isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(item, str) for item in value) and len({*value}) == len(value)
        )
    if field.kind == "number":
        return _is_number(value) and not (field.whole and isinstance(value, float)) and _within(field, value)
    if field.kind == "toggle":
        return isinstance(value, bool)
    return field.kind not in _STRUCTURED or _STRUCTURED[field.kind](value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(field: FormField, value: float) -> bool:
    low, high = field.minimum, field.maximum
    return (low is None or low <= value) and (high is None or value <= high) and abs(value) < 2**53


def _is_aggregate(value: Any) -> bool:
    if not isinstance(value, Mapping) or not {"fn", "field", "measure"} >= set(value):
        return False
    given = {name for name, item in value.items() if item is not None}
    return all(isinstance(value[name], str) for name in given) and len(given & {"fn", "measure"}) == 1


def _is_sort(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > 1:
        return False
    return all(
        isinstance(item, Mapping) and {"field"} <= set(item) <= {"field", "direction"} for item in value
    ) and all(isinstance(part, str) for item in value for part in item.values())


def _is_conditions(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_condition, value))


def _is_condition(item: Any) -> bool:
    if not isinstance(item, Mapping) or set(item) - {"when", "color", "icon", "label"} or "color" not in item:
        return False
    when = item.get("when")
    words = [part for name, part in item.items() if name != "when"]
    return (
        isinstance(when, Mapping)
        and set(when) == {"op", "value"}
        and isinstance(when["value"], str | int | float)
        and all(part is None or isinstance(part, str) for part in (when["op"], *words))
    )


_STRUCTURED = {
    "filter": lambda value: isinstance(value, Mapping),
    "range": lambda value: isinstance(value, Mapping),
    "aggregate": _is_aggregate,
    "sort": _is_sort,
    "conditions": _is_conditions,
}


def shown(field: FormField, document: Any) -> Any:
    """What the field's control holds; None or empty where the document says nothing and nothing stands for it."""
    value = value_at(document, field.path)
    if value is MISSING or value is None:
        return _shown_default(field)
    if field.kind == "json":
        return _as_text(value)
    if field.kind in {"fields", "group"}:
        return [value] if isinstance(value, str) else list(value)
    return value


def _shown_default(field: FormField) -> Any:
    if field.kind in {"text", "json"}:
        return ""
    if field.kind in {"fields", "group"}:
        return []
    return field.default if field.kind in {"choice", "toggle", "number"} else None


def _as_text(value: Any) -> str:
    """JSON; a text as it is, unless it could be taken for JSON."""
    if isinstance(value, str) and _parsed(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def filled(field: FormField, document: Mapping[str, Any], entered: Any) -> dict[str, Any]:
    """The document with what was entered; unchanged where that is what the control showed.

    Args:
        field: As it was shown: see `fitted`.
        document: Before.
        entered: What the control holds now; nothing, or the default, takes the value away.
    """
    if entered == shown(field, document) and type(entered) is type(shown(field, document)):
        return dict(document)
    value = _parsed(entered) if field.kind == "json" and isinstance(entered, str) and entered else entered
    dropped = any(value is nothing or (value == nothing and type(value) is type(nothing)) for nothing in _NOTHING)
    if not field.required and (dropped or (value == field.default and type(value) is type(field.default))):
        return placed(document, field.path, MISSING)
    if field.kind == "group" and len(value) == 1:
        value = value[0]
    return placed(document, field.path, value)
