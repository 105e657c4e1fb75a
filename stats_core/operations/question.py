"""What the data operations share: which rows of which entity, and the options that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import ColumnElement, FromClause, Select, and_

from stats_core.catalog.entity import Entity, FieldType
from stats_core.catalog.rows import Rows
from stats_core.errors import InvalidOptionsError, Problem
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Meta, Options
from stats_core.query.aggregates import Figure
from stats_core.query.filters import compile_filters, within
from stats_core.query.joins import FoundField, Joined
from stats_core.query.ranges import ALWAYS, Period, Range, resolve_range
from stats_core.query.zones import find_zone

MAX_ROWS: Final = 10_000  # rows or groups that come back
MAX_GROUPINGS: Final = 8
MAX_FETCH: Final = 2**31 - 1
NEEDS: Final = frozenset({"now", "timezone"})
_MAX_LEVELS: Final = 120  # of a filter document: filters nest 50 deep, with a list and an object each


def _not_too_deep(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Refuse documents that cannot be walked, written or hashed without a deep stack."""
    level: list[Any] = [document]
    for _ in range(_MAX_LEVELS):
        level = [child for item in level for child in _children(item)]
        if not level:
            return document
    msg = f"filters are nested more than {_MAX_LEVELS} levels deep"
    raise ValueError(msg)


def _children(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list | tuple) else ()


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


FilterDocument = Annotated[dict[str, Any] | None, AfterValidator(_not_too_deep)]
FieldNames = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class QuestionOptions(Options):
    """Which rows of which entity."""

    entity: str = Field(description="What a row is: an entity of the catalog, as sales_order.")
    filters: FilterDocument = Field(
        None, description='Which rows count: {"status": "PAID"}, {"total_cents": {"$gte": 1000}}, $and, $or, $not.'
    )
    date_field: str | None = Field(None, description="The date or time that the range means; default: the entity's.")
    range: Range | None = Field(
        None, description="From when to when: {from, to}, {last_days} or {preset}; default: all of time."
    )


FetchLimit = Annotated[
    int | None,
    Field(
        strict=True,
        ge=1,
        le=MAX_FETCH,
        description="Consider at most so many rows (the first by primary key); default: all.",
    ),
]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """The options, looked up in the catalog.

    Attributes:
        joined: The entity's table; fields that are asked of it join what they need.
        rows: The table with the joins that the condition needs, and no others.
        date: The field that the period means; None where the question has none.
        condition: Which rows count; None for all.
    """

    entity: Entity
    joined: Joined
    rows: FromClause
    zone: ZoneInfo
    period: Period
    date: FoundField | None
    condition: ColumnElement[bool] | None

    def run(self, statement: Select[Any], context: OperationContext) -> Rows:
        """The answer of the entity's source."""
        return context.catalog.source(self.entity.source).run(statement, context)


def ask(
    options: QuestionOptions, context: OperationContext, *, timezone: str | None = None, dated: bool = False
) -> Question:
    """Look the options up; a `dated` question has a date even where it has no range.

    Raises:
        UnknownNameError: No such entity, field, operator or time zone.
        InvalidOptionsError: A value or range does not fit, or a range has no date to mean.
    """
    entity = context.catalog.entity(options.entity)
    zone = find_zone(context.timezone if timezone is None else timezone)
    joined = Joined(context.catalog, entity)
    date = _date(options, joined, needed=dated or options.range is not None)
    period = resolve_range(options.range, context.now, zone)
    conditions = [compile_filters(options.filters, joined, zone), within(date, period, zone) if date else None]
    if date is not None and dated and date.nullable and period == ALWAYS:
        conditions.append(date.column.is_not(None))  # what has no date lies in no bucket
    kept = [condition for condition in conditions if condition is not None]
    return Question(entity, joined, joined.rows, zone, period, date, and_(*kept) if kept else None)


def _date(options: QuestionOptions, joined: Joined, *, needed: bool) -> FoundField | None:
    name = options.date_field or (joined.entity.date_field if needed else None)
    if name is None:
        if not needed:
            return None
        message = f"{joined.entity.name} has no date of its own that a range could mean."
        raise InvalidOptionsError([Problem("date_field", message, _temporal_fields(joined.entity))])
    field = joined.field(name, path="date_field")
    if not field.type.temporal:
        message = f"{name!r} is of type {field.type}, and a date or a time is wanted."
        raise InvalidOptionsError([Problem("date_field", message, _temporal_fields(joined.entity))])
    return field


def _temporal_fields(entity: Entity) -> str:
    names = sorted(field.name for field in entity.fields.values() if field.type.temporal)
    return f"Name one of its dates and times: {', '.join(names)}." if names else ""


def groupings(names: tuple[str, ...], joined: Joined) -> list[FoundField]:
    """The fields to group by.

    Raises:
        UnknownNameError: There is no such field.
        InvalidOptionsError: A field is named twice, or is a JSON document, which equals nothing.
    """
    if len(names) > MAX_GROUPINGS:
        raise InvalidOptionsError([Problem("group_by", f"{len(names)} fields are more than {MAX_GROUPINGS}.")])
    fields = []
    for index, name in enumerate(names):
        path = f"group_by[{index}]" if len(names) > 1 else "group_by"
        field = joined.field(name, path=path)
        if field.type is FieldType.JSON:
            message = f"{name!r} is a JSON document."
            raise InvalidOptionsError([Problem(path, message, f"Group by one of its keys, as {name}.product_id.")])
        if name in names[:index]:
            raise InvalidOptionsError([Problem(path, f"{name!r} is named twice.")])
        fields.append(field)
    return fields


def plain_numbers(fields: Sequence[FoundField]) -> Callable[[Sequence[Any]], list[Any]]:
    """Turns rows of these fields into lists in which numbers are floats: some engines give whole ones as int."""
    numbers = [index for index, field in enumerate(fields) if field.type is FieldType.NUMBER]

    def convert(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for index in numbers:
            if values[index] is not None:
                values[index] = float(values[index])
        return values

    return convert


def meaning(figure: Figure, *, exact: bool) -> Meta:
    """What a figure means; `exact` where what was counted day by day is shown day by day."""
    exactness = "sum_of_days" if figure.by_day and not exact else "exact"
    return Meta(unit=figure.unit, definition=figure.definition, exactness=exactness)
