"""The panel builder: the form of the app's editor as widgets, with a live preview, validation at the field, and a pin.

Form, validation and templates are those of `workbench/forms`; this module only shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets
from IPython.display import display

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.finding import all_dashboards, find_dashboard
from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import NO_DASHBOARD
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.forms.copies import as_json
from workbench.forms.draft import Checked, Draft, checked, opened
from workbench.forms.fields import FormField, elsewhere, value_at
from workbench.forms.options import OPTIONS, Surroundings, options_form
from workbench.forms.panel import OPERATION, TYPE, display_form, panel_form
from workbench.forms.templates import templates
from workbench.forms.values import filled, fitted, shown
from workbench.notebook.controls import Control, Given, faults_html
from workbench.notebook.copies import as_python
from workbench.notebook.meanwhile import Clash, clash
from workbench.notebook.panel import Panel
from workbench.notebook.pinning import pinned
from workbench.notebook.shown import framed

if TYPE_CHECKING:
    from workbench.notebook.session import Session

TABS: Final = ("Panel", "Question", "Display")
PREVIEW_PX: Final = 480


class PanelBuilder(widgets.VBox):  # type: ignore[misc]
    """A form on the left, the panel as it will look on the right.

    Args:
        session: Where panels are asked and stored.
        panel: What is built on: a stored panel, which `pin` changes, or a draft; None: a new one.
        dashboard: Where it will be pinned, by name or id.

    Attributes:
        draft: The document that the form changes.
    """

    def __init__(self, session: Session, panel: Panel | None = None, *, dashboard: str | None = None) -> None:
        self._session, self._workbench = session, session.workbench
        self._dashboard = self._first_dashboard(panel, dashboard)
        self._known = panel.spec if panel is not None and panel.id is not None else None
        self._clash: Clash | None = None
        self.draft = self._begun(panel)
        self._controls: dict[str, Control] = {}
        self._asked: tuple[Any, ...] | None = None
        self._make()
        super().__init__([self._above, widgets.HBox([self._left, self._right], layout=_row()), self._below])
        self._changed()

    @property
    def panel(self) -> Panel:
        """What the form holds now.

        Raises:
            InvalidOptionsError: It does not validate yet.
        """
        found = self._checked()
        if found.panel is None or found.problems:
            raise InvalidOptionsError(found.problems)
        return Panel(self._session._setting, found.panel)  # noqa: SLF001 - of the same package

    def control(self, *path: str) -> Control:
        """The control of a field by its path in the document: `builder.control("operation_options", "entity")`."""
        return self._controls[".".join(path)]

    def enter(self, path: Sequence[str], value: Any) -> None:
        """What happens when a control is used: the document changes, and with it form, faults and preview."""
        workbench, fields = self._workbench, {field.path: field for field in self._fields()}
        field = fitting(fields[tuple(path)], self.draft.document)
        if field.path == (TYPE,):
            self.draft = self.draft.drawn_as(value, workbench.registry, workbench.catalog)
        elif field.path == (OPERATION,):
            self.draft = self.draft.asking(workbench.registry[value], workbench.catalog)
        else:
            self.draft = self.draft.edited(filled(field, self.draft.document, value))
        self._changed()

    def pin(self) -> PanelSpec | None:
        """Store it on the chosen dashboard: again changes the same panel.

        None where nothing was stored: it does not validate, or somebody else changed or deleted the panel meanwhile,
        or another has its name. Then buttons show the ways on: `pin_over`, `take_theirs` and `pin_as_new`.
        """
        return self._pinned(new=False)

    def pin_over(self) -> PanelSpec | None:
        """Store it over what `pin` told of; asks again where that was changed once more."""
        if self._clash is not None and self._clash.theirs is not None:
            self._known = self._clash.theirs
        return self._pinned(new=False)

    def pin_as_new(self) -> PanelSpec | None:
        """Store it as a panel of its own, beside whatever is there."""
        return self._pinned(new=True)

    def take_theirs(self) -> None:
        """Go on with what is stored; what the form held is kept below as JSON."""
        if self._clash is None or self._clash.theirs is None:
            self._tell("Nobody else changed it: there is nothing to take.")
            return
        mine, theirs = self.draft.json, self._clash.theirs
        self._known, self.draft = theirs, self._opened(theirs)
        self._copied.value, self._copied.layout.display = mine, ""
        self._tell("The panel is as they stored it. What you had is below as JSON.")
        self._changed()

    def as_json(self) -> str:
        """The panel as the editor's JSON tab takes it."""
        return as_json(self.panel.spec)

    def as_python(self) -> str:
        """The panel as a call that stands in a cell."""
        spec = self.panel.spec
        reads = "$var" in repr(spec.operation_options)
        return as_python(spec, dashboard=self._dashboard.name if reads and self._dashboard else None)

    # Making the widgets

    def _make(self) -> None:
        self._tabs = [widgets.VBox(layout=widgets.Layout(min_height="320px")) for _ in TABS]
        form = widgets.Tab(self._tabs, titles=TABS, layout=widgets.Layout(width="440px"))
        self._preview = widgets.Output(layout=widgets.Layout(width="100%", min_height="360px"))
        self._elsewhere, self._told, self._ways = widgets.HTML(), widgets.HTML(), widgets.HBox([], layout=_row())
        self._copied = widgets.Textarea(layout=widgets.Layout(width="100%", height="220px", display="none"))
        self._left = widgets.VBox([form, self._elsewhere], layout=widgets.Layout(flex="0 0 450px"))
        self._right = widgets.VBox([self._preview], layout=widgets.Layout(flex="1 1 480px", min_width="320px"))
        self._above = self._beginnings()
        self._below = widgets.VBox([self._actions(), self._told, self._ways, self._copied])

    def _beginnings(self) -> Any:
        """For a new panel: what it can begin with."""
        if self.draft.template is None:
            return widgets.HBox([])
        chosen = widgets.ToggleButtons(
            options=[(item.label, item.name) for item in self._templates()],
            value=self.draft.template,
            description="Begin with",
            style={"description_width": "118px", "button_width": "110px"},
        )
        chosen.observe(lambda change: self._begin_with(change["new"]), "value")
        return chosen

    def _actions(self) -> Any:
        places = [(item.name, item.id) for item in all_dashboards(self._workbench.dashboards)]
        chosen = widgets.Dropdown(
            options=places,
            value=self._dashboard.id if self._dashboard else None,
            description="Dashboard",
            style={"description_width": "118px"},
            layout=widgets.Layout(width="380px"),
        )
        chosen.observe(lambda change: self._move(change["new"]), "value")
        self._pin = _button("Pin to dashboard", self.pin, style="primary")
        copies = [
            _button("Copy as Python", lambda: self._copy(self.as_python)),
            _button("Copy as JSON", lambda: self._copy(self.as_json)),
        ]
        return widgets.HBox([chosen, self._pin, *copies], layout=_row())

    # What happens

    def _pinned(self, *, new: bool) -> PanelSpec | None:
        found = self._checked()
        if found.panel is None or found.problems:
            self._tell("Not pinned: put right what is marked first.")
            return None
        if self._dashboard is None:
            self._tell("There is no dashboard yet: wb.dashboard('My first', create=True) makes one.")
            return None
        try:
            return self._stored(found.panel, self._dashboard.id, new=new)
        except ExpectedError as problem:
            self._say(error_html(error(problem, "Not pinned")))
            return None

    def _stored(self, spec: PanelSpec, dashboard_id: str, *, new: bool) -> PanelSpec | None:
        """Stored, unless somebody has to be asked first."""
        dashboard = self._workbench.dashboards.get(dashboard_id)
        found = None if new else clash(dashboard, self._known, spec.name)
        if found is not None:
            self._ask(found)
            return None
        same = self._known if self._known and self._known.dashboard_id == dashboard.id and not new else None
        changed = same.id if same else None
        stored = pinned(self._workbench.dashboards, dashboard, spec, panel_id=changed, by_name=False)
        self._known, self.draft = stored, replace(self.draft, stored=self.draft.document, updated_at=stored.updated_at)
        address = f"{self._workbench.settings.public_url.rstrip('/')}/dashboard?id={dashboard.id}"
        link = f'<a href="{html_text(address)}" target="_blank" rel="noopener">{html_text(dashboard.name)}</a>'
        words = f"{'Changed on' if changed else 'Pinned to'} {link} as {html_text(stored.id)}"
        self._say(f'<div class="wb-told" role="status">{words}</div>')
        return stored

    def _ask(self, found: Clash) -> None:
        """What happened, and a button for each way on."""
        self._tell(found.words)
        self._clash = found
        new = _button("Pin as new", self.pin_as_new)
        over = [_button("Pin mine over it", self.pin_over), _button("Take theirs", self.take_theirs)]
        self._ways.children = (*over, new) if found.theirs is not None else (new,)

    def _begin_with(self, name: str) -> None:
        template = next(item for item in self._templates() if item.name == name)
        self.draft = Draft(template.document, stored=template.document, template=template.name)
        self._changed()

    def _move(self, dashboard_id: str) -> None:
        self._dashboard = self._workbench.dashboards.get(dashboard_id)
        self._changed()

    def _copy(self, make: Callable[[], str]) -> None:
        try:
            self._copied.value = make()
        except ExpectedError as problem:
            self._say(error_html(error(problem, "Nothing to copy yet")))
            return
        self._copied.layout.display = ""
        self._tell("Below, to be taken along.")

    def _tell(self, words: str) -> None:
        self._say(f'<div class="wb-told" role="status">{html_text(words)}</div>')

    def _say(self, html: str) -> None:
        """The last word, with which an earlier question is over."""
        self._told.value, self._ways.children, self._clash = framed(html), (), None

    def _changed(self) -> None:
        """Form, faults and preview of the draft as it is now; controls that show the same stay as they are."""
        fields = self._form()
        found = self._checked()
        controls = {".".join(field.path): self._control(field) for part in fields for field in part}
        self._controls = controls
        for tab, part in zip(self._tabs, fields, strict=True):
            children = tuple(controls[".".join(field.path)].widget for field in part)
            if tab.children != children:
                tab.children = children
        for part in fields:
            for field in part:
                controls[".".join(field.path)].tell(field.faults(found.problems))
        rest = elsewhere(found.problems, [field for part in fields for field in part])
        self._elsewhere.value = faults_html(rest, paths=True)
        self._pin.disabled = bool(found.problems)
        self._show(found)

    def _control(self, field: FormField) -> Control:
        fit = fitting(field, self.draft.document)
        value = shown(fit, self.draft.document)
        before = self._controls.get(".".join(field.path))
        if before is not None and before.shows(fit, value):
            return before
        enter = self._entering(field)
        return Control(Given(fit, value, enter, self._workbench.clock().date()))

    def _entering(self, field: FormField) -> Callable[[Any], None]:
        return lambda value: self.enter(field.path, value)

    def _show(self, found: Checked) -> None:
        """The panel, unless it is asked and drawn as it was already."""
        looks = (self.draft.document, found.problems, self._dashboard and self._dashboard.id)
        if looks == self._asked:
            return
        self._asked = looks
        self._preview.clear_output(wait=True)
        with self._preview:
            if found.panel is None or found.problems:
                display(_Waiting(found.problems))  # type: ignore[no-untyped-call]
            else:
                setting = replace(self._session._setting, width_px=PREVIEW_PX)  # noqa: SLF001 - of the same package
                display(Panel(setting, found.panel))  # type: ignore[no-untyped-call]

    # What the form is made of

    def _form(self) -> tuple[tuple[FormField, ...], ...]:
        document = self.draft.document
        operation = self._workbench.registry.get(str(document.get(OPERATION)))
        asked = options_form(operation, document.get(OPTIONS), self._around()) if operation is not None else ()
        panel_type = document.get(TYPE)
        return panel_form(panel_type, self._workbench.registry), asked, display_form(panel_type)

    def _fields(self) -> list[FormField]:
        return [field for part in self._form() for field in part]

    def _around(self) -> Surroundings:
        return Surroundings(self._workbench.catalog, self._dashboard.variables if self._dashboard else {})

    def _checked(self) -> Checked:
        context = self._dashboard.context if self._dashboard else NO_DASHBOARD
        return checked(self.draft, self._workbench.resolver, context)

    def _templates(self) -> Sequence[Any]:
        return templates(self._workbench.catalog, self._dashboard.variables if self._dashboard else {})

    def _begun(self, panel: Panel | None) -> Draft:
        if panel is not None:
            return self._opened(panel.spec)
        first = self._templates()[0]
        return Draft(first.document, stored=first.document, template=first.name)

    def _opened(self, spec: PanelSpec) -> Draft:
        operation = self._workbench.registry.get(spec.operation_type or "")
        return opened(spec, version=operation.version if operation else None)

    def _first_dashboard(self, panel: Panel | None, named: str | None) -> Dashboard | None:
        dashboards = self._workbench.dashboards
        if named is not None:
            return find_dashboard(dashboards, named)
        if panel is not None and panel.spec.dashboard_id:
            return dashboards.get(panel.spec.dashboard_id)
        first = next(iter(all_dashboards(dashboards)), None)
        return dashboards.get(first.id) if first is not None else None


def fitting(field: FormField, document: Any) -> FormField:
    """The field as it can show what the document holds; a number out of bounds can be put right as it stands."""
    typed = field.kind == "number" and isinstance(value_at(document, field.path), str | int | float)
    return field if typed else fitted(field, document)


class _Waiting:
    """In place of the preview: what keeps it from being drawn."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._problems = problems

    def _repr_mimebundle_(self, **_formats: Any) -> dict[str, Any]:
        html = f"<strong>Nothing to draw yet</strong>{faults_html(self._problems, paths=True)}"
        return {"text/plain": "\n".join(map(str, self._problems)), "text/html": framed(html)}


def _button(words: str, then: Callable[[], Any], *, style: str = "") -> Any:
    button = widgets.Button(description=words, button_style=style, layout=widgets.Layout(width="150px"))
    button.on_click(lambda _button: then())
    return button


def _row() -> Any:
    return widgets.Layout(flex_flow="row wrap", align_items="flex-start", grid_gap="8px 12px")
