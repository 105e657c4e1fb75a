"""The type of a formula's value, and what cannot be calculated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from stats_core.catalog.entity import FieldType
from stats_core.catalog.formula_tree import (
    Aggregate,
    Binary,
    Comparing,
    Condition,
    FormulaError,
    Logic,
    Name,
    Negative,
    Node,
    Number,
)
from stats_core.errors import nearest


def type_of(node: Node, fields: Mapping[str, FieldType]) -> FieldType:
    """The type of its value, given the types of the entity's fields.

    Raises:
        FormulaError: It names an unknown field, or calculates with what is no number.
    """
    return _Typing(fields).of(node)


@dataclass(frozen=True, slots=True)
class _Typing:
    fields: Mapping[str, FieldType]

    def of(self, node: Node) -> FieldType:
        match node:
            case Number():
                return FieldType.INTEGER if isinstance(node.value, int) else FieldType.NUMBER
            case Name():
                return self._field(node)
            case Negative():
                return self._numeric(node.operand)
            case Binary():
                sides = {self._numeric(node.left), self._numeric(node.right)}
                return FieldType.INTEGER if sides == {FieldType.INTEGER} and node.operator != "/" else FieldType.NUMBER
            case Aggregate():
                return self._aggregate(node)

    def _field(self, name: Name) -> FieldType:
        if (found := self.fields.get(name.name)) is None:
            raise FormulaError(
                f"No field named {name.name!r}, at character {name.position}.", hint=nearest(name.name, self.fields)
            )
        return found

    def _numeric(self, node: Node) -> FieldType:
        found = self.of(node)
        if not found.numeric:
            raise FormulaError(
                f"{_worded(node)} is {found}, and only numbers can be calculated with.", hint=_as_number(node, found)
            )
        return found

    def _aggregate(self, node: Aggregate) -> FieldType:
        if node.where is not None:
            self._condition(node.where)
        found = FieldType.INTEGER if node.argument is None else self.of(node.argument)
        if node.function in {"sum", "avg"} and not (found.numeric or found is FieldType.BOOLEAN):
            raise FormulaError(
                f"{node.function}() at character {node.position} wants a number, "
                f"and {_worded(node.argument)} is {found}.",
                hint=" ".join(filter(None, (_as_number(node.argument, found), _ON_ANY_FIELD))),
            )
        if node.function in {"min", "max"} and found in {FieldType.JSON, FieldType.BOOLEAN}:
            raise FormulaError(f"{node.function}() at character {node.position} cannot order {found} values.")
        match node.function:
            case "count" | "count_distinct":
                return FieldType.INTEGER
            case "avg":
                return FieldType.NUMBER
            case "sum":
                return FieldType.INTEGER if found is FieldType.BOOLEAN else found
            case _:
                return found

    def _condition(self, node: Condition) -> None:
        match node:
            case Name():
                self._fits(node, frozenset({FieldType.BOOLEAN}), "a condition of its own")
            case Logic():
                for part in node.parts:
                    self._condition(part)
            case Comparing():
                values = node.value if isinstance(node.value, tuple) else (node.value,)
                for value in values:
                    self._fits(node.name, _types_of(value), f"compared with {value!r}")

    def _fits(self, name: Name, types: frozenset[FieldType], use: str) -> None:
        if (found := self._field(name)) not in types:
            raise FormulaError(f"{name.name!r} at character {name.position} is {found} and cannot be {use}.")


_ON_ANY_FIELD = "count_distinct, min and max work on any field."


def _as_number(node: Node | None, found: FieldType) -> str:
    if found is not FieldType.TEXT or not isinstance(node, Name):
        return ""
    key = node.name if re.fullmatch(r"[\w-]+", node.name, re.ASCII) else json.dumps(node.name, ensure_ascii=False)
    return f'If its texts are numbers, say so: types.{key} = "number".'


def _types_of(value: str | int | Decimal) -> frozenset[FieldType]:
    if isinstance(value, bool):
        return frozenset({FieldType.BOOLEAN})
    return frozenset({FieldType.TEXT}) if isinstance(value, str) else frozenset({FieldType.INTEGER, FieldType.NUMBER})


def _worded(node: Node | None) -> str:
    return f"{node.name!r}" if isinstance(node, Name) else "its argument"
