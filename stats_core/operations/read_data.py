"""read_data: rows of an entity, page by page."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy import Select, func, null, select, union_all

from stats_core.catalog.entity import FieldType
from stats_core.errors import InvalidOptionsError, Problem
from stats_core.operations.context import OperationContext
from stats_core.operations.question import (
    MAX_FETCH,
    MAX_ROWS,
    NEEDS,
    FieldNames,
    Question,
    QuestionOptions,
    ask,
    plain_numbers,
)
from stats_core.operations.registry import Meta, Operation, Options, Result
from stats_core.query.constructs import in_order
from stats_core.query.joins import FoundField
from stats_core.query.rows import Order, identity, matching

MAX_FIELDS: Final = 200


class Sort(Options):
    """One field to sort by."""

    field: str = Field(description="The field, dotted over relations.")
    direction: Literal["asc", "desc"] = Field("asc", description="asc or desc; rows without a value come last in both.")


class ReadDataOptions(QuestionOptions):
    """Which rows, which of their fields, in which order, and which page."""

    fields: FieldNames | None = Field(
        None,
        min_length=1,
        max_length=MAX_FIELDS,
        description="Fields to read, dotted over relations; default: all of the entity.",
    )
    sort: tuple[Sort, ...] = Field((), max_length=10, description="Fields to sort by; ties are broken by primary key.")
    limit: int = Field(100, strict=True, ge=1, le=MAX_ROWS, description="Rows on the page.")
    offset: int = Field(0, strict=True, ge=0, le=MAX_FETCH, description="Rows before the page.")


class ReadDataResult(Result):
    """A page of rows.

    Attributes:
        rows: By field name, as asked.
        row_count: Rows that match, on whichever page.
        truncated: Whether more rows follow this page.
    """

    rows: list[dict[str, Any]]


def execute(options: ReadDataOptions, context: OperationContext) -> ReadDataResult:
    """Run `read_data`."""
    question = ask(options, context)
    names = options.fields or tuple(question.entity.fields)
    fields = [question.joined.field(name, path=f"fields[{index}]") for index, name in enumerate(names)]
    answer = question.run(_statement(options, question, fields), context)
    (row_count, *_), *page = answer.rows
    convert = plain_numbers(fields)
    rows = [dict(zip(names, convert(row[1:]), strict=True)) for row in page]
    return ReadDataResult(
        rows=rows,
        row_count=row_count,
        truncated=options.offset + len(rows) < row_count,
        meta=Meta(
            units={name: field.field.unit for name, field in zip(names, fields, strict=True) if field.field.unit}
        ),
        statement=answer.statement,
    )


def _statement(options: ReadDataOptions, question: Question, fields: list[FoundField]) -> Select[Any]:
    """The rows of the page, and one more row with the count: it is there also where the page is empty."""
    order = [*_sorted_by(options, question), *identity(question.joined)]
    labelled = {
        **{f"field_{index}": field.column for index, field in enumerate(fields)},
        **{f"order_{index}": key.column for index, key in enumerate(order)},
    }
    page = (
        matching(question.joined.rows, question.condition, [column.label(label) for label, column in labelled.items()])
        .order_by(*(key.by(key.column) for key in order))
        .limit(options.limit)
        .offset(options.offset)
        .subquery("page")
    )
    total = matching(question.rows, question.condition, [func.count().label("row_count")]).subquery("total")
    both = union_all(
        select(null().label("row_count"), *page.c),
        select(total.c.row_count, *(null().label(label) for label in labelled)),
    ).subquery("page_and_total")
    columns = [both.c.row_count, *(both.c[f"field_{index}"] for index in range(len(fields)))]
    return select(*columns).order_by(
        both.c.row_count.nulls_last(), *(key.by(both.c[f"order_{index}"]) for index, key in enumerate(order))
    )


def _sorted_by(options: ReadDataOptions, question: Question) -> list[Order]:
    order = []
    for index, sort in enumerate(options.sort):
        field = _sortable(question.joined.field(sort.field, path=f"sort[{index}].field"), f"sort[{index}].field")
        order.append(Order(in_order(field.column), sort.direction == "desc", field.nullable))
    return order


def _sortable(field: FoundField, path: str) -> FoundField:
    if field.type is FieldType.JSON:
        message = f"{field.name!r} is a JSON document, which has no order."
        raise InvalidOptionsError([Problem(path, message, f"Sort by one of its keys, as {field.name}.product_id.")])
    return field


READ_DATA: Final = Operation(
    type="read_data",
    title="Read rows",
    description="Rows of an entity with the fields asked for, filtered, sorted and paged.",
    options=ReadDataOptions,
    execute=execute,
    needs=NEEDS,
)
