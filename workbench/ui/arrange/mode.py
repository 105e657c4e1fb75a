"""Arrange mode on a dashboard's page: `arrange=1` in its address, the draft in the session, the bar that saves it."""

from __future__ import annotations

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ConflictError
from stats_core.panels.dashboard import Dashboard
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.ui.arrange.draft import Draft, boxes_of, placed, settled
from workbench.ui.arrange.editor import editor, messages
from workbench.ui.choices import ARRANGE
from workbench.ui.style import mode_stylesheet

_HINT = "Drag a panel to move it, pull an edge to resize it."
_KEYS = (
    ("Tab", "to a panel"),
    ("Arrows", "move"),
    ("Shift + arrows", "resize"),
    ("Ctrl + Z", "undo"),
    ("Esc", "leave"),
)
_NARROW = "Panels are arranged on a wider screen: here they stand in one column, in reading order."
_STALE = ConflictError(
    "The panels of this dashboard were moved, added or deleted since then.",
    hint="Go on with yours, and look at all of it before you save; or start anew from what is stored.",
)


def arranging(dashboard: Dashboard, *, asked: bool) -> Draft | None:
    """The draft of a dashboard that is being arranged, with all that the editor said until now.

    Args:
        dashboard: As it is stored.
        asked: Whether the address says that it is arranged.
    """
    if not asked or not dashboard.panels:
        return None
    taken = _kept(dashboard).taken
    left = any(message.did == "leave" and message.number > taken for message in messages(dashboard.id))
    draft = _heard(dashboard)
    if left:
        st.query_params.pop(ARRANGE, None)
        return None
    return draft


def arranged(dashboard: Dashboard, draft: Draft) -> Dashboard:
    """The dashboard as the draft has it."""
    return dashboard.model_copy(update={"panels": placed(dashboard.panels, draft.boxes)})


def arrange_entry(dashboard: Dashboard) -> None:
    """The entry of the dashboard's menu."""
    st.button(
        "Arrange panels",
        icon=":material/dashboard_customize:",
        type="tertiary",
        key="arrange",
        on_click=_enter,
        disabled=not dashboard.panels,
    )


def arrange_bar(workbench: Workbench, dashboard: Dashboard, draft: Draft) -> None:
    """Undo, redo, discard and save, in the bar above the page."""
    st.html(mode_stylesheet("arrange"))
    st.html(f'<p class="wb-state" role="status">{_told(draft)}</p>')
    st.button(
        "Undo",
        icon=":material/undo:",
        type="tertiary",
        key="arrange_undo",
        disabled=draft.at == 0,
        on_click=_undo,
        args=(dashboard,),
    )
    st.button(
        "Redo",
        icon=":material/redo:",
        type="tertiary",
        key="arrange_redo",
        disabled=not draft.can_redo,
        on_click=_redo,
        args=(dashboard,),
    )
    st.button("Discard" if draft.changed else "Done", key="arrange_leave", on_click=_discard, args=(dashboard,))
    if st.button("Save", type="primary", key="arrange_save", disabled=not draft.changed or _is_stale(dashboard, draft)):
        _save(workbench, dashboard, draft)
        st.rerun()


def arrange_notice(dashboard: Dashboard, draft: Draft) -> None:
    """How it is done; and if what is stored has changed since, the choice between that and the draft."""
    keys = "".join(f"<span><kbd>{key}</kbd> {does}</span>" for key, does in _KEYS)
    st.html(f'<p class="wb-keys wb-wide">{_HINT} {keys}</p><p class="wb-notice wb-narrow" role="status">{_NARROW}</p>')
    if _is_stale(dashboard, draft):
        with st.container(key="stale"):
            st.html(error_html(error(_STALE, "This is not what you began with")))
            with st.container(horizontal=True):
                st.button("Go on with mine", key="arrange_rebase", on_click=_rebase, args=(dashboard,))
                st.button("Start anew", key="arrange_anew", on_click=_restart, args=(dashboard,))


def arrange_editor(dashboard: Dashboard, draft: Draft) -> None:
    """The editor over the panels of a dashboard that was `arranged`."""
    editor(dashboard.id, dashboard.panels, draft)


def unsaved_notice(dashboard: Dashboard) -> None:
    """Where arrange mode was left with changes: they are still there, until the page itself is left."""
    if not _kept(dashboard).changed:
        return
    with st.container(key="unsaved", horizontal=True, vertical_alignment="center"):
        st.html('<p class="wb-notice" role="status">You moved panels here and have not saved that.</p>')
        st.button("Go on arranging", type="tertiary", key="arrange_resume", on_click=_enter)
        st.button("Discard", type="tertiary", key="arrange_forget", on_click=_restart, args=(dashboard,))


def _told(draft: Draft) -> str:
    if not draft.changed:
        return "Nothing changed yet" if draft.at == 0 else "As it is stored"
    return f"{draft.at} {'change' if draft.at == 1 else 'changes'}, not saved"


# ---------------------------------------------------------------- the draft in the session


def _key(dashboard: Dashboard) -> str:
    return f"draft_of_{dashboard.id}"


def _kept(dashboard: Dashboard) -> Draft:
    draft: Draft | None = st.session_state.get(_key(dashboard))
    return draft or Draft((boxes_of(dashboard.panels),))


def _keep(dashboard: Dashboard, draft: Draft) -> Draft:
    st.session_state[_key(dashboard)] = draft
    return draft


def _heard(dashboard: Dashboard) -> Draft:
    """The draft with what the editor said; one without changes follows what is stored."""
    draft = _kept(dashboard)
    if not draft.changed and _is_stale(dashboard, draft):
        draft = draft.anew(boxes_of(dashboard.panels))
    return _keep(dashboard, draft.heard(messages(dashboard.id), dashboard.panels))


def _is_stale(dashboard: Dashboard, draft: Draft) -> bool:
    return draft.stored != boxes_of(dashboard.panels)


# ---------------------------------------------------------------- what buttons do


def _enter() -> None:
    st.query_params[ARRANGE] = "1"


def _undo(dashboard: Dashboard) -> None:
    _keep(dashboard, _heard(dashboard).undone())


def _redo(dashboard: Dashboard) -> None:
    _keep(dashboard, _heard(dashboard).redone())


def _restart(dashboard: Dashboard) -> None:
    _keep(dashboard, _heard(dashboard).anew(boxes_of(dashboard.panels)))


def _discard(dashboard: Dashboard) -> None:
    _restart(dashboard)
    st.query_params.pop(ARRANGE, None)


def _rebase(dashboard: Dashboard) -> None:
    """Ours as one step after theirs; a panel of theirs that we had not seen is pushed down if it is in the way."""
    draft = _heard(dashboard)
    _keep(dashboard, draft.anew(boxes_of(dashboard.panels)).moved(settled(dashboard.panels, draft.boxes)))


def _save(workbench: Workbench, dashboard: Dashboard, draft: Draft) -> None:
    try:
        saved = workbench.dashboards.arrange(dashboard.id, draft.boxes, seen=draft.stored)
    except ConflictError:
        return  # the page draws anew, finds what is stored now, and offers the choice
    _keep(dashboard, draft.anew(boxes_of(saved.panels)))
    st.query_params.pop(ARRANGE, None)
    st.session_state["toast"] = "Saved where the panels stand"
