"""The event app over a real database, as a client sees it, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from stats_core.database import Database
from stats_core.models import AnalyticsEvent, EventRejectionCount, RejectedEvent, Website
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event

TRACK = "/web/analytics/track"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGEVIEW = {"website_id": "site_a", "event_type": "pageview", "pathname": "/", "visitor_id": "V", "session_id": "S"}


def utc_now() -> datetime:
    return datetime.now(UTC)


class Visitor(TestClient):
    """A browser."""

    def track(self, headers: Mapping[str, str] | None = None, **given: Any) -> Any:
        """Send a pageview of `site_a` with these fields changed; fields that are None are left out."""
        body = {name: value for name, value in {**PAGEVIEW, **given}.items() if value is not None}
        return self.post(TRACK, content=json.dumps(body), headers={"content-type": "text/plain", **(headers or {})})


class EventApp:
    """The event app over `database`; counts of refusals are written when it stops."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home
        self.add_website("site_a", "example.com")

    def add_website(self, website_id: str, domain: str, *, allowed: tuple[str, ...] = ()) -> None:
        with self.database.write() as session:
            session.add(Website(id=website_id, name=domain, domain=domain, allowed_hostnames=list(allowed)))

    @contextmanager
    def running(
        self, *, address: str = "203.0.113.7", clock: Callable[[], datetime] = utc_now, **settings: Any
    ) -> Iterator[Visitor]:
        """A visitor of the app, from this address."""
        app = self.app(clock=clock, **settings)
        with Visitor(app, client=(address, 50123), headers={"user-agent": FIREFOX}) as visitor:
            yield visitor

    def send(self, bodies: Iterable[bytes], agent: str = FIREFOX) -> list[tuple[int, bytes]]:
        """Send many bodies at once, without a client in between; the answers' statuses and bodies."""

        async def send_all() -> list[tuple[int, bytes]]:
            app = self.app()
            async with app.router.lifespan_context(app) as state:
                return list(await asyncio.gather(*(_answer(app, state, body, agent) for body in bodies)))

        return asyncio.run(send_all())

    def app(self, *, clock: Callable[[], datetime] = utc_now, **settings: Any) -> Starlette:
        """The app, which lets everything through unless the settings limit it."""
        from ingest.app import create_app

        limits = {"rate_limit_client": 1_000_000, "rate_limit_website": 1_000_000}
        return create_app(
            Settings(database_url=self.database.url, home=self.home, **{**limits, **settings}), clock=clock
        )

    def events(self) -> list[Event]:
        """What is stored, in the order it was."""
        columns = [getattr(AnalyticsEvent, "metadata_" if name == "metadata" else name) for name in _FIELDS]
        with self.database.read() as session:
            return [Event(*row) for row in session.execute(select(*columns).order_by(AnalyticsEvent.id))]

    def refused(self) -> dict[tuple[str, str], int]:
        """How many were refused, by website and reason."""
        table = EventRejectionCount
        with self.database.read() as session:
            rows = session.execute(select(table.website_id, table.reason, table.count)).all()
        counts: dict[tuple[str, str], int] = {}
        for website_id, reason, count in rows:
            counts[website_id, reason] = counts.get((website_id, reason), 0) + count
        return counts

    def kept(self) -> list[tuple[str, str | None, Any]]:
        """What is kept of refused events: reason, detail and body."""
        table = RejectedEvent
        with self.database.read() as session:
            rows = session.execute(select(table.reason, table.detail, table.body).order_by(table.id))
            return [tuple(row) for row in rows]


async def _answer(app: Starlette, state: Any, body: bytes, agent: str) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": TRACK,
        "headers": [(b"user-agent", agent.encode())],
        "client": ("203.0.113.7", 50123),
        "state": dict(state),
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


_FIELDS = [field.name for field in fields(Event)]


@pytest.fixture
def event_app(database: Database, tmp_path: Path) -> EventApp:
    """The event app with a website `site_a` (example.com), on both engines."""
    return EventApp(database, tmp_path / "home")


@pytest.fixture
def sqlite_event_app(sqlite_database: Database, tmp_path: Path) -> EventApp:
    """The same on SQLite alone, where the engine makes no difference."""
    return EventApp(sqlite_database, tmp_path / "home")


@pytest.fixture
def event_app_over(tmp_path: Path) -> Callable[[Database], EventApp]:
    """The same over a database that the test brings."""
    return lambda database: EventApp(database, tmp_path / "home")


class UnderLoad:
    """A program that stores events and writes a line for each that it was told is stored.

    It writes `ready` when it can begin and begins when it gets a line. What stands whole in its output was answered, so
    it has to be stored whatever becomes of the program: that is the promise to be tested.
    """

    def __init__(self, *command: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.answered: list[str] = []
        if self._process.stdout.readline() != b"ready\n":
            self._process.wait()
            raise RuntimeError("the program did not become ready")

    def begin(self) -> None:
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def read(self, lines: int) -> None:
        """Wait until so many more events are answered, or the program ends."""
        for line in islice(self._process.stdout, lines):
            self._note(line)

    def kill(self) -> None:
        """End it as a power cut does, and read what it had written."""
        self._process.kill()
        self.finish()

    def finish(self) -> int:
        """Read until the program ends; its return code."""
        for line in self._process.stdout:
            self._note(line)
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait()

    def _note(self, line: bytes) -> None:
        if line.endswith(b"\n"):  # a line that was cut off is no answer
            self.answered.append(line.decode().rstrip("\n"))


@pytest.fixture
def under_load() -> Iterator[Callable[..., UnderLoad]]:
    """Starts programs under load; those that still run when the test ends are killed."""
    started: list[UnderLoad] = []

    def start(*command: object) -> UnderLoad:
        started.append(UnderLoad(*command))
        return started[-1]

    yield start
    for program in started:
        if not program._process.stdout.closed:
            program.kill()
