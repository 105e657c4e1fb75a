"""One panel on a page: a card that loads by itself, tells its age, refreshes alone and fails alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, Problem
from stats_core.panels.comparison import values_before
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.drawing import view
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.figures.theme import Theme
from workbench.figures.views import (
    Canvas,
    ChartView,
    EmptyView,
    ErrorView,
    ListView,
    TableView,
    View,
    WayOut,
)
from workbench.ui.choices import written
from workbench.ui.draw import draw
from workbench.ui.editor.opening import Question, ask, open_editor
from workbench.ui.editor.questions import duplicate
from workbench.ui.escape import plain_markdown
from workbench.ui.freshness import age_s, age_text, explanation
from workbench.ui.inspector import open_inspector
from workbench.ui.person import may_change

log = logging.getLogger(__name__)

INSPECT, EDIT, DUPLICATE = "Inspect", "Edit", "Duplicate"
QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {"Copy as …": "copy", "Open in notebook": "notebook", "Move …": "move", "Delete": "delete"}
)
ENTRIES = (EDIT, DUPLICATE, *QUESTIONS)  # of a panel's menu
FRAME_PX = (28, 56)  # of a card that its figure does not get: padding left and right; header and padding


class Once:
    """True the first time it is asked, if it ever is: a fragment that runs again comes with the same arguments."""

    def __init__(self, first: bool) -> None:
        self._first = first

    def take(self) -> bool:
        """Whether this is the first time."""
        first, self._first = self._first, False
        return first


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands: theme, size in CSS pixels, and zone of its days.

    Attributes:
        first: Whether it is drawn for the first time: then its shape stands there until its answer does.
        compare: Whether the period before is shown too.
    """

    theme: Theme
    width_px: int
    height_px: int
    timezone: str
    first: Once
    compare: bool = False

    @property
    def canvas(self) -> Canvas:
        """What is left for the figure."""
        width, height = self.width_px - FRAME_PX[0], self.height_px - FRAME_PX[1]
        return Canvas(self.theme, max(width, 80), max(height, 40), self.timezone)


def panel_card(workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any], place: Place) -> None:
    """The panel in its card, as a fragment: it runs beside the other cards; a click on its button runs it alone."""
    key = panel.id or "draft"
    with st.container(border=True, height=place.height_px, key=f"panel_{key}", gap=None):
        refresh = st.session_state.pop(f"refreshing_{key}", False)
        slots = _waiting(workbench, panel, variables, place) if place.first.take() and not refresh else None
        result, shown = _answer(workbench, panel, variables, place, skip_cache=refresh)
        # What stood here stays until now: an empty slot before the answer would blank the card.
        head, body = slots or (st.empty(), st.empty())
        if panel.type == "label":
            head.html(_header(panel))
        else:
            head.html(_header(panel, _age(result, shown, workbench.clock()) if result else ""))
            _refresh_button(panel, key, result)
        _menu(workbench, panel)
        with body.container(key=f"body_{key}", height="stretch", gap=None):
            draw(shown, place.canvas, key=key)
            if isinstance(shown, EmptyView):
                _ways_out(panel, shown, variables, key)


def _ways_out(panel: PanelSpec, shown: EmptyView, variables: Mapping[str, Any], key: str) -> None:
    """A button for each choice of the dashboard that may be why nothing matched; all panels follow it."""
    if not shown.ways:
        return
    with st.container(key=f"ways_{key}", horizontal=True, gap="xsmall"):
        for way in shown.ways:
            st.button(
                plain_markdown(way.label),
                key=f"way_{key}_{way.variable}",
                type="tertiary",
                on_click=_choose,
                args=(panel, way, variables, key),
            )
    if st.session_state.pop(f"lifted_{key}", False):
        st.rerun()


def _choose(panel: PanelSpec, way: WayOut, variables: Mapping[str, Any], key: str) -> None:
    """The address with this choice lifted; the page is drawn from it."""
    declared = panel.context.variables
    chosen = {name: value for name, value in {**variables, way.variable: way.value}.items() if name in declared}
    params = written(chosen, declared)
    if way.variable in params:
        st.query_params[way.variable] = params[way.variable]
    else:
        st.query_params.pop(way.variable, None)
    st.session_state[f"lifted_{key}"] = True


def _waiting(
    workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any], place: Place
) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The slots of head and body; until the answer is there, with an answer that is too old by now, or a skeleton."""
    head, body = st.empty(), st.empty()
    if (outdated := _outdated(workbench, panel, variables, place)) is not None:
        result, shown = outdated
        head.html(_header(panel, _age(result, shown, workbench.clock())))
        with body.container(key=f"body_outdated_{panel.id}", height="stretch", gap=None):
            draw(shown, place.canvas, key=f"outdated_{panel.id}")
        return head, body
    head.html(_header(panel))
    if panel.type != "label":
        body.html(_skeleton(panel.type, place.canvas.height_px))
    return head, body


def _outdated(
    workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any], place: Place
) -> tuple[PanelResult, View] | None:
    """An answer that is too old, and what it shows; None where there is none, or a fresh one."""
    try:
        if (result := workbench.resolver.outdated(panel, variables=variables)) is not None:
            return result, view(panel, result, canvas=place.canvas, variables=variables)
    except Exception:  # an older version may have kept it; the new answer comes in any case
        log.exception("Panel %s (%s): what is kept cannot be shown", panel.id, panel.name)
    return None


def _answer(
    workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any], place: Place, *, skip_cache: bool
) -> tuple[PanelResult | None, View]:
    """The result and what it shows; no exception leaves, so a panel that fails spoils no other."""
    try:
        result = workbench.resolver.resolve_panel(panel, skip_cache=skip_cache, variables=variables)
        before = _before(workbench, panel, variables, place) if place.compare else None
        return result, view(panel, result, canvas=place.canvas, variables=variables, before=before)
    except ExpectedError as problem:
        return None, error(problem)
    except Exception:
        log.exception("Panel %s (%s) failed", panel.id, panel.name)
        return None, ErrorView(
            "This panel failed", (Problem("", "This is a fault of ours.", "The server's log has it."),)
        )


def _before(workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any], place: Place) -> PanelResult | None:
    """What the panel was one period earlier; None where it has no such period, or that cannot be answered."""
    earlier = values_before(panel, variables, now=workbench.clock(), timezone=place.timezone)
    if earlier is None:
        return None
    try:
        return workbench.resolver.resolve_panel(panel, variables=earlier)
    except ExpectedError:
        log.warning("Panel %s (%s) has no period before to show", panel.id, panel.name, exc_info=True)
        return None


def _header(panel: PanelSpec, right: str = "") -> str:
    """The title, with what the panel shows as its tooltip, and what stands right of it."""
    told = html_text(panel.display.description or panel.name)
    return f'<div class="wb-head"><h2 class="wb-title" title="{told}">{html_text(panel.name)}</h2>{right}</div>'


def _age(result: PanelResult, shown: View, now: datetime) -> str:
    """What is not drawn, and the age of the answer, whose tooltip explains the figure."""
    seconds = age_s(result, now)
    told = "&#10;".join(html_text(line) for line in explanation(result))
    words = html_text(age_text(seconds, cached=result.cache_hit))
    left_out = _left_out(result, shown)
    note = f'<span class="wb-note">{html_text(left_out)}</span>' if left_out else ""
    cached = ' data-cached="1"' if result.cache_hit else ""
    return f'{note}<span class="wb-age" data-age="{seconds:.0f}"{cached} title="{told}">{words}</span>'


def _left_out(result: PanelResult, shown: View) -> str:
    """What is not drawn, in words; that the answer is not whole, where nothing else says so."""
    if isinstance(shown, ChartView) and shown.note:
        return shown.note
    if isinstance(shown, TableView) and shown.total > len(shown.rows):
        return f"{len(shown.rows):,} of {shown.total:,} rows"
    told_in_list = isinstance(shown, ListView) and shown.total > len(shown.items)
    return "partial" if result.truncated and not told_in_list else ""


def _refresh_button(panel: PanelSpec, key: str, result: PanelResult | None) -> None:
    told = "  \n".join(plain_markdown(line) for line in explanation(result)) if result else ""
    st.button(
        f"Refresh {plain_markdown(panel.name)}",
        icon=":material/refresh:",
        type="tertiary",
        key=f"refresh_{key}",
        help="  \n".join(filter(None, ["**Refresh**", told])),
        on_click=_remember,
        args=(key,),
    )


def _menu(workbench: Workbench, panel: PanelSpec) -> None:
    """What can be done with a stored panel. The page opens the drawers: a card that runs beside others cannot."""
    entries = [*([INSPECT] if panel.operation_type is not None else ()), *(ENTRIES if may_change() else ())]
    if panel.id is None or not entries:
        return
    st.menu_button(
        f"More for {plain_markdown(panel.name)}",
        entries,
        icon=":material/more_horiz:",
        type="tertiary",
        key=f"menu_{panel.id}",
        on_click=_chosen,
        args=(workbench, panel, panel.id),
    )
    if st.session_state.pop(f"opening_{panel.id}", False):
        st.rerun()


def _chosen(workbench: Workbench, panel: PanelSpec, panel_id: str) -> None:
    entry = str(st.session_state.get(f"menu_{panel_id}"))
    if entry == INSPECT:
        open_inspector(panel_id)
    elif entry == EDIT:
        open_editor(panel_id)
    elif entry == DUPLICATE:
        st.session_state["toast"] = duplicate(workbench, panel)
    elif entry in QUESTIONS:
        ask(QUESTIONS[entry], panel_id)
    else:
        return
    st.session_state[f"opening_{panel_id}"] = True


def _remember(key: str) -> None:
    """The next run of this card asks the database, not the cache."""
    st.session_state[f"refreshing_{key}"] = True


def _skeleton(panel_type: str, height_px: int) -> str:
    """A placeholder in the shape of what comes: a number, lines, or the whole of a chart."""
    block = '<div class="wb-skeleton" aria-hidden="true" style="height:{}px;width:{}%"></div>'
    if panel_type == "metric":
        return block.format(36, 40)
    if panel_type in {"list", "table"}:
        return block.format(20, 100) * max((height_px - 8) // 32, 1)
    return block.format(height_px - 8, 100)
