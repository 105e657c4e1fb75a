"""What a statement sees instead of each table: the rows of the caller's scope, with values as their fields claim them.

Operations select from `entity.table`. Before a source runs their statement, `narrowed` puts a subquery in the place of
every table, wherever it stands (aliased, joined, in a subquery, CTE or EXISTS). So no operation can forget the scope,
and none needs to know how an engine keeps a time.

SQL constructs of our own must show their operands to SQLAlchemy's visitors, as a FunctionElement does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    String,
    Subquery,
    Table,
    TableClause,
    TextClause,
    TextualSelect,
    select,
)
from sqlalchemy.sql.elements import ColumnClause, quoted_name
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import ExternallyTraversible, replacement_traverse

from stats_core.catalog.scope import Scope
from stats_core.errors import ScopeError

if TYPE_CHECKING:
    from stats_core.catalog.catalog import Catalog
    from stats_core.catalog.entity import Entity

Readings: TypeAlias = Mapping[str, ColumnElement[Any]]
"""By column, the SQL that reads it as its field claims; a column without one is read as it stands."""

NO_READINGS: Final[Mapping[Table, Readings]] = MappingProxyType({})
_HARMLESS = re.compile(r"[\w.*]*")  # of literal SQL: `*`, numbers, names; never a subquery


def narrowed(
    statement: Select[Any], catalog: Catalog, scope: Scope, readings: Mapping[Table, Readings] = NO_READINGS
) -> Select[Any]:
    """The statement over what the scope may see; the statement itself where nothing stands in between.

    CTEs that are called like a table get another name.

    Raises:
        ScopeError: It reads a table that has no path to the scope's owner, or that is no entity.
    """
    if scope.level == "platform" and not readings and not _clashing(statement, catalog.table_names):
        return statement
    views = _Views(statement, catalog, scope, readings)
    seen = cast("Select[Any]", replacement_traverse(statement, {}, views.replace))
    for cte in _clashing(seen, catalog.table_names):
        cte.name = _free_name(str(cte.name), catalog.table_names)  # of the copy; the statement keeps its own
    views.prove(seen)
    return seen


def _clashing(statement: Select[Any], tables: frozenset[str]) -> list[CTE]:
    """The CTEs that are called like a table.

    All of a statement reads the CTE then instead of the table: a CTE over its own table would read itself, and the way
    to an owner would go over rows that anybody may have written.
    """
    ctes = (element for element in _walk(statement, set()) if isinstance(element, CTE))
    return [cte for cte in ctes if str(cte.name).casefold() in tables]


def _free_name(name: str, tables: frozenset[str]) -> str:
    while name.casefold() in tables:
        name += "_"
    return name


class _Views:
    """The subquery in the place of each table, made when it is first met."""

    def __init__(
        self, statement: Select[Any], catalog: Catalog, scope: Scope, readings: Mapping[Table, Readings]
    ) -> None:
        self._catalog, self._scope, self._readings = catalog, scope, readings
        self._used = _used_columns(statement)
        self._made: dict[Table, Subquery | None] = {}

    def replace(self, element: ExternallyTraversible, **_options: Any) -> Any:
        """The subquery of a table, its column for a column of the table, None for all else."""
        if isinstance(element, Table):
            return self._view(element)
        if isinstance(element, ColumnClause) and isinstance(element.table, Table):
            view = self._view(element.table)
            return None if view is None else view.c[element.key]
        return None

    def prove(self, statement: Select[Any]) -> None:
        """Refuse the statement if anything but our subqueries reads a table that has one."""
        for element in _walk(statement, {id(view) for view in self._made.values()}):
            if isinstance(element, Table) and element in self._readings:
                raise RuntimeError(f"{element.name} is read past its view: a fault in the workbench.")
            if self._scope.level != "platform":
                self._refuse_foreign(element)

    def _refuse_foreign(self, element: ExternallyTraversible) -> None:
        if isinstance(element, TableClause):
            raise _refused(str(element.name), self._scope, "it is no entity")
        if isinstance(element, TextualSelect | TextClause) or (
            isinstance(element, ColumnClause) and element.is_literal and not _HARMLESS.fullmatch(element.name)
        ):
            raise _refused("SQL text", self._scope, "what it reads cannot be told")

    def _view(self, table: Table) -> Subquery | None:
        if table not in self._made:
            self._made[table] = self._make(table)
        return self._made[table]

    def _make(self, table: Table) -> Subquery | None:
        entity = self._catalog.entity_of(table)
        readings = self._readings.get(table, {})
        if self._scope.level == "platform":
            condition = None
            if not readings:
                return None
        else:
            condition = self._condition(table, entity)
        used = self._used.get(table, set())
        columns = [column for column in table.c if column.key in used] or list(table.primary_key) or [*table.c][:1]
        rows = select(*(readings[c.key].label(c.key) if c.key in readings else c for c in columns)).select_from(table)
        return (rows if condition is None else rows.where(condition)).subquery(
            quoted_name(entity.name if entity else table.name, quote=True)
        )

    def _condition(self, table: Table, entity: Entity | None) -> ColumnElement[bool] | None:
        if entity is None:
            raise _refused(table.name, self._scope, "it is no entity")
        if (path := entity.scope_paths.get(self._scope.level)) is not None:
            return _owned(self._catalog, entity, table, path.split("."), self._scope)
        if entity.shared:
            return None
        raise _refused(entity.name, self._scope, f"it has no path to a {self._scope.level}")


def _used_columns(statement: Select[Any]) -> dict[Table, set[str]]:
    """By table, the columns that a statement names anywhere, itself or by aliases and subqueries."""
    used: dict[Table, set[str]] = {}
    for element in _walk(statement, set()):
        named = element.selected_columns if isinstance(element, SelectBase) else (element,)
        for column in named:
            for base in column.base_columns if isinstance(column, ColumnElement) else ():
                if isinstance(base, ColumnClause) and isinstance(base.table, Table):
                    used.setdefault(base.table, set()).add(base.key)
    return used


def _walk(root: ExternallyTraversible, left_out: set[int]) -> Iterator[ExternallyTraversible]:
    """Every element of a statement once, tables of columns too, but nothing in the elements left out (by `id`)."""
    waiting, met = [root], set[int]()
    while waiting:
        element = waiting.pop()
        if id(element) in met or id(element) in left_out:
            continue
        met.add(id(element))
        yield element
        waiting.extend(element.get_children())
        if isinstance(element, ColumnClause) and element.table is not None:
            waiting.append(element.table)


def _owned(catalog: Catalog, entity: Entity, table: FromClause, path: list[str], scope: Scope) -> ColumnElement[bool]:
    """Whether a row belongs to the scope: by its own column, else by the row it points at."""
    step, *rest = path
    if not rest:
        column = table.c[entity.field_column(step)]
        return column == (str(scope.id) if isinstance(column.type, String) else scope.id)
    relation = entity.relation(step)
    target = catalog.entity(relation.entity)
    owner = target.table.alias()  # of its own, so that a way back to the same table is not taken for the outer row
    owners = select(owner.c[relation.references]).where(_owned(catalog, target, owner, rest, scope))
    return table.c[relation.field].in_(owners)


def _refused(name: str, scope: Scope, reason: str) -> ScopeError:
    return ScopeError(
        f"{name!r} cannot be read in the scope of {scope.level} {scope.id}: {reason}.",
        path="entity",
        hint="Ask somebody of the platform, or give the entity a way to its owner: "
        f"scope.{scope.level} = …, or shared = true.",
    )
