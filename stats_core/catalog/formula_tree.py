"""The parts that formulas are made of, as a tree of frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from stats_core.catalog.arithmetic import AggregateFunction
from stats_core.errors import ConfigurationError

Arithmetic = Literal["+", "-", "*", "/"]
Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


class FormulaError(ConfigurationError):
    """A formula that cannot be read, or that its entity cannot carry out."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant; never negative, since the minus is an operation of its own."""

    value: int | Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """A field of the entity; `position` is where it stands, counted in characters from 1."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus one operand."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and an operator between them."""

    operator: Arithmetic
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparing:
    """A field against a constant, or against a list of them."""

    operator: Comparison
    name: Name
    value: str | int | Decimal | bool | tuple[str | int | Decimal, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """Conditions joined by `and` or `or`; `not` has one part."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function over the rows for which `where` holds; `count()` has no argument."""

    function: AggregateFunction
    argument: Node | None
    where: Condition | None
    position: int


Condition: TypeAlias = Comparing | Logic | Name
Node: TypeAlias = Number | Name | Negative | Binary | Aggregate


def children(node: Node | Condition) -> tuple[Node | Condition, ...]:
    """The parts right below."""
    match node:
        case Negative():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Aggregate():
            return tuple(child for child in (node.argument, node.where) if child is not None)
        case Logic():
            return node.parts
        case Comparing():
            return (node.name,)
        case _:
            return ()


def names_in(node: Node | Condition) -> Iterator[Name]:
    """Every field that it names, in order."""
    if isinstance(node, Name):
        yield node
    for child in children(node):
        yield from names_in(child)


def bare_name(node: Node | Condition) -> Name | None:
    """The first field that no aggregate holds."""
    if isinstance(node, Name):
        return node
    inner = () if isinstance(node, Aggregate) else children(node)
    return next((found for child in inner if (found := bare_name(child)) is not None), None)


def _constant(node: Node) -> bool:
    return not any(isinstance(part, Name | Aggregate) for part in _walk(node))


def _walk(node: Node | Condition) -> Iterator[Node | Condition]:
    yield node
    for child in children(node):
        yield from _walk(child)


def adds_up(node: Node) -> bool:
    """Whether values of parts add up to the value of the whole: sums and counts, added and scaled by constants."""
    match node:
        case Aggregate():
            return node.function in {"sum", "count"}
        case Negative():
            return adds_up(node.operand)
        case Binary(operator="+" | "-"):
            return adds_up(node.left) and adds_up(node.right)
        case Binary(operator="*"):
            return (adds_up(node.left) and _constant(node.right)) or (_constant(node.left) and adds_up(node.right))
        case Binary(operator="/"):
            return adds_up(node.left) and _constant(node.right)
        case _:
            return False
