"""What may be stored of dashboards and panels: everything that is wrong is told at once, with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem, nearest
from stats_core.models import StatsDashboard
from stats_core.panels.dashboard import (
    RANGE,
    DashboardFields,
    checked_fields,
    context_of,
    metadata_problems,
)
from stats_core.panels.dashboard_file import (
    DashboardFile,
    document_in,
    file_problems,
    raw_panels,
)
from stats_core.panels.layout import Box, arrange
from stats_core.panels.panel import PanelSpec
from stats_core.panels.resolver import Resolver
from stats_core.panels.values import model_problems, plain, under
from stats_core.panels.variables import DashboardContext, Variable, references

_FIXED = ("id", "dashboard_id", "updated_at")  # of a panel: not the caller's to change
_OUTSIDE_OPTIONS = ("operation_type", "operation_version", "variables.")  # problems of these are not in the options


class Storable:
    """Judges panels by the operations that they call.

    Args:
        resolver: Says whether a panel's options are valid.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def every(self, specs: Iterable[PanelSpec], context: DashboardContext) -> Sequence[PanelSpec]:
        """The panels as they may be stored, or every fault of every panel."""
        checked, problems = self._judged(enumerate(specs), context)
        if problems:
            raise InvalidOptionsError(problems)
        return checked

    def from_file(self, text: str) -> tuple[DashboardFile, DashboardFields, Sequence[PanelSpec]]:
        """The file, its fields, and its panels as they may be stored: where they can be drawn.

        Raises:
            InvalidOptionsError: Every fault of all of it.
        """
        document = document_in(text)
        given = document.get("metadata")
        metadata = given if isinstance(given, dict) else {}
        faults = metadata_problems(metadata)
        # Panels of the right shape are judged even where other parts have none: a person mends all of it at once.
        drafts = [(i, spec) for i, panel in enumerate(raw_panels(document)) if (spec := _draft(panel)) is not None]
        specs, problems = self._judged(drafts, _context_despite(faults, metadata))
        if problems := [*file_problems(document), *under("metadata", faults), *problems]:
            raise InvalidOptionsError(problems)
        file = DashboardFile.model_validate(document)
        return file, checked_fields(file.model_dump(include=set(DashboardFields.model_fields))), _settled(specs)

    def one(self, spec: PanelSpec) -> PanelSpec:
        """The panel as it may be stored: with the version of its options.

        Raises:
            InvalidOptionsError: Paths begin at the panel (`operation_options.entity`).
        """
        if spec.type == "label":
            if spec.operation_type is not None:
                message = "A label has no operation."
                raise InvalidOptionsError([Problem("operation_type", message, "Remove it, or choose another type.")])
            return plain_panel(spec)
        if problems := self.call_problems(spec):
            raise InvalidOptionsError(problems)
        current = self._resolver.registry[spec.operation_type or ""].version
        return plain_panel(spec.model_copy(update={"operation_version": spec.operation_version or current}))

    def call_problems(self, spec: PanelSpec) -> Sequence[Problem]:
        """What is wrong with what the panel asks; paths begin at the panel."""
        try:
            self._resolver.validate(spec)
        except InvalidOptionsError as error:
            return [
                problem if problem.path.startswith(_OUTSIDE_OPTIONS) else under("operation_options", [problem])[0]
                for problem in error.problems
            ]
        return ()

    def _judged(
        self, specs: Iterable[tuple[int, PanelSpec]], context: DashboardContext
    ) -> tuple[Sequence[PanelSpec], Sequence[Problem]]:
        """The panels that may be stored, as they may be, and what is wrong with the others; given with their places."""
        checked, problems = [], []
        for i, spec in specs:
            try:
                checked.append(self.one(spec.on(context)))
            except ExpectedError as error:
                problems += under(f"panels[{i}]", error.problems)
        return checked, problems


def changed_panel(spec: PanelSpec, changes: Mapping[str, Any]) -> PanelSpec:
    """The panel with these fields changed; other options are of the current version, unless it is among them.

    Raises:
        InvalidOptionsError: A panel has no such field, or not with such a value.
    """
    known = sorted(PanelSpec.model_fields.keys() - set(_FIXED))
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise InvalidOptionsError(
            Problem(name, f"A panel has no {name!r} that could be changed.", nearest(name, known)) for name in unknown
        )
    anew = {"operation_version": None} if {"operation_type", "operation_options"} & changes.keys() else {}
    try:
        return PanelSpec.model_validate({**spec.model_dump(), **anew, **changes})
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, changes, PanelSpec)) from error


def check_references(row: StatsDashboard, context: DashboardContext) -> None:
    """Refuse to take a variable away that a panel reads."""
    problems = [
        Problem(
            f"metadata.variables.{name}",
            f"The panel {panel.name!r} reads the variable {name!r}.",
            "Keep the variable, or change the panel first.",
        )
        for panel in row.panels
        for _, name in references(panel.operation_options)
        if name not in context.variables
    ]
    if problems:
        raise InvalidOptionsError(problems)


def _settled(specs: Sequence[PanelSpec]) -> Sequence[PanelSpec]:
    """The panels where they can be drawn: to store them moves none of them."""
    boxes = arrange([(spec.type, wished_box(spec)) for spec in specs])
    return [
        spec.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})
        for spec, box in zip(specs, boxes, strict=True)
    ]


def plain_panel(spec: PanelSpec) -> PanelSpec:
    """The panel with documents of plain JSON."""
    problems: list[Problem] = []
    update: dict[str, Any] = {}
    for name, templates in (("name", True), ("operation_options", False), ("metadata", True)):
        try:
            update[name] = plain(getattr(spec, name), templates=templates)
        except InvalidOptionsError as error:
            problems += under(name, error.problems)
    try:
        plain(spec.display.model_dump(mode="json"), templates=True)
    except InvalidOptionsError as error:
        problems += under("display", error.problems)
    if problems:
        raise InvalidOptionsError(problems)
    return spec.model_copy(update=update)


def _draft(panel: Any) -> PanelSpec | None:
    """A panel of a file, if it has the shape of one."""
    try:
        return PanelSpec.model_validate(panel)
    except ValidationError:
        return None


def _context_despite(faults: Iterable[Problem], metadata: Mapping[str, Any]) -> DashboardContext:
    """The context, where faulty variables have no value: a panel that reads one is not at fault itself."""
    context = context_of(metadata)
    paths = [fault.path for fault in faults if fault.path == RANGE or fault.path.startswith("variables.")]
    faulty = {path.removeprefix("variables.").split(".")[0] for path in paths}
    return replace(context, variables={**context.variables, **{name: Variable(type="text") for name in faulty}})


def wished_box(spec: PanelSpec) -> Box:
    """Where the panel wants to stand."""
    return Box(spec.x, spec.y, spec.width, spec.height)
