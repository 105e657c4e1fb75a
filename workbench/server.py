"""The one process: our own routes, and beneath them Streamlit's app mounted at `/`."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ingest.app import ingest_routes, open_ingest
from ingest.clients import Clients
from ingest.endpoint import STATE
from ingest.health import why_not_ready
from stats_core.access.tokens import Tokens
from stats_core.composition import Workbench
from stats_core.database import Database
from stats_core.errors import ConfigurationError
from workbench.api import create_api
from workbench.assets import PackedAssets, index_page, inline_scripts
from workbench.attempts import Attempts
from workbench.door import Door, Doorkeeper, LocalDoor, sign_in_routes
from workbench.gate import PAGES_POLICY, Gate, hash_source, with_policy
from workbench.login import login_secrets
from workbench.prefix import Prefix
from workbench.sign_in import SignIns
from workbench.ui.shared import HANDOVER
from workbench.ui.shell import TITLE

PAGES = Path(__file__).parent / "ui" / "app.py"
ANY_HOST = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
GRACE_S = 5  # for requests that are running when the server is told to stop


def create_app(workbench: Workbench, *, host: str = "127.0.0.1", sign_in: bool = True) -> Starlette:
    """The ASGI application. Run it with one worker: Streamlit keeps sessions and media in the process.

    Args:
        workbench: What the pages show, the events go into and the health check asks; its settings name the public
            address.
        host: What the server listens on; with the host of `public_url` the names it answers to.
        sign_in: Whether pages ask who comes. Without, they answer at this machine alone.

    Raises:
        ConfigurationError: The organisation's login is set up half.
    """
    settings, tokens = workbench.settings, Tokens(workbench.database, workbench.clock)
    keeper = Doorkeeper(
        sign_ins=SignIns(tokens, settings.secret(), workbench.clock),
        attempts=Attempts(workbench.clock),
        clients=Clients(settings.trusted_proxies),
        public_url=settings.public_url,
        login=settings.login.name if settings.login.client_id else None,
    )
    pages = st.App(PAGES, secrets=login_secrets(settings))
    pages_lifespan = pages.lifespan()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        HANDOVER.give(workbench, tokens, keeper.sign_ins if sign_in else None)
        try:
            async with (
                open_ingest(workbench.settings, workbench.database, clock=workbench.clock) as intake,
                pages_lifespan(app),
            ):
                yield {STATE: intake}
        finally:
            HANDOVER.give(None)

    public = ingest_routes()
    api = create_api(workbench, tokens=tokens, attempts=keeper.attempts)
    shown = PackedAssets(pages, title=TITLE)
    address = urlsplit(settings.public_url)
    return Starlette(
        routes=[
            *public,
            Route("/healthz", health_route(workbench.database)),
            *(Route(path, api) for path in ("/admin", "/admin/{path:path}")),  # a Mount would take the prefix away
            *(sign_in_routes(keeper) if sign_in else ()),
            Mount("/", with_policy(Door(shown, keeper=keeper) if sign_in else LocalDoor(shown), pages_policy())),
        ],
        middleware=[
            Middleware(Prefix, path=address.path),
            Middleware(
                Gate,
                names={host, address.hostname or host},
                public={route.path for route in public},
                public_url=settings.public_url,
            ),
        ],
        lifespan=lifespan,
    )


def pages_policy() -> str:
    """The content security policy of Streamlit's pages."""
    hashes = map(hash_source, inline_scripts(index_page(TITLE)))
    return PAGES_POLICY.format(inline=" ".join(hashes))


def health_route(database: Database) -> Callable[[Request], object]:
    """`GET /healthz`: 200 when the database answers and its schema is ours, else 503 with the reason."""

    async def healthz(_request: Request) -> Response:
        if (reason := await run_in_threadpool(why_not_ready, database)) is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)

    return healthz


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that a taken port is known before anything starts; port 0 takes a free one.

    Raises:
        ConfigurationError: The port is taken or may not be used, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as opened:
            bound = opened.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            opened.pop_all()
    except OSError as error:
        msg = f"Cannot listen on {host}:{port}: {error.strerror}."
        raise ConfigurationError(msg, hint="Choose another with --port, or stop what uses it.") from error
    return bound


def address_of(bound: socket.socket) -> str:
    """What to type into a browser to reach it."""
    host, port = bound.getsockname()[:2]
    if host in ANY_HOST:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: Starlette, bound: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; running requests have a few seconds to end."""
    config = uvicorn.Config(
        app,
        loop="auto" if sys.platform == "win32" else "uvloop",
        http="httptools",
        workers=1,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # whom to believe is decided by WORKBENCH_TRUSTED_PROXIES (ingest/clients.py)
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    # uvicorn raises the signal again once it has stopped: SIGTERM then unwinds like Ctrl-C, and what is open is closed.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _Server(config, on_ready).run(sockets=[bound])
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """Says when it is ready: after the lifespan has started and the socket listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()
