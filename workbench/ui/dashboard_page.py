"""`/dashboard?id=dash_…`: title, choices, and the panels on their grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import NotFoundError
from stats_core.panels.dashboard import Dashboard
from workbench.figures.html import empty_html
from workbench.figures.text import html_text, one_line
from workbench.figures.theme import theme
from workbench.figures.views import EmptyView
from workbench.ui.arrange.draft import Draft
from workbench.ui.arrange.mode import (
    arrange_bar,
    arrange_editor,
    arrange_notice,
    arranged,
    arranging,
    unsaved_notice,
)
from workbench.ui.choices import EDIT, ID, PANEL, Choices, read_choices
from workbench.ui.controls import controls
from workbench.ui.dialogs import open_now
from workbench.ui.editor.drawer import Look, editor
from workbench.ui.editor.opening import NEW, open_editor
from workbench.ui.editor.questions import question
from workbench.ui.grid import GAP_PX, ROW_PX, cells, height_px, width_px
from workbench.ui.history import history_dialog
from workbench.ui.inspector import inspector
from workbench.ui.offers import Offers, offers
from workbench.ui.panel_card import Once, Place, panel_card
from workbench.ui.person import may_change
from workbench.ui.settings import settings_dialog
from workbench.ui.shared import shared_workbench
from workbench.ui.ticking import ticking_ages
from workbench.ui.viewing import kiosk, viewing_menu
from workbench.ui.websites import Site, websites

COLUMNS = 12
STATS = "views/stats.py"


def dashboard_page() -> None:
    """Draw the dashboard that the address names."""
    workbench = shared_workbench()
    dashboard_id = st.query_params.get(ID, "")
    try:
        dashboard = workbench.dashboards.get(dashboard_id)
    except NotFoundError:
        _unknown(dashboard_id)
        return
    st.set_page_config(page_title=one_line(dashboard.name))
    sites = websites(workbench)
    choices = read_choices(st.query_params, dashboard.variables, sites)
    zone = _zone(workbench, dashboard, choices, sites)
    draft = arranging(dashboard, asked=choices.arrange and may_change())
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        _title(dashboard.name)
        if draft is not None:
            arrange_bar(workbench, dashboard, draft)
        else:
            offered = _offered(workbench, dashboard, sites)
            controls(dashboard.variables, choices, offered, today=workbench.clock().astimezone(ZoneInfo(zone)).date())
            if may_change():
                _add_button()
            viewing_menu(workbench, dashboard, choices)
    if choices.kiosk:
        kiosk()
    with st.container(key="notices"):  # always there, so that what follows is not built anew when one comes or goes
        _notices(dashboard, choices, draft)
    if dashboard.panels:
        with st.container(key="stage"):
            _stage(workbench, dashboard, choices, zone, draft)
        ticking_ages()
    else:
        st.html(empty_html(EmptyView("No panels yet", hint=_NO_PANELS)))
    if draft is None:
        _drawers(workbench, dashboard, Look(choices.values, zone))


_NO_PANELS = "Add one above, or bring panels from a file with `workbench dashboards import FILE`."


def _notices(dashboard: Dashboard, choices: Choices, draft: Draft | None) -> None:
    for problem in choices.problems:
        st.html(f'<p class="wb-notice" role="status">Left out of the address: {html_text(problem)}.</p>')
    if draft is not None:
        arrange_notice(dashboard, draft)
    else:
        unsaved_notice(dashboard)


def _stage(workbench: Workbench, dashboard: Dashboard, choices: Choices, zone: str, draft: Draft | None) -> None:
    """The panels; while they are arranged, where the draft has them, with the editor over them."""
    if draft is None:
        _panels(workbench, dashboard, choices, zone)
        return
    shown = arranged(dashboard, draft)
    _panels(workbench, shown, replace(choices, refresh_s=None), zone)
    arrange_editor(shown, draft)


def _add_button() -> None:
    st.button("Add panel", icon=":material/add:", key="add_panel", on_click=open_editor, args=(NEW,), type="tertiary")


def _drawers(workbench: Workbench, dashboard: Dashboard, look: Look) -> None:
    """The one drawer or question that is open: there can be one at a time."""
    if not may_change():
        _inspected(workbench, dashboard, look.variables)
    elif (edited := st.query_params.get(EDIT)) is not None:
        editor(workbench, dashboard, edited, look)
    elif PANEL in st.query_params:
        _inspected(workbench, dashboard, look.variables)
    elif (dialog := open_now(dashboard)) == "history":
        history_dialog(workbench, dashboard, workbench.settings.timezone)
    elif dialog == "settings":
        settings_dialog(workbench, dashboard)
    else:
        question(workbench, dashboard)


def _inspected(workbench: Workbench, dashboard: Dashboard, variables: Mapping[str, Any]) -> None:
    """The drawer of the panel that the address names."""
    asked = st.query_params.get(PANEL)
    panel = next((panel for panel in dashboard.panels if panel.id == asked), None)
    if panel is not None and panel.operation_type is not None:
        inspector(workbench, panel, variables)


def _title(name: str) -> None:
    with st.container(key="breadcrumb", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(STATS, label="Dashboards")
        title = html_text(name)
        st.html(f'<span class="wb-slash" aria-hidden="true">/</span><h1 class="wb-h1" title="{title}">{title}</h1>')


def _panels(workbench: Workbench, dashboard: Dashboard, choices: Choices, zone: str) -> None:
    colours = theme(st.context.theme.type)
    first = st.session_state.get("seen") != dashboard.id
    st.session_state["seen"] = dashboard.id
    card = st.fragment(panel_card, parallel=True, run_every=choices.refresh_s)
    grid = st.grid(COLUMNS, wrap=False, min_column_width=1, row_height=ROW_PX, gap=GAP_PX, key="grid")
    for cell in cells(dashboard.panels):
        if cell.panel is None:
            grid.cell(column_span=cell.columns)
            continue
        place = Place(
            colours, width_px(cell.columns), height_px(cell.rows), zone, first=Once(first), compare=choices.compare
        )
        with grid.cell(column_span=cell.columns, row_span=cell.rows):
            card(workbench, cell.panel, choices.values, place)


def _offered(workbench: Workbench, dashboard: Dashboard, sites: Mapping[str, Site]) -> Mapping[str, Offers]:
    """What each variable can be picked from."""
    names = {site_id: site.name for site_id, site in sites.items()}
    of_websites = {name: names for name, variable in dashboard.variables.items() if variable.type == "website"}
    return {**offers(workbench, dashboard.variables), **of_websites}


def _zone(workbench: Workbench, dashboard: Dashboard, choices: Choices, sites: Mapping[str, Site]) -> str:
    """In which days are cut: the dashboard's, else that of the chosen website, else the workbench's."""
    chosen = [
        choices.values.get(name, item.default) for name, item in dashboard.variables.items() if item.type == "website"
    ]
    of_site = next((sites[site_id].timezone for site_id in chosen if site_id in sites), None)
    return dashboard.context.timezone or of_site or workbench.settings.timezone


def _unknown(dashboard_id: str) -> None:
    """A clear word and a way back."""
    with st.container(key="trouble"):
        asked = f"There is no dashboard {dashboard_id!r}." if dashboard_id else "The address names no dashboard."
        st.html(empty_html(EmptyView(asked, hint="It may have been deleted, or the address is cut off.")))
        st.page_link(STATS, label="All dashboards")
