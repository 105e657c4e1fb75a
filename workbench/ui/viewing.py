"""How a dashboard is looked at, from its menu: refreshed by itself, alone on the screen, as a file, as it was."""

from __future__ import annotations

import streamlit as st

from stats_core.composition import Workbench
from stats_core.panels.dashboard import Dashboard
from workbench.ui.arrange.mode import arrange_entry
from workbench.ui.choices import EVERY, KIOSK, REFRESH, Choices
from workbench.ui.dialogs import Dialog, open_dialog, times_opened
from workbench.ui.escape import file_stem
from workbench.ui.person import may_change

KIOSK_STYLE = """<style>
.st-key-bar, [class*="st-key-refresh_"], [class*="st-key-menu_"], .wb-notice { display: none !important; }
[data-testid="stMainBlockContainer"] { padding: 1rem; max-width: none; }
.wb-head { padding-right: 0; }
</style>"""
_WORDS = {0: "Off", 30: "Every 30 s", 60: "Every minute", 300: "Every 5 min", 900: "Every 15 min"}


def viewing_menu(workbench: Workbench, dashboard: Dashboard, choices: Choices) -> None:
    """The menu right of the choices."""
    # A menu that opens a dialog is made anew, which closes it: it would stand over the dialog.
    key = f"viewing_{times_opened()}"
    with (
        st.container(key="viewing", width="content"),
        st.popover("More for this dashboard", icon=":material/more_horiz:", type="tertiary", key=key),
    ):
        _refresh(choices)
        if may_change():
            arrange_entry(dashboard)
            _opens("Settings", ":material/tune:", "settings", dashboard)
        st.button("Kiosk view", icon=":material/fullscreen:", type="tertiary", key="kiosk", on_click=_enter_kiosk)
        st.download_button(
            "Download as YAML",
            lambda: workbench.dashboards.export_yaml(dashboard.id),
            file_name=f"{file_stem(dashboard.name, 'dashboard')}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="export",
        )
        if may_change():
            _opens("History", ":material/history:", "history", dashboard)


def _opens(label: str, icon: str, dialog: Dialog, dashboard: Dashboard) -> None:
    st.button(label, icon=icon, type="tertiary", key=dialog, on_click=open_dialog, args=(dialog, dashboard.id))


def kiosk() -> None:
    """Panels and nothing else; the address without `kiosk`, or going back, brings the rest again."""
    st.html(KIOSK_STYLE)


def _refresh(choices: Choices) -> None:
    def choose() -> None:
        if seconds := st.session_state[REFRESH]:
            st.query_params[REFRESH] = str(seconds)
        else:
            st.query_params.pop(REFRESH, None)

    st.session_state[REFRESH] = choices.refresh_s or 0
    st.selectbox("Refresh by itself", (0, *EVERY), key=REFRESH, format_func=_WORDS.__getitem__, on_change=choose)


def _enter_kiosk() -> None:
    st.query_params[KIOSK] = "1"
