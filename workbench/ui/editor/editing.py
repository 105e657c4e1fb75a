"""One panel being edited: its draft in the session, and what a change does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import NotFoundError
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec
from workbench.forms.draft import Draft, document_of, opened
from workbench.forms.fields import FormField
from workbench.forms.options import Surroundings
from workbench.forms.panel import OPERATION, TYPE
from workbench.forms.templates import Template, templates
from workbench.forms.values import filled
from workbench.ui.editor.opening import NEW

_DRAFTS = "drafts"


@dataclass(frozen=True)
class Editing:
    """The panel of this id, or a new one, on a dashboard.

    Attributes:
        stored: The panel as it is stored now; None for a new one, and for one that was deleted.
    """

    workbench: Workbench
    dashboard: Dashboard
    panel_id: str
    stored: PanelSpec | None

    @property
    def draft(self) -> Draft:
        """As it is now; opened anew where nothing was changed and somebody else did."""
        drafts = _drafts(self.dashboard.id)
        found = drafts.get(self.panel_id)
        if found is None or (self._conflicts(found) and not found.changed):
            found = drafts[self.panel_id] = self._opened()
        return found

    def keep(self, draft: Draft) -> None:
        """Edit on with this."""
        _drafts(self.dashboard.id)[self.panel_id] = draft

    def drop(self) -> None:
        """Back to what is stored."""
        _drafts(self.dashboard.id).pop(self.panel_id, None)

    @property
    def conflicts(self) -> bool:
        """Whether somebody else changed the panel after it was opened here."""
        return self._conflicts(self.draft)

    def _conflicts(self, draft: Draft) -> bool:
        return self.stored is not None and draft.updated_at != self.stored.updated_at

    @property
    def deleted(self) -> bool:
        """Whether somebody else deleted it."""
        return self.stored is None and self.panel_id != NEW

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """What a new panel can begin with."""
        return templates(self.workbench.catalog, self.dashboard.variables)

    @property
    def around(self) -> Surroundings:
        """What pickers offer from."""
        return Surroundings(self.workbench.catalog, self.dashboard.variables)

    def enter(self, field: FormField, entered: Any) -> None:
        """A control of the form was used."""
        draft, workbench = self.draft, self.workbench
        if field.path == (TYPE,):
            self.keep(draft.drawn_as(entered, workbench.registry, workbench.catalog))
        elif field.path == (OPERATION,):
            self.keep(draft.asking(workbench.registry[entered], workbench.catalog))
        else:
            self.keep(draft.edited(filled(field, draft.document, entered)))

    def begin_with(self, name: str | None) -> None:
        """A template was chosen."""
        chosen = next((item for item in self.templates if item.name == name), None)
        if chosen is not None:
            self.keep(_begun(chosen))

    def rebase(self) -> None:
        """Stand on what somebody else stored, so that saving writes over it."""
        if self.stored is not None:
            document = document_of(self.stored, version=self._version(self.stored))
            self.keep(replace(self.draft, stored=document, updated_at=self.stored.updated_at))

    def _opened(self) -> Draft:
        if self.stored is not None:
            return opened(self.stored, version=self._version(self.stored))
        return _begun(self.templates[0])

    def _version(self, panel: PanelSpec) -> int | None:
        operation = self.workbench.registry.get(panel.operation_type or "")
        return operation.version if operation else None

    def on_change(self, key: str, field: FormField, read: Callable[[Any], Any] = lambda value: value) -> dict[str, Any]:
        """The arguments of a control that is called `key` and writes this field."""
        return {"key": key, "on_change": lambda: self.enter(field, read(st.session_state[key]))}


def editing(workbench: Workbench, dashboard: Dashboard, panel_id: str) -> Editing | None:
    """What is edited under this id; None where the dashboard has no such panel and there is no draft of one."""
    try:
        stored = None if panel_id == NEW else workbench.dashboards.panel(panel_id)
    except NotFoundError:
        stored = None
    there = stored is not None and stored.dashboard_id == dashboard.id
    if there or panel_id == NEW or panel_id in _drafts(dashboard.id):
        return Editing(workbench, dashboard, panel_id, stored if there else None)
    return None


def _begun(template: Template) -> Draft:
    return Draft(template.document, stored=template.document, template=template.name)


def _drafts(dashboard_id: str) -> dict[str, Draft]:
    """The drafts of a dashboard's page; those of another page go."""
    of: str | None
    drafts: dict[str, Draft]
    of, drafts = st.session_state.get(_DRAFTS, (None, {}))
    if of != dashboard_id:
        drafts = {}
        st.session_state[_DRAFTS] = (dashboard_id, drafts)
    return drafts
