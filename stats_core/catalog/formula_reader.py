"""Reading formulas: Python's own parser does the words and brackets, and what is not in our language is refused."""

from __future__ import annotations

import ast
import re
import warnings
from decimal import Decimal
from typing import Final, cast

from stats_core.catalog.arithmetic import AGGREGATE_FUNCTIONS, AggregateFunction
from stats_core.catalog.formula_tree import (
    Aggregate,
    Arithmetic,
    Binary,
    Comparing,
    Comparison,
    Condition,
    FormulaError,
    Logic,
    Name,
    Negative,
    Node,
    Number,
    bare_name,
)
from stats_core.errors import nearest

MAX_LENGTH: Final = 1000
MAX_DEPTH: Final = 60
MAX_NUMBER: Final = 10**15  # larger integers are not exact in every engine's arithmetic

_ARITHMETIC: Final[dict[type[ast.operator], Arithmetic]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: Final[dict[type[ast.cmpop], Comparison]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_QUOTED: Final = re.compile(r"`([^`]+)`")


def read_formula(text: str, *, aggregates: bool) -> Node:
    """The tree of a formula.

    Raises:
        FormulaError: It is no formula; the message says what is wrong and at which character.
    """
    source = text.strip()
    if not source:
        raise FormulaError("The formula is empty.", hint='Write one like "quantity * unit_price".')
    if len(source) > MAX_LENGTH:
        raise FormulaError(f"The formula has {len(source)} characters; at most {MAX_LENGTH} are read.")
    return _Reader(source, aggregates=aggregates).root()


class _Reader:
    """Python's syntax tree turned into ours, and all refused that is not in the language."""

    def __init__(self, source: str, *, aggregates: bool) -> None:
        self.aggregates = aggregates
        # A name in backticks becomes a plain word of the same length, so that positions stay as written.
        self.quoted = {match.start(): match[1] for match in _QUOTED.finditer(source)}
        self.source = _QUOTED.sub(lambda match: "_" * len(match[0]), " ".join(source.splitlines()))
        self.bytes = self.source.encode()

    def root(self) -> Node:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in strings, which Python would rather not have
                tree = ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            raise self._unreadable(error) from None
        except (ValueError, RecursionError, MemoryError, OverflowError):
            raise FormulaError(
                "The formula cannot be read: it is nested too deeply or holds a strange character."
            ) from None
        node = self._node(tree, 1, within=None)
        if self.aggregates and (bare := bare_name(node)) is not None:
            raise FormulaError(
                f"{bare.name!r} at character {bare.position} stands outside an aggregate function.",
                hint=f"A measure has one value for many rows: write sum({bare.name}), for instance.",
            )
        return node

    def _unreadable(self, error: SyntaxError) -> FormulaError:
        where = f" at character {error.offset}" if error.offset else ""
        return FormulaError(
            f"The formula cannot be read{where}: {error.msg}.",
            hint="Field names, numbers, + - * / and brackets are read; names with blanks stand in backticks.",
        )

    def _start(self, node: ast.expr) -> int:
        return len(self.bytes[: node.col_offset].decode())  # ast counts bytes

    def _refuse(self, node: ast.expr, what: str, hint: str = "") -> FormulaError:
        return FormulaError(f"{what} at character {self._start(node) + 1}.", hint=hint)

    def _node(self, node: ast.expr, depth: int, within: str | None) -> Node:
        if depth > MAX_DEPTH:
            raise self._refuse(
                node, f"The formula is nested more than {MAX_DEPTH} deep", "Split it into computed fields."
            )
        match node:
            case ast.Constant():
                return Number(self._number(node))
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub()):
                return Negative(self._node(node.operand, depth + 1, within))
            case ast.UnaryOp(op=ast.UAdd()):
                return self._node(node.operand, depth + 1, within)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                left, right = (self._node(side, depth + 1, within) for side in (node.left, node.right))
                return Binary(_ARITHMETIC[type(node.op)], left, right)
            case ast.BinOp():
                raise self._unknown_operator(node)
            case ast.Call():
                return self._aggregate(node, depth, within)
            case ast.Attribute():
                raise self._refuse(
                    node, "A dotted name stands", "Formulas use fields of their own entity; join others in the panel."
                )
            case _:
                raise self._refuse(
                    node,
                    "Something stands that formulas do not have",
                    "They have field names, numbers, + - * / and brackets.",
                )

    def _unknown_operator(self, node: ast.BinOp) -> FormulaError:
        start, end = node.left.end_col_offset or 0, node.right.col_offset
        between = self.bytes[start:end].decode()
        found = re.search(r"[^\s()]+", between)
        assert found is not None  # or it would not have been read as an operation
        position = len(self.bytes[:start].decode()) + found.start() + 1
        return FormulaError(
            f"The operator {found[0]} at character {position} is not one of + - * /.",
            hint="Write x * x for a square; what else is wanted can be calculated in a view.",
        )

    def _number(self, node: ast.Constant) -> int | Decimal:
        value = node.value
        if isinstance(value, str):
            raise self._refuse(
                node, f"The text {value!r} is no number", f"Field names stand bare or in backticks: `{value}`."
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(node, f"{value!r} is no number", "Only numbers may stand here, as 100 or 0.19.")
        if not abs(value) < MAX_NUMBER:
            raise self._refuse(node, f"A number of {MAX_NUMBER:.0e} or more stands")
        return value if isinstance(value, int) else Decimal(repr(value))

    def _name(self, node: ast.Name) -> Name:
        start = self._start(node)
        end = len(self.bytes[: node.end_col_offset].decode())
        return Name(self.quoted.get(start, self.source[start:end]), start + 1)

    def _aggregate(self, node: ast.Call, depth: int, within: str | None) -> Aggregate:
        if not isinstance(node.func, ast.Name):
            known = ", ".join(AGGREGATE_FUNCTIONS)
            raise self._refuse(node, "Something that is no function is called", f"Functions are {known}.")
        called = self._name(node.func).name
        if called not in AGGREGATE_FUNCTIONS:
            raise self._refuse(node, f"No function {called!r} is known", nearest(called, AGGREGATE_FUNCTIONS))
        if not self.aggregates:
            raise self._refuse(
                node,
                f"{called}() stands in a computed field",
                "Aggregate functions belong in measures: a field is per row.",
            )
        if within is not None:
            raise self._refuse(node, f"{called}() stands inside {within}()", "Aggregates cannot be nested.")
        if len(node.args) > 1 or (called != "count" and not node.args):
            raise self._refuse(node, f"{called}() takes one field", f"Write {called}(field).")
        if any(keyword.arg != "where" for keyword in node.keywords) or len(node.keywords) > 1:
            raise self._refuse(
                node, f"{called}() has an unknown argument", "Beyond the field there is where=condition."
            )
        argument = self._node(node.args[0], depth + 1, called) if node.args else None
        where = self._condition(node.keywords[0].value, depth + 1) if node.keywords else None
        return Aggregate(cast("AggregateFunction", called), argument, where, self._start(node) + 1)

    def _condition(self, node: ast.expr, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self._refuse(node, f"The condition is nested more than {MAX_DEPTH} deep")
        match node:
            case ast.Name():
                return self._name(node)
            case ast.BoolOp():
                parts = tuple(self._condition(part, depth + 1) for part in node.values)
                return Logic("and" if isinstance(node.op, ast.And) else "or", parts)
            case ast.UnaryOp(op=ast.Not()):
                return Logic("not", (self._condition(node.operand, depth + 1),))
            case ast.Compare(left=ast.Name() as left, ops=[operator], comparators=[right]) if (
                type(operator) in _COMPARISONS
            ):
                symbol = _COMPARISONS[type(operator)]
                value = self._values(right) if symbol in {"in", "not in"} else self._value(right)
                return Comparing(symbol, self._name(left), value)
            case _:
                raise self._refuse(
                    node,
                    "A condition is not understood",
                    'Compare a field with a constant: status in ("PAID", "SHIPPED").',
                )

    def _value(self, node: ast.expr) -> str | int | Decimal | bool:
        match node:
            case ast.Constant(value=str() | bool() as value):
                return value
            case ast.Constant():
                return self._number(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
                return -self._number(operand)
            case _:
                raise self._refuse(node, "Fields are compared with constants, and something else stands")

    def _values(self, node: ast.expr) -> tuple[str | int | Decimal, ...]:
        if not isinstance(node, ast.Tuple | ast.List) or not node.elts:
            raise self._refuse(node, "After in stands a list", 'Write status in ("PAID", "SHIPPED").')
        return tuple(self._value(item) for item in node.elts)
