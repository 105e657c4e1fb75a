"""A dashboard's own fields as somebody edits them: a line per variable instead of a nested document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.panels.dashboard import Dashboard

_OWN: Final = ("timezone", "audience", "variables")  # of the metadata: what is edited here; all else is kept
_JSON_BEGINS: Final = ("{", "[", '"')


@dataclass(frozen=True, slots=True)
class VariableLine:
    """A variable as texts; empty where nothing is said.

    Attributes:
        default: A text as it is, everything else as JSON.
    """

    name: str = ""
    type: str = "text"
    label: str = ""
    entity: str = ""
    field: str = ""
    default: str = ""

    def document(self) -> dict[str, Any]:
        """As the metadata holds it."""
        said = {"label": self.label.strip(), "entity": self.entity.strip(), "field": self.field.strip()}
        return {
            "type": self.type,
            **{name: text for name, text in said.items() if text},
            **({"default": _read(self.default.strip(), self.type)} if self.default.strip() else {}),
        }


@dataclass(frozen=True, slots=True)
class DashboardDraft:
    """What a person writes of a dashboard beside its panels.

    Attributes:
        timezone: IANA zone; empty = the website's, else the workbench's.
        audience: `platform` or `tenant`.
    """

    name: str
    description: str = ""
    timezone: str = ""
    audience: str = "platform"
    variables: tuple[VariableLine, ...] = field(default=())

    def fields(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What `Dashboards.update` takes, with whatever else the metadata holds.

        Raises:
            InvalidOptionsError: The dashboard or a variable has no name, or two variables have the same.
        """
        declared: dict[str, Any] = {}
        problems = [] if self.name.strip() else [Problem("name", "A dashboard needs a name.", "Write one.")]
        for at, line in enumerate(self.variables):
            name = line.name.strip()
            if not name:
                problems.append(Problem(line_path(at), "A variable needs a name.", "Or take the line away."))
            elif name in declared:
                problems.append(Problem(line_path(at), f"Two variables are called {name!r}.", "Rename one of them."))
            declared[name] = line.document()
        if problems:
            raise InvalidOptionsError(problems)
        own = {"timezone": self.timezone.strip(), "audience": self.audience, "variables": declared}
        said = {key: value for key, value in own.items() if value and value != "platform"}
        kept = {key: value for key, value in metadata.items() if key not in _OWN}
        return {"name": self.name, "description": self.description.strip() or None, "metadata": {**kept, **said}}

    def place(self, problem: Problem) -> str:
        """The field of the form that a problem is about: `name`, `timezone`, `variables[2]`, or empty for the whole."""
        path = problem.path.removeprefix("metadata.")
        if path.startswith("variables."):
            named = path.split(".")[1]
            at = next((i for i, line in enumerate(self.variables) if line.name.strip() == named), None)
            return "" if at is None else line_path(at)
        return path if path in {"name", "description", "timezone", "audience"} or path.startswith("variables[") else ""


def line_path(at: int) -> str:
    """Where the problems of a line stand."""
    return f"variables[{at}]"


def opened(dashboard: Dashboard) -> DashboardDraft:
    """A stored dashboard as it is edited."""
    return DashboardDraft(
        name=dashboard.name,
        description=dashboard.description or "",
        timezone=dashboard.context.timezone or "",
        audience=dashboard.audience,
        variables=tuple(
            VariableLine(
                name,
                variable.type,
                variable.label,
                variable.entity or "",
                variable.field or "",
                _written(variable.default, variable.type),
            )
            for name, variable in dashboard.variables.items()
        ),
    )


def _written(value: Any, kind: str) -> str:
    if value is None:
        return ""
    as_it_is = isinstance(value, str) and not value.startswith(_JSON_BEGINS)
    return value if as_it_is and _read(value, kind) == value else json.dumps(value, ensure_ascii=False)


def _read(text: str, kind: str) -> Any:
    """The value that a text means for a variable of this type; a text that means none is given on, to be refused."""
    if kind in {"text", "website", "date"} and not text.startswith(_JSON_BEGINS):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
