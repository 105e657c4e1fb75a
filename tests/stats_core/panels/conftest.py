"""A clock that is set by hand, a cache server, and a resolver over a small operation of real statements."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import Field
from sqlalchemy import Select, func, select

from stats_core.catalog.catalog import build_catalog
from stats_core.database import Database
from stats_core.models import Merchant, Partner, Store, Website
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Meta, Operation, Options, Registry, Result
from stats_core.panels.cache import memory_cache
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.resolver import Resolver
from stats_core.panels.zones import WebsiteZones
from stats_core.query.ranges import Range
from stats_core.settings import Settings


class HandClock:
    """It is noon on 15 June 2026, UTC, until somebody moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


class Talk(socketserver.StreamRequestHandler):
    """One client's connection, in the protocol of Redis and Valkey (RESP 2)."""

    def handle(self) -> None:
        while command := self._command():
            self.wfile.write(self._answer(command[0].upper(), command[1:]))

    def _command(self) -> list[bytes]:
        if not (head := self.rfile.readline()):
            return []
        words = []
        for _ in range(int(head[1:])):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length + 2)[:-2])
        return words

    def _answer(self, name: bytes, words: list[bytes]) -> bytes:
        stored = self.server.stored
        if name == b"GET":
            value = stored.get(words[0])
            return b"$-1\r\n" if value is None else b"$%d\r\n%b\r\n" % (len(value), value)
        if name == b"SETEX":
            self.server.expiries.append(int(words[1]))
            stored[words[0]] = words[2]
        return b"+OK\r\n"


class CacheServer(socketserver.ThreadingTCPServer):
    """The commands of a Valkey server that the cache uses, over a real socket."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.stored: dict[bytes, bytes] = {}
        self.expiries: list[int] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}/0"


@pytest.fixture
def cache_server() -> Iterator[CacheServer]:
    with CacheServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


class TallyOptions(Options):
    """A small operation of real statements: how many rows have these values."""

    entity: str
    filters: dict[str, Any] = Field(default_factory=dict)
    range: Range | None = None
    timezone: str | None = None
    group_by: str | None = None
    limit: int = Field(10, ge=1)


class Tally(Result):
    value: int | None = None
    rows: list[dict[str, Any]] = []  # noqa: RUF012 - pydantic copies it


class Executions:
    """An operation that counts how often it ran; `before` is called each time, `error` raised."""

    def __init__(self) -> None:
        self.runs = 0
        self.contexts: list[OperationContext] = []
        self.before: Callable[[], object] = lambda: None
        self.error: Exception | None = None
        self._mutex = threading.Lock()

    def __call__(self, options: TallyOptions, context: OperationContext) -> Tally:
        statement = _statement(options, context)
        self.contexts.append(context)
        self.before()
        if self.error is not None:
            self._count()
            raise self.error
        found = context.catalog.source("workbench").run(statement, context)
        self._count()
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        total = sum(row["n"] for row in rows)
        meta = Meta(unit="rows", definition="Rows there are.")
        return Tally(
            value=total,
            rows=rows if options.group_by else [],
            row_count=total,
            statement=found.statement,
            meta=meta,
        )

    def _count(self) -> None:
        with self._mutex:
            self.runs += 1

    @property
    def operation(self) -> Operation[TallyOptions]:
        return Operation(
            type="tally",
            title="Tally",
            description="Counts rows.",
            options=TallyOptions,
            execute=self,
            version=2,
            upgrades={1: _table_is_called_entity},
        )


def _statement(options: TallyOptions, context: OperationContext) -> Select[Any]:
    entity = context.catalog.entity(options.entity)
    columns = entity.table.c
    chosen = [columns[entity.field(options.group_by, path="group_by").name]] if options.group_by else []
    wanted = {
        columns[entity.field(name, path=f"filters.{name}").name]: value if isinstance(value, list) else [value]
        for name, value in options.filters.items()
    }
    return (
        select(*chosen, func.count().label("n"))
        .select_from(entity.table)
        .where(*(column.in_(values) for column, values in wanted.items()))
        .group_by(*chosen)
        .order_by(*chosen)
        .limit(options.limit)
    )


def _table_is_called_entity(options: dict[str, Any]) -> dict[str, Any]:
    options["entity"] = options.pop("table")
    return options


@pytest.fixture
def executions() -> Executions:
    return Executions()


@pytest.fixture
def filled(database: Database) -> Database:
    """Three partners: two active, one pending; two websites; two merchants, the second with two stores."""
    with database.write() as session:
        session.add_all(
            Partner(name=name, status=status, verified=status == "active")
            for name, status in (("Ann", "active"), ("Bob", "active"), ("Cleo", "pending"))
        )
        session.add_all(
            Website(id=site, name=site, domain=f"{site}.example", timezone=zone)
            for site, zone in (("site_berlin", "Europe/Berlin"), ("site_tokyo", "Asia/Tokyo"))
        )
        session.add_all([Merchant(id=1, name="One"), Merchant(id=2, name="Two")])
        session.flush()
        session.add_all(
            Store(id=i, merchant_id=merchant, name=f"Store {i}") for i, merchant in ((1, 1), (2, 2), (3, 2))
        )
    return database


@pytest.fixture
def resolver(filled: Database, executions: Executions, hand_clock: HandClock) -> Resolver:
    return Resolver(
        catalog=build_catalog(Settings(), filled),
        registry=Registry("operation", [executions.operation], name=lambda operation: operation.type),
        cache=memory_cache(clock=hand_clock, entries=100, megabytes=1),
        clock=hand_clock,
        zone_of=WebsiteZones(filled, hand_clock),
    )


@pytest.fixture
def dashboards(filled: Database, resolver: Resolver, hand_clock: HandClock) -> Dashboards:
    return Dashboards(filled, resolver, hand_clock)
