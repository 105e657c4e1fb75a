"""Which drawer or question about a panel is open: the editor by the address, questions by the session."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from workbench.ui.choices import EDIT, PANEL

NEW = "new"  # instead of a panel's id
_ASKED = "asked"
Question = Literal["copy", "notebook", "move", "delete"]


def open_editor(panel_id: str = NEW) -> None:
    """The next run of the page shows the editor."""
    st.query_params.pop(PANEL, None)
    st.query_params[EDIT] = panel_id


def close_editor() -> None:
    """The next run shows the dashboard alone; what was not saved is kept until the page is left."""
    st.query_params.pop(EDIT, None)


def ask(question: Question, panel_id: str) -> None:
    """The next run asks it."""
    st.query_params.pop(PANEL, None)
    st.query_params.pop(EDIT, None)
    st.session_state[_ASKED] = (question, panel_id)


def asked() -> tuple[Question, str] | None:
    """The question that is open, and the panel it is about."""
    found: tuple[Question, str] | None = st.session_state.get(_ASKED)
    return found


def answered() -> None:
    """The next run asks nothing."""
    st.session_state.pop(_ASKED, None)
