"""The one composition root: the app, the API, the CLI and notebooks all start at `open_workbench`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.database import Database
from stats_core.database.schema import check_schema
from stats_core.database.schema import migrate as migrate_schema
from stats_core.operations.registry import Operation, Registry
from stats_core.panels.cache import Cache, memory_cache, server_cache
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.operations import build_registry
from stats_core.panels.resolver import Resolver
from stats_core.panels.values import canonical
from stats_core.panels.zones import WebsiteZones
from stats_core.settings import Settings


@dataclass(frozen=True)
class Workbench:
    """Everything that answers questions, put together; a context manager that closes what it opened.

    Attributes:
        settings: What the operator has set.
        database: The workbench's own tables.
        catalog: What may be asked, and who answers.
        registry: The operations.
        cache: Answers that are kept.
        resolver: Answers panels and calls.
        dashboards: Stored dashboards and panels.
        clock: Gives the current moment, aware.
    """

    settings: Settings
    database: Database
    catalog: Catalog
    registry: Registry[Operation[Any]]
    cache: Cache
    resolver: Resolver
    dashboards: Dashboards
    clock: Callable[[], datetime]
    _opened: ExitStack = field(repr=False)

    def close(self) -> None:
        """Give all connections back; a second time does nothing."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def open_workbench(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now, migrate: bool = False
) -> Workbench:
    """The workbench over the settings' databases.

    A source that is away disables its entities and nothing else: `workbench.catalog.problems()` says why.

    Args:
        settings: Default: from the environment and `workbench.toml`.
        clock: Gives the current moment, aware.
        migrate: Bring the schema up to date instead of checking it.

    Raises:
        ConfigurationError: The database cannot be opened or its schema is not up to date, with what to do.
        InvalidOptionsError: A setting does not validate.
    """
    settings = settings or Settings.load()
    with ExitStack() as opened:
        database = opened.enter_context(Database(settings.database_url))
        (migrate_schema if migrate else check_schema)(database)
        catalog = build_catalog(settings, database)
        opened.callback(catalog.close)
        cache = _open_cache(settings, database, clock)
        opened.callback(cache.close)
        registry = build_registry()
        resolver = Resolver(
            catalog=catalog,
            registry=registry,
            cache=cache,
            clock=clock,
            timezone=settings.timezone,
            deadline_s=settings.deadline_s,
            zone_of=WebsiteZones(database, clock),
        )
        return Workbench(
            settings=settings,
            database=database,
            catalog=catalog,
            registry=registry,
            cache=cache,
            resolver=resolver,
            dashboards=Dashboards(database, resolver, clock),
            clock=clock,
            _opened=opened.pop_all(),
        )


def _open_cache(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Cache:
    if settings.cache_url is None:
        return memory_cache(clock=clock, entries=settings.cache_entries, megabytes=settings.cache_megabytes)
    return server_cache(settings.cache_url, clock=clock, namespace=_namespace(settings, database))


def _namespace(settings: Settings, database: Database) -> str:
    """Equal for workbenches that ask the same databases by the same definitions: nobody reads another's answers."""
    asked = [database.url, settings.model_dump(mode="json", include={"sources"})]
    return sha256(canonical(asked).encode()).hexdigest()[:16]
