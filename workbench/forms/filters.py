"""A filter document as rows of field, operator and value, and back; what is more than that is kept as it is.

{"status": "PAID", "total_cents": {"$gte": 1000, "$lt": 5000}, "$or": […]}
status is PAID · total_cents at least 1000 · total_cents below 5000 · and the rest {"$or": […]}
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from stats_core.catalog.entity import FieldType
from stats_core.panels.variables import REFERENCE

SHORT: Final = ""  # the operator of {"status": "PAID"} and of {"status": ["PAID", "SHIPPED"]}
WORDS: Final = {
    SHORT: "is",
    "$eq": "equals",
    "$ne": "is not",
    "$gt": "above",
    "$gte": "at least",
    "$lt": "below",
    "$lte": "at most",
    "$between": "between",
    "$in": "one of",
    "$nin": "none of",
    "$contains": "contains",
    "$starts_with": "starts with",
    "$ends_with": "ends with",
    "$like": "like",
    "$ilike": "like, any case",
    "$exists": "is known",
}
LISTS: Final = frozenset({"$in", "$nin", "$between"})
_TEXT: Final = ("", "$ne", "$contains", "$starts_with", "$ends_with", "$in", "$nin", "$like", "$ilike", "$exists")
_ORDER: Final = ("", "$ne", "$gt", "$gte", "$lt", "$lte", "$between", "$in", "$nin", "$exists")
_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Row:
    """One condition; `operand` is a scalar, a list of scalars, or a reference to a variable."""

    field: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Conditions:
    """A filter document: what rows can show, and what they cannot."""

    rows: tuple[Row, ...] = ()
    rest: Mapping[str, Any] | None = None


def conditions(document: Mapping[str, Any]) -> Conditions:
    """The document as rows; a field whose condition is not simple is in the rest as a whole."""
    rows: list[Row] = []
    rest: dict[str, Any] = {}
    for key, value in document.items():
        found = None if key.startswith("$") else _rows(key, value)
        if found is None:
            rest[key] = value
        else:
            rows += found
    return Conditions(tuple(rows), rest or None)


def _rows(field: str, value: Any) -> list[Row] | None:
    if _simple(value):
        return [Row(field, SHORT, value)]
    if not isinstance(value, Mapping) or not value:
        return None
    if not all(operator and operator in WORDS and _simple(operand) for operator, operand in value.items()):
        return None
    return [Row(field, operator, operand) for operator, operand in value.items()]


def _simple(operand: Any) -> bool:
    if isinstance(operand, Mapping):
        return set(operand) == {REFERENCE} and isinstance(operand[REFERENCE], str)
    items = operand if isinstance(operand, list) else [operand]
    return all(isinstance(item, _SCALARS) for item in items)


def document(found: Conditions) -> dict[str, Any]:
    """Rows and rest as a filter document; a second condition that would replace the first goes into `$and`."""
    made: dict[str, Any] = {}
    clashing: list[dict[str, Any]] = []
    rest = dict(found.rest or {})
    for row in found.rows:
        written = {row.field: row.operand if row.operator == SHORT else {row.operator: row.operand}}
        if row.field not in made and row.field not in rest:
            made |= written
        elif row.operator != SHORT and _open(made.get(row.field), row.operator):
            made[row.field] = {**made[row.field], row.operator: row.operand}
        else:
            clashing.append(written)
    if not clashing:
        return {**made, **rest}
    both = rest.pop("$and", [])
    return {**made, **rest, "$and": [*both, *clashing] if isinstance(both, list) else clashing}


def _open(value: Any, operator: str) -> bool:
    """Whether an object of operators can take one more."""
    return isinstance(value, Mapping) and REFERENCE not in value and operator not in value


def operators(type_: FieldType | None, chosen: str = SHORT) -> tuple[str, ...]:
    """The operators that make sense for a field, and the one that is chosen."""
    if type_ is FieldType.BOOLEAN:
        offered: Sequence[str] = (SHORT, "$exists")
    else:
        offered = _TEXT if type_ in {FieldType.TEXT, FieldType.JSON, None} else _ORDER
    return (*offered, *({chosen} - {*offered}))


def first_row(field: str, type_: FieldType | None) -> Row:
    """A condition on a field to begin with; it holds for every row that has a value."""
    return Row(field, SHORT, True) if type_ is FieldType.BOOLEAN else Row(field, "$exists", operand=True)


def with_operator(row: Row, operator: str, type_: FieldType | None) -> Row:
    """The row under another operator, its operand kept as far as the operator takes it."""
    if operator == "$exists":
        return replace(row, operator=operator, operand=True)
    if isinstance(row.operand, Mapping):
        return replace(row, operator=operator)
    values = [item for item in (row.operand if isinstance(row.operand, list) else [row.operand]) if item is not True]
    if operator in LISTS:
        return replace(row, operator=operator, operand=values)
    if type_ is FieldType.BOOLEAN:
        return replace(row, operator=operator, operand=True)
    return replace(row, operator=operator, operand=values[0] if values else _first(type_))


def _first(type_: FieldType | None) -> Any:
    return 0 if type_ in {FieldType.INTEGER, FieldType.NUMBER} else ""


def operand(text: str, type_: FieldType | None) -> Any:
    """A typed value: a number where the field holds numbers and it is one; the text else, which validation judges."""
    if type_ in {FieldType.INTEGER, FieldType.NUMBER}:
        for read in (int, float):
            with contextlib.suppress(ValueError):
                return _finite(read(text))
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        msg = f"{number} is no number of JSON"
        raise ValueError(msg)
    return number


def operands(texts: Iterable[str], type_: FieldType | None) -> list[Any]:
    """Several typed values."""
    return [operand(text, type_) for text in texts]
