"""The fields of a panel itself and of how it is shown; its options are the operation's (`options.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from stats_core.operations.registry import Operation
from stats_core.panels.display import CompareOp, Display, Format
from stats_core.panels.layout import COLUMNS, MAX_HEIGHT, MIN_SIZES
from stats_core.panels.panel import PanelType
from workbench.forms.fields import Choice, FormField, Kind, spoken
from workbench.forms.offered import operation_choices

TYPES: Final = tuple(get_args(PanelType))
COLOURS: Final = ("green", "yellow", "red", "blue", "gray")
OPERATION: Final = "operation_type"
TYPE: Final = "type"
_WORDS: Final = ("label", "prefix", "suffix", "currency", "description")
_CHARTS: Final = frozenset({"bar", "line", "area"})
_OF_CHARTS: Final = ("x_axis", "color", "alt_text")
_OF_ROWS: Final = ("field", "group_by", "date_field", "precision")
_LABELS: Final = {"color": "Colour", "field": "Field shown", "group_by": "Series by"}


def panel_form(panel_type: Any, operations: Mapping[str, Operation[Any]]) -> tuple[FormField, ...]:
    """Name, type, size and age of answers; of all types but a label, the operation too."""
    least = MIN_SIZES.get(panel_type, (1, 1))
    types = tuple(Choice(name, spoken(name)) for name in TYPES)
    size = (
        _number("width", "Width", f"Columns of the grid, {least[0]} to {COLUMNS}.", (1, COLUMNS), default=6),
        _number("height", "Height", f"Rows of 48 px, {least[1]} to {MAX_HEIGHT}.", (1, MAX_HEIGHT), default=4),
    )
    common = (
        FormField(("name",), "text", "Name", default=""),
        FormField((TYPE,), "choice", "Type", choices=types, default="table", required=True),
        *size,
    )
    if panel_type == "label":
        return common
    age = "How old an answer may be, in seconds; empty: it is always computed."
    return (
        *common,
        _number("cache_ttl_seconds", "Answers are kept, s", age, (0, 2**31 - 1), default=None),
        FormField((OPERATION,), "choice", "Operation", choices=operation_choices(operations.values()), required=True),
    )


def _number(name: str, label: str, told: str, between: tuple[int, int], *, default: int | None) -> FormField:
    return FormField(
        (name,), "number", label, told, default=default, minimum=between[0], maximum=between[1], whole=True
    )


def display_form(panel_type: Any) -> tuple[FormField, ...]:
    """The fields of how the answer is shown that this type heeds; a label has its text alone."""
    if panel_type == "label":
        text = _display("text", "text", "Text", multiline=True)
        return (text, _display("description", "text", "Description"))
    formats = tuple(Choice(name, spoken(name)) for name in get_args(Format))
    charted = panel_type in _CHARTS
    return (
        _display("format", "choice", "Format", choices=formats),
        _display("decimals", "number", "Decimals", minimum=0, maximum=6, whole=True),
        *map(_text, _WORDS),
        *([_text("y_axis")] if charted or panel_type == "table" else []),
        *(map(_text, _OF_CHARTS) if charted else []),
        *([] if panel_type == "metric" else [_display("limit", "number", "Drawn at most", minimum=1, whole=True)]),
        *([_display("map", "toggle", "On a map", default=False)] if panel_type == "bar" else []),
        _display("conditional_formatting", "conditions", "Conditional formatting", children=_condition()),
        *(_text(name, rare=True) for name in _OF_ROWS),
    )


def _text(name: str, *, rare: bool = False) -> FormField:
    return _display(name, "text", _LABELS.get(name, spoken(name)), rare=rare)


def _display(name: str, kind: Kind, label: str, **more: Any) -> FormField:
    return FormField(("display", name), kind, label, Display.model_fields[name].description or "", **more)


def _condition() -> tuple[FormField, ...]:
    path = ("display", "conditional_formatting")
    compared = tuple(Choice(item, item) for item in get_args(CompareOp))
    return (
        FormField((*path, "op"), "choice", "If", choices=compared),
        FormField((*path, "value"), "text", "Value"),
        FormField((*path, "color"), "choice", "Colour", choices=tuple(Choice(item, item) for item in COLOURS)),
        FormField((*path, "label"), "text", "Words"),
    )
