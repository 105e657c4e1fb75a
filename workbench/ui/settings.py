"""A dashboard's own fields in a dialog: name, description, days, readers, and the variables it offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_args

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, Problem
from stats_core.panels.dashboard import DESCRIPTION_LENGTH, NAME_LENGTH, Audience, Dashboard
from stats_core.panels.variables import VariableType
from stats_core.query.zones import zone_names
from workbench.figures.text import html_text
from workbench.forms.dashboard import DashboardDraft, VariableLine, line_path, opened
from workbench.forms.offered import fields_of
from workbench.ui.dialogs import close_dialog
from workbench.ui.editor.controls import faults
from workbench.ui.escape import plain_markdown
from workbench.ui.websites import websites

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
    "range": "all time",
    "website": "every website",
    "text": "every value",
    "number": "every value",
    "boolean": "true, false, or nothing",
    "date": "2026-11-21",
}
_RANGES: Mapping[str, str] = {
    json.dumps({"preset": preset}): words
    for preset, words in {
        "today": "Today",
        "7d": "Last 7 days",
        "30d": "Last 30 days",
        "90d": "Last 90 days",
        "12m": "Last 12 months",
        "ytd": "This year",
        "all": "All time",
    }.items()
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
            "Time zone of its days",
            zones if draft.timezone in {"", *zones} else [draft.timezone, *zones],
            index=None,
            key=_key("timezone", draft.timezone or None),
            placeholder="The website's time zone",
        )
        _faults(draft, problems, "timezone")
    with right:
        st.selectbox("Who sees it", _READERS, key=_key("audience", draft.audience), format_func=_READERS.__getitem__)
        _faults(draft, problems, "audience")
    st.html('<p class="wb-field">Variables, which readers choose above the panels</p>')
    for at, line in enumerate(draft.variables):
        _line(workbench, at, line)
        _faults(draft, problems, line_path(at))
    with st.container(horizontal=True, gap="xsmall"):
        for words, line in _SUGGESTED.items():
            if line.entity and line.entity not in workbench.catalog.entities:
                continue
            st.button(words, icon=":material/add:", type="tertiary", on_click=_add, args=(line,), key=f"add_{words}")
    faults([problem for problem in problems if not draft.place(problem)])
    _unsaved(problems)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="settings_cancel", on_click=_leave)
        st.button("Save", type="primary", key="settings_save", on_click=_save, args=(workbench, dashboard))


def _unsaved(problems: tuple[Problem, ...]) -> None:
    """Above the button, since what is told at a field may be out of sight by now."""
    if problems:
        told = problems[0].message if len(problems) == 1 else f"{len(problems)} things above have to be put right."
        st.html(f'<p class="wb-unsaved">Not saved. {html_text(told)}</p>')


def _line(workbench: Workbench, at: int, line: VariableLine) -> None:
    """One variable: its name in panels and addresses, what it holds, and where it is picked from."""
    with st.container(border=True, key=f"variable_{at}", gap="xsmall"):
        name, kind, label, away = st.columns([4, 3, 4, 1], gap="xsmall", vertical_alignment="bottom")
        name.text_input("Name in panels", key=_key(f"{at}.name", line.name))
        kind.selectbox(
            "Type",
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
        with parts[-1]:
            _default(workbench, at, asked, line.default if asked == line.type else "")
        if len(parts) > 1:
            _offered(workbench, at, line, parts)


def _default(workbench: Workbench, at: int, asked: str, value: str) -> None:
    """What panels take until a reader chooses; ranges and websites are picked, or written as JSON."""
    key, words = _default_key(at, asked), _words(workbench, asked)
    if words is None:
        st.text_input("Default", key=_key(key, value), placeholder=_DEFAULTS.get(asked, ""))
        return
    st.selectbox(
        "Default",
        _with(value, words),
        index=None,
        key=_key(key, value or None),
        format_func=lambda item: words.get(item, item),
        accept_new_options=True,
        placeholder=_DEFAULTS[asked],
    )


def _default_key(at: int, asked: str) -> str:
    """A control of its own for each way of entering it: the default of one type is none of another."""
    return f"{at}.default_{asked}" if asked in {"range", "website"} else f"{at}.default"


def _words(workbench: Workbench, asked: str) -> Mapping[str, str] | None:
    """What is offered as a default, in words; None where it is typed in."""
    if asked == "website":
        return {website: site.name for website, site in websites(workbench).items()}
    return _RANGES if asked == "range" else None


def _offered(workbench: Workbench, at: int, line: VariableLine, parts: list[Any]) -> None:
    """Whose rows, or which field's values, are offered."""
    known = workbench.catalog.entities
    parts[0].selectbox(
        "Offers",
        _with(line.entity, known),
        index=None,
        key=_key(f"{at}.entity", line.entity or None),
        placeholder="Nothing: typed in",
    )
    entity = known.get(st.session_state[f"settings_{at}.entity"] or "")
    parts[1].selectbox(
        "Their field",
        _with(line.field, [name for name, _ in fields_of(workbench.catalog, entity)] if entity else ()),
        index=None,
        key=_key(f"{at}.field", line.field or None),
        placeholder="Their names",
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
    lines = tuple(replace(line, **_entered_line(at)) for at, line in enumerate(draft.variables))
    own = {name: state.get(f"settings_{name}") or "" for name in ("name", "description", "timezone", "audience")}
    return DashboardDraft(**own, variables=lines)


def _entered_line(at: int) -> dict[str, str]:
    state = st.session_state
    said = {item.name: state.get(f"settings_{at}.{item.name}") or "" for item in fields(VariableLine)}
    return said | {"default": state.get(f"settings_{_default_key(at, said['type'])}") or ""}


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
