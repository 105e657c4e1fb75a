"""The editor laid over the panels: a Streamlit component around gridstack, whose script comes from this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from stats_core.panels.layout import COLUMNS, MAX_HEIGHT, MIN_SIZES
from stats_core.panels.panel import PanelSpec
from workbench.ui.arrange.draft import Draft, Message, read_messages
from workbench.ui.grid import GAP_PX, ROW_PX

SCRIPT = Path(__file__).with_name("editor.min.js")  # frontend/README.md says how it is made
MESSAGES = "messages"


def editor_key(dashboard_id: str) -> str:
    """Of the component, and so of what it says in the session."""
    return f"arrange_{dashboard_id}"


def messages(dashboard_id: str) -> list[Message]:
    """What the editor of this dashboard said. Read at the top of a run: a callback would come too late for the bar."""
    state = st.session_state.get(editor_key(dashboard_id))
    return read_messages(state.get(MESSAGES) if isinstance(state, Mapping) else None)


def editor(dashboard_id: str, panels: Sequence[PanelSpec], draft: Draft) -> None:
    """Draw it over the panels, which stand where the draft says."""
    with st.container(key="arranger"):
        # The script goes inline: Streamlit finds a component's folder by the name of its distribution, which is not
        # the name of our package. Without a shadow root gridstack scrolls the page when a panel is dragged to its end.
        component = st.components.v2.component("workbench_arrange", js=_script(), isolate_styles=False)
        component(key=editor_key(dashboard_id), data=_data(panels, draft))


def _data(panels: Sequence[PanelSpec], draft: Draft) -> dict[str, Any]:
    return {
        "columns": COLUMNS,
        "rowPx": ROW_PX,
        "gapPx": GAP_PX,
        "mostRows": MAX_HEIGHT,
        "taken": draft.taken,
        "changed": draft.changed,
        "panels": [
            {
                "id": panel.id,
                "name": panel.name,
                "type": panel.type,
                "box": [panel.x, panel.y, panel.width, panel.height],
                "least": MIN_SIZES[panel.type],
            }
            for panel in panels
        ],
    }


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")
