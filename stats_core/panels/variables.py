"""Dashboard variables: what a dashboard declares, what a caller gives, and filling `{"$var": name}` in options.

A variable holds a scalar, a list of scalars or a range, never a condition: whatever a caller gives (by a URL, by a
form) can pick another value, but cannot widen a filter that the panel's author wrote.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from stats_core.errors import InvalidOptionsError, Problem, UnknownNameError
from stats_core.panels.values import Path, canonical, dotted, plain

REFERENCE = "$var"
RANGE_KEYS = frozenset({"from", "to", "last_days", "lastDays", "preset"})
VariableType = Literal["website", "range", "text", "number", "boolean", "date"]
_WANTS: dict[VariableType, str] = {
    "website": "a website's id or a list of them",
    "range": 'a range: {"preset": "30d"}, {"last_days": 7} or {"from": …, "to": …}',
    "text": "a text or a list of texts",
    "number": "a number or a list of numbers",
    "boolean": "true or false",
    "date": "a date such as 2026-11-21",
}


class Variable(BaseModel):
    """A choice that a dashboard offers and its panels read as `{"$var": name}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: VariableType = Field(description="What it holds; `website` and `range` have pickers of their own.")
    label: str = Field("", description="How screens call it; default: its name.")
    entity: str | None = Field(None, description="Whose rows it is picked from, such as `store`; default: typed in.")
    field: str | None = Field(None, description="Their field that is the value; default: the id, shown by its name.")
    default: Any = Field(
        None, description='The value where the caller gives none; null = unset; {"$var": …} = that of another.'
    )


@dataclass(frozen=True)
class DashboardContext:
    """What a dashboard adds to the calls of its panels.

    Attributes:
        variables: The declared ones by name.
        timezone: IANA zone of its days; None where the website or the settings say.
        fingerprint: Equal for equal contexts.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    timezone: str | None = None
    fingerprint: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        declared = {name: [item.type, plain(item.default, templates=True)] for name, item in self.variables.items()}
        object.__setattr__(self, "fingerprint", canonical([declared, self.timezone]))


NO_DASHBOARD: Final = DashboardContext()


@dataclass(frozen=True, slots=True)
class Variables:
    """The values of one call: given by the caller, else the dashboard's defaults."""

    declared: Mapping[str, Variable]
    given: Mapping[str, Any]

    def value(self, name: str, *, path: str = "") -> Any:
        """The value given, else the default; None where it is unset.

        Raises:
            UnknownNameError: It is neither declared nor given.
            InvalidOptionsError: The value is a condition or of another type than declared, or defaults form a circle.
        """
        if name in self.given:
            return self._given(name)
        return self.default(name, path=path)

    def default(self, name: str, *, path: str = "", through: tuple[str, ...] = ()) -> Any:
        """The declared default; another variable in it is followed, `through` says from where."""
        if (variable := self.declared.get(name)) is None:
            raise UnknownNameError("variable", name, {*self.declared, *self.given}, path=path)
        if name in through:
            circle = " → ".join((*through[through.index(name) :], name))
            message = f"Variables refer to each other in a circle: {circle}."
            raise _invalid(f"variables.{name}.default", message, "Give one of them a value.")
        place = f"variables.{name}.default"
        return _checked(self._followed(variable.default, place, (*through, name)), variable, place)

    def _given(self, name: str) -> Any:
        return _checked(self.given[name], self.declared.get(name), f"variables.{name}")

    def _followed(self, value: Any, path: str, through: tuple[str, ...]) -> Any:
        if (name := reference(value, path)) is not None:
            return self._given(name) if name in self.given else self.default(name, path=path, through=through)
        if isinstance(value, Mapping):
            return {key: self._followed(item, f"{path}.{key}", through) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._followed(item, f"{path}[{i}]", through) for i, item in enumerate(value)]
        return value


def reference(value: Any, path: str = "") -> str | None:
    """The name in `{"$var": name}`; None where `value` is no reference.

    Raises:
        InvalidOptionsError: `$var` beside other keys, or with something that is no name.
    """
    if not isinstance(value, Mapping) or REFERENCE not in value:
        return None
    name = value[REFERENCE]
    if len(value) > 1 or not isinstance(name, str) or not name:
        raise _invalid(path, "A variable stands alone and has a name.", 'Write {"$var": "website"}.')
    return name


def references(document: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every variable that a document refers to, with the place."""
    if (name := reference(document, dotted(path))) is not None:
        yield path, name
    elif isinstance(document, Mapping):
        for key, item in document.items():
            yield from references(item, (*path, key))
    elif isinstance(document, list):
        for i, item in enumerate(document):
            yield from references(item, (*path, i))


def fill(options: Mapping[str, Any], variables: Variables, *, required: Collection[str] = ()) -> dict[str, Any]:
    """Options with every reference replaced by its value, and without the conditions whose variable is unset.

    An unset variable takes away the smallest thing that needs it: a key of an object, an element of a list, the whole
    of a `$between`. An object or list that is left empty by that goes too, so that `$not` and `$in` never end up with
    nothing inside. For a required option (`time_series` needs a range) the dashboard's default stands in.

    Args:
        options: Plain JSON.
        variables: The call's values.
        required: Names of options that cannot be left out, as they may be written.
    """
    filled: dict[str, Any] = {}
    for key, value in options.items():
        item = _filled(value, (key,), variables)
        if item is _DROPPED and key in required:
            item = _stand_in(value, key, variables)
        if item is not _DROPPED:
            filled[key] = item
    return filled


_DROPPED: Final = object()
_ALL_OR_NOTHING = "$between"


def _stand_in(value: Any, key: str, variables: Variables) -> Any:
    if (name := reference(value)) is None or name not in variables.declared:
        return _DROPPED
    default = variables.default(name, path=key)
    return _DROPPED if default is None else default


def _filled(value: Any, path: Path, variables: Variables) -> Any:
    if isinstance(value, Mapping):
        if (name := reference(value, dotted(path))) is not None:
            return _placed(name, variables.value(name, path=dotted(path)), path)
        items = {key: _filled(item, (*path, key), variables) for key, item in value.items()}
        kept: Any = {key: item for key, item in items.items() if item is not _DROPPED}
        return _DROPPED if items and not kept else kept
    if isinstance(value, list):
        elements = [_filled(item, (*path, i), variables) for i, item in enumerate(value)]
        kept = [item for item in elements if item is not _DROPPED]
        cut = len(kept) < len(elements)
        return _DROPPED if cut and (not kept or path[-1] == _ALL_OR_NOTHING) else kept
    return value


def _placed(name: str, value: Any, path: Path) -> Any:
    """The value where it may stand; _DROPPED where it is unset."""
    if value is None:
        return _DROPPED
    if path[0] == "filters" and isinstance(value, Mapping):
        message = f"The variable {name!r} holds a range; a filter wants a value."
        raise _invalid(dotted(path), message, "Use it as the option 'range'.")
    if path[0] == "filters" and isinstance(value, list) and isinstance(path[-1], int):
        message = f"The variable {name!r} holds a list, which cannot stand in a list."
        raise _invalid(dotted(path), message, f'Write {{"$in": {{"$var": "{name}"}}}}.')
    return value


def _checked(value: Any, variable: Variable | None, path: str) -> Any:
    """The value as plain JSON, if it is one that a variable (of this type) may hold."""
    value = _plain_value(value, path)
    if variable is not None and value is not None and not _fits(value, variable.type):
        raise _invalid(path, f"{value!r} is not {_WANTS[variable.type]}.")
    return value


def _plain_value(value: Any, path: str) -> Any:
    if isinstance(value, list | tuple):
        if not all(map(_is_scalar, value)):
            raise _invalid(path, "A list holds values only: texts, numbers, true or false.")
        return [_iso(item) for item in value]
    if isinstance(value, Mapping):
        if not value or not RANGE_KEYS.issuperset(value) or not all(v is None or _is_scalar(v) for v in value.values()):
            message = f"{value!r} is no value: conditions cannot come from a variable."
            raise _invalid(path, message, f"A variable holds a value, a list of values, or {_WANTS['range']}.")
        return {key: _iso(item) for key, item in value.items() if item is not None}
    if value is None or _is_scalar(value):
        return _iso(value)
    raise _invalid(path, f"{value!r} is no value that a variable can hold.")


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | date | datetime)


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _fits(value: Any, variable_type: VariableType) -> bool:
    if variable_type == "range":
        return isinstance(value, dict)
    if variable_type == "boolean":
        return isinstance(value, bool)
    if variable_type == "date":
        return isinstance(value, str) and _is_date(value)
    wanted = str if variable_type in {"website", "text"} else int | float
    values = value if isinstance(value, list) else [value]
    return all(isinstance(item, wanted) and not isinstance(item, bool) for item in values)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _invalid(path: str, message: str, hint: str = "") -> InvalidOptionsError:
    return InvalidOptionsError([Problem(path, message, hint)])
