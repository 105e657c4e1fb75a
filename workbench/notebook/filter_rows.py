"""A filter as rows of widgets: field, operator and value; what is more than that as JSON below them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import ipywidgets as widgets

from stats_core.catalog.entity import FieldType
from stats_core.panels.variables import REFERENCE
from workbench.forms.fields import Choice, FormField
from workbench.forms.filters import (
    LISTS,
    WORDS,
    Conditions,
    Row,
    conditions,
    document,
    first_row,
    operand,
    operands,
    operators,
    with_operator,
)

_SEPARATOR: Final = ","
_TYPES: Final = {str(item): item for item in FieldType}


@dataclass(frozen=True, slots=True)
class _Rows:
    """The conditions of one filter, and what a change of one does to all."""

    field: FormField
    found: Conditions
    enter: Callable[[Any], None]

    @property
    def columns(self) -> tuple[Choice, ...]:
        return self.field.child("field").choices

    def type_of(self, name: str) -> FieldType | None:
        """As the choice's label says it: `status · text`."""
        label = next((choice.label for choice in self.columns if choice.value == name), "")
        return _TYPES.get(label.rpartition(" ")[2])

    def put(self, at: int, row: Row | None) -> None:
        rows = list(self.found.rows)
        rows[at : at + 1] = [] if row is None else [row]
        self.enter(document(replace(self.found, rows=tuple(rows))))

    def add(self, name: str) -> None:
        if name:
            row = first_row(name, self.type_of(name))
            self.enter(document(replace(self.found, rows=(*self.found.rows, row))))


def filter_rows(field: FormField, value: Mapping[str, Any], enter: Callable[[Any], None]) -> Any:
    """The widgets of a filter.

    Args:
        field: Its child `field` offers the fields.
        value: The filter document.
        enter: Takes the document with a change.
    """
    rows = _Rows(field, conditions(value), enter)
    adding = widgets.Dropdown(
        options=[("Add a condition …", ""), *((choice.label, choice.value) for choice in rows.columns)],
        value="",
        description=field.label,
        tooltip=field.help,
        style={"description_width": "118px"},
        layout=widgets.Layout(width="380px"),
    )
    adding.observe(lambda change: rows.add(change["new"]), "value")
    shown = [_row(rows, at, row) for at, row in enumerate(rows.found.rows)]
    return widgets.VBox([*shown, adding, *_rest(rows)])


def _row(rows: _Rows, at: int, row: Row) -> Any:
    type_ = rows.type_of(row.field)
    words = [(WORDS[operator], operator) for operator in operators(type_, row.operator)]
    which = widgets.Dropdown(
        options=words,
        value=row.operator,
        description=row.field,
        description_allow_html=False,
        tooltip=row.field,
        style={"description_width": "118px"},
        layout=widgets.Layout(width="216px"),
    )
    which.observe(lambda change: rows.put(at, with_operator(row, change["new"], type_)), "value")
    away = widgets.Button(
        description="Drop", tooltip=f"Remove the condition on {row.field}", layout=widgets.Layout(width="56px")
    )
    away.on_click(lambda _button: rows.put(at, None))
    return widgets.HBox([which, _operand(rows, at, row, type_), away])


def _operand(rows: _Rows, at: int, row: Row, type_: FieldType | None) -> Any:
    if row.operator == "$exists" or isinstance(row.operand, bool):
        yes = widgets.Checkbox(value=bool(row.operand), indent=False, layout=widgets.Layout(width="104px"))
        yes.observe(lambda change: rows.put(at, replace(row, operand=change["new"])), "value")
        return yes
    text = widgets.Text(
        value=_written(row.operand), continuous_update=False, layout=widgets.Layout(width="104px"), placeholder="value"
    )
    text.observe(lambda change: rows.put(at, replace(row, operand=_read(row, change["new"], type_))), "value")
    return text


def _written(value: Any) -> str:
    """`$website` is a variable of the dashboard, `a, b` is a list."""
    if isinstance(value, Mapping):
        return f"${value[REFERENCE]}"
    if isinstance(value, list):
        return f"{_SEPARATOR} ".join(map(str, value))
    return "" if value is None else str(value)


def _read(row: Row, text: str, type_: FieldType | None) -> Any:
    if text.startswith("$") and text[1:].isidentifier():
        return {REFERENCE: text[1:]}
    if row.operator in LISTS or (isinstance(row.operand, list)) or (row.operator == "" and _SEPARATOR in text):
        return operands(filter(None, (part.strip() for part in text.split(_SEPARATOR))), type_)
    return operand(text, type_)


def _rest(rows: _Rows) -> list[Any]:
    if not rows.found.rest:
        return []
    text = widgets.Textarea(
        value=json.dumps(dict(rows.found.rest), ensure_ascii=False),
        description="and (JSON)",
        continuous_update=False,
        style={"description_width": "118px"},
        layout=widgets.Layout(width="380px", height="72px"),
    )

    def entered(change: Mapping[str, Any]) -> None:
        try:
            rest = json.loads(change["new"]) if change["new"].strip() else None
        except ValueError:
            return  # not yet JSON: what was there stays in force
        if rest is None or isinstance(rest, dict):
            rows.enter(document(replace(rows.found, rest=rest)))

    text.observe(entered, "value")
    return [text]
