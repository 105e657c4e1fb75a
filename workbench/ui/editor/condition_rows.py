"""Conditional formatting: a line per condition, the first that holds wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from workbench.forms.conditions import (
    first_condition,
    offered,
    replaced,
    with_colour,
    with_operator,
    with_value,
    with_words,
    written_value,
)
from workbench.forms.fields import FormField
from workbench.ui.editor.editing import Editing

_WIDTHS = (2, 3, 3, 4, 1)


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
        on_click=lambda: editing.enter(field, [*value, first_condition()]),
        disabled=disabled,
    )


def _line(editing: Editing, field: FormField, value: Sequence[dict[str, Any]], at: int, *, disabled: bool) -> None:
    item, when = value[at], value[at]["when"]

    def arguments(part: str, now: Any, make: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any]:
        key = f"edit_condition_{at}_{part}"
        if part != "remove":
            st.session_state[key] = now

        def change() -> None:
            editing.enter(field, replaced(value, at, make(st.session_state.get(key))))

        return {"key": key, "disabled": disabled, "on_click" if part == "remove" else "on_change": change}

    with st.container(key=f"condition_{at}"):
        columns = st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center")
        hidden: dict[str, Any] = {"label_visibility": "collapsed"}
        with columns[0]:
            change = arguments("op", when["op"], lambda op: with_operator(item, op))
            st.selectbox(f"If {at + 1}", offered(field, "op", when["op"]), **hidden, **change)
        with columns[1]:
            change = arguments("value", written_value(item), lambda told: with_value(item, told))
            st.text_input(f"Value {at + 1}", **hidden, **change)
        with columns[2]:
            change = arguments("color", item["color"], lambda colour: with_colour(item, colour))
            st.selectbox(f"Colour {at + 1}", offered(field, "color", item["color"]), **hidden, **change)
        with columns[3]:
            change = arguments("label", item.get("label") or "", lambda words: with_words(item, words))
            st.text_input(f"Words {at + 1}", **hidden, placeholder="Words beside it", **change)
        with columns[4]:
            gone = arguments("remove", None, lambda _clicked: None)
            st.button(f"Remove condition {at + 1}", icon=":material/close:", type="tertiary", **gone)
