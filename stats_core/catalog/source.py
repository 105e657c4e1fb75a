"""Sources: what runs statements. The workbench's own database, and the users' databases beside it.

A source narrows every statement to the caller's scope, keeps the deadline, words the database's errors and returns
plain values, so that an operation only builds a Select.

To try a statement over any database, as tests do::

    shop = SourceSettings(url="sqlite:///shop.db", tables=("orders",))
    catalog = build_catalog(Settings(sources={"shop": shop}), database)
    entity = catalog.entity("orders")
    rows = catalog.source(entity.source).run(select(entity.table.c.id), context)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, Select, Table

from stats_core.catalog.engines import EngineKind, engine_kind
from stats_core.catalog.failures import worded
from stats_core.catalog.plans import Plan, planned
from stats_core.catalog.rows import Rows, fetched
from stats_core.catalog.scope import Scope
from stats_core.catalog.views import Readings, narrowed

if TYPE_CHECKING:
    from stats_core.catalog.catalog import Catalog
    from stats_core.database import Database

DEFAULT_DEADLINE_S = 30.0
OWN_SOURCE = "workbench"
_OWN = "The workbench's database"


class RunContext(Protocol):
    """What a source must know of a call; an OperationContext is one."""

    @property
    def catalog(self) -> Catalog:
        """Where it finds the entity of a table, and the way to its owner."""
        ...

    @property
    def scope(self) -> Scope:
        """Whose data the caller may see."""
        ...

    @property
    def deadline_s(self) -> float | None:
        """Seconds the database may take; None for the source's own limit."""
        ...


class Source(Protocol):
    """Something that answers statements over its entities."""

    @property
    def name(self) -> str:
        """As in `Entity.source`."""
        ...

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the engine: sqlite, postgresql, duckdb, clickhousedb."""
        ...

    def run(self, statement: Select[Any], context: RunContext) -> Rows:
        """The rows of a statement, as the scope of the call may see them.

        Raises:
            ScopeError: It reads what the scope may not see.
            DeadlineExceededError: The database did not answer in time.
            SourceUnavailableError: The database is away.
            ExpectedError: The database could not calculate it.
        """
        ...

    def plan(self, statement: Select[Any], context: RunContext) -> Plan:
        """How the database means to answer a statement, as the scope of the call may see it; it is not run.

        Raises:
            UnsupportedError: The engine gives no plans.
            ExpectedError: As `run`.
        """
        ...


class DatabaseSource:
    """The workbench's own database."""

    name = OWN_SOURCE

    def __init__(self, database: Database, *, deadline_s: float = DEFAULT_DEADLINE_S) -> None:
        self._database = database
        self._deadline_s = deadline_s
        self._kind = engine_kind(database.dialect)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._database.dialect

    def run(self, statement: Select[Any], context: RunContext) -> Rows:
        """See `Source.run`."""
        seen = narrowed(statement, context.catalog, context.scope)
        with self._asked(context) as connection:
            return fetched(connection.execute(seen))

    def plan(self, statement: Select[Any], context: RunContext) -> Plan:
        """See `Source.plan`."""
        seen = narrowed(statement, context.catalog, context.scope)
        with self._asked(context) as connection:
            return planned(connection, seen, _OWN)

    @contextmanager
    def _asked(self, context: RunContext) -> Iterator[Connection]:
        """A connection under the deadline, whose errors are worded."""
        seconds = context.deadline_s or self._deadline_s
        with (
            worded(_OWN, self._kind, seconds),
            self._database.read() as session,
            self._kind.time_limit(connection := session.connection(), seconds),
        ):
            yield connection


class AttachedSource:
    """A user's database.

    Args:
        name: As in workbench.toml.
        engine: Cannot write.
        readings: How columns are read that do not hold what they should.
        deadline_s: Of this source; None to keep the caller's.
    """

    def __init__(
        self, name: str, engine: Engine, readings: Mapping[Table, Readings], *, deadline_s: float | None = None
    ) -> None:
        self.name = name
        self._engine = engine
        self._readings = readings
        self._deadline_s = deadline_s
        self._kind: EngineKind = engine_kind(engine.dialect.name)
        self._guard = self._kind.guard(engine)
        self._words = f"The source {name!r}"

    @property
    def dialect(self) -> str:
        """`sqlite`, `postgresql`, `duckdb` or `clickhousedb`."""
        return self._engine.dialect.name

    def run(self, statement: Select[Any], context: RunContext) -> Rows:
        """See `Source.run`."""
        seen = narrowed(statement, context.catalog, context.scope, self._readings)
        with self._asked(context) as connection:
            return fetched(connection.execute(seen))

    def plan(self, statement: Select[Any], context: RunContext) -> Plan:
        """See `Source.plan`."""
        seen = narrowed(statement, context.catalog, context.scope, self._readings)
        with self._asked(context) as connection:
            return planned(connection, seen, self._words)

    @contextmanager
    def _asked(self, context: RunContext) -> Iterator[Connection]:
        """A connection under the deadline, whose errors are worded."""
        seconds = self._deadline_s or context.deadline_s or DEFAULT_DEADLINE_S
        with (
            worded(self._words, self._kind, seconds),
            self._guard(seconds),
            self._engine.connect() as connection,
            self._kind.time_limit(connection, seconds),
        ):
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"AttachedSource({self.name!r}, {self.dialect!r})"
