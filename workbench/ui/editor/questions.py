"""What a panel's menu asks beside editing: take a copy along, open it in a notebook, move it, delete it."""

from __future__ import annotations

import contextlib

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, NotFoundError
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.figures.text import html_text, one_line
from workbench.forms.copies import as_json, as_markdown, as_notebook, as_python, as_tiptap, unplaced
from workbench.ui.editor.opening import answered, asked
from workbench.ui.escape import file_stem, plain_markdown

_MANY = 500  # dashboards that a panel may move to


def question(workbench: Workbench, dashboard: Dashboard) -> None:
    """The question that is open, if it is about a panel of this dashboard."""
    found = asked()
    panel = next((item for item in dashboard.panels if found is not None and item.id == found[1]), None)
    if found is None or panel is None:
        answered()
        return
    if found[0] == "copy":
        _copy(panel)
    elif found[0] == "notebook":
        _notebook(panel)
    elif found[0] == "move":
        _move(workbench, panel)
    else:
        _delete(workbench, panel)


@st.dialog("Copy this panel", width="large", on_dismiss=answered)
def _copy(panel: PanelSpec) -> None:
    kinds = [("JSON", as_json(panel), "json")]
    if panel.operation_type is not None:
        kinds.append(("Python", as_python(panel), "python"))
    kinds += [("Markdown", as_markdown(panel), "markdown"), ("Tiptap", as_tiptap(panel), "json")]
    for tab, (_, text, language) in zip(st.tabs([name for name, _, _ in kinds]), kinds, strict=True):
        tab.code(text, language=language, wrap_lines=True)


@st.dialog("Open in a notebook", on_dismiss=answered)
def _notebook(panel: PanelSpec) -> None:
    st.html("<p>In a notebook that runs where the workbench's settings are, this is the panel:</p>")
    st.code(f"from workbench.notebook import wb\n\nwb.panel({panel.id!r})", language="python")
    st.html("<p>Or take a notebook that has the panel, its answer as a frame and a form to try variants:</p>")
    st.download_button(
        "Download the notebook",
        as_notebook(panel),
        file_name=f"{file_stem(panel.name, 'panel')}.ipynb",
        mime="application/x-ipynb+json",
        icon=":material/download:",
        on_click="ignore",
        key="notebook",
    )


@st.dialog("Move this panel", on_dismiss=answered)
def _move(workbench: Workbench, panel: PanelSpec) -> None:
    others = {
        item.id: one_line(item.name)
        for item in workbench.dashboards.list(limit=_MANY).items
        if item.id != panel.dashboard_id
    }
    if not others:
        st.html("<p>There is no other dashboard.</p>")
        return
    target = st.selectbox(
        "To the dashboard", list(others), key="move_to", format_func=lambda item: f"{others[item]} · {item[-6:]}"
    )
    st.caption("There it stands below all others and has a new id: posts that name the old one have to be changed.")
    if not st.button("Move", type="primary", key="move"):
        return
    try:
        workbench.dashboards.add_panel(target, unplaced(panel))
        with contextlib.suppress(NotFoundError):
            workbench.dashboards.delete_panel(panel.id or "")
    except ExpectedError as problem:
        st.html(error_html(error(problem, "It was not moved")))
        return
    _done(f"Moved {plain_markdown(panel.name)} to {plain_markdown(others[target])}")


@st.dialog("Delete this panel?", on_dismiss=answered)
def _delete(workbench: Workbench, panel: PanelSpec) -> None:
    st.html(f"<p><strong>{html_text(panel.name or 'It')}</strong> goes. This cannot be undone.</p>")
    with st.container(horizontal=True, horizontal_alignment="right"):
        keep = st.button("Keep it", key="keep_panel")
        delete = st.button("Delete", type="primary", key="delete_panel")
    if delete:
        with contextlib.suppress(NotFoundError):  # somebody else was faster: it is gone, as was asked
            workbench.dashboards.delete_panel(panel.id or "")
        _done(f"Deleted {plain_markdown(panel.name)}")
    elif keep:
        answered()
        st.rerun()


def _done(told: str) -> None:
    answered()
    st.session_state["toast"] = told
    st.rerun()


def duplicate(workbench: Workbench, panel: PanelSpec) -> str:
    """Store a copy of the panel below all others; gives what to tell."""
    try:
        made = workbench.dashboards.add_panel(panel.dashboard_id or "", unplaced(panel, named=" (copy)"))
    except ExpectedError as problem:
        return f"Not duplicated: {plain_markdown(problem)}"
    return f"Made {plain_markdown(made.name)}"
