"""A dashboard's own fields in a dialog: name, description, days, readers, and the variables it offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_args

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, Problem
from stats_core.panels.dashboard import DESCRIPTION_LENGTH, NAME_LENGTH, Audience, Dashboard
from stats_core.panels.variables import VariableType
from stats_core.query.zones import zone_names
from workbench.forms.dashboard import DashboardDraft, VariableLine, line_path, opened
from workbench.forms.offered import fields_of
from workbench.ui.dialogs import close_dialog
from workbench.ui.editor.controls import faults
from workbench.ui.escape import plain_markdown

_DRAFT, _FAULTS, _LEFT = "settings_draft", "settings_faults", "left_settings"
_READERS: Mapping[Audience, str] = {
    "platform": "Those who see everything",
    "tenant": "Merchants too, each with their own data",
}
_TYPES: Mapping[str, str] = {"range": "Date range", "website": "Website", "text": "Text", "number": "Number"}
_SUGGESTED: Mapping[str, VariableLine] = {
    "Date range": VariableLine("range", "range", "Range", default='{"preset": "30d"}'),
    "Website": VariableLine("website", "website", "Website"),
    "Store": VariableLine("store", "text", "Store", entity="store"),
    "Free choice": VariableLine("choice", "text", "Choice"),
}
_DEFAULTS: Mapping[str, str] = {
    "range": '{"preset": "30d"}',
    "website": "every website",
    "text": "every value",
    "number": "every value",
    "boolean": "true, false, or nothing",
    "date": "2026-11-21",
}


def settings_dialog(workbench: Workbench, dashboard: Dashboard) -> None:
    """The form of what the dashboard is; what was entered stays until it is saved or put away."""
    st.dialog("Dashboard settings", width="large", on_dismiss=_put_away)(_form)(workbench, dashboard)


def _form(workbench: Workbench, dashboard: Dashboard) -> None:
    if st.session_state.pop(_LEFT, False):
        st.rerun()
    draft = _draft(dashboard)
    problems: tuple[Problem, ...] = st.session_state.get(_FAULTS, ())
    st.text_input("Name", key=_key("name", draft.name), max_chars=NAME_LENGTH)
    _faults(draft, problems, "name")
    st.text_area("Description", key=_key("description", draft.description), max_chars=DESCRIPTION_LENGTH, height=80)
    _faults(draft, problems, "description")
    left, right = st.columns(2)
    with left:
        zones = zone_names()
        st.selectbox(
            "Days begin in",
            zones if draft.timezone in {"", *zones} else [draft.timezone, *zones],
            index=None,
            key=_key("timezone", draft.timezone or None),
            placeholder="The website's time zone",
        )
        _faults(draft, problems, "timezone")
    with right:
        st.selectbox("Who reads it", _READERS, key=_key("audience", draft.audience), format_func=_READERS.__getitem__)
        _faults(draft, problems, "audience")
    st.html('<p class="wb-field">Variables, which readers choose above the panels</p>')
    for at, line in enumerate(draft.variables):
        _line(workbench, at, line)
        _faults(draft, problems, line_path(at))
    with st.container(horizontal=True, gap="xsmall"):
        for words, line in _SUGGESTED.items():
            st.button(words, icon=":material/add:", type="tertiary", on_click=_add, args=(line,), key=f"add_{words}")
    faults([problem for problem in problems if not draft.place(problem)])
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="settings_cancel", on_click=_leave)
        st.button("Save", type="primary", key="settings_save", on_click=_save, args=(workbench, dashboard))


def _line(workbench: Workbench, at: int, line: VariableLine) -> None:
    """One variable: its name in panels and addresses, what it holds, and where it is picked from."""
    with st.container(border=True, key=f"variable_{at}", gap="xsmall"):
        name, kind, label, away = st.columns([4, 3, 4, 1], gap="xsmall", vertical_alignment="bottom")
        name.text_input("Name in panels", key=_key(f"{at}.name", line.name))
        kind.selectbox(
            "Holds",
            get_args(VariableType),
            key=_key(f"{at}.type", line.type),
            format_func=lambda item: _TYPES.get(item, item.capitalize()),
        )
        label.text_input("Label", key=_key(f"{at}.label", line.label), placeholder=line.name)
        away.button(
            f"Remove {plain_markdown(line.name)}",
            icon=":material/close:",
            type="tertiary",
            key=f"settings_{at}_remove",
            on_click=_remove,
            args=(at,),
        )
        asked = st.session_state[f"settings_{at}.type"]
        parts = st.columns(3 if asked in {"text", "number"} else 1, gap="xsmall")
        parts[-1].text_input(
            "Begins with", key=_key(f"{at}.default", line.default), placeholder=_DEFAULTS.get(asked, "")
        )
        if len(parts) > 1:
            _offered(workbench, at, line, parts)


def _offered(workbench: Workbench, at: int, line: VariableLine, parts: list[Any]) -> None:
    """Whose rows, or which field's values, are offered."""
    known = workbench.catalog.entities
    parts[0].selectbox(
        "Offers",
        _with(line.entity, known),
        index=None,
        key=_key(f"{at}.entity", line.entity or None),
        placeholder="nothing: typed in",
    )
    entity = known.get(st.session_state[f"settings_{at}.entity"] or "")
    parts[1].selectbox(
        "of them",
        _with(line.field, [name for name, _ in fields_of(workbench.catalog, entity)] if entity else ()),
        index=None,
        key=_key(f"{at}.field", line.field or None),
        placeholder="names",
        disabled=entity is None,
    )


def _with(value: str, known: Any) -> list[str]:
    return list(known) if not value or value in known else [value, *known]


def _faults(draft: DashboardDraft, problems: tuple[Problem, ...], place: str) -> None:
    faults([problem for problem in problems if draft.place(problem) == place])


# ---------------------------------------------------------------- the draft
# What was entered lives in the controls; it is gathered before a line comes or goes, and to be saved.


def _draft(dashboard: Dashboard) -> DashboardDraft:
    draft: DashboardDraft | None
    of, draft = st.session_state.get(_DRAFT, (None, None))
    if of != dashboard.id or draft is None:
        draft = opened(dashboard)
        st.session_state[_DRAFT] = (dashboard.id, draft)
        st.session_state.pop(_FAULTS, None)
    return draft


def _key(part: str, value: Any) -> str:
    key = f"settings_{part}"
    st.session_state.setdefault(key, value)
    return key


def _entered(draft: DashboardDraft) -> DashboardDraft:
    state = st.session_state
    lines = tuple(
        replace(line, **{item.name: state.get(f"settings_{at}.{item.name}") or "" for item in fields(VariableLine)})
        for at, line in enumerate(draft.variables)
    )
    own = {name: state.get(f"settings_{name}") or "" for name in ("name", "description", "timezone", "audience")}
    return DashboardDraft(**own, variables=lines)


def _keep(draft: DashboardDraft) -> None:
    """Edit on with this; the controls begin with it."""
    of, _ = st.session_state[_DRAFT]
    _forget()
    st.session_state[_DRAFT] = (of, draft)


def _add(line: VariableLine) -> None:
    draft = _entered(st.session_state[_DRAFT][1])
    names = {item.name for item in draft.variables}
    number = next(n for n in range(1, len(names) + 2) if _numbered(line.name, n) not in names)
    _keep(replace(draft, variables=(*draft.variables, replace(line, name=_numbered(line.name, number)))))


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _remove(at: int) -> None:
    draft = _entered(st.session_state[_DRAFT][1])
    _keep(replace(draft, variables=draft.variables[:at] + draft.variables[at + 1 :]))


def _save(workbench: Workbench, dashboard: Dashboard) -> None:
    draft = _entered(st.session_state[_DRAFT][1])
    try:
        workbench.dashboards.update(dashboard.id, **draft.fields(dashboard.metadata))
    except ExpectedError as error:
        _keep(draft)
        st.session_state[_FAULTS] = tuple(error.problems)
        return
    st.session_state["toast"] = f"Saved {plain_markdown(draft.name)}"
    _leave()


def _leave() -> None:
    """From within the dialog, whose own run comes next: that asks for one of the whole page."""
    _put_away()
    st.session_state[_LEFT] = True


def _put_away() -> None:
    _forget()
    close_dialog()


def _forget() -> None:
    for key in [key for key in st.session_state if str(key).startswith("settings_")]:
        del st.session_state[key]
