"""The rows that a question considers: those that meet its conditions, at most so many where it says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, func, literal_column, select

from stats_core.catalog.entity import FieldType
from stats_core.query.constructs import in_order
from stats_core.query.joins import Joined, column_of


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """Rows as a subquery.

    Attributes:
        rows: One row per row considered, with the columns asked for.
        at_most: How many rows there may be; None for all that meet the conditions.
        found: With a cap, one column to select: how many rows meet the conditions, counted up to one more than it.
    """

    rows: Subquery
    at_most: int | None = None
    found: tuple[ColumnElement[int], ...] = ()

    def cut(self, found: int = 0) -> bool:
        """Whether rows were left out, given the value of `found`."""
        return self.at_most is not None and found > self.at_most


def matching(
    rows: FromClause, condition: ColumnElement[bool] | None, columns: Iterable[ColumnElement[Any]] = ()
) -> Select[Any]:
    """The rows that meet a condition."""
    chosen = list(columns) or [literal_column("1").label("one")]
    statement = select(*chosen).select_from(rows)
    return statement if condition is None else statement.where(condition)


def consider(
    joined: Joined,
    condition: ColumnElement[bool] | None,
    columns: Mapping[str, ColumnElement[Any]],
    *,
    at_most: int | None = None,
) -> Considered:
    """The rows that meet a condition, with `columns` by label; the first `at_most` of them by primary key."""
    rows = matching(joined.rows, condition, [column.label(label) for label, column in columns.items()])
    if at_most is None:
        return Considered(rows.subquery("considered"))
    capped = matching(joined.rows, condition).limit(at_most + 1).subquery("found")
    found = select(func.count()).select_from(capped).scalar_subquery().label("found")
    first = rows.order_by(*(key.by(key.column) for key in identity(joined))).limit(at_most)
    return Considered(first.subquery("considered"), at_most, (found,))


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A column to sort by; null comes last."""

    column: ColumnElement[Any]
    descending: bool = False
    nullable: bool = False

    def by(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same order for `column`."""
        ordered = column.desc() if self.descending else column.asc()
        return ordered.nulls_last() if self.nullable else ordered  # NULLS LAST would keep PostgreSQL off an index


def identity(joined: Joined) -> list[Order]:
    """What tells rows apart: the primary key, else all fields that have an order."""
    entity = joined.entity
    if entity.primary_key:
        return [Order(in_order(entity.table.c[name])) for name in entity.primary_key]
    return [
        Order(in_order(column_of(entity, entity.table, field.name)), nullable=True)
        for field in entity.fields.values()
        if field.expression is None and field.type is not FieldType.JSON
    ]
