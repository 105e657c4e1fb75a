"""The SQL of a formula."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, cast

from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, or_, true

from stats_core.catalog.arithmetic import aggregate, combined, negative, number, numeric, ratio
from stats_core.catalog.formula_tree import (
    Aggregate,
    Binary,
    Comparing,
    Comparison,
    Condition,
    Logic,
    Name,
    Negative,
    Node,
    Number,
)

Resolve: TypeAlias = Callable[[str], ColumnElement[Any]]


def compiled(node: Node, resolve: Resolve) -> ColumnElement[Any]:
    """The SQL of it; `resolve` gives the column (or the compiled formula) of each field."""
    match node:
        case Number():
            return number(node.value)
        case Name():
            return resolve(node.name)
        case Negative():
            return negative(compiled(node.operand, resolve))
        case Binary(operator="/"):
            return ratio(compiled(node.left, resolve), compiled(node.right, resolve))
        case Binary():
            left, right = compiled(node.left, resolve), compiled(node.right, resolve)
            return combined(cast("Literal['+', '-', '*']", node.operator), left, right)
        case Aggregate():
            return _aggregate(node, resolve)


def _aggregate(node: Aggregate, resolve: Resolve) -> ColumnElement[Any]:
    where = None if node.where is None else _condition(node.where, resolve)
    if node.argument is None:
        return func.count() if where is None else func.count(case((where, number(1))))
    argument = compiled(node.argument, resolve)
    if where is not None:
        argument = case((where, numeric(argument) if node.function in {"sum", "avg"} else argument))
    found = aggregate(node.function, argument)
    return func.coalesce(found, number(0)) if node.function == "sum" else found


def _condition(node: Condition, resolve: Resolve) -> ColumnElement[bool]:
    match node:
        case Name():
            return resolve(node.name)
        case Logic(operator="not"):
            return case((_condition(node.parts[0], resolve), false()), else_=true())  # true for null, too
        case Logic():
            return (and_ if node.operator == "and" else or_)(*(_condition(part, resolve) for part in node.parts))
        case Comparing():
            return _comparison(node, resolve(node.name.name))


_ORDERED: Final[Mapping[Comparison, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(node: Comparing, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if not isinstance(node.value, tuple) and node.operator in _ORDERED:
        return _ORDERED[node.operator](column, literal(node.value))
    found = column.in_(node.value if isinstance(node.value, tuple) else [node.value])
    # Null equals nothing, so that it is different from every value.
    return found if node.operator == "in" else or_(not_(found), column.is_(None))
