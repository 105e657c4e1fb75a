"""The description of one field of a form, and the places of a document that fields stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic.alias_generators import to_camel, to_snake

from stats_core.errors import Problem

Kind = Literal[
    "entity",
    "field",
    "fields",
    "filter",
    "aggregate",
    "measure",
    "group",
    "range",
    "sort",
    "choice",
    "number",
    "text",
    "toggle",
    "conditions",
    "json",
]
Path = tuple[str, ...]
MISSING: Final = object()
_PARTS = re.compile(r"[.\[]")


def spoken(name: str) -> str:
    """A name as a label: "group_by" -> "Group by"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values.

    Attributes:
        refused: Why it cannot be taken now; empty where it can.
    """

    value: Any
    label: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Attributes:
        path: Where its value stands in the document.
        kind: Which sort of control shows it.
        choices: The values that it offers, where it offers any.
        default: What holds where the document says nothing.
        minimum: Of a number.
        whole: Whether a number has no fraction.
        multiline: Whether a text has lines.
        rare: Whether most can do without it.
        children: The parts of a value that is made of several.
    """

    path: Path
    kind: Kind
    label: str
    help: str = ""
    choices: tuple[Choice, ...] = ()
    default: Any = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    multiline: bool = False
    rare: bool = False
    children: tuple[FormField, ...] = ()

    def child(self, name: str) -> FormField:
        """The part of this name."""
        return next(child for child in self.children if child.path[-1] == name)

    def faults(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Those of the problems that stand at this field or inside it."""
        return tuple(problem for problem in problems if _begins(problem.path, self.path))


def _begins(path: str, prefix: Path) -> bool:
    """Whether a dotted path, with keys in snake or camel case, leads into a field."""
    parts = _PARTS.split(path)[: len(prefix)]
    return len(parts) == len(prefix) and all(
        name in {part, to_snake(part)} for part, name in zip(parts, prefix, strict=True)
    )


def elsewhere(problems: Iterable[Problem], fields: Iterable[FormField]) -> tuple[Problem, ...]:
    """The problems that stand at none of the fields."""
    paths = [field.path for field in fields]
    return tuple(problem for problem in problems if not any(_begins(problem.path, path) for path in paths))


def value_at(document: Any, path: Path) -> Any:
    """What a document holds there; MISSING where it holds nothing."""
    for name in path:
        if not isinstance(document, Mapping):
            return MISSING
        document = document.get(_key(document, name), MISSING)
    return document


def placed(document: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The document with another value there; MISSING takes it away, and an object that is empty without it."""
    key = _key(document, path[0])
    rest = {name: item for name, item in document.items() if name != key}
    if len(path) > 1:
        inner = document.get(key)
        value = placed(inner if isinstance(inner, Mapping) else {}, path[1:], value) or MISSING
    if value is MISSING:
        return rest
    return {**document, key: value}


def _key(document: Mapping[str, Any], name: str) -> str:
    """The name as the document's author wrote it: options may be in camel case."""
    camel = to_camel(name)
    return camel if name not in document and camel in document else name
