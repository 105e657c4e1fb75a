"""Filters: a document of conditions in, one SQL condition out.

    {"status": "PAID"}                              equal; null is IS NULL, a list is one of
    {"total_cents": {"$gte": 1000, "$lt": 5000}}    operators, all of which must hold
    {"$or": [{"a": 1}, {"$not": {"b": null}}]}      $and, $or and $not nest

Null is a value that equals nothing else: `$ne`, `$nin` and `$not` find it, comparisons and patterns do not. For that,
`$not` is carried down to the single conditions, and each says what null is to it.
A date against a time stands for the whole day in the zone: `$lte` includes it, `$gt` begins after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Double,
    Float,
    Numeric,
    String,
    and_,
    bindparam,
    false,
    literal,
    or_,
    true,
)
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.types import TypeEngine

from stats_core.catalog.entity import FieldType
from stats_core.errors import InvalidOptionsError, Problem, UnknownNameError
from stats_core.query.constructs import Contains, in_order
from stats_core.query.joins import FoundField, Joined
from stats_core.query.moments import end_of, is_day, start_of
from stats_core.query.patterns import MAX_PATTERN, Pattern, ending_with, matches, parse_pattern, starting_with
from stats_core.query.ranges import Period
from stats_core.query.values import UnfitError, coerce, coerce_json_text, coerce_text, shown

MAX_DEPTH: Final = 50
MAX_CONDITIONS: Final = 500  # SQLite takes expressions of depth 1 000, and `a OR b OR c` is one of depth 3
_SHOWN_KEY: Final = 100
MAX_VALUES: Final = 10_000  # in all lists together; PostgreSQL takes 65 535 parameters

Condition = ColumnElement[bool]


def compile_filters(
    filters: Mapping[str, Any] | None, joined: Joined, zone: ZoneInfo, *, path: str = "filters"
) -> Condition | None:
    """The condition of a filter document; None where it asks for nothing.

    `joined` finds the fields and joins what they need; days, and times without a zone, are on the clock of `zone`.

    Raises:
        UnknownNameError: A field or an operator is unknown, with the nearest names.
        InvalidOptionsError: A value is of the wrong type, or the document is too deep or too long.
    """
    if not filters:
        return None
    return _Compiler(joined, zone).document(filters, path, 0, negated=False)


def within(field: FoundField, period: Period, zone: ZoneInfo) -> Condition | None:
    """Whether a date or time field lies in a period; None where the period is open on both sides."""
    start, end = bounds(field, period, zone)
    sides = []
    if start is not None:
        sides.append(field.column >= _bound(field, start))
    if end is not None:
        sides.append(field.column < _bound(field, end))
    return and_(*sides) if sides else None


def bounds(field: FoundField, period: Period, zone: ZoneInfo) -> tuple[Any, Any]:
    """The period as the field holds time: days for a DATE, naive times for a wall clock, else moments."""
    if field.type is FieldType.DATE:
        return period.dates(zone)
    return period.clock(zone) if field.field.wall_clock else (period.start, period.end)


@dataclass(slots=True)
class _Compiler:
    joined: Joined
    zone: ZoneInfo
    conditions: int = 0
    values: int = 0

    def document(self, document: object, path: str, depth: int, *, negated: bool) -> Condition:
        """All keys of a document; negated, not all of them."""
        if depth > MAX_DEPTH:
            raise _refused(path, f"Filters are nested more than {MAX_DEPTH} deep.")
        if not isinstance(document, Mapping):
            raise _refused(path, f"{shown(document)} is no filter.", 'Write {"field": value}.')
        self.count(0 if document else 1, path)
        parts = [self.entry(key, part, _join(path, key), depth, negated=negated) for key, part in document.items()]
        return _all(parts, negated=negated)

    def entry(self, key: object, value: object, path: str, depth: int, *, negated: bool) -> Condition:
        """One key of a document: a field, or `$and`, `$or`, `$not`."""
        if not isinstance(key, str):
            raise _refused(path, f"{shown(key)} is no name of a field.")
        if key == "$not":
            return self.document(value, path, depth + 1, negated=not negated)
        if key in {"$and", "$or"}:
            return self.list_of_documents(value, path, depth, either=key == "$or", negated=negated)
        if key.startswith("$"):
            raise _unknown_operator(key, path, [*LOGICAL, *OPERATORS])
        return self.on_field(self.joined.field(key, path=path), value, path, depth, negated=negated)

    def list_of_documents(self, value: object, path: str, depth: int, *, either: bool, negated: bool) -> Condition:
        """`$and` of nothing holds for every row, `$or` of nothing for none."""
        if not isinstance(value, list | tuple):
            raise _refused(path, f"{shown(value)} is no list of filters.", 'Write [{"field": value}, …].')
        parts = [
            self.document(item, f"{path}[{index}]", depth + 1, negated=negated) for index, item in enumerate(value)
        ]
        return _all(parts, negated=negated != either)

    def on_field(self, field: FoundField, value: object, path: str, depth: int, *, negated: bool) -> Condition:
        """`{field: value}`, `{field: null}`, `{field: [values]}` or `{field: {operator: value}}`."""
        if isinstance(value, Mapping):
            parts = [
                self.operator(field, operator, operand, _join(path, operator), depth, negated=negated)
                for operator, operand in value.items()
            ]
            return _all(parts, negated=negated)
        operator = "$in" if isinstance(value, list | tuple) else "$eq"
        return self.operator(field, operator, value, path, depth, negated=negated)

    def operator(
        self, field: FoundField, operator: object, operand: object, path: str, depth: int, *, negated: bool
    ) -> Condition:
        """One operator on a field; `$not` holds further operators."""
        self.count(1, path)
        if operator == "$not":
            if not isinstance(operand, Mapping):
                raise _refused(path, f"{shown(operand)} is not an object of operators.", 'Write {"$not": {"$gt": 5}}.')
            if depth > MAX_DEPTH:
                raise _refused(path, f"Filters are nested more than {MAX_DEPTH} deep.")
            return self.on_field(field, operand, path, depth + 1, negated=not negated)
        if (build := OPERATORS.get(operator) if isinstance(operator, str) else None) is None:
            raise _unknown_operator(operator, path, [*OPERATORS, "$not"])
        if isinstance(operand, list | tuple):
            self.values += len(operand)
            if self.values > MAX_VALUES:
                raise _refused(path, f"Lists hold more than {MAX_VALUES} values.", "Filter by a field of a relation.")
            if field.type is FieldType.DATETIME:  # each is a condition of its own
                self.count(len(operand), path)
        try:
            test = build(_Subject(field, self.zone, path), operand)
        except UnfitError as error:
            raise _refused(path, f"{error}.", _wanted(field)) from None
        return test.condition(field, negated=negated)

    def count(self, conditions: int, path: str) -> None:
        """Keep the number of conditions within what engines parse."""
        self.conditions += conditions
        if self.conditions > MAX_CONDITIONS:
            raise _refused(path, f"Filters hold more than {MAX_CONDITIONS} conditions.", "Write lists with $in.")


@dataclass(frozen=True, slots=True)
class _Test:
    """A condition on the values of a field, and whether null meets it.

    Attributes:
        holds: For values that are not null.
        null: Whether null meets it.
        complement: The contrary of `holds`, where it reads better than NOT.
    """

    holds: Condition
    null: bool = False
    complement: Condition | None = None

    def condition(self, field: FoundField, *, negated: bool) -> Condition:
        """The condition for every row, null or not."""
        holds = self.holds
        if negated:
            holds = ~self.holds if self.complement is None else self.complement
        if not field.nullable:
            return holds
        is_null = field.column.is_(None)
        if self.null != negated:
            return or_(holds, is_null)
        return and_(holds, ~is_null) if _constant(holds) else holds


@dataclass(frozen=True, slots=True)
class _Subject:
    """The field of a condition, with what its values need to be read."""

    field: FoundField
    zone: ZoneInfo
    path: str

    def value(self, operand: object) -> Any:
        """An operand, coerced to the field's type; a DATETIME's may be a day."""
        if self.field.in_json:
            return coerce_json_text(operand)
        if self.field.type is FieldType.JSON:
            raise UnfitError(f"A JSON document is compared by one of its keys, as {self.field.name}.product_id")
        return coerce(operand, self.field.type)

    def bound(self, value: Any) -> ColumnElement[Any]:
        """A coerced value as a bound parameter."""
        return _bound(self.field, value)

    def start(self, value: date | datetime) -> ColumnElement[Any]:
        """The first moment of a day, or the moment itself, as the field holds time."""
        return self.bound(_as_held(self.field, start_of(value, self.zone), self.zone))

    def end(self, value: date | datetime) -> ColumnElement[Any]:
        """The first moment after a day, as the field holds time."""
        return self.bound(_as_held(self.field, end_of(value, self.zone), self.zone))

    def is_time(self) -> bool:
        """Whether operands are days and times, which are compared by their first and last moments."""
        return self.field.type is FieldType.DATETIME

    def ordered(self, operand: object) -> Any:
        """An operand that has an order among the field's values."""
        if self.field.in_json and not isinstance(operand, str):
            raise UnfitError(f"{self.field.name} is compared as text, in which 10 comes before 9; give a text")
        if operand is None:
            raise UnfitError("null has no order")
        if self.field.type is FieldType.BOOLEAN:
            raise UnfitError("true and false have no order")
        return self.value(operand)


def _equal(subject: _Subject, operand: object) -> _Test:
    if operand is None:
        return _Test(false(), null=True)
    value = subject.value(operand)
    if subject.is_time():
        return _during(subject, [value])
    column, bound = subject.field.column, subject.bound(value)
    return _Test(column == bound, complement=column != bound)


def _not_equal(subject: _Subject, operand: object) -> _Test:
    return _inverse(_equal(subject, operand))


def _one_of(subject: _Subject, operand: object) -> _Test:
    if not isinstance(operand, list | tuple):
        raise UnfitError(f"{shown(operand)} is not a list")
    values = []
    for index, item in enumerate(operand):
        if item is None:
            continue
        try:
            values.append(subject.value(item))
        except UnfitError as error:
            raise _refused(f"{subject.path}[{index}]", f"{error}.", _wanted(subject.field)) from None
    null = any(item is None for item in operand)
    if not values:
        return _Test(false(), null=null)
    if subject.is_time():
        return _during(subject, values, null=null)
    prepared = [_prepared(subject.field, value) for value in dict.fromkeys(values)]
    chosen = bindparam(None, prepared, type_=_parameter_type(subject.field), expanding=True)
    return _Test(subject.field.column.in_(chosen), null, subject.field.column.not_in(chosen))


def _none_of(subject: _Subject, operand: object) -> _Test:
    return _inverse(_one_of(subject, operand))


def _during(subject: _Subject, values: Iterable[date | datetime], *, null: bool = False) -> _Test:
    """Whether a time is one of these times, or lies on one of these days."""
    column = subject.field.column

    def during(value: date | datetime) -> Condition:
        start = subject.start(value)
        return and_(column >= start, column < subject.end(value)) if is_day(value) else column == start

    return _Test(or_(*map(during, values)), null)


def _greater(subject: _Subject, operand: object) -> _Test:
    value = subject.ordered(operand)
    if subject.is_time() and is_day(value):
        return _Test(subject.field.column >= subject.end(value))
    return _Test(in_order(subject.field.column) > _point(subject, value))


def _at_least(subject: _Subject, operand: object) -> _Test:
    return _Test(in_order(subject.field.column) >= _point(subject, subject.ordered(operand)))


def _less(subject: _Subject, operand: object) -> _Test:
    return _Test(in_order(subject.field.column) < _point(subject, subject.ordered(operand)))


def _at_most(subject: _Subject, operand: object) -> _Test:
    value = subject.ordered(operand)
    if subject.is_time() and is_day(value):
        return _Test(subject.field.column < subject.end(value))
    return _Test(in_order(subject.field.column) <= _point(subject, value))


def _between(subject: _Subject, operand: object) -> _Test:
    if not isinstance(operand, list | tuple) or len(operand) != 2:  # noqa: PLR2004 - the two ends
        raise UnfitError(f"{shown(operand)} is not a list of two values, the least and the greatest")
    return _Test(and_(_at_least(subject, operand[0]).holds, _at_most(subject, operand[1]).holds))


def _exists(_subject: _Subject, operand: object) -> _Test:
    if not isinstance(operand, bool):
        raise UnfitError(f"{shown(operand)} is not true or false")
    return _Test(true() if operand else false(), null=not operand)


def _like(subject: _Subject, operand: object) -> _Test:
    return _pattern(subject, _parsed(subject, operand))


def _like_any_case(subject: _Subject, operand: object) -> _Test:
    return _pattern(subject, _parsed(subject, operand), any_case=True)


def _parsed(subject: _Subject, operand: object) -> Pattern:
    try:
        return parse_pattern(_part(subject, operand))
    except ValueError as error:
        raise UnfitError(str(error)) from None


def _contains(subject: _Subject, operand: object) -> _Test:
    part = _part(subject, operand)
    return _Test(Contains(subject.field.column, literal(part, String())))


def _starts_with(subject: _Subject, operand: object) -> _Test:
    return _pattern(subject, starting_with(_part(subject, operand)))


def _ends_with(subject: _Subject, operand: object) -> _Test:
    return _pattern(subject, ending_with(_part(subject, operand)))


def _part(subject: _Subject, operand: object) -> str:
    if subject.field.type is not FieldType.TEXT:
        raise UnfitError("Patterns want a text field")
    text = coerce_text(operand)
    if len(text) > MAX_PATTERN:
        raise UnfitError(f"A pattern of {len(text)} characters is longer than {MAX_PATTERN}")
    return text


def _pattern(subject: _Subject, pattern: Pattern, *, any_case: bool = False) -> _Test:
    return _Test(matches(subject.field.column, pattern, any_case=any_case))


LOGICAL: Final = ("$and", "$or", "$not")
OPERATORS: Final[Mapping[str, Callable[[_Subject, object], _Test]]] = MappingProxyType(
    {
        "$eq": _equal,
        "$ne": _not_equal,
        "$gt": _greater,
        "$gte": _at_least,
        "$lt": _less,
        "$lte": _at_most,
        "$in": _one_of,
        "$nin": _none_of,
        "$like": _like,
        "$ilike": _like_any_case,
        "$contains": _contains,
        "$starts_with": _starts_with,
        "$ends_with": _ends_with,
        "$exists": _exists,
        "$between": _between,
    }
)


def _inverse(test: _Test) -> _Test:
    return _Test(~test.holds if test.complement is None else test.complement, not test.null, test.holds)


def _point(subject: _Subject, value: Any) -> ColumnElement[Any]:
    return subject.start(value) if subject.is_time() else subject.bound(value)


def _as_held(field: FoundField, moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None) if field.field.wall_clock else moment


def _bound(field: FoundField, value: Any) -> ColumnElement[Any]:
    return literal(_prepared(field, value), _parameter_type(field))


def _prepared(field: FoundField, value: Any) -> Any:
    """A coerced value as its parameter's type takes it."""
    if field.type is FieldType.NUMBER:
        return Decimal(repr(value) if isinstance(value, float) else value) if _decimal(field) else float(value)
    return value


def _parameter_type(field: FoundField) -> TypeEngine[Any]:
    """A type that holds every value, as the column's might not: 3 000 000 000 fits no 32-bit integer."""
    match field.type:
        case FieldType.INTEGER:
            return BigInteger()
        case FieldType.NUMBER:
            return Numeric() if _decimal(field) else Double()
        case FieldType.BOOLEAN:
            return Boolean()
        case FieldType.DATE:
            return Date()
        case FieldType.DATETIME:
            return field.column.type  # knows how this column holds time
        case _:
            return String()


def _decimal(field: FoundField) -> bool:
    """Whether the column holds exact decimals, which a float next to the value would not equal."""
    return isinstance(field.column.type, Numeric) and not isinstance(field.column.type, Float)


def _all(parts: list[Condition], *, negated: bool) -> Condition:
    """All of the parts; of negated parts, any."""
    return or_(false(), *parts) if negated else and_(true(), *parts)


def _constant(condition: Condition) -> bool:
    return isinstance(condition, True_ | False_)


def _join(path: str, key: object) -> str:
    return f"{path}.{key if isinstance(key, str) and key.isprintable() and len(key) <= _SHOWN_KEY else shown(key)}"


def _wanted(field: FoundField) -> str:
    return f"{field.name} is of type {field.field.type}."


def _unknown_operator(operator: object, path: str, known: Iterable[str]) -> UnknownNameError:
    error = UnknownNameError("operator", operator, known, path=path)
    if isinstance(operator, str) and not operator.startswith("$"):
        error.hint = f"Operators begin with $; to reach into a relation or document, write {operator!r} behind a dot."
    return error


def _refused(path: str, message: str, hint: str = "") -> InvalidOptionsError:
    return InvalidOptionsError([Problem(path, message, hint)])
