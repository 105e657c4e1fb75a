"""The filter builder: a line per condition, and whatever is more than that as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from stats_core.catalog.entity import FieldType
from stats_core.panels.variables import REFERENCE
from workbench.forms.fields import FormField, value_at
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
from workbench.forms.offered import fields_of, variable_choices
from workbench.ui.editor.editing import Editing

_WIDTHS = (5, 3, 5, 1)
VALUE = ""  # instead of a variable's name


@dataclass(frozen=True, slots=True)
class Line:
    """One condition among the others."""

    editing: Editing
    field: FormField
    found: Conditions
    at: int
    type: FieldType | None
    disabled: bool

    @property
    def row(self) -> Row:
        """The condition."""
        return self.found.rows[self.at]

    def arguments(self, part: str, value: Any, make: Callable[[Any], Row | None]) -> dict[str, Any]:
        """Of a control that shows `value`; `make` gives the row after a change, None where it goes."""
        key = f"edit_filter_{self.at}_{part}"
        if value is not None:
            st.session_state[key] = value

        def change() -> None:
            made = make(st.session_state.get(key))
            rows = list(self.found.rows)
            rows[self.at : self.at + 1] = [] if made is None else [made]
            self.editing.enter(self.field, document(replace(self.found, rows=tuple(rows))))

        return {"key": key, "disabled": self.disabled, "on_click" if part == "remove" else "on_change": change}


def filter_rows(editing: Editing, field: FormField, value: Mapping[str, Any], *, disabled: bool) -> None:
    """The conditions of a filter document, and a picker that adds one."""
    found = conditions(value)
    around = editing.around.of(value_at(editing.draft.document, (*field.path[:-1], "entity")))
    types = {name: column.type for name, column in fields_of(around.catalog, around.entity)}
    st.html(f'<p class="wb-field">{field.label}</p>')
    for at, row in enumerate(found.rows):
        _line(Line(editing, field, found, at, types.get(row.field), disabled), types)
    if found.rest:
        st.code(json.dumps(found.rest, ensure_ascii=False), language="json", wrap_lines=True)
        st.caption("These conditions are more than lines can show. They are kept; change them in the JSON tab.")
    _add(editing, field, found, types, disabled=disabled)


def _line(line: Line, types: Mapping[str, FieldType]) -> None:
    row, variables = (
        line.row,
        {choice.value: choice.label for choice in variable_choices(line.editing.dashboard.variables)},
    )
    names = [*types, *({row.field} - {*types})]
    with st.container(key=f"filter_{line.at}"):
        columns = st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center")
        with columns[0]:
            change = line.arguments("field", row.field, lambda name: first_row(name, types.get(name)))
            st.selectbox(f"Field {line.at + 1}", names, label_visibility="collapsed", **change)
        with columns[1]:
            known = operators(line.type, row.operator)
            change = line.arguments("operator", row.operator, lambda item: with_operator(row, item, line.type))
            st.selectbox(
                f"Operator {line.at + 1}",
                known,
                label_visibility="collapsed",
                format_func=lambda item: WORDS.get(item, item),
                **change,
            )
        with columns[2]:
            _operand(line, variables)
        with columns[3]:
            st.button(
                f"Remove filter {line.at + 1}",
                icon=":material/close:",
                type="tertiary",
                **line.arguments("remove", None, lambda _clicked: None),
            )


def _operand(line: Line, variables: Mapping[str, str]) -> None:
    row, label = line.row, f"Value {line.at + 1}"
    of_variable = row.operand[REFERENCE] if isinstance(row.operand, Mapping) else VALUE
    if (variables or of_variable) and row.operator != "$exists":
        names = [VALUE, *variables, *({of_variable} - {VALUE, *variables})]

        def chosen(name: str) -> Row:
            fallback = with_operator(replace(row, operand=[]), row.operator, line.type)
            return replace(row, operand={REFERENCE: name}) if name else fallback

        st.selectbox(
            f"Where value {line.at + 1} comes from",
            names,
            label_visibility="collapsed",
            format_func=lambda name: variables.get(name, f"Variable {name}") if name else "This value:",
            **line.arguments("source", of_variable, chosen),
        )
    if of_variable:
        return
    if isinstance(row.operand, bool) and (row.operator == "$exists" or line.type is FieldType.BOOLEAN):
        change = line.arguments("value", row.operand, lambda item: replace(row, operand=item))
        words = {True: "yes", False: "no"}
        st.selectbox(label, [True, False], label_visibility="collapsed", format_func=words.__getitem__, **change)
    elif isinstance(row.operand, list) or row.operator in LISTS:
        values = row.operand if isinstance(row.operand, list) else [row.operand]
        texts = list(dict.fromkeys(map(_written, values)))
        change = line.arguments("value", texts, lambda items: replace(row, operand=operands(items, line.type)))
        st.multiselect(
            label, texts, label_visibility="collapsed", accept_new_options=True, placeholder="Type values", **change
        )
    else:
        text = _written(row.operand)
        change = line.arguments("value", text, lambda entered: replace(row, operand=operand(entered, line.type)))
        st.text_input(label, label_visibility="collapsed", placeholder="none" if row.operand is None else "", **change)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _add(
    editing: Editing, field: FormField, found: Conditions, types: Mapping[str, FieldType], *, disabled: bool
) -> None:
    key = "edit_filter_add"
    st.session_state[key] = None

    def add() -> None:
        if name := st.session_state[key]:
            rows = (*found.rows, first_row(name, types.get(name)))
            editing.enter(field, document(replace(found, rows=rows)))

    st.selectbox(
        "Add a filter",
        list(types),
        index=None,
        key=key,
        on_change=add,
        disabled=disabled,
        label_visibility="collapsed",
        placeholder="Add a filter by field …",
    )
