"""A control for each kind of field. Each run sets it from the draft; using it writes the draft."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from stats_core.errors import Problem
from workbench.figures.text import html_text
from workbench.forms.fields import Choice, FormField
from workbench.forms.values import fitted, shown
from workbench.ui.editor.condition_rows import condition_rows
from workbench.ui.editor.editing import Editing
from workbench.ui.editor.filter_rows import filter_rows
from workbench.ui.escape import plain_markdown

LAST_DAYS, BETWEEN = "last", "between"
_DAYS = 14
_MONTH = timedelta(days=29)
MEASURE = "measure:"


@dataclass(frozen=True, slots=True)
class Control:
    """One field to be drawn.

    Attributes:
        problems: Of the whole draft.
        disabled: Whether nothing may be entered now.
    """

    editing: Editing
    field: FormField
    problems: Sequence[Problem] = ()
    disabled: bool = False

    @property
    def key(self) -> str:
        """Of the control; parts of it begin with the same."""
        return f"edit_{'.'.join(self.field.path)}"

    @property
    def value(self) -> Any:
        """What the draft says."""
        return shown(self.field, self.editing.draft.document)

    def arguments(self, value: Any, read: Callable[[Any], Any] = lambda value: value, part: str = "") -> dict[str, Any]:
        """What every control takes: its key, set to `value`, and what happens on a change."""
        key = f"{self.key}{part}"
        st.session_state[key] = value
        told = plain_markdown(self.field.help) if self.field.help else None
        return {**self.editing.on_change(key, self.field, read), "disabled": self.disabled, "help": told}


def control(editing: Editing, field: FormField, problems: Sequence[Problem], *, disabled: bool = False) -> None:
    """The field with what is wrong at it."""
    fitting = fitted(field, editing.draft.document)
    item = Control(editing, fitting, problems, disabled)
    _DRAWN[fitting.kind](item)
    faults(field.faults(problems))


def faults(problems: Sequence[Problem]) -> None:
    """What is wrong, right below."""
    if problems:
        lines = "".join(f"<p>{html_text(f'{item.message} {item.hint}'.strip())}</p>" for item in problems)
        st.html(f'<div class="wb-fault" role="alert">{lines}</div>')


def _labels(choices: Sequence[Choice]) -> Callable[[Any], str]:
    words = {choice.value: choice.label for choice in choices}
    return lambda value: words.get(value, str(value))


def _text(item: Control) -> None:
    if item.field.multiline:
        st.text_area(item.field.label, **item.arguments(item.value), height=200)
    else:
        st.text_input(item.field.label, **item.arguments(item.value))


def _json(item: Control) -> None:
    st.text_area(f"{item.field.label} (JSON)", **item.arguments(item.value), height=80)


def _number(item: Control) -> None:
    kind = int if item.field.whole else float
    low, high = item.field.minimum, item.field.maximum
    st.number_input(
        item.field.label,
        **item.arguments(item.value),
        value=None if item.field.default is None else "min",
        min_value=None if low is None else kind(low),
        max_value=None if high is None else min(kind(high), kind(2**53 - 1)),
        step=kind(1),
        placeholder="none",
    )


def _toggle(item: Control) -> None:
    st.toggle(item.field.label, **item.arguments(bool(item.value)))


def _choice(item: Control) -> None:
    clearable = not item.field.required and item.field.default is None
    st.selectbox(
        item.field.label,
        [choice.value for choice in item.field.choices],
        **item.arguments(item.value),
        **_clearing(clearable),
        format_func=_labels(item.field.choices),
    )


def _halves(*, divided: bool) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Two columns, or the whole width twice where the second stays empty."""
    if divided:
        left, right = st.columns(2)
        return left, right
    whole = st.container()
    return whole, whole


def _clearing(clearable: bool) -> dict[str, Any]:
    return {"index": None, "placeholder": "Default"} if clearable else {}


def _several(item: Control) -> None:
    st.multiselect(
        item.field.label,
        [choice.value for choice in item.field.choices],
        **item.arguments(item.value),
        format_func=_labels(item.field.choices),
        placeholder="None",
    )


def _entity(item: Control) -> None:
    _choice(item)
    away = [choice for choice in item.field.choices if choice.refused]
    if away:
        lines = "".join(f"<li>{html_text(f'{choice.value}: {choice.refused}')}</li>" for choice in away)
        st.html(f'<details class="wb-away"><summary>Not available now</summary><ul>{lines}</ul></details>')


def _aggregate(item: Control) -> None:
    """What is calculated, and of which field: measures first, since they have their fields already."""
    value: Mapping[str, Any] = item.value or {}
    measures, functions, columns = item.field.child("measure"), item.field.child("fn"), item.field.child("field")
    choices = [
        *(Choice(f"{MEASURE}{choice.value}", f"{choice.label} · measure") for choice in measures.choices),
        *functions.choices,
    ]
    chosen = f"{MEASURE}{value['measure']}" if value.get("measure") is not None else value.get("fn")
    known = [choice.value for choice in choices]
    names = [choice.value for choice in columns.choices]

    def of_function(entered: str | None) -> Any:
        if entered is None:
            return None
        if entered.startswith(MEASURE):
            return {"measure": entered.removeprefix(MEASURE)}
        field = value.get("field") or next(iter(names), None)
        return {"fn": entered} if entered == "count" else {"fn": entered, "field": field}

    def of_field(entered: str | None) -> Any:
        return {"fn": value.get("fn"), **({} if entered is None else {"field": entered})}

    left, right = _halves(divided=value.get("fn") is not None)
    with left:
        st.selectbox(
            item.field.label,
            known if chosen in {None, *known} else [*known, chosen],
            index=None,
            **item.arguments(chosen, of_function, ".what"),
            format_func=_labels(choices),
        )
    if value.get("fn") is not None:
        field = value.get("field")
        with right:
            st.selectbox(
                "of",
                names if field in {None, *names} else [*names, field],
                index=None,
                **item.arguments(field, of_field, ".field"),
                format_func=_labels(columns.choices),
                placeholder="rows" if value["fn"] == "count" else "Choose a field",
            )


def _range(item: Control) -> None:
    """The dashboard's range, a preset, so many days, or two days."""
    value: Mapping[str, Any] | None = item.value
    today = item.editing.workbench.clock().date()
    written = {json.dumps(choice.value): choice for choice in item.field.choices}
    extra = {LAST_DAYS: "The last days …", BETWEEN: "Between two days …"}
    starts = {
        LAST_DAYS: {"last_days": _DAYS},
        BETWEEN: {"from": (today - _MONTH).isoformat(), "to": today.isoformat()},
    }
    form = _form(value)
    chosen = form or (None if value is None else json.dumps(dict(value)))
    options = [*written, *extra]

    def read(entered: str | None) -> Any:
        return None if entered is None else starts.get(entered) or json.loads(entered)

    left, right = _halves(divided=form is not None)
    with left:
        st.selectbox(
            item.field.label,
            options if chosen in {None, *options} else [*options, chosen],
            index=None,
            **item.arguments(chosen, read, ".form"),
            format_func=lambda key: extra.get(key) or (written[key].label if key in written else key),
            placeholder="All of time",
        )
    with right:
        if form == LAST_DAYS and value is not None:
            days = item.arguments(value["last_days"], lambda entered: {"last_days": entered or 1}, ".days")
            st.number_input("Days", **days, min_value=1, max_value=36_525, step=1)
        elif form == BETWEEN and value is not None:
            ends = (date.fromisoformat(value["from"]), date.fromisoformat(value["to"]))
            half = st.session_state.get(f"{item.key}.ends", ())
            arguments = item.arguments(ends, lambda entered: _ends(entered, value), ".ends")
            if len(half) == 1:
                st.session_state[f"{item.key}.ends"] = half
            st.date_input("Days", **arguments, format="YYYY-MM-DD")


def _form(value: Mapping[str, Any] | None) -> str | None:
    """Which of the forms with controls of their own a range has."""
    if value is None:
        return None
    days = value.get("last_days")
    if set(value) == {"last_days"} and isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= 36_525:  # noqa: PLR2004 - a hundred years
        return LAST_DAYS
    return BETWEEN if set(value) == {"from", "to"} and all(map(_is_day, value.values())) else None


def _is_day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text).isoformat() == text)
    except (TypeError, ValueError):
        return False


def _ends(entered: Sequence[date], before: Mapping[str, Any]) -> Any:
    """Two days; while only the first is picked, those before."""
    if len(entered) < 2:  # noqa: PLR2004 - both ends
        return dict(before)
    return {"from": entered[0].isoformat(), "to": entered[1].isoformat()}


def _sort(item: Control) -> None:
    value = (item.value or [{}])[0]
    columns, directions = item.field.child("field"), item.field.child("direction")
    names = [choice.value for choice in columns.choices]
    field, direction = value.get("field"), value.get("direction", "asc")
    ways = [choice.value for choice in directions.choices]

    def of_field(entered: str | None) -> Any:
        return [] if entered is None else [{**value, "field": entered}]

    left, right = _halves(divided=field is not None)
    with left:
        st.selectbox(
            item.field.label,
            names if field in {None, *names} else [*names, field],
            index=None,
            **item.arguments(field, of_field, ".field"),
            format_func=_labels(columns.choices),
            placeholder="Default",
        )
    if field is not None:
        with right:
            st.selectbox(
                "Direction",
                ways if direction in ways else [*ways, direction],
                **item.arguments(direction, lambda entered: [{**value, "direction": entered}], ".direction"),
                format_func=_labels(directions.choices),
            )


def _filter(item: Control) -> None:
    filter_rows(item.editing, item.field, item.value or {}, disabled=item.disabled)


def _conditions(item: Control) -> None:
    condition_rows(item.editing, item.field, item.value or [], disabled=item.disabled)


_DRAWN: Mapping[str, Callable[[Control], None]] = MappingProxyType(
    {
        "text": _text,
        "json": _json,
        "number": _number,
        "toggle": _toggle,
        "choice": _choice,
        "field": _choice,
        "measure": _choice,
        "entity": _entity,
        "fields": _several,
        "group": _several,
        "aggregate": _aggregate,
        "range": _range,
        "sort": _sort,
        "filter": _filter,
        "conditions": _conditions,
    }
)
