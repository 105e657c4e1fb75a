"""What stands around every page: title, icon, style, the pages themselves, and one readable page when nothing works."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from stats_core.errors import ExpectedError, SourceUnavailableError
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.ui.person import PAGES
from workbench.ui.shared import SignedOutError
from workbench.ui.style import stylesheet
from workbench.ui.welcome import welcome

TITLE = "Workbench"
HERE = Path(__file__).parent
HOME, STATS, DASHBOARD = (f"views/{name}.py" for name in ("home", "stats", "dashboard"))

log = logging.getLogger(__name__)


def run() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title=TITLE, page_icon=str(HERE / "icon.png"), layout="wide")
    st.html(stylesheet(st.context.theme.type))
    page = st.navigation(
        [
            st.Page(HOME, title=TITLE, default=True),
            st.Page(STATS, title="Dashboards", url_path="stats"),
            st.Page(DASHBOARD, title="Dashboard", url_path="dashboard"),
            *(st.Page(path, title=title) for path, (title, _) in PAGES.items()),
        ],
        position="hidden",
    )
    if message := st.session_state.pop("toast", None):
        st.toast(message)
    try:
        page.run()
    except SignedOutError:
        welcome()
    except ExpectedError as problem:
        _trouble(problem)
    except SQLAlchemyError as problem:
        log.exception("The database does not answer")
        _trouble(_away(problem))


def _away(problem: SQLAlchemyError) -> ExpectedError:
    return SourceUnavailableError(
        f"The database does not answer: {type(problem).__name__}.",
        hint="Check that it runs and that WORKBENCH_DATABASE_URL names it; the server's log has the details.",
    )


def _trouble(problem: ExpectedError) -> None:
    with st.container(key="trouble"):
        st.html(error_html(error(problem, "The workbench cannot show this page")))
        st.button("Try again", key="try_again")
