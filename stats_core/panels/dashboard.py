"""A dashboard as a value: its names, its metadata and its panels in reading order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.panel import PanelSpec
from stats_core.panels.values import model_problems, plain, under
from stats_core.panels.variables import DashboardContext, Variable, Variables
from stats_core.query.zones import find_zone

Audience = Literal["platform", "tenant"]

NAME_LENGTH = 200
RANGE = "range"
DESCRIPTION_LENGTH = 2_000
_VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)  # it stands in URLs


class DashboardFields(BaseModel):
    """What a person writes of a dashboard, beside its panels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=NAME_LENGTH, description="Title of the page.")
    description: str | None = Field(None, max_length=DESCRIPTION_LENGTH, description="What it shows, in a sentence.")
    icon: str | None = Field(None, max_length=64, description="A Material symbol's name.")
    color: str | None = Field(None, max_length=32, description="Accent: a colour's name or #rrggbb.")
    metadata: dict[str, Any] = Field(
        default_factory=dict, description="Holds `variables`, `range`, `timezone`, and whatever else belongs to it."
    )

    @field_validator("name")
    @classmethod
    def _says_something(cls, name: str) -> str:
        if not name.strip():
            msg = "A dashboard needs a name."
            raise ValueError(msg)
        return name.strip()


class DashboardMetadata(BaseModel):
    """The part of a dashboard's metadata that has a meaning here; other keys are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    variables: dict[str, Variable] = Field(default_factory=dict, description="Choices that panels read, by name.")
    range: dict[str, Any] | None = Field(
        None, description="Default of the variable `range`, where `variables` does not declare it."
    )
    timezone: str | None = Field(None, description="IANA zone of days; default: the website's, else the workbench's.")
    audience: Audience = Field(
        "platform", description="Who reads it: `tenant` adds merchants, each with their own data."
    )


class DashboardSummary(BaseModel):
    """A dashboard in a list."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    description: str | None
    icon: str | None
    color: str | None
    panel_count: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Dashboard(DashboardFields):
    """A stored dashboard. Its panels come in reading order: from top to bottom, then from left to right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    panels: tuple[PanelSpec, ...] = ()
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @cached_property
    def context(self) -> DashboardContext:
        """What it adds to the calls of its panels; put drafts of panels on it with `panel.on(dashboard.context)`."""
        return context_of(self.metadata)

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The declared variables by name."""
        return self.context.variables

    @property
    def audience(self) -> Audience:
        """Who reads it."""
        return audience_of(self.metadata)


ItemT = TypeVar("ItemT")


class Page(BaseModel, Generic[ItemT]):
    """A part of a list, and how long the list is."""

    model_config = ConfigDict(frozen=True)

    items: tuple[ItemT, ...]
    total: int
    limit: int
    offset: int


def checked_fields(given: Mapping[str, Any]) -> DashboardFields:
    """The fields of a dashboard as they may be stored.

    Raises:
        InvalidOptionsError: One problem per fault: lengths, unknown fields, variables, time zone.
    """
    try:
        document = plain(given, templates=True)
        fields = DashboardFields.model_validate(document)
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, document, DashboardFields)) from error
    if problems := under("metadata", metadata_problems(fields.metadata)):
        raise InvalidOptionsError(problems)
    return fields


def metadata_problems(metadata: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a dashboard's metadata: shapes, names and defaults of variables, the time zone."""
    try:
        parsed = DashboardMetadata.model_validate(metadata)
    except ValidationError as error:
        return model_problems(error, metadata, DashboardMetadata)
    declared = context_of(metadata).variables
    return [
        *_zone_problems(parsed.timezone),
        *_variable_problems(declared, implied=set(declared) - set(parsed.variables)),
    ]


def audience_of(metadata: Mapping[str, Any]) -> Audience:
    """Who reads a dashboard; what was not written as it should be is the platform's alone."""
    return "tenant" if metadata.get("audience") == "tenant" else "platform"


def context_of(metadata: Mapping[str, Any]) -> DashboardContext:
    """What a dashboard adds to its panels' calls.

    A variable that does not validate (a row edited by hand) is left out, so that only the panels that use it fail.
    """
    declared = metadata.get("variables")
    documents = declared.items() if isinstance(declared, Mapping) else ()
    variables = {name: variable for name, document in documents if (variable := _variable(document)) is not None}
    if metadata.get(RANGE) is not None and RANGE not in variables:
        variables[RANGE] = Variable(type="range", label="Range", default=metadata[RANGE])
    zone = metadata.get("timezone")
    return DashboardContext(variables, zone if isinstance(zone, str) and not _zone_problems(zone) else None)


def _variable(document: Any) -> Variable | None:
    try:
        return Variable.model_validate(document)
    except ValidationError:
        return None


def _zone_problems(zone: str | None) -> Iterable[Problem]:
    try:
        if zone is not None:
            find_zone(zone)
    except ExpectedError as error:
        return error.problems
    return ()


def _variable_problems(variables: Mapping[str, Variable], *, implied: Collection[str]) -> Iterable[Problem]:
    defaults = Variables(variables, {})
    for name in variables:
        if not _VARIABLE_NAME.fullmatch(name):
            yield Problem(f"variables.{name}", f"{name!r} is no name of a variable.", "Use letters, digits and _.")
        try:
            defaults.default(name)
        except ExpectedError as error:
            yield from (replace(p, path=RANGE) if name in implied else p for p in error.problems)
