"""Conditional formatting: a line per condition, the first that holds wins."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from stats_core.catalog.entity import FieldType
from workbench.forms.fields import FormField
from workbench.forms.filters import operand
from workbench.ui.editor.editing import Editing

_WIDTHS = (2, 3, 3, 4, 1)
_FIRST = {"when": {"op": ">", "value": 0}, "color": "green"}


def condition_rows(editing: Editing, field: FormField, value: Sequence[dict[str, Any]], *, disabled: bool) -> None:
    """The conditions, and a button that adds one."""
    st.html(f'<p class="wb-field">{field.label}</p>')
    for at in range(len(value)):
        _line(editing, field, value, at, disabled=disabled)
    st.button(
        "Add a condition",
        icon=":material/add:",
        type="tertiary",
        key="edit_condition_add",
        on_click=lambda: editing.enter(field, [*value, _FIRST]),
        disabled=disabled,
    )


def _line(editing: Editing, field: FormField, value: Sequence[dict[str, Any]], at: int, *, disabled: bool) -> None:
    item, when = value[at], value[at]["when"]

    def arguments(part: str, now: Any, make: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any]:
        key = f"edit_condition_{at}_{part}"
        if part != "remove":
            st.session_state[key] = now

        def change() -> None:
            made = make(st.session_state.get(key))
            editing.enter(field, [*value[:at], *([] if made is None else [made]), *value[at + 1 :]])

        return {"key": key, "disabled": disabled, "on_click" if part == "remove" else "on_change": change}

    def choices(name: str, now: str) -> list[str]:
        known = [choice.value for choice in field.child(name).choices]
        return known if now in known else [*known, now]

    with st.container(key=f"condition_{at}"):
        columns = st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center")
        hidden: dict[str, Any] = {"label_visibility": "collapsed"}
        with columns[0]:
            change = arguments("op", when["op"], lambda op: {**item, "when": {**when, "op": op}})
            st.selectbox(f"If {at + 1}", choices("op", when["op"]), **hidden, **change)
        with columns[1]:
            text = when["value"] if isinstance(when["value"], str) else json.dumps(when["value"])
            change = arguments("value", text, lambda told: {**item, "when": {**when, "value": _value(told)}})
            st.text_input(f"Value {at + 1}", **hidden, **change)
        with columns[2]:
            change = arguments("color", item["color"], lambda colour: {**item, "color": colour})
            st.selectbox(f"Colour {at + 1}", choices("color", item["color"]), **hidden, **change)
        with columns[3]:
            change = arguments("label", item.get("label") or "", lambda words: {**item, "label": words or None})
            st.text_input(f"Words {at + 1}", **hidden, placeholder="Words beside it", **change)
        with columns[4]:
            gone = arguments("remove", None, lambda _clicked: None)
            st.button(f"Remove condition {at + 1}", icon=":material/close:", type="tertiary", **gone)


def _value(text: str) -> Any:
    return operand(text, FieldType.NUMBER)
