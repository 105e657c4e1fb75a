"""Aggregates: what is calculated from the rows of a question, and what the figure means.

    {"fn": "sum", "field": "total_cents"}     count, sum, avg, min, max or count_distinct of a field
    {"measure": "bounce_rate"}                a named aggregate of the entity's catalog entry

Over no values, counts and sums are 0; avg, min, max and ratios are null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy import ColumnElement, FromClause, func

from stats_core.catalog.arithmetic import AggregateFunction, aggregate
from stats_core.catalog.entity import Entity, FieldType, Measure
from stats_core.catalog.expressions import Aggregate as AggregateNode
from stats_core.catalog.expressions import Binary, Expression, Negative, Node, Number
from stats_core.errors import InvalidOptionsError, Problem
from stats_core.query.constructs import in_order
from stats_core.query.joins import FoundField, Joined, column_of

DIGITS: Final = 12
"""Significant digits of calculated floats: engines add in different orders, and differ in the digits behind these."""

DECIMALS: Final = 2
"""Digits after the point that are kept all the same: cents count in large sums of money, too."""


class Aggregate(BaseModel):
    """`{fn, field}` or `{measure}`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )

    fn: AggregateFunction | None = Field(None, description="What is done with the field; count alone needs none.")
    field: str | None = Field(None, description="The field it is done with, dotted over relations.")
    measure: str | None = Field(None, description="A measure of the entity, instead of fn and field.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.fn is None) == (self.measure is None):
            msg = "give either fn (with field) or measure"
            raise ValueError(msg)
        if self.measure is not None and self.field is not None:
            msg = "a measure has its fields already: leave field out"
            raise ValueError(msg)
        if self.fn not in {None, "count"} and self.field is None:
            msg = f"{self.fn} needs a field"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """An aggregate that is ready to be put into a statement.

    Attributes:
        inputs: By label, what it reads of each row; the rows' subquery must have these columns.
        over: Its SQL over such a subquery.
        type: Of its value.
        additive: Whether the values of parts add up to the value of the whole.
        over_nothing: Its value over no rows.
        distinct: The label of the input, where it is a plain count of distinct values.
        by_day: Whether it adds up what was counted day by day.
        chosen: Whether its value is one of the field's own values, as the greatest is, and not calculated.
    """

    inputs: Mapping[str, ColumnElement[Any]]
    over: Callable[[FromClause], ColumnElement[Any]]
    type: FieldType
    additive: bool
    over_nothing: int | float | None
    distinct: str | None = None
    unit: str | None = None
    definition: str | None = None
    by_day: bool = False
    chosen: bool = False

    def value(self, raw: Any) -> Any:
        """A value as the database gave it, as it is shown."""
        if self.chosen and isinstance(raw, float):
            return raw + 0.0
        return normal(raw, self.type)


def figure_of(asked: Aggregate, joined: Joined, *, path: str = "aggregate") -> Figure:
    """The figure that options ask for.

    Raises:
        UnknownNameError: The entity has no such field or measure.
        InvalidOptionsError: The function does not go with the field's type.
    """
    if asked.measure is not None:
        return _of_measure(joined.entity, joined.entity.measure(asked.measure, path=f"{path}.measure"))
    assert asked.fn is not None
    if asked.field is None:
        return _of_rows(joined.entity)
    return _of_field(asked.fn, joined.field(asked.field, path=f"{path}.field"), f"{path}.field")


def normal(raw: Any, type_: FieldType) -> Any:
    """Whole numbers as int, others as float of `DIGITS` digits and at least `DECIMALS` decimals, all else as it is."""
    if raw is None or isinstance(raw, str | bool | date):
        return raw
    if type_ is FieldType.INTEGER:
        return int(raw)
    number = float(raw)
    magnitude = math.floor(math.log10(abs(number))) if number else 0
    return round(number, max(DIGITS - 1 - magnitude, DECIMALS)) + 0.0  # + 0.0 turns -0.0 round


def _of_rows(entity: Entity) -> Figure:
    return Figure(
        inputs={},
        over=lambda _rows: func.count(),
        type=FieldType.INTEGER,
        additive=True,
        over_nothing=0,
        definition=f"Number of rows: {entity.label or entity.name}.",
    )


_WANTS: Final[Mapping[AggregateFunction, tuple[frozenset[FieldType], str]]] = {
    "sum": (frozenset({FieldType.INTEGER, FieldType.NUMBER}), "a number"),
    "avg": (frozenset({FieldType.INTEGER, FieldType.NUMBER}), "a number"),
    "min": (frozenset(FieldType) - {FieldType.JSON, FieldType.BOOLEAN}, "a number, a text, a date or a time"),
    "max": (frozenset(FieldType) - {FieldType.JSON, FieldType.BOOLEAN}, "a number, a text, a date or a time"),
    "count_distinct": (frozenset(FieldType) - {FieldType.JSON}, "a field that is no JSON document"),
    "count": (frozenset(FieldType), "a field"),
}
_WORDS: Final[Mapping[AggregateFunction, str]] = {
    "sum": "Sum of {}",
    "avg": "Average of {}",
    "min": "Least {}",
    "max": "Greatest {}",
    "count_distinct": "Number of different values of {}",
    "count": "Number of rows with {}",
}


def _of_field(fn: AggregateFunction, field: FoundField, path: str) -> Figure:
    types, wanted = _WANTS[fn]
    if field.type not in types:
        hint = "count works on any field." if field.type is FieldType.JSON else "count and count_distinct work on it."
        message = f"{fn} wants {wanted}, and {field.name} is of type {field.type}."
        raise InvalidOptionsError([Problem(path, message, hint)])
    counts = fn in {"count", "count_distinct"}
    ordered = fn in {"min", "max"}
    definition = f"{_WORDS[fn].format(field.name)}."
    return Figure(
        inputs={"input_0": in_order(field.column) if ordered else field.column},
        over=lambda rows: _sum_of_nothing(fn, aggregate(fn, rows.c.input_0)),
        type=FieldType.INTEGER if counts else FieldType.NUMBER if fn == "avg" else field.type,
        additive=fn in {"count", "sum"},
        over_nothing=0 if fn in {"count", "count_distinct", "sum"} else None,
        distinct="input_0" if fn == "count_distinct" else None,
        unit=None if counts else field.field.unit,
        definition=f"{definition} {field.field.definition}" if field.field.definition else definition,
        by_day=fn == "sum" and field.field.distinct_by_day,
        chosen=ordered,
    )


def _sum_of_nothing(fn: AggregateFunction, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(column, 0) if fn == "sum" else column


def _of_measure(entity: Entity, measure: Measure) -> Figure:
    labels = {name: f"input_{index}" for index, name in enumerate(measure.expression.names)}
    return Figure(
        inputs={label: column_of(entity, entity.table, name) for name, label in labels.items()},
        over=lambda rows: measure.expression.compile(lambda name: rows.c[labels[name]]),
        type=measure.type,
        additive=measure.additivity == "sum",
        over_nothing=over_nothing(measure.expression),
        unit=measure.unit,
        definition=measure.definition,
        by_day=measure.distinct_by_day,
    )


def over_nothing(expression: Expression) -> int | float | None:
    """The value of a measure over no rows: its counts and sums are 0, and what is divided by 0 is null."""
    found = _over_nothing(expression.root)
    return None if found is None else normal(found, FieldType.INTEGER if isinstance(found, int) else FieldType.NUMBER)


def _over_nothing(node: Node) -> int | float | None:
    match node:
        case Number():
            return float(node.value) if not isinstance(node.value, int) else node.value
        case AggregateNode():
            return 0 if node.function in {"count", "count_distinct", "sum"} else None
        case Negative():
            value = _over_nothing(node.operand)
            return None if value is None else -value
        case Binary():
            left, right = _over_nothing(node.left), _over_nothing(node.right)
            return None if left is None or right is None else _calculated(node.operator, left, right)
        case _:
            return None


def _calculated(operator: Literal["+", "-", "*", "/"], left: float, right: float) -> int | float | None:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
