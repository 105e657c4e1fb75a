"""The catalog: every entity that may be queried, and the source of each."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import Table

from stats_core.catalog.attached import Attached, Wanted, attach, wanted_entities
from stats_core.catalog.entity import Entity
from stats_core.catalog.own import own_entities
from stats_core.catalog.source import OWN_SOURCE, AttachedSource, DatabaseSource, Source
from stats_core.errors import Problem, SourceUnavailableError, UnknownNameError

if TYPE_CHECKING:
    from stats_core.database import Database
    from stats_core.settings import Settings, SourceSettings


class Catalog:
    """What may be asked.

    Args:
        entities: Their names are unique over all sources.
        sources: What runs the statements.
        unavailable: By entity name, why a configured entity cannot be queried.
        problems: What else of the configuration does not work.
    """

    def __init__(
        self,
        entities: Iterable[Entity],
        sources: Iterable[Source],
        unavailable: Mapping[str, Problem] = MappingProxyType({}),
        problems: Iterable[Problem] = (),
    ) -> None:
        self.entities: Mapping[str, Entity] = MappingProxyType({entity.name: entity for entity in entities})
        self._sources = {source.name: source for source in sources}
        self._unavailable = dict(unavailable)
        self._problems = tuple(dict.fromkeys((*unavailable.values(), *problems)))
        self._by_table = {entity.table: entity for entity in self.entities.values()}
        self.table_names = frozenset(table.name.casefold() for table in self._by_table)  # as most engines compare them

    def entity(self, name: str, *, path: str = "entity") -> Entity:
        """The entity of this name.

        Raises:
            UnknownNameError: There is none, with the nearest names.
            SourceUnavailableError: It is configured, but its source or its definition is broken.
        """
        if (found := self.entities.get(name)) is not None:
            return found
        if (problem := self._unavailable.get(name)) is not None:
            message = f"The entity {name!r} cannot be queried. {problem.message}"
            raise SourceUnavailableError(message, path=path, hint=problem.hint)
        raise UnknownNameError("entity", name, self.entities, path=path)

    @property
    def unavailable(self) -> Mapping[str, Problem]:
        """By the name of an entity that is configured and cannot be queried: why."""
        return MappingProxyType(self._unavailable)

    def entity_of(self, table: Table) -> Entity | None:
        """The entity whose table this is."""
        return self._by_table.get(table)

    def source(self, name: str) -> Source:
        """The source of this name.

        Raises:
            UnknownNameError: There is none, or it could not be read at start.
        """
        if (found := self._sources.get(name)) is None:
            raise UnknownNameError("source", name, self._sources)
        return found

    def problems(self) -> tuple[Problem, ...]:
        """What of the configuration does not work, each once."""
        return self._problems

    def close(self) -> None:
        """Give the connections of attached sources back; the workbench's database is closed by whoever opened it."""
        for source in self._sources.values():
            if isinstance(source, AttachedSource):
                source.close()


def build_catalog(settings: Settings, database: Database) -> Catalog:
    """The catalog of our own tables and of the sources in `settings`, which are read now."""
    entities = list(own_entities())
    sources: list[Source] = [DatabaseSource(database, deadline_s=settings.deadline_s)]
    taken = {entity.name: entity.source for entity in entities}
    wanted: dict[str, Mapping[str, Wanted]] = {}
    unavailable: dict[str, Problem] = {}
    problems: list[Problem] = []
    for name, source in settings.sources.items():
        if name == OWN_SOURCE:
            problems.append(Problem(f"sources.{name}", "This name is the workbench's own.", "Give the source another."))
            continue
        wanted[name], refused = wanted_entities(name, source, taken)
        problems.extend(refused)
        taken.update(dict.fromkeys(wanted[name], name))
    for attached in _attach_all({name: settings.sources[name] for name in wanted}, wanted):
        entities.extend(attached.entities)
        unavailable.update(attached.unavailable)
        problems.extend(attached.problems)
        if attached.source is not None:
            sources.append(attached.source)
    return Catalog(entities, sources, unavailable, problems)


def _attach_all(settings: Mapping[str, SourceSettings], wanted: Mapping[str, Mapping[str, Wanted]]) -> list[Attached]:
    """All at once: a host that does not answer costs ten seconds."""
    if not settings:
        return []
    with warnings.catch_warnings(), ThreadPoolExecutor(len(settings)) as threads:
        warnings.simplefilter("ignore")  # about column types that SQLAlchemy does not know; we say so ourselves
        return list(threads.map(lambda name: attach(name, settings[name], wanted[name], os.environ), settings))
