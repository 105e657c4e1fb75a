"""The last versions of a dashboard: what each would change, and the way back to it."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.history import KEPT, Version
from workbench.figures.html import empty_html, error_html
from workbench.figures.states import error
from workbench.figures.text import html_text, shortened
from workbench.figures.views import EmptyView
from workbench.ui.changes import changes_html
from workbench.ui.dialogs import close_dialog
from workbench.ui.escape import plain_markdown

LONGEST = 160  # characters of what was done
_DONE = "restored"


@st.dialog("History", width="large", on_dismiss=close_dialog)
def history_dialog(workbench: Workbench, dashboard: Dashboard, zone: str) -> None:
    """Versions on top, the newest first; below, what restoring the chosen one would change.

    Args:
        workbench: Whose dashboard it is.
        dashboard: Of which.
        zone: In which moments are told.
    """
    outcome: ExpectedError | str | None = st.session_state.pop(_DONE, None)
    if isinstance(outcome, str):
        close_dialog()
        st.session_state["toast"] = outcome
        st.rerun()
    versions = {version.number: version for version in workbench.dashboards.history(dashboard.id)}
    if not versions:
        st.html(empty_html(EmptyView("No versions yet", hint="Every change from now on is kept here.")))
        return
    if outcome is not None:
        st.html(error_html(error(outcome, "It was not restored")))
    number = _chosen(versions, ZoneInfo(zone))
    _difference(workbench, dashboard, number, newest=max(versions))


def _chosen(versions: Mapping[int, Version], zone: ZoneInfo) -> int:
    with st.container(key="versions", height=min(32 + 46 * len(versions), 280), border=True):
        number: int | None = st.radio(
            "Version",
            list(versions),
            key="version",
            format_func=lambda number: f"{number} · {plain_markdown(shortened(versions[number].action, LONGEST))}",
            captions=[_when(version, zone) for version in versions.values()],
            label_visibility="collapsed",
        )
    st.caption(f"The last {KEPT} versions are kept, and go when the dashboard is deleted.")
    return max(versions) if number is None else number


def _when(version: Version, zone: ZoneInfo) -> str:
    moment = version.created_at.astimezone(zone).strftime("%-d %B %Y, %H:%M")
    return plain_markdown(f"{moment}, {version.author}" if version.author else moment)


def _difference(workbench: Workbench, dashboard: Dashboard, number: int, *, newest: int) -> None:
    try:
        found = workbench.dashboards.compare(dashboard.id, number)
    except ExpectedError as problem:  # it was pushed out by newer ones meanwhile
        st.html(error_html(error(problem, "This version is gone")))
        return
    if found:
        st.html(f"<p>To go back to version <strong>{html_text(number)}</strong> changes this:</p>")
        st.html(changes_html(found))
    else:
        st.html("<p>This is what the dashboard is now.</p>")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "Download as YAML",
            lambda: workbench.dashboards.version_yaml(dashboard.id, number),
            file_name=f"{dashboard.id}.version-{number}.yaml",
            mime="application/yaml",
            type="tertiary",
            on_click="ignore",
            key="version_yaml",
        )
        st.button(
            f"Restore version {number}",
            type="primary",
            key="restore",
            disabled=not found,
            on_click=_restore,
            args=(workbench, dashboard.id, number, newest),
        )


def _restore(workbench: Workbench, dashboard_id: str, number: int, newest: int) -> None:
    try:
        workbench.dashboards.restore(dashboard_id, number, seen=newest)
        st.session_state[_DONE] = f"Restored version {number}"
    except ExpectedError as problem:
        st.session_state[_DONE] = problem
