"""Documents as people write them (options, metadata, variables) as plain JSON values, and paths into them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_snake

from stats_core.errors import InvalidOptionsError, Problem, nearest

Path = tuple[str | int, ...]
MAX_DEPTH = 64  # levels; options written by hand have five
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL's text has no NUL, UTF-8 has no lone surrogates
_A_LIST = ("This wants a list.", "Put it in brackets: […].")
_AN_OBJECT = ("This wants an object.", 'Write {"key": value}.')
_SHAPES = {  # of which pydantic speaks in words of Python, by its types of faults
    "tuple_type": _A_LIST,
    "list_type": _A_LIST,
    "dict_type": _AN_OBJECT,
    "model_type": _AN_OBJECT,
    "model_attributes_type": _AN_OBJECT,
}
_TEMPLATE_HINT = 'Write a variable as {"$var": "name"}, or the value itself.'


def dotted(path: Iterable[str | int]) -> str:
    """`("filters", "status", "$in", 2)` as `filters.status.$in[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def canonical(value: Any) -> str:
    """JSON that is equal for equal values, whatever the order of keys.

    Raises:
        TypeError: A value is not JSON.
        ValueError: A number is not finite, or the value contains itself.
    """
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain(document: Any, *, templates: bool = False) -> Any:
    """A copy of the document made of dict, list, str, int, float, bool and None alone; dates become ISO text.

    Args:
        document: As it came from JSON, YAML or Python.
        templates: Whether `{{ … }}` is let through; in options it is refused, since nothing would fill it in.

    Raises:
        InvalidOptionsError: One problem per value that JSON or a database cannot hold, and per template.
    """
    problems: list[Problem] = []

    def complain(path: Path, message: str, hint: str = "") -> None:
        problems.append(Problem(dotted(path), message, hint))

    copied = _copy(document, (), complain, templates)
    if problems:
        raise InvalidOptionsError(problems)
    return copied


def _copy(value: Any, path: Path, complain: Callable[..., None], templates: bool) -> Any:
    if isinstance(value, Mapping | list | tuple):
        if len(path) < MAX_DEPTH:
            return _copied_container(value, path, complain, templates)
        complain(path[:3], f"This is nested deeper than {MAX_DEPTH} levels.")
    elif isinstance(value, str):
        return _text(value, path, complain, templates)
    elif isinstance(value, date):
        return value.isoformat()
    elif value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    else:
        complain(
            path, f"{value!r} is no JSON value.", "Use text, finite numbers, true, false, null, lists and objects."
        )
    return None


def _copied_container(value: Any, path: Path, complain: Callable[..., None], templates: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            _key(key, path, complain, templates): _copy(item, (*path, str(key)), complain, templates)
            for key, item in value.items()
        }
    return [_copy(item, (*path, i), complain, templates) for i, item in enumerate(value)]


def _key(key: Any, path: Path, complain: Callable[..., None], templates: bool) -> str:
    if not isinstance(key, str):
        complain(path, f"The key {key!r} is no text.", "Put it in quotes.")
        return str(key)
    return _text(key, (*path, key), complain, templates)


def _text(value: str, path: Path, complain: Callable[..., None], templates: bool) -> str:
    if _UNSTORABLE.search(value):
        complain(path, f"{value!r} has a character that no database can hold.", "Remove NUL and lone surrogates.")
    elif not templates and (template := _TEMPLATE.search(value)):
        complain(path, f"Templates are not filled in here: {template[0]!r}.", _TEMPLATE_HINT)
    return str(value)


def under(prefix: str, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with their paths beginning at `prefix`."""
    return [
        Problem(f"{prefix}{'' if not p.path or p.path.startswith('[') else '.'}{p.path}", p.message, p.hint)
        for p in problems
    ]


def model_problems(error: ValidationError, document: Any, model: type[BaseModel]) -> list[Problem]:
    """What pydantic found, with paths as the author wrote them: no union members, no aliases that he did not use."""
    found: dict[tuple[str, str], Problem] = {}
    for fault in error.errors(include_url=False, include_context=True):
        path = dotted(_written(fault["loc"], document, missing=fault["type"] == "missing"))
        problem = Problem(path, *_words(fault, model))
        found.setdefault((problem.path, problem.message), problem)
    return list(found.values())


def _written(loc: Sequence[str | int], document: Any, *, missing: bool) -> Path:
    path: Path = ()
    for i, part in enumerate(loc):
        if isinstance(document, Mapping) and isinstance(part, str):
            name = part if part in document else to_snake(part)
            if name in document or (missing and i == len(loc) - 1):
                path, document = (*path, name), document.get(name)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            path, document = (*path, part), document[part]
    return path


def _words(fault: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    """Message and hint of one of pydantic's faults."""
    name = fault["loc"][-1] if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        known = model.model_fields if len(fault["loc"]) == 1 else ()
        return f"There is no option {name!r} here.", nearest(str(name), known) if known else "Remove it."
    if fault["type"] == "missing":
        return f"The option {to_snake(str(name))!r} is missing.", "Add it."
    if fault["type"] in _SHAPES:
        return _SHAPES[fault["type"]]
    message = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return f"{message}{'' if message.endswith(('.', '?', '!')) else '.'}", ""
