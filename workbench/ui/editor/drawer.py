"""The editor's drawer: preview on top, form and JSON of one draft below, and what keeps it from being saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, Problem
from stats_core.panels.dashboard import Dashboard
from workbench.figures.html import error_html
from workbench.figures.text import html_text
from workbench.figures.theme import theme
from workbench.figures.views import ErrorView
from workbench.forms.draft import Checked, changes, checked
from workbench.forms.fields import FormField, elsewhere
from workbench.forms.options import OPTIONS, options_form
from workbench.forms.panel import OPERATION, display_form, panel_form
from workbench.ui.editor.controls import control, faults
from workbench.ui.editor.editing import Editing, editing
from workbench.ui.editor.opening import NEW, close_editor
from workbench.ui.escape import plain_markdown
from workbench.ui.grid import height_px
from workbench.ui.panel_card import Once, Place, panel_card
from workbench.ui.style import mode_stylesheet

WIDTH_PX = 720
FIGURE_PX = 660  # of the drawer's width, what the preview gets
PREVIEW_S = 60  # the preview asks anew after so long, or when what is asked changes
_LOWEST_PX, _HIGHEST_PX = 120, 300
_REFUSED = "edit_refused"


@dataclass(frozen=True, slots=True)
class Look:
    """How the dashboard is looked at now, which the preview shows too.

    Attributes:
        variables: What was chosen on the dashboard.
        timezone: Whose days are cut.
    """

    variables: Mapping[str, Any]
    timezone: str


def editor(workbench: Workbench, dashboard: Dashboard, panel_id: str, look: Look) -> None:
    """The drawer of a panel of this id, or of a new one. An id that the dashboard does not know opens nothing."""
    edited = editing(workbench, dashboard, panel_id)
    if edited is None:
        return
    named = plain_markdown(edited.stored.name) if edited.stored else ""
    title = "New panel" if panel_id == NEW else f"Edit {named}".rstrip()
    st.dialog(title, position="right", width=WIDTH_PX, on_dismiss=close_editor)(_drawer)(edited, look)


def _drawer(edited: Editing, look: Look) -> None:
    st.html(mode_stylesheet("editor"))
    _told(edited)
    found = checked(edited.draft, edited.workbench.resolver, edited.dashboard.context)
    _preview(edited, found, look)
    if edited.panel_id == NEW:
        _templates(edited)
    form, display, text = st.tabs(["Form", "Display", "JSON"], key="edit_tabs")
    unread = edited.draft.fault is not None
    problems = () if unread else found.problems
    with form:
        if unread:
            _unread(edited)
        fields = _form(edited, problems, disabled=unread)
    with display:
        displayed = _display(edited, problems, disabled=unread)
    with text:
        _json(edited)
    faults(elsewhere(problems, (*fields, *displayed)))
    _end(edited, found)


def _told(edited: Editing) -> None:
    """What happened to the panel meanwhile, and what was kept of an earlier edit."""
    if edited.conflicts and edited.stored is not None:
        when = f"{edited.stored.updated_at:%Y-%m-%d %H:%M} UTC" if edited.stored.updated_at else "meanwhile"
        st.html(
            '<p class="wb-told" role="status"><strong>Somebody else changed this panel</strong> '
            f"({html_text(when)}). What you entered is still here; choose whose version goes on.</p>"
        )
        with st.container(horizontal=True):
            st.button("Take theirs", key="edit_theirs", on_click=edited.drop)
            st.button("Go on with mine", key="edit_mine", on_click=edited.rebase)
    elif edited.deleted:
        st.html(
            '<p class="wb-told" role="status"><strong>Somebody else deleted this panel.</strong> '
            "Save makes a new one of what you have here.</p>"
        )
    elif edited.draft.changed and edited.panel_id != NEW:
        with st.container(horizontal=True, vertical_alignment="center", key="edit_kept"):
            st.caption("Changed, not saved")
            st.button("Discard changes", type="tertiary", key="edit_discard", on_click=edited.drop)


def _preview(edited: Editing, found: Checked, look: Look) -> None:
    """The panel as the dashboard would show it, or why it cannot."""
    colours = theme(st.context.theme.type)
    rows = found.panel.height if found.panel is not None else 4
    height = min(max(height_px(max(min(rows, 40), 1)), _LOWEST_PX), _HIGHEST_PX)
    if found.panel is not None and not found.problems:
        kept_s = max(found.panel.cache_ttl_seconds or 0, PREVIEW_S)
        panel = found.panel.model_copy(update={"cache_ttl_seconds": kept_s}).on(edited.dashboard.context)
        place = Place(colours, FIGURE_PX, height, look.timezone, first=Once(first=False))
        panel_card(edited.workbench, panel, look.variables, place)
        return
    with st.container(border=True, height=height, key="panel_draft"):
        st.html(error_html(ErrorView("No preview yet", found.problems[:3])))


def _templates(edited: Editing) -> None:
    """Buttons, which hold no state: a choice made while the drawer is still drawn cannot be taken back."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="edit_templates"):
        st.html('<p class="wb-field">Begin with</p>')
        for item in edited.templates:
            chosen = item.name == edited.draft.template
            st.button(
                item.label,
                key=f"edit_template_{item.name}",
                type="primary" if chosen else "secondary",
                on_click=edited.begin_with,
                args=(item.name,),
            )


def _form(edited: Editing, problems: Sequence[Problem], *, disabled: bool) -> tuple[FormField, ...]:
    """The panel's own fields and its operation's; gives those that were drawn."""
    document, registry = edited.draft.document, edited.workbench.registry
    own = {field.path[0]: field for field in panel_form(document.get("type"), registry)}
    control(edited, own["name"], problems, disabled=disabled)
    names = [name for name in ("type", "width", "height", "cache_ttl_seconds") if name in own]
    for column, name in zip(st.columns(len(names)), names, strict=True):
        with column:
            control(edited, own[name], problems, disabled=disabled)
    if OPERATION not in own:
        return tuple(own.values())
    control(edited, own[OPERATION], problems, disabled=disabled)
    asked = document.get(OPERATION)
    operation = registry.get(asked) if isinstance(asked, str) else None
    options = document.get(OPTIONS, {})
    if operation is None or not isinstance(options, dict):
        return tuple(own.values())
    st.caption(plain_markdown(operation.description))
    fields = options_form(operation, options, edited.around)
    for field in fields:
        if not field.rare:
            control(edited, field, problems, disabled=disabled)
    _rare(edited, fields, problems, disabled=disabled)
    return (*own.values(), *fields)


def _rare(edited: Editing, fields: Sequence[FormField], problems: Sequence[Problem], *, disabled: bool) -> None:
    """What most can do without; open where something in it is wrong."""
    rare = [field for field in fields if field.rare]
    if rare:
        with st.expander("More options", expanded=any(field.faults(problems) for field in rare)):
            for field in rare:
                control(edited, field, problems, disabled=disabled)


def _display(edited: Editing, problems: Sequence[Problem], *, disabled: bool) -> tuple[FormField, ...]:
    """How the answer is shown, two by two; gives the fields that were drawn."""
    fields = display_form(edited.draft.document.get("type"))
    narrow = [field for field in fields if not (field.multiline or field.rare or field.kind == "conditions")]
    for field in fields:
        if field.multiline:
            control(edited, field, problems, disabled=disabled)
    for first in range(0, len(narrow), 2):
        for column, field in zip(st.columns(2), narrow[first : first + 2], strict=False):
            with column:
                control(edited, field, problems, disabled=disabled)
    for field in fields:
        if field.kind == "conditions":
            control(edited, field, problems, disabled=disabled)
    _rare(edited, fields, problems, disabled=disabled)
    return fields


def _unread(edited: Editing) -> None:
    st.html(
        '<p class="wb-told" role="status">The JSON cannot be read yet, so the form stands still: '
        f"{html_text(edited.draft.fault.message if edited.draft.fault else '')}</p>"
    )
    st.button("Go back to the form's value", key="edit_back", on_click=lambda: edited.keep(edited.draft.read_again()))


def _json(edited: Editing) -> None:
    st.session_state["edit_json"] = edited.draft.json
    st.text_area(
        "The panel as JSON",
        key="edit_json",
        height=420,
        on_change=lambda: edited.keep(edited.draft.typed(st.session_state["edit_json"])),
    )
    if edited.draft.fault is not None:
        faults([edited.draft.fault])


def _end(edited: Editing, found: Checked) -> None:
    """Save and Cancel, and what keeps it from being saved."""
    reason = _reason(edited, found)
    if refused := st.session_state.pop(_REFUSED, None):
        st.html(error_html(ErrorView("It was not saved", refused)))
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="edit_end"):
        if reason:
            st.caption(plain_markdown(reason))
        if st.button("Cancel", key="edit_cancel"):
            close_editor()
            st.rerun()
        if st.button("Save", type="primary", key="edit_save", disabled=bool(reason)) and not reason:
            _save(edited, found)
            st.rerun()


def _reason(edited: Editing, found: Checked) -> str:
    """Why it cannot be saved; empty where it can."""
    if edited.conflicts:
        return "Choose whose version goes on."
    if found.problems:
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        return f"{found.problems[0].message}{more}"
    if not edited.draft.changed and edited.stored is not None:
        return "Nothing is changed."
    return ""


def _save(edited: Editing, found: Checked) -> None:
    assert found.panel is not None, "a draft without problems is a panel"
    dashboards = edited.workbench.dashboards
    try:
        if edited.stored is None:
            saved = dashboards.add_panel(edited.dashboard.id, found.panel)
        else:
            saved = dashboards.update_panel(
                edited.panel_id, seen=edited.draft.updated_at, **changes(edited.draft, found.panel)
            )
    except ExpectedError as problem:
        st.session_state[_REFUSED] = problem.problems
        return
    edited.drop()
    close_editor()
    st.session_state["toast"] = f"Saved {plain_markdown(saved.name)}"
