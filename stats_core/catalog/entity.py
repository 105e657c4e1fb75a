"""Entities: the tables that may be queried, with the names, types and meanings of what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Table

from stats_core.errors import UnknownNameError

if TYPE_CHECKING:
    from stats_core.catalog.expressions import Expression

Additivity = Literal["sum", "none"]
"""`sum`: values of parts add up to the value of the whole (counts, sums); `none`: they do not (ratios, distincts)."""


class FieldType(StrEnum):
    """What kind of value a field holds, whatever the engine calls it."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"

    @property
    def numeric(self) -> bool:
        """Whether sum and avg make sense."""
        return self in {FieldType.INTEGER, FieldType.NUMBER}

    @property
    def temporal(self) -> bool:
        """Whether it can be cut into buckets."""
        return self in {FieldType.DATE, FieldType.DATETIME}


@dataclass(frozen=True, slots=True)
class Field:
    """One readable field: a column of the entity's table, or a formula over such columns.

    Attributes:
        column: The column's name in the table; None for a computed field.
        expression: The parsed formula of a computed field; None for a column.
        wall_clock: A DATETIME whose values are local times already: buckets are cut as they stand, no zone shifts them.
        distinct_by_day: A count of different things per day (`unique_visitors`): over days a thing counts once per day.
    """

    name: str
    type: FieldType
    column: str | None = None
    expression: Expression | None = None
    nullable: bool = True
    label: str = ""
    unit: str | None = None
    definition: str | None = None
    wall_clock: bool = False
    distinct_by_day: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A named aggregate of an entity: `bounce_rate = sum(bounces) / sum(sessions)`; null where its denominator is 0.

    Attributes:
        type: Of its value.
        distinct_by_day: It adds up a field that is `distinct_by_day`.
    """

    name: str
    expression: Expression
    label: str = ""
    unit: str | None = None
    definition: str | None = None
    additivity: Additivity = "none"
    type: FieldType = FieldType.NUMBER
    distinct_by_day: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """The way from one row of an entity to at most one row of another: `partner.name` joins by it.

    Attributes:
        field: The entity's own column that points.
        entity: The other entity's name, on the same source.
        references: The other entity's column that is pointed at.
    """

    name: str
    field: str
    entity: str
    references: str


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A table that may be queried.

    Attributes:
        source: Name of the source that runs its statements.
        table: The SQLAlchemy table; its columns are looked up by `Field.column`, never named from options.
        scope_paths: By scope level, the dotted path to the column that holds the owner's id
            (`{"merchant": "store.merchant_id", "store": "store_id"}`); a path of relations, then a column.
        shared: Readable under every scope without a path (lists that belong to nobody).
    """

    name: str
    source: str
    table: Table
    fields: Mapping[str, Field]
    measures: Mapping[str, Measure] = field(default_factory=lambda: MappingProxyType({}))
    relations: Mapping[str, Relation] = field(default_factory=lambda: MappingProxyType({}))
    primary_key: tuple[str, ...] = ()
    date_field: str | None = None
    label: str = ""
    description: str = ""
    scope_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    shared: bool = False

    def field(self, name: str, *, path: str = "") -> Field:
        """Field `name`; an UnknownNameError with the nearest name and `path` otherwise."""
        if (found := self.fields.get(name)) is None:
            raise UnknownNameError(f"field of {self.name}", name, self.fields, path=path)
        return found

    def measure(self, name: str, *, path: str = "") -> Measure:
        """Measure `name`; an UnknownNameError with the nearest name and `path` otherwise."""
        if (found := self.measures.get(name)) is None:
            raise UnknownNameError(f"measure of {self.name}", name, self.measures, path=path)
        return found

    def relation(self, name: str, *, path: str = "") -> Relation:
        """Relation `name`; an UnknownNameError with the nearest name and `path` otherwise."""
        if (found := self.relations.get(name)) is None:
            raise UnknownNameError(f"relation of {self.name}", name, self.relations, path=path)
        return found

    def field_column(self, name: str) -> str:
        """The column of the table that the field (or, of hidden fields, the column itself) `name` means."""
        found = self.fields.get(name)
        return name if found is None or found.column is None else found.column
