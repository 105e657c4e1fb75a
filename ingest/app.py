"""The event app: `uvicorn ingest.app:app --no-proxy-headers --no-access-log`, with as many `--workers` as you like.

`workbench serve` has the same routes in its own process: `ingest_routes` and, in its lifespan, `open_ingest`.
Nothing is read or opened before the lifespan starts. docs/operating.md says when to run it apart.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.agents import parse_agent
from ingest.clients import Clients
from ingest.country import Countries
from ingest.endpoint import STATE, Track, track_route
from ingest.enrich import Enricher
from ingest.health import why_not_ready
from ingest.intake import Intake
from ingest.limiter import RateLimiter
from ingest.referrers import classify
from ingest.salts import Salts
from ingest.script import TRACK, script_route
from ingest.sites import Sites
from ingest.spam import is_spam
from ingest.waiting import happens
from ingest.writer import EventWriter
from stats_core.database import Database
from stats_core.database.schema import check_schema
from stats_core.errors import ExpectedError
from stats_core.settings import Settings

LOOK_S = 600.0  # how often the clock is looked at while no events come: it may be set, or the machine may sleep


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now) -> Starlette:
    """The event app alone.

    Args:
        settings: Default: from the environment and `workbench.toml`, when the app starts.
        clock: Gives the current moment, aware.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        chosen = settings or Settings.load()
        with Database(chosen.database_url) as database, _nobody_in_the_log():
            check_schema(database)
            async with open_ingest(chosen, database, clock=clock) as intake:
                yield {STATE: intake, "database": database}

    routes = [*ingest_routes(), Route("/healthz", _healthz)]
    return _EventApp(routes=routes, middleware=[Middleware(_PlainStart)], lifespan=lifespan)


class _EventApp(Starlette):
    """Takes events before it looks for a route: middleware and routing would be a third of their time."""

    _track = Track()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == TRACK:
            await self._track(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def ingest_routes() -> list[Route]:
    """The tracking endpoint and the script; the lifespan must yield `{STATE: intake}` of `open_ingest`."""
    return [track_route(), script_route()]


@asynccontextmanager
async def open_ingest(
    settings: Settings, database: Database, *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Intake]:
    """What takes events into `database`, with its tasks in the background. At the end all that was taken is stored.

    Raises:
        ConfigurationError: The secret, the GeoIP file or the address of the shared rate limits cannot be used.
    """
    salts = Salts(settings.home / "salts")
    sites = Sites(database, clock)
    enricher = Enricher(
        secret=settings.secret(),
        salts=salts,
        countries=Countries(settings.geoip_database, clock=clock),
        clients=Clients(settings.trusted_proxies),
        country_header=settings.country_header,
    )
    limiter = RateLimiter(
        settings.rate_limit_client,
        settings.rate_limit_website,
        url=settings.cache_url,
        secret=settings.secret(),
        clock=clock,
    )
    salts.turn(clock())
    await asyncio.to_thread(sites.read)
    await asyncio.to_thread(_warm)
    async with _writing(EventWriter(database, settings.home / "spool", clock=clock)) as writer:
        await limiter.start()
        closing = asyncio.Event()
        tasks = [asyncio.create_task(sites.keep_fresh(closing)), asyncio.create_task(_turn(salts, clock, closing))]
        try:
            yield Intake(sites, enricher, limiter, writer, clock)
        finally:
            closing.set()
            await asyncio.gather(*tasks)
            await limiter.close()


def check_ingest(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
    """Read what `open_ingest` reads of the settings: what it would refuse is told before a server starts.

    Raises:
        ConfigurationError: The secret or the GeoIP file cannot be used.
    """
    settings.secret()
    Countries(settings.geoip_database, clock=clock)


def _warm() -> None:
    """Read what is read once, before the first visitor waits for it."""
    parse_agent("")
    classify("https://example.com/")
    is_spam("")


@asynccontextmanager
async def _writing(writer: EventWriter) -> AsyncIterator[EventWriter]:
    """The writer, running; both ends may take a while, as events of a spool are stored then."""
    await asyncio.to_thread(writer.start)
    try:
        yield writer
    finally:
        await asyncio.to_thread(writer.close)


async def _turn(salts: Salts, clock: Callable[[], datetime], closing: asyncio.Event) -> None:
    """At midnight the oldest salt goes, also while no events come."""
    while not await happens(closing, within_s=min(LOOK_S, _until_midnight_s(clock()))):
        salts.turn(clock())


def _until_midnight_s(now: datetime) -> float:
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=1) - now).total_seconds()


async def _healthz(request: Request) -> Response:
    """200 also while the database is away: events are kept in the spool then, and a restart could not begin."""
    reason = await run_in_threadpool(why_not_ready, request.state.database)
    return JSONResponse({"status": "ok"} if reason is None else {"status": "degraded", "reason": reason})


@contextmanager
def _nobody_in_the_log() -> Iterator[None]:
    """What uvicorn logs of requests and websockets, without addresses and queries."""
    logs = {"uvicorn.access": _nobody, "uvicorn.error": _nobody_by_websocket}
    for name, without in logs.items():
        logging.getLogger(name).addFilter(without)
    try:
        yield
    finally:
        for name, without in logs.items():
            logging.getLogger(name).removeFilter(without)


def _nobody(record: logging.LogRecord) -> bool:
    """Of `%s - "%s %s HTTP/%s" %d`."""
    if isinstance(record.args, tuple) and len(record.args) > 2:  # noqa: PLR2004 - client, method, path and more
        _, method, path, *rest = record.args
        record.args = ("-", method, _path(path), *rest)
    return True


def _nobody_by_websocket(record: logging.LogRecord) -> bool:
    """Of `%s - "WebSocket %s" 403`; other lines have nobody in them."""
    if isinstance(record.args, tuple) and len(record.args) > 1 and "WebSocket" in str(record.msg):
        _, path, *rest = record.args
        record.args = ("-", _path(path), *rest)
    return True


def _path(address: object) -> str:
    return str(address).partition("?")[0]


class _PlainStart:
    """A start that cannot be is told in the error's own words, not as a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and isinstance(error := sys.exception(), ExpectedError):
                message = {**message, "message": str(error)}
            await send(message)

        await self._app(scope, receive, tell)


app = create_app()
