"""Users' databases as sources: their tables become entities as workbench.toml says.

Tables are read once, when the workbench starts, and only those of the allow-list. What is wrong disables as little as
possible: a source that is away its own entities, a missing table or a bad formula one entity; each with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, Engine, MetaData, Table
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.sql.elements import quoted_name

from stats_core.catalog.address import Address, read_address
from stats_core.catalog.define import Formula, label_of, with_formulas
from stats_core.catalog.engines import engine_kind
from stats_core.catalog.entity import Entity, Field, FieldType, Relation
from stats_core.catalog.failures import reason_of
from stats_core.catalog.kinds import Kind, read_otherwise
from stats_core.catalog.readings import read_as
from stats_core.catalog.reflection import ForeignKey, Reflected, ReflectedColumn, Reflector
from stats_core.catalog.source import OWN_SOURCE, AttachedSource
from stats_core.catalog.views import Readings
from stats_core.errors import ConfigurationError, ExpectedError, Note, Problem, UnknownNameError, UnsupportedError
from stats_core.settings import EntitySettings, FormulaSettings, SourceSettings

_RESTART: Final = "Start it or correct its url, then restart the workbench."
_ID_ENDING: Final = re.compile(r"(?<=.)_id$|(?<=[a-z])I[dD]$")
_CANONICAL: Final = {"postgres": "postgresql", "clickhouse": "clickhousedb"}


@dataclass(frozen=True, slots=True)
class Attached:
    """A source as it was found.

    Attributes:
        source: None where the database could not be read.
        unavailable: By entity, why it cannot be queried.
        problems: What else is wrong with its settings.
    """

    source: AttachedSource | None = None
    entities: tuple[Entity, ...] = ()
    unavailable: Mapping[str, Problem] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entity that the settings ask for; `path` is where they do."""

    name: str
    table: str
    settings: EntitySettings
    path: str


def wanted_entities(
    source: str, settings: SourceSettings, taken: Mapping[str, str]
) -> tuple[dict[str, Wanted], list[Problem]]:
    """By name: one entity per table of the allow-list, more where the settings give a table several names.

    Args:
        source: The source's name.
        settings: Of the source.
        taken: By name of an entity, the source that has it already.
    """
    path = f"sources.{source}.entities"
    wanted: dict[str, Wanted] = {}
    problems: list[Problem] = []
    named = set()
    for name, more in settings.entities.items():
        table = more.table or name
        if not name:
            problems.append(_nameless(table, source))
        elif table in settings.tables:
            wanted[name] = Wanted(name, table, more, f"{path}.{name}")
            named.add(table)
        else:
            hint = f"Add it to sources.{source}.tables, or name the table it is over: table = …"
            problems.append(
                Problem(f"{path}.{name}", f"{table!r} is not in the list of tables that may be read.", hint)
            )
    for table in settings.tables:
        name = table.rpartition(".")[2]
        by_default = Wanted(name, table, EntitySettings(), f"{path}.{name}")
        if table in named:
            continue
        if not name:
            problems.append(_nameless(table, source))
        elif name in wanted:
            problems.append(_taken(by_default, source, source))
        else:
            wanted[name] = by_default
    problems.extend(_taken(wanted.pop(name), source, taken[name]) for name in sorted(wanted.keys() & taken.keys()))
    return wanted, problems


def _nameless(table: str, source: str) -> Problem:
    hint = f"Say it: [sources.{source}.entities.NAME] table = …"
    return Problem(f"sources.{source}.entities", f"The entity over the table {table!r} has no name.", hint)


def _taken(wanted: Wanted, source: str, first: str) -> Problem:
    whose = "the workbench itself has" if first == OWN_SOURCE else f"the source {first!r} has"
    return Problem(
        wanted.path,
        f"The table {wanted.table!r} is left out: {whose} an entity of this name.",
        f'Give it another: [sources.{source}.entities.NAME] table = "{wanted.table}".',
    )


def attach(
    name: str, settings: SourceSettings, wanted: Mapping[str, Wanted], environment: Mapping[str, str]
) -> Attached:
    """The source `name` with the entities wanted of it. Never raises: what is wrong is in the answer."""
    try:
        address = read_address(settings.url, environment)
        engine = _open(address, settings.pool_size)
    except ExpectedError as error:
        problem = Problem(f"sources.{name}.url", f"The source {name!r} is off. {error.message}", error.hint)
        return _away(wanted, problem)
    try:
        with engine.connect() as connection:
            built = _Building(name, settings, wanted, Reflector(connection, settings.times).table)
            built.run()
    except Exception as error:  # noqa: BLE001 - whatever a driver throws, the workbench starts without this source
        engine.dispose()
        reason = reason_of(error, address.secrets)
        return _away(wanted, Problem(f"sources.{name}", f"The source {name!r} cannot be read: {reason}.", _RESTART))
    source = AttachedSource(name, engine, built.readings, deadline_s=settings.deadline_s)
    return Attached(source, tuple(built.entities.values()), built.unavailable, tuple(built.problems))


def _open(address: Address, pool_size: int) -> Engine:
    backend = address.url.get_backend_name()
    url = address.url.set(drivername=_CANONICAL[backend]) if backend in _CANONICAL else address.url
    try:
        return engine_kind(url.get_backend_name()).open(url, pool_size)
    except NoSuchModuleError:
        raise UnsupportedError(
            f"The driver of {backend} is not installed.", hint="Install stats-workbench[clickhouse]."
        ) from None


def _away(wanted: Mapping[str, Wanted], problem: Problem) -> Attached:
    return Attached(unavailable=dict.fromkeys(wanted, problem), problems=() if wanted else (problem,))


class _Building:
    """Entities of one source, from the settings and what the database says of its tables."""

    def __init__(
        self,
        source: str,
        settings: SourceSettings,
        wanted: Mapping[str, Wanted],
        reflect: Callable[[str], Reflected],
    ) -> None:
        self.entities: dict[str, Entity] = {}
        self.unavailable: dict[str, Problem] = {}
        self.problems: list[Problem] = []
        self.readings: dict[Table, Readings] = {}
        self._source, self._settings, self._wanted, self._reflect = source, settings, wanted, reflect
        self._reflected: dict[str, Reflected] = {}

    def run(self) -> None:
        self._each(self._wanted, self._describe)
        self._each(self._reflected, self._define)
        self._each(self.entities, self._relate)
        # An entity that is gone takes those along whose way to their owner leads over it.
        while self._each(self.entities, self._check_scope):
            pass

    def _each(self, names: Mapping[str, Any], step: Callable[[Wanted], None]) -> bool:
        """One step for every entity; whether it disabled any."""
        before = len(self.unavailable)
        for wanted in [self._wanted[name] for name in names]:
            try:
                step(wanted)
            except ExpectedError as error:
                path = ".".join(filter(None, (wanted.path, error.path)))
                self.unavailable[wanted.name] = Problem(path, error.message, error.hint)
                self.entities.pop(wanted.name, None)
        return len(self.unavailable) > before

    def _describe(self, wanted: Wanted) -> None:
        self._reflected[wanted.name] = self._reflect(wanted.table)

    def _define(self, wanted: Wanted) -> None:
        reflected, settings = self._reflected[wanted.name], wanted.settings
        columns = {column.name: self._typed(column, settings) for column in reflected.columns}
        _refuse_unknown(settings, columns)
        readable = {name: column for name, column in columns.items() if name and isinstance(column.kind, Kind)}
        table = Table(
            _quoted(reflected.name),
            MetaData(),
            *(
                Column(_quoted(name), column.kind.sql)
                for name, column in readable.items()
                if isinstance(column.kind, Kind)
            ),
            schema=reflected.schema and _quoted(reflected.schema),
        )
        fields = {name: _field(column, settings) for name, column in readable.items() if _is_shown(name, settings)}
        entity = Entity(
            name=wanted.name,
            source=self._source,
            table=table,
            fields=MappingProxyType(fields),
            primary_key=settings.primary_key or reflected.primary_key,
            date_field=settings.date_field or _only_time(fields),
            label=settings.label or label_of(wanted.name),
            description=settings.description,
            scope_paths=MappingProxyType({str(level): way for level, way in settings.scope.items()}),
            shared=settings.shared,
        )
        entity = with_formulas(
            entity,
            fields=_formulas(settings.fields),
            measures=_formulas(settings.measures),
            hidden=settings.hidden,
        )
        _check_date_field(entity)
        self.entities[wanted.name] = entity
        if readings := _readings(table, readable, self._keys(wanted.name)):
            self.readings[table] = readings
        self.problems.extend(_unreadable(wanted.path, columns, settings))

    def _typed(self, column: ReflectedColumn, settings: EntitySettings) -> ReflectedColumn:
        if (given := settings.types.get(column.name)) is None or isinstance(column.kind, str):
            return column
        return replace(column, kind=read_otherwise(column.kind, FieldType(given), self._settings.times))

    def _keys(self, name: str) -> frozenset[str]:
        """Columns that join or tell rows apart."""
        reflected, settings = self._reflected[name], self._wanted[name].settings
        pointed_at = {
            relation.references
            for other in self._wanted.values()
            for relation in other.settings.relations.values()
            if relation.entity == name
        }
        own = {*reflected.primary_key, *settings.primary_key, *(key.column for key in reflected.foreign_keys)}
        return frozenset(own | pointed_at | {relation.field for relation in settings.relations.values()})

    def _relate(self, wanted: Wanted) -> None:
        entity = self.entities[wanted.name]
        relations = {relation.name: relation for relation in (*self._by_keys(wanted.name), *self._declared(wanted))}
        self.entities[wanted.name] = replace(entity, relations=MappingProxyType(relations))

    def _by_keys(self, name: str) -> Iterator[Relation]:
        table = self.entities[name].table
        for key in self._reflected[name].foreign_keys:
            if (target := self._over(key)) is not None and key.column in table.c and key.references in target.table.c:
                yield Relation(relation_name(key.column), key.column, target.name, key.references)

    def _over(self, key: ForeignKey) -> Entity | None:
        """The entity over the table that a key points at, if it may be read."""
        for name, reflected in self._reflected.items():
            if reflected.name == key.table and key.schema in {reflected.schema, None} and name in self.entities:
                return self.entities[name]
        return None

    def _declared(self, wanted: Wanted) -> Iterator[Relation]:
        for name, relation in wanted.settings.relations.items():
            path = f"relations.{name}"
            if relation.entity not in self._wanted:
                raise UnknownNameError(
                    f"entity of {self._source}", relation.entity, self._wanted, path=f"{path}.entity"
                )
            _refuse_missing(self.entities[wanted.name].table, relation.field, f"{path}.field")
            if (target := self.entities.get(relation.entity)) is not None:
                _refuse_missing(target.table, relation.references, f"{path}.references")
            yield Relation(name, relation.field, relation.entity, relation.references)

    def _check_scope(self, wanted: Wanted) -> None:
        for level, way in self.entities[wanted.name].scope_paths.items():
            entity, steps = self.entities[wanted.name], way.split(".")
            for step in steps[:-1]:
                relation = entity.relation(step, path=f"scope.{level}")
                if (target := self.entities.get(relation.entity)) is None:
                    reason = f"The way to its {level} leads over {relation.entity!r}, which cannot be queried."
                    raise ConfigurationError(reason, path=f"scope.{level}", hint="See what is wrong there.")
                entity = target
            _refuse_missing(entity.table, steps[-1], f"scope.{level}")


def relation_name(column: str) -> str:
    """How the row is called that a column points at: `customer_id` and `CustomerId` without their ending."""
    return _ID_ENDING.sub("", column)


def _quoted(name: str) -> quoted_name:
    """SQLAlchemy knows only some of the words that engines keep for themselves: not `nothing` nor `returning`."""
    return quoted_name(name, quote=True)


def _is_shown(name: str, settings: EntitySettings) -> bool:
    return name not in settings.hidden and "." not in name  # a dot would be read as a relation


def _field(column: ReflectedColumn, settings: EntitySettings) -> Field:
    assert isinstance(column.kind, Kind)
    return Field(
        name=column.name,
        type=column.kind.holds,
        column=column.name,
        nullable=column.nullable or column.kind.reading is not None,
        label=label_of(column.name),
        unit=settings.units.get(column.name),
        wall_clock=column.kind.wall_clock,
    )


def _readings(table: Table, columns: Mapping[str, ReflectedColumn], keys: frozenset[str]) -> Readings:
    found = {}
    for name, column in columns.items():
        kind = column.kind
        if isinstance(kind, Kind) and kind.reading is not None and not (kind.keys_as_they_are and name in keys):
            found[name] = read_as(kind.reading, table.c[name], kind.sql)
    return found


def _formulas(settings: Mapping[str, FormulaSettings]) -> dict[str, Formula]:
    return {name: Formula(each.expression, each.unit, each.definition, each.label) for name, each in settings.items()}


def _only_time(fields: Mapping[str, Field]) -> str | None:
    times = [name for name, found in fields.items() if found.type.temporal]
    return times[0] if len(times) == 1 else None


def _check_date_field(entity: Entity) -> None:
    if entity.date_field is None:
        return
    found = entity.field(entity.date_field, path="date_field")
    if not found.type.temporal:
        hint = f'Say what it holds: types = {{{found.name} = "date"}}.' if found.type is FieldType.TEXT else ""
        raise ConfigurationError(f"{found.name!r} is {found.type} and no date or time.", path="date_field", hint=hint)


def _refuse_unknown(settings: EntitySettings, columns: Mapping[str, ReflectedColumn]) -> None:
    """A misspelt name in `hidden` would show what should be hidden; so any name that is no column is refused."""
    for key in ("primary_key", "hidden", "types", "units"):
        for name in getattr(settings, key):
            if name not in columns and not (key == "units" and name in settings.fields):
                raise UnknownNameError("column", name, columns, path=key)


def _refuse_missing(table: Table, column: str, path: str) -> None:
    if column not in table.c:
        raise UnknownNameError(f"column of {table.name}", column, table.c.keys(), path=path)


def _unreadable(path: str, columns: Mapping[str, ReflectedColumn], settings: EntitySettings) -> Iterator[Note]:
    for name, column in columns.items():
        if name in settings.hidden:
            continue
        if isinstance(column.kind, str):
            yield Note(f"{path}.{name}", f"The column is left out: {column.kind}.", f'Say so: hidden = ["{name}"].')
        elif not name:
            yield Note(path, "A column is left out: it has no name.", "Name it in a view.")
        elif "." in name:
            yield Note(f"{path}.{name}", "The column is left out: its name has a dot.", "Rename it in a view.")
