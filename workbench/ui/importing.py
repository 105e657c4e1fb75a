"""A dashboard from a file: what it would change is shown first, and then exactly that is done."""

from __future__ import annotations

import streamlit as st

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.dashboards import Dashboards, Plan
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.ui.changes import changes_html
from workbench.ui.escape import plain_markdown

_DONE = "imported"  # what came of it, for the run after the click


def import_form(dashboards: Dashboards) -> Dashboard | None:
    """The form, for a dialog; gives the dashboard when it was imported."""
    outcome: Dashboard | ExpectedError | None = st.session_state.pop(_DONE, None)
    if isinstance(outcome, Dashboard):
        st.session_state["toast"] = f"Imported {plain_markdown(outcome.name)}"
        return outcome
    upload = st.file_uploader(
        "A dashboard as YAML",
        type=["yaml", "yml"],
        key="import_file",
        help="As a dashboard's menu gives it with **Download as YAML**, or `workbench dashboards export`.",
    )
    if outcome is not None:
        st.html(error_html(error(outcome, "It was not imported")))
    if upload is not None:
        _planned(dashboards, upload.getvalue())
    return None


def _planned(dashboards: Dashboards, content: bytes) -> None:
    try:
        text = _text(content)
        plan = dashboards.plan_yaml(text)
    except ExpectedError as problem:
        st.html(error_html(error(problem, _faults(len(problem.problems)))))
        return
    st.html(_told(plan))
    if plan.difference and plan.dashboard_id is not None:
        st.html(changes_html(plan.difference))
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "Create" if plan.dashboard_id is None else "Make these changes",
            type="primary",
            key="import",
            disabled=not plan.difference,
            on_click=_import,
            args=(dashboards, text, plan),
        )


def _told(plan: Plan) -> str:
    name = f"<strong>{html_text(plan.name)}</strong>"
    if plan.dashboard_id is None:
        count = len(plan.difference.panels)
        return f"<p>{name} is new: a dashboard with {count} {'panel' if count == 1 else 'panels'} is made.</p>"
    if not plan.difference:
        return f"<p>{name} is stored as it stands in the file: nothing would change.</p>"
    return f"<p>{name} is stored here. It becomes what the file says:</p>"


def _faults(count: int) -> str:
    return f"{'One fault' if count == 1 else f'{count} faults'} in the file; nothing was changed"


def _import(dashboards: Dashboards, text: str, plan: Plan) -> None:
    try:
        st.session_state[_DONE] = dashboards.import_yaml(text, seen=plan)
    except ExpectedError as problem:
        st.session_state[_DONE] = problem


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = "The file is no UTF-8 text."
        raise InvalidOptionsError([Problem("", message, "Choose a file as dashboards are exported.")]) from problem
