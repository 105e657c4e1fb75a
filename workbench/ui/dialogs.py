"""Which dialog about the whole dashboard is open, in the session: so it is still there on the next run."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from stats_core.panels.dashboard import Dashboard

Dialog = Literal["history", "settings"]
_OPEN, _TIMES = "dialog_open", "dialog_times"


def open_dialog(kind: Dialog, dashboard_id: str) -> None:
    """The next run shows it."""
    st.session_state[_OPEN] = (kind, dashboard_id)
    st.session_state[_TIMES] = times_opened() + 1


def times_opened() -> int:
    """How often one was opened in this session."""
    return int(st.session_state.get(_TIMES, 0))


def open_now(dashboard: Dashboard) -> Dialog | None:
    """The one that is open for this dashboard."""
    kind, dashboard_id = st.session_state.get(_OPEN, (None, None))
    return kind if dashboard_id == dashboard.id else None


def close_dialog() -> None:
    """The next run shows the dashboard alone."""
    st.session_state.pop(_OPEN, None)
