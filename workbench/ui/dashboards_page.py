"""`/stats`, and `/`: the dashboards as cards, each with its figures."""

from __future__ import annotations

import contextlib
import logging

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, NotFoundError
from stats_core.panels.dashboard import DashboardSummary
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.seeds import VARIABLES
from workbench.figures.html import empty_html, error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.figures.theme import Theme, theme
from workbench.figures.views import EmptyView
from workbench.ui.choices import ID
from workbench.ui.escape import file_stem, plain_markdown
from workbench.ui.importing import import_form
from workbench.ui.person import may_change, person_menu
from workbench.ui.preview import preview_html
from workbench.ui.shared import shared_workbench

DASHBOARD = "views/dashboard.py"
PER_PAGE = 24
CARD_PX = 184
NEW, IMPORT, DELETE = "new", "import", "delete"

log = logging.getLogger(__name__)


def dashboards_page() -> None:
    """Draw the list."""
    workbench = shared_workbench()
    st.set_page_config(page_title="Dashboards")
    search = _bar()
    page = st.session_state.get("page", 1)
    found = workbench.dashboards.list(q=search or None, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    if found.items:
        _cards(workbench, found.items)
    else:
        st.html(empty_html(_nothing(search)))
    if found.total > PER_PAGE:
        st.pagination(-(-found.total // PER_PAGE), key="page")
    _dialogs(workbench.dashboards)


def _bar() -> str:
    """Title, search and the buttons for new ones."""
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        st.html('<h1 class="wb-h1">Dashboards</h1>')
        search = st.text_input(
            "Search dashboards",
            key="q",
            bind="query-params",
            placeholder="Search",
            icon=":material/search:",
            label_visibility="collapsed",
            on_change=_first_page,
            width=240,
        )
        if may_change():
            st.button(
                "Import", icon=":material/upload:", type="tertiary", key="import_open", on_click=_open, args=(IMPORT,)
            )
            st.button("New dashboard", icon=":material/add:", type="primary", key="new", on_click=_open, args=(NEW,))
        person_menu()
    return search or ""


def _first_page() -> None:
    st.session_state["page"] = 1


def _nothing(search: str) -> EmptyView:
    if search:
        return EmptyView(
            f"No dashboard is called anything like {search!r}", hint="Search for less, or clear the search."
        )
    return EmptyView("No dashboards yet", hint="`workbench seed` makes three to begin with; or start one of your own.")


# ---------------------------------------------------------------- cards


def _cards(workbench: Workbench, summaries: tuple[DashboardSummary, ...]) -> None:
    colours = theme(st.context.theme.type)
    grid = st.grid("auto", min_column_width=328, row_height=CARD_PX, gap=14, key="cards")
    for summary in summaries:
        with grid.cell():
            _card(workbench, summary, colours)


def _card(workbench: Workbench, summary: DashboardSummary, colours: Theme) -> None:
    """Name, menu, description, figures. Its menu changes the list, so it stands outside the fragment."""
    with st.container(border=True, height=CARD_PX, key=f"card_{summary.id}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"cardhead_{summary.id}"):
            st.page_link(DASHBOARD, label=plain_markdown(summary.name), query_params={ID: summary.id})
            if may_change():
                _menu(workbench.dashboards, summary)
        st.html(f'<p class="wb-about">{html_text(summary.description or _count(summary.panel_count))}</p>')
        if summary.panel_count:
            _figures(workbench, summary.id, colours)


def _menu(dashboards: Dashboards, summary: DashboardSummary) -> None:
    st.menu_button(
        f"More for {plain_markdown(summary.name)}",
        ["Duplicate", "Delete"],
        icon=":material/more_horiz:",
        type="tertiary",
        key=f"menu_{summary.id}",
        on_click=_chosen,
        args=(dashboards, summary),
    )


def _count(panels: int) -> str:
    return f"{panels} {'panel' if panels == 1 else 'panels'}" if panels else "No panels yet"


@st.fragment(parallel=True)
def _figures(workbench: Workbench, dashboard_id: str, colours: Theme) -> None:
    figures = st.empty()
    figures.html('<div class="wb-skeleton" aria-hidden="true" style="height:96px"></div>')
    figures.markdown(_preview(workbench, dashboard_id, colours), unsafe_allow_html=True)


def _preview(workbench: Workbench, dashboard_id: str, colours: Theme) -> str:
    """The figures of a card; a card that cannot show them still opens its dashboard, which says why."""
    try:
        return preview_html(workbench, dashboard_id, colours)
    except Exception:
        log.exception("The preview of %s failed", dashboard_id)
        return '<div class="wb-preview"></div>'


def _chosen(dashboards: Dashboards, summary: DashboardSummary) -> None:
    """What the card's menu was asked to do."""
    match st.session_state.get(f"menu_{summary.id}"):
        case "Duplicate":
            copy = dashboards.duplicate(summary.id)
            st.session_state["toast"] = f"Made {plain_markdown(copy.name)}"
        case "Delete":
            _open(DELETE, summary.id)


# ---------------------------------------------------------------- dialogs
# Which one is open lives in the session, not in the click that opened it: so it is still there on the next run.


def _open(*what: str) -> None:
    st.session_state["dialog"] = what


def _close() -> None:
    st.session_state.pop("dialog", None)


def _dialogs(dashboards: Dashboards) -> None:
    match st.session_state.get("dialog"):
        case (str(what),) if what == NEW:
            _new(dashboards)
        case (str(what),) if what == IMPORT:
            _import(dashboards)
        case (str(what), str(dashboard_id)) if what == DELETE:
            _delete(dashboards, dashboard_id)


@st.dialog("New dashboard", on_dismiss=_close)
def _new(dashboards: Dashboards) -> None:
    with st.form("new_form", border=False):
        name = st.text_input("Name", key="new_name", max_chars=200)
        asked = st.form_submit_button("Create", type="primary", key="create")
    if not asked:
        return
    try:
        created = dashboards.create(name or "", metadata={"variables": {"range": VARIABLES["range"]}})
    except ExpectedError as problem:
        st.html(error_html(error(problem, "It was not created")))
        return
    _close()
    st.switch_page(DASHBOARD, query_params={ID: created.id})


@st.dialog("Import a dashboard", width="large", on_dismiss=_close)
def _import(dashboards: Dashboards) -> None:
    if imported := import_form(dashboards):
        _close()
        st.switch_page(DASHBOARD, query_params={ID: imported.id})


@st.dialog("Delete this dashboard?", on_dismiss=_close)
def _delete(dashboards: Dashboards, dashboard_id: str) -> None:
    try:
        dashboard = dashboards.get(dashboard_id)
    except NotFoundError:
        _close()
        st.rerun()
    count = f", its {_count(len(dashboard.panels))}" if dashboard.panels else ""
    st.html(
        f"<p><strong>{html_text(dashboard.name)}</strong>{count} and its history go. "
        "This cannot be undone, but a file of it can be imported again.</p>"
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "Download as YAML",
            lambda: dashboards.export_yaml(dashboard_id),
            file_name=f"{file_stem(dashboard.name, 'dashboard')}.yaml",
            mime="application/yaml",
            type="tertiary",
            on_click="ignore",
            key="keep_file",
        )
        keep = st.button("Keep it", key="keep")
        delete = st.button("Delete", type="primary", key="delete")
    if keep or delete:
        _close()
        if delete:
            _deleted(dashboards, dashboard_id, dashboard.name)
        st.rerun()


def _deleted(dashboards: Dashboards, dashboard_id: str, name: str) -> None:
    with contextlib.suppress(NotFoundError):  # somebody else was faster: it is gone, as was asked
        dashboards.delete(dashboard_id)
    st.session_state["toast"] = f"Deleted {plain_markdown(name)}"
