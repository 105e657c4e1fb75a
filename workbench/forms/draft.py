"""A panel while it is edited: one document that form and JSON change alike, and what it was when it was opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from stats_core.catalog.catalog import Catalog
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.operations.registry import Operation, Registry
from stats_core.panels.panel import PanelSpec
from stats_core.panels.resolver import Resolver
from stats_core.panels.values import model_problems, plain, under
from stats_core.panels.variables import DashboardContext
from workbench.forms.options import OPTIONS, starting_options
from workbench.forms.panel import OPERATION, TYPE

Document = dict[str, Any]
NOT_IN_OPTIONS: Final = ("operation_type", "operation_version", "variables.")
_OURS: Final = ("id", "dashboard_id", "updated_at")
_VERSION: Final = "operation_version"
_WRITTEN: Final = ("name", "type", "width", "height", "cache_ttl_seconds", "operation_type", "operation_options")
_DEFAULT_OPERATION: Final = "aggregate_data"


@dataclass(frozen=True, slots=True)
class Draft:
    """A panel that is not saved.

    Attributes:
        document: The panel as JSON, without its place and its ids.
        stored: The document as it was opened; None for a new panel.
        updated_at: When what was opened had been changed last.
        text: JSON that cannot be read yet, as it was typed.
        fault: What is wrong with that text.
        aside: What the panel asked before its operation or type was changed, by operation.
        template: What a new panel began with.
    """

    document: Document
    stored: Document | None = None
    updated_at: datetime | None = None
    text: str | None = None
    fault: Problem | None = None
    aside: Mapping[str, Document] = field(default_factory=dict)
    template: str | None = None

    @property
    def changed(self) -> bool:
        """Whether anything would be lost with it."""
        return self.text is not None or self.document != self.stored

    @property
    def json(self) -> str:
        """The text of the JSON tab."""
        return self.text if self.text is not None else json.dumps(self.document, indent=2, ensure_ascii=False)

    def typed(self, text: str) -> Draft:
        """With JSON as somebody typed it: kept as text where it cannot be read."""
        try:
            document = json.loads(text, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            return self._unread(text, f"Line {error.lineno}, column {error.colno}: {error.msg}.")
        except (ValueError, RecursionError) as error:
            return self._unread(text, f"This is no JSON: {error}.")
        if not isinstance(document, dict):
            return self._unread(text, "A panel is an object.")
        return replace(self, document=document, text=None, fault=None)

    def _unread(self, text: str, message: str) -> Draft:
        return replace(self, text=text, fault=Problem("", message, "Put it right, or go back to the form's value."))

    def read_again(self) -> Draft:
        """Without the text that could not be read."""
        return replace(self, text=None, fault=None)

    def edited(self, document: Document) -> Draft:
        """With another document."""
        return replace(self, document=document)

    def asking(self, operation: Operation[Any], catalog: Catalog) -> Draft:
        """With another operation: its options as they were last, else what fits of those before."""
        options = self.document.get(OPTIONS)
        before = options if isinstance(options, dict) else {}
        after = self.aside.get(operation.type) or starting_options(operation, before, catalog)
        document = {name: item for name, item in self.document.items() if name != _VERSION}
        aside = {**self.aside, str(self.document.get(OPERATION)): before}
        return replace(self, document={**document, OPERATION: operation.type, OPTIONS: after}, aside=aside)

    def drawn_as(self, panel_type: str, registry: Registry[Operation[Any]], catalog: Catalog) -> Draft:
        """With another type; what a label does not ask is put aside until it is something else again."""
        document = {**self.document, TYPE: panel_type}
        if panel_type == "label" and OPERATION in document:
            call: Document = {name: document.pop(name) for name in (OPERATION, OPTIONS, _VERSION) if name in document}
            return replace(self, document=document, aside={**self.aside, "": call})
        if panel_type != "label" and not document.get(OPERATION):
            if "" in self.aside:
                return replace(self, document={**document, **self.aside[""]})
            return replace(self, document=document).asking(registry[_DEFAULT_OPERATION], catalog)
        return replace(self, document=document)


def _no_number(name: str) -> NoReturn:
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)


def document_of(panel: PanelSpec, *, version: int | None = None) -> Document:
    """What is edited of a panel: all but its place, its ids, and a version of options that is the current one."""
    written = panel.model_dump(mode="json", include={*_WRITTEN})
    if panel.type == "label":
        written = {name: item for name, item in written.items() if name not in {OPERATION, OPTIONS}}
    if panel.operation_version not in {None, version}:
        written[_VERSION] = panel.operation_version
    display = panel.display.model_dump(mode="json", exclude_defaults=True)
    metadata = {"metadata": panel.metadata} if panel.metadata else {}
    return {**written, "display": display, **metadata}


def opened(panel: PanelSpec, *, version: int | None = None) -> Draft:
    """The draft of a stored panel."""
    document = document_of(panel, version=version)
    return Draft(document, stored=document, updated_at=panel.updated_at)


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft as a panel, and everything that keeps it from being saved.

    Attributes:
        panel: On its dashboard; None where the document is no panel at all.
    """

    panel: PanelSpec | None
    problems: tuple[Problem, ...] = ()


def checked(draft: Draft, resolver: Resolver, context: DashboardContext) -> Checked:
    """Whether a draft can be saved; problems have paths into its document."""
    if draft.fault is not None:
        return Checked(None, (draft.fault,))
    try:
        plain(draft.document, templates=True)
        panel = PanelSpec.model_validate(draft.document).on(context)
    except ValidationError as error:
        return Checked(None, tuple(model_problems(error, draft.document, PanelSpec)))
    except InvalidOptionsError as error:
        return Checked(None, error.problems)
    if ours := [name for name in _OURS if name in draft.document]:
        return Checked(None, tuple(Problem(name, f"{name!r} is not yours to set.", "Remove it.") for name in ours))
    return Checked(panel, tuple(_call_problems(panel, resolver)))


def _call_problems(panel: PanelSpec, resolver: Resolver) -> list[Problem]:
    if panel.type == "label":
        message = "A label has no operation."
        return [] if panel.operation_type is None else [Problem(OPERATION, message, "Remove it.")]
    try:
        resolver.validate(panel)
    except ExpectedError as error:
        return [
            problem if problem.path.startswith(NOT_IN_OPTIONS) else under(OPTIONS, [problem])[0]
            for problem in error.problems
        ]
    return []


def changes(draft: Draft, panel: PanelSpec) -> dict[str, Any]:
    """The fields of a stored panel that the draft would change, with their values.

    Args:
        draft: Of a stored panel.
        panel: What `checked` made of the draft.
    """
    before = PanelSpec.model_validate(draft.stored or {})
    names = {*_WRITTEN, "display", "metadata", *({"x", "y"} & panel.model_fields_set)}
    found = {name: getattr(panel, name) for name in sorted(names) if getattr(panel, name) != getattr(before, name)}
    asks = {OPERATION, OPTIONS} & found.keys() or panel.operation_version != before.operation_version
    return {**found, _VERSION: panel.operation_version} if asks else found
