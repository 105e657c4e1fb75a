"""What the pages of those who run the workbench have in common."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from workbench.figures.text import html_text
from workbench.ui.person import person_menu

STATS = "views/stats.py"


def admin_bar(title: str) -> None:
    """The bar: the way back, the title, the person's menu."""
    st.set_page_config(page_title=title)
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="breadcrumb"):
            st.page_link(STATS, label="Dashboards")
            st.html(f'<span class="wb-slash" aria-hidden="true">/</span><h1 class="wb-h1">{html_text(title)}</h1>')
        person_menu()


def minute(moment: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
