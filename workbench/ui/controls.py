"""The choices above a dashboard: range bar and website picker, bound to the URL.

The URL is the state: each run sets the controls from it, and a control that is used writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import streamlit as st

from stats_core.panels.variables import Variable
from workbench.ui.choices import COMPARE, MORE_PRESETS, PRESETS, PREVIOUS, RESERVED, Choices, written

CUSTOM = "custom"
ALL = ""  # of websites: no choice
_WORDS = PRESETS | MORE_PRESETS | {CUSTOM: "Custom"}
_DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90, "12m": 365, "all": 30}
BOTH_ENDS = 2


@dataclass(frozen=True, slots=True)
class Control:
    """One variable with its value now, and all others, which a change leaves as they are.

    Attributes:
        websites: Names of websites by id.
        today: The current day where the dashboard's days are cut.
    """

    name: str
    variables: Mapping[str, Variable]
    chosen: Mapping[str, Any]
    websites: Mapping[str, str]
    today: date

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
        return self.variable.label or self.name.capitalize()

    def choose(self, value: Any) -> None:
        """Write the URL with another value."""
        params = written({**self.chosen, self.name: value}, self.variables)
        kept = {name: st.query_params[name] for name in RESERVED if name in st.query_params}
        st.query_params.from_dict({**kept, **params})


def controls(variables: Mapping[str, Variable], choices: Choices, websites: Mapping[str, str], *, today: date) -> None:
    """Draw a control for each variable that has one, the range last: it is the widest."""
    shown = [(name, item) for name, item in variables.items() if name not in RESERVED and item.type in _CONTROLS]
    if any(variable.type == "range" for _, variable in shown):
        _compare(choices)
    for name, variable in sorted(shown, key=lambda pair: pair[1].type == "range"):
        _CONTROLS[variable.type](Control(name, variables, choices.values, websites, today))


def _compare(choices: Choices) -> None:
    def choose() -> None:
        if st.session_state[COMPARE]:
            st.query_params[COMPARE] = PREVIOUS
        else:
            st.query_params.pop(COMPARE, None)

    st.session_state[COMPARE] = choices.compare
    told = "Show the period of equal length just before"
    st.toggle("Compare", key=COMPARE, on_change=choose, help=told)


def _website_picker(control: Control) -> None:
    key = f"choose_{control.name}"
    st.session_state[key] = control.value if control.value in control.websites else ALL
    st.selectbox(
        control.label,
        [ALL, *control.websites],
        key=key,
        format_func=lambda website: control.websites.get(website, "All websites"),
        on_change=lambda: control.choose(st.session_state[key] or None),
        label_visibility="collapsed",
        width=220,
    )


def _range_bar(control: Control) -> None:
    key, days_key = f"choose_{control.name}", f"days_{control.name}"
    value = control.value if isinstance(control.value, Mapping) else {"preset": "all"}
    preset = value.get("preset", CUSTOM)
    default = (control.variable.default or {}).get("preset")
    presets = [*({default} & MORE_PRESETS.keys()), *PRESETS, CUSTOM]
    if preset == CUSTOM:
        _days_picker(control, days_key, value)
    st.session_state[key] = preset if preset in presets else CUSTOM
    st.segmented_control(
        control.label,
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
        f"{control.label}, first and last day",
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


_CONTROLS: Mapping[str, Callable[[Control], None]] = MappingProxyType({"website": _website_picker, "range": _range_bar})
