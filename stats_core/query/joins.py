"""Fields by their dotted names: which column each is, and the joins that lead there.

    status                       a field of the entity
    partner.name                 a field of the row that the relation `partner` points at
    store.merchant.currency      the same over two relations
    metadata.product_id          what a JSON document holds under a key, as text

Relations lead to at most one row, so joins never multiply rows; each path is joined once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Enum, FromClause, String, cast, literal
from sqlalchemy.types import Text

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity, Field, FieldType, Relation
from stats_core.errors import InvalidOptionsError, Problem, UnknownNameError
from stats_core.query.constructs import JSONText
from stats_core.query.values import shown

MAX_RELATIONS: Final = 6  # in one name
MAX_JOINS: Final = 20  # in one statement
MAX_KEYS: Final = 10  # of a JSON path
MAX_NAME: Final = 500  # characters


@dataclass(frozen=True, slots=True, eq=False)
class FoundField:
    """A field as a statement reads it.

    Attributes:
        name: As it was asked for, dotted.
        field: The catalog's field; of a JSON path, the document's.
        type: Of the column: TEXT for what lies in a JSON document.
        nullable: Whether null can come; a joined row may be missing.
        in_json: Whether it lies in a JSON document.
    """

    name: str
    field: Field
    column: ColumnElement[Any]
    type: FieldType
    nullable: bool
    in_json: bool = False


class Joined:
    """An entity's table, left-joined with what the names asked for need.

    Ask for all fields first, then take `rows`.
    """

    def __init__(self, catalog: Catalog, entity: Entity) -> None:
        self.entity = entity
        self._catalog = catalog
        self._rows: FromClause = entity.table
        self._ends: dict[tuple[str, ...], tuple[Entity, FromClause]] = {}

    @property
    def rows(self) -> FromClause:
        """The table with the joins so far."""
        return self._rows

    def field(self, name: str, *, path: str) -> FoundField:
        """The field of a dotted name; `path` is where the name stands in the options.

        Raises:
            UnknownNameError: A part of the name is unknown there, with the nearest fields and relations.
            InvalidOptionsError: The name leads too far.
        """
        if len(name) > MAX_NAME:
            raise _refused(path, f"A name of {len(name)} characters is no field.")
        entity = self.entity
        table: FromClause = entity.table
        way: tuple[str, ...] = ()
        left = name
        while True:
            if (field := entity.fields.get(left)) is not None:
                return FoundField(
                    name,
                    field,
                    column_of(entity, table, left),
                    field.type,
                    field.nullable or bool(way) or not field.column,
                )
            step, _, rest = left.partition(".")
            if rest and (relation := entity.relations.get(step)) is not None:
                way, left = (*way, step), rest
                entity, table = self._follow(entity, table, relation, way, path)
            elif rest and (document := entity.fields.get(step)) is not None and document.type is FieldType.JSON:
                return _in_document(name, document, column_of(entity, table, step), rest, path)
            else:
                _unknown(entity, name, left, path)

    def _follow(
        self, entity: Entity, table: FromClause, relation: Relation, way: tuple[str, ...], path: str
    ) -> tuple[Entity, FromClause]:
        if way not in self._ends:
            if len(way) > MAX_RELATIONS or len(self._ends) == MAX_JOINS:
                raise _refused(
                    path,
                    f"A name may follow {MAX_RELATIONS} relations, and a question may join {MAX_JOINS} tables.",
                    "Ask the entity that lies nearer.",
                )
            target = self._catalog.entity(relation.entity, path=path)
            if target.source != entity.source:
                raise _refused(path, f"{relation.name!r} leads to another source, and joins cannot.")
            alias = target.table.alias()
            pointing = table.c[relation.field] == alias.c[relation.references]
            self._rows = self._rows.outerjoin(alias, pointing)
            self._ends[way] = (target, alias)
        return self._ends[way]


def column_of(entity: Entity, table: FromClause, name: str) -> ColumnElement[Any]:
    """The column of an entity's own field on its table (or an alias of it); of a computed field, its formula."""
    field = entity.fields[name]
    if field.expression is not None:
        return field.expression.compile(lambda used: column_of(entity, table, used))
    column = table.c[field.column or name]
    if field.type is FieldType.TEXT and (not isinstance(column.type, String) or isinstance(column.type, Enum)):
        return cast(column, Text)  # a uuid, an enum, an address: compared as the text that readers see
    return column


def _in_document(name: str, field: Field, document: ColumnElement[Any], keys: str, path: str) -> FoundField:
    parts = keys.split(".")
    if len(parts) > MAX_KEYS or not all(part and part.isprintable() and not set(part) & set('"\\') for part in parts):
        raise _refused(
            path,
            f"{shown(keys)} is no path into the document {field.name!r}.",
            f"Name up to {MAX_KEYS} keys, as {field.name}.product_id; keys have no quotation marks and no backslashes.",
        )
    written = "$" + "".join(f'."{part}"' for part in parts)
    text = JSONText(document, *(literal(part, String()) for part in (written, *parts)))
    return FoundField(name, field, text, FieldType.TEXT, nullable=True, in_json=True)


def _unknown(entity: Entity, name: str, left: str, path: str) -> NoReturn:
    step, _, rest = left.partition(".")
    if not rest and step in entity.relations:
        raise _refused(
            path, f"{name!r} is a relation of {entity.name}, not a field.", f"Name a field of it, as {name}.id."
        )
    if not rest and step in entity.measures:
        raise _refused(
            path,
            f"{name!r} is a measure of {entity.name}, not a field.",
            f'Write {{"measure": "{name}"}} as aggregate.',
        )
    if rest and step in entity.fields:
        raise _refused(path, f"{step!r} of {entity.name} is no relation, so {name!r} leads nowhere.")
    known = [*entity.relations] if rest else [*entity.fields, *(f"{relation}.…" for relation in entity.relations)]
    raise UnknownNameError(f"{'relation' if rest else 'field'} of {entity.name}", step, known, path=path)


def _refused(path: str, message: str, hint: str = "") -> InvalidOptionsError:
    return InvalidOptionsError([Problem(path, message, hint)])
