"""Calculating in SQL so that four engines give one answer: no integer division, no overflow that wraps, exact decimals.

What an operand is follows from its type: a whole number, an exact decimal, a decimal that ClickHouse calculates as a
double (it has no decimal constants), or a double.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, Literal, TypeVar, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Float,
    Integer,
    Numeric,
    case,
    func,
    literal_column,
    not_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

AggregateFunction = Literal["count", "sum", "avg", "min", "max", "count_distinct"]
AGGREGATE_FUNCTIONS: Final = get_args(AggregateFunction)


class _Converted(FunctionElement[Any]):
    """One number in another type."""

    inherit_cache = True


class _Wide(_Converted):
    """A whole number wide enough for products of fields; ClickHouse's of 64 bits would wrap silently."""

    inherit_cache = True
    name = "wide"


class _Addend(_Converted):
    """A whole number wide enough for sums; only ClickHouse does not widen by itself."""

    inherit_cache = True
    name = "addend"


class _Partner(_Converted):
    """A whole number beside a double; only ClickHouse's wide ones do not mix with doubles."""

    inherit_cache = True
    name = "partner"


class _Double(_Converted):
    """A number as a double."""

    inherit_cache = True
    name = "double"


class _Decimal(Numeric[Any]):
    """A decimal that is a double on ClickHouse."""


def number(value: int | Decimal) -> ColumnElement[Any]:
    """A constant of a formula.

    It stands in the text and is not bound, since it is part of a definition and no value of a caller; and PostgreSQL
    takes `GROUP BY price * $2` for something else than `SELECT price * $1`.
    """
    if isinstance(value, int):
        return literal_column(str(value), Integer())
    return literal_column(format(value, "f"), _Decimal(asdecimal=False))


def negative(operand: ColumnElement[Any]) -> ColumnElement[Any]:
    """Minus the operand; written `0 - x`, since `--x` begins a comment."""
    return combined("-", number(0), operand)


def combined(
    operator: Literal["+", "-", "*"], left: ColumnElement[Any], right: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Sum, difference or product, exact where both sides are."""
    kinds = _rank(left.type), _rank(right.type)
    left, right = _beside(left, kinds), _beside(right, kinds)
    found = left + right if operator == "+" else left - right if operator == "-" else left * right
    return _typed(found, _RANKED[max(kinds)])


def ratio(numerator: ColumnElement[Any], denominator: ColumnElement[Any]) -> ColumnElement[float]:
    """The quotient as a double; null where the denominator is 0."""
    divisor = func.nullif(_Double(denominator), number(0))
    return _Double(numerator).op("/", precedence=8, return_type=Double())(divisor)


def aggregate(function: AggregateFunction, argument: ColumnElement[Any]) -> ColumnElement[Any]:
    """One aggregate function over a column; sum and avg of a boolean count its true rows."""
    match function:
        case "count":
            return func.count(argument)
        case "count_distinct":
            return func.count(argument.distinct())
        case "sum":
            return func.sum(_addend(numeric(argument)))
        case "avg":
            return func.avg(_typed(_Double(numeric(argument)), Double()))
        case "min":
            return func.min(argument)
        case "max":
            return func.max(argument)


def numeric(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A boolean as 1 and 0 (PostgreSQL cannot add booleans); every other column as it is."""
    return case((column, number(1)), (not_(column), number(0))) if isinstance(column.type, Boolean) else column


_RANKED: Final[tuple[TypeEngine[Any], ...]] = (BigInteger(), Numeric(), _Decimal(asdecimal=False), Double())


def _rank(type_: TypeEngine[Any]) -> int:
    if isinstance(type_, Integer):
        return 0
    if isinstance(type_, _Decimal):
        return 2
    return 1 if isinstance(type_, Numeric) and not isinstance(type_, Float) else 3


def _beside(operand: ColumnElement[Any], kinds: tuple[int, int]) -> ColumnElement[Any]:
    if not isinstance(operand.type, Integer) or max(kinds) == 1:
        return operand
    return _typed(_Wide(operand) if max(kinds) == 0 else _Partner(operand), BigInteger())


def _addend(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return _typed(_Addend(column), BigInteger()) if isinstance(column.type, Integer) else column


Typed = TypeVar("Typed", bound=ColumnElement[Any])


def _typed(element: Typed, type_: TypeEngine[Any]) -> Typed:
    element.type = type_
    return element


@compiles(_Converted)
def _as_it_is(element: _Converted, compiler: SQLCompiler, **options: Any) -> str:
    (operand,) = element.clauses
    return compiler.process(operand.self_group(against=operators.mul), **options)


@compiles(_Addend)
def _inside_sum(element: _Addend, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Wide, "postgresql")
@compiles(_Wide, "duckdb")
def _bigint(element: _Wide, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BIGINT)"


@compiles(_Wide, "clickhousedb")
@compiles(_Addend, "clickhousedb")
def _int128(element: _Converted, compiler: SQLCompiler, **options: Any) -> str:
    return f"toInt128({compiler.process(element.clauses, **options)})"


@compiles(_Double)
def _double(element: _Double, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS DOUBLE PRECISION)"


@compiles(_Double, "sqlite")
def _real(element: _Double, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS REAL)"


@compiles(_Double, "duckdb")
def _duckdb_double(element: _Double, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS DOUBLE)"


@compiles(_Double, "clickhousedb")
@compiles(_Partner, "clickhousedb")
def _float64(element: _Converted, compiler: SQLCompiler, **options: Any) -> str:
    return f"toFloat64({compiler.process(element.clauses, **options)})"  # keeps null, which CAST refuses
