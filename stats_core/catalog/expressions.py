"""Formulas of computed fields and measures: one small language, read by `ast` and compiled to SQLAlchemy.

    quantity * unit_price * (1 - discount)            a computed field
    sum(bounces) / sum(sessions)                      a measure
    sum(total_cents, where=status in ("PAID", "SHIPPED") and refunded_cents == 0)

A formula names fields of its own entity (in backticks where a name is no plain word), numbers, `+ - * /` and brackets.
A measure wraps them in count, sum, avg, min, max and count_distinct; `where=` narrows the rows of one of these.
Division is never integer division, and null where the divisor is 0. In conditions null is a value that equals nothing:
`!=`, `not in` and `not` hold for it, as in filters. A sum of nothing is 0, its average null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement

from stats_core.catalog.entity import FieldType
from stats_core.catalog.formula_reader import MAX_DEPTH, read_formula
from stats_core.catalog.formula_sql import Resolve, compiled
from stats_core.catalog.formula_tree import (
    Aggregate,
    Binary,
    Condition,
    FormulaError,
    Name,
    Negative,
    Node,
    Number,
    adds_up,
    children,
    names_in,
)
from stats_core.catalog.formula_types import type_of

__all__ = [
    "Aggregate",
    "Binary",
    "Expression",
    "FormulaError",
    "Name",
    "Negative",
    "Node",
    "Number",
    "check_size",
    "field_types",
    "parse_expression",
]

MAX_PARTS: Final = 2000  # names, numbers and operators, with those of the computed fields that are used


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed formula.

    Attributes:
        text: As it was written.
        aggregates: Whether it is a measure.
    """

    text: str
    aggregates: bool
    root: Node = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields it reads, each once, in the order of their first appearance."""
        return tuple(dict.fromkeys(name.name for name in names_in(self.root)))

    @property
    def additive(self) -> bool:
        """Whether values of parts add up to the value of the whole: sums and counts, added and scaled by constants."""
        return self.aggregates and adds_up(self.root)

    def type(self, fields: Mapping[str, FieldType]) -> FieldType:
        """The type of its value, given the types of the entity's fields.

        Raises:
            FormulaError: It names an unknown field, or does arithmetic with what is no number.
        """
        return type_of(self.root, fields)

    def compile(self, resolve: Resolve) -> ColumnElement[Any]:
        """The SQL of it; `resolve` gives the column (or the compiled formula) of each field."""
        return compiled(self.root, resolve)


def parse_expression(text: str, *, aggregates: bool) -> Expression:
    """Read a formula: of a measure with `aggregates`, of a computed field without.

    Raises:
        FormulaError: It is no formula; the message says what is wrong and at which character.
    """
    return Expression(text, aggregates, read_formula(text, aggregates=aggregates))


def field_types(columns: Mapping[str, FieldType], formulas: Mapping[str, Expression]) -> dict[str, FieldType]:
    """Types of all fields of an entity: its columns and its computed fields, which may build on each other.

    Raises:
        FormulaError: A formula names an unknown field, cannot be calculated, leads back to itself, or grows too large.
    """
    types = dict(columns)
    sizes: dict[str, _Size] = {}

    def settle(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circle = " -> ".join((*way[way.index(name) :], name))
            raise FormulaError(
                f"Computed fields lead in a circle: {circle}.", hint="Write one of them over columns only."
            )
        if len(way) >= MAX_DEPTH:
            raise FormulaError(f"Computed fields build on each other more than {MAX_DEPTH} deep.", hint=_SPLIT)
        for used in formulas[name].names:
            if used in formulas and used not in types:
                settle(used, (*way, name))
        types[name] = formulas[name].type({**dict.fromkeys(formulas, FieldType.NUMBER), **types})
        sizes[name] = _checked_size(formulas[name], sizes)

    for name in formulas:
        if name not in types:
            settle(name, ())
    return types


def check_size(measure: Expression, formulas: Mapping[str, Expression]) -> None:
    """Refuse a measure that, with the computed fields in place of their names, is too large for a statement.

    Raises:
        FormulaError: It is.
    """
    sizes: dict[str, _Size] = {}

    def size(name: str) -> _Size:
        if name not in sizes:
            for used in formulas[name].names:
                if used in formulas:
                    size(used)
            sizes[name] = _checked_size(formulas[name], sizes)
        return sizes[name]

    for used in measure.names:
        if used in formulas:
            size(used)
    _checked_size(measure, sizes)


_SPLIT: Final = "Keep the value in a column or a view of the database."


@dataclass(frozen=True, slots=True)
class _Size:
    """How deep and how large a formula is with its computed fields filled in: two names of two names of … double it."""

    depth: int
    parts: int


def _checked_size(expression: Expression, sizes: Mapping[str, _Size]) -> _Size:
    found = _size(expression.root, sizes)
    if found.depth > MAX_DEPTH or found.parts > MAX_PARTS:
        raise FormulaError(
            f"With the computed fields it uses, the formula has {found.parts} parts, {found.depth} deep; "
            f"at most {MAX_PARTS} and {MAX_DEPTH} are calculated.",
            hint=_SPLIT,
        )
    return found


def _size(node: Node | Condition, sizes: Mapping[str, _Size]) -> _Size:
    if isinstance(node, Name):
        return sizes.get(node.name, _Size(1, 1))
    inner = [_size(child, sizes) for child in children(node)]
    return _Size(1 + max((one.depth for one in inner), default=0), 1 + sum(one.parts for one in inner))
