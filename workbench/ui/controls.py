"""The choices above a dashboard: range bar, pickers and free choices, bound to the URL.

The URL is the state: each run sets the controls from it, and a control that is used writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import streamlit as st

from stats_core.panels.variables import Variable, VariableType
from workbench.figures.text import html_text
from workbench.forms.fields import spoken
from workbench.ui.choices import (
    COMPARE,
    FIRST_DAY,
    LAST_DAY,
    LONGEST,
    MORE_PRESETS,
    MOST,
    PRESETS,
    PREVIOUS,
    RESERVED,
    Choices,
    written,
)
from workbench.ui.escape import plain_markdown
from workbench.ui.offers import Offers

CUSTOM = "custom"
ALL = ""  # of pickers: no choice
_WORDS = PRESETS | MORE_PRESETS | {CUSTOM: "Custom"}
_DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90, "12m": 365, "all": 30}
BOTH_ENDS = 2


@dataclass(frozen=True, slots=True)
class Control:
    """One variable with its value now, and all others, which a change leaves as they are.

    Attributes:
        offered: What there is to pick from; empty where the value is typed in.
        today: The current day where the dashboard's days are cut.
    """

    name: str
    variables: Mapping[str, Variable]
    chosen: Mapping[str, Any]
    offered: Offers
    today: date

    @property
    def key(self) -> str:
        """Of the control."""
        return f"choose_{self.name}"

    @property
    def variable(self) -> Variable:
        """What the dashboard declares."""
        return self.variables[self.name]

    @property
    def value(self) -> Any:
        """What was chosen, else the default."""
        return self.chosen.get(self.name, self.variable.default)

    @property
    def label(self) -> str:
        """How the control is called."""
        return self.variable.label or spoken(self.name)

    @property
    def told(self) -> str:
        """The same where Streamlit reads Markdown."""
        return plain_markdown(self.label)

    def choose(self, value: Any) -> None:
        """Write the URL with another value."""
        params = written({**self.chosen, self.name: value}, self.variables)
        kept = {name: st.query_params[name] for name in RESERVED if name in st.query_params}
        st.query_params.from_dict({**kept, **params})


def controls(
    variables: Mapping[str, Variable], choices: Choices, offered: Mapping[str, Offers], *, today: date
) -> None:
    """Draw a control for each variable, the range last: it is the widest."""
    shown = [(name, item) for name, item in variables.items() if name not in RESERVED]
    if any(variable.type == "range" for _, variable in shown):
        _compare(choices)
    for name, variable in sorted(shown, key=lambda pair: pair[1].type == "range"):
        item = Control(name, variables, choices.values, offered.get(name, {}), today)
        draw = _picker if name in offered else _CONTROLS[variable.type]
        draw(item)


def _compare(choices: Choices) -> None:
    def choose() -> None:
        if st.session_state[COMPARE]:
            st.query_params[COMPARE] = PREVIOUS
        else:
            st.query_params.pop(COMPARE, None)

    st.session_state[COMPARE] = choices.compare
    told = "Show the period of equal length just before"
    st.toggle("Compare", key=COMPARE, on_change=choose, help=told)


def _picker(control: Control) -> None:
    """One of what there is; a value that is not there (any more) stays until another is picked."""
    chosen = control.value if isinstance(control.value, str | int | float) else ALL
    st.session_state[control.key] = chosen
    every = "All websites" if control.variable.type == "website" else f"Any {control.label.lower()}"
    st.selectbox(
        control.told,
        list(dict.fromkeys([ALL, *control.offered, chosen])),
        key=control.key,
        format_func=lambda value: every if value == ALL else control.offered.get(value, str(value)),
        on_change=lambda: control.choose(_none_if_empty(st.session_state[control.key])),
        label_visibility="collapsed",
        width=220,
    )


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


@contextmanager
def _beside_its_name(control: Control) -> Iterator[None]:
    """A control that does not say by itself what it chooses."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key=f"named_{control.name}"
    ):
        st.html(f'<span class="wb-notice" aria-hidden="true">{html_text(control.label)}</span>', width="content")
        yield


def _text_entry(control: Control) -> None:
    st.session_state[control.key] = control.value if isinstance(control.value, str) else ""
    with _beside_its_name(control):
        st.text_input(
            control.told,
            key=control.key,
            max_chars=LONGEST,
            placeholder="any",
            on_change=lambda: control.choose(_none_if_empty(st.session_state[control.key].strip())),
            label_visibility="collapsed",
            width=140,
        )


def _number_entry(control: Control) -> None:
    value = control.value if isinstance(control.value, int | float) and abs(control.value) < MOST else None
    st.session_state[control.key] = None if value is None else float(value)
    with _beside_its_name(control):
        st.number_input(
            control.told,
            value=None,
            key=control.key,
            min_value=float(1 - MOST),
            max_value=float(MOST - 1),
            format="%.10g",
            placeholder="any",
            on_change=lambda: control.choose(_whole(st.session_state[control.key])),
            label_visibility="collapsed",
            width=140,
        )


def _whole(number: float | None) -> float | None:
    return int(number) if number is not None and number.is_integer() else number


def _yes_or_no(control: Control) -> None:
    words = {ALL: "any", True: "yes", False: "no"}
    st.session_state[control.key] = control.value if isinstance(control.value, bool) else ALL
    with _beside_its_name(control):
        st.selectbox(
            control.told,
            list(words),
            key=control.key,
            format_func=words.__getitem__,
            on_change=lambda: control.choose(_none_if_empty(st.session_state[control.key])),
            label_visibility="collapsed",
            width=100,
        )


def _day_entry(control: Control) -> None:
    def choose() -> None:
        day = st.session_state[control.key]
        control.choose(day.isoformat() if day is not None else None)

    st.session_state[control.key] = date.fromisoformat(control.value[:10]) if isinstance(control.value, str) else None
    with _beside_its_name(control):
        st.date_input(
            control.told,
            value=None,
            key=control.key,
            format="YYYY-MM-DD",
            min_value=FIRST_DAY,
            max_value=LAST_DAY,
            on_change=choose,
            label_visibility="collapsed",
            width=150,
        )


def _range_bar(control: Control) -> None:
    key, days_key = control.key, f"days_{control.name}"
    value = control.value if isinstance(control.value, Mapping) else {"preset": "all"}
    preset = value.get("preset", CUSTOM)
    default = (control.variable.default or {}).get("preset")
    presets = [*({default} & MORE_PRESETS.keys()), *PRESETS, CUSTOM]
    if preset == CUSTOM:
        _days_picker(control, days_key, value)
    st.session_state[key] = preset if preset in presets else CUSTOM
    st.segmented_control(
        control.told,
        presets,
        key=key,
        format_func=_WORDS.__getitem__,
        required=True,
        on_change=lambda: control.choose(_range_of(st.session_state[key], preset, control.today)),
        label_visibility="collapsed",
    )


def _days_picker(control: Control, key: str, value: Mapping[str, Any]) -> None:
    """Two days. While only the first is picked nothing is chosen yet."""
    half_picked = len(st.session_state.get(key, ())) == 1
    if not half_picked:
        st.session_state[key] = _picked(value, control.today)

    def choose() -> None:
        days = st.session_state[key]
        if len(days) == BOTH_ENDS:
            control.choose({"from": days[0].isoformat(), "to": days[1].isoformat()})

    st.date_input(
        f"{control.told}, first and last day",
        key=key,
        format="YYYY-MM-DD",
        min_value=date(1990, 1, 1),
        on_change=choose,
        label_visibility="collapsed",
        width=230,
    )


def _picked(value: Mapping[str, Any], today: date) -> tuple[date, date]:
    """The days of a range; those of `{last_days}` count back from today."""
    if "from" in value and "to" in value:
        return date.fromisoformat(str(value["from"])[:10]), date.fromisoformat(str(value["to"])[:10])
    return today - timedelta(days=int(value.get("last_days", 30)) - 1), today


def _range_of(chosen: str, before: str, today: date) -> dict[str, str]:
    """The preset, or for "custom" the days that the preset before stood for, to begin with."""
    if chosen != CUSTOM:
        return {"preset": chosen}
    first = date(today.year, 1, 1) if before == "ytd" else today - timedelta(days=_DAYS.get(before, 30) - 1)
    return {"from": first.isoformat(), "to": today.isoformat()}


_CONTROLS: Mapping[VariableType, Callable[[Control], None]] = MappingProxyType(
    {
        "website": _picker,
        "range": _range_bar,
        "text": _text_entry,
        "number": _number_entry,
        "boolean": _yes_or_no,
        "date": _day_entry,
    }
)
