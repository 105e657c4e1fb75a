"""The API over a real database, asked in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from stats_core.access.tokens import Tokens
from stats_core.composition import Workbench, open_workbench
from stats_core.database import Database
from stats_core.models import Merchant, Store, Website
from stats_core.settings import Settings
from workbench.api import create_api
from workbench.attempts import Attempts

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def bench(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """A workbench with the websites `a` of merchant 1, `b` of merchant 2 and `c` of nobody."""
    yield from _opened(database, tmp_path, monkeypatch)


@pytest.fixture
def sqlite_bench(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """The same on SQLite alone, for what has nothing to do with the engine."""
    yield from _opened(sqlite_database, tmp_path, monkeypatch)


def _opened(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.chdir(tmp_path)  # no workbench.toml there
    with database.write() as session:
        for number, name in ((1, "a"), (2, "b")):
            session.add(Merchant(id=number, name=name, timezone="UTC", currency="USD"))
            session.flush()
            session.add(Store(id=number, merchant_id=number, name=name, currency="USD"))
            session.flush()
            session.add(Website(id=name, name=name, domain=f"{name}.example", store_id=number))
        session.add(Website(id="c", name="c", domain="c.example"))
    with open_workbench(Settings(database_url=database.url, home=tmp_path), clock=lambda: NOW) as workbench:
        yield workbench


@pytest.fixture
def client_of() -> Iterator[Callable[..., TestClient]]:
    """`client_of(workbench, merchant=1)`: a client with a token of its own; bugs are answered, not raised."""
    apps: dict[int, FastAPI] = {}
    entered = ExitStack()

    def make(workbench: Workbench, *, merchant: int | None = None, permissions: tuple[str, ...] = ("admin.access",)):
        tokens = Tokens(workbench.database, workbench.clock)
        token = tokens.create(f"{len(tokens.list())}", permissions, merchant_id=merchant)
        app = apps.get(id(workbench)) or apps.setdefault(id(workbench), patient_api(workbench))
        client = TestClient(app, headers={"authorization": f"Bearer {token}"}, raise_server_exceptions=False)
        return entered.enter_context(client)  # one event loop for all its requests

    with entered:
        yield make


def patient_api(workbench: Workbench) -> FastAPI:
    """The API without a limit of failed attempts: time stands still here, so it would never end."""
    return create_api(workbench, attempts=Attempts(workbench.clock, most=1_000_000))


@pytest.fixture
def client(bench: Workbench, client_of: Callable[..., TestClient]) -> TestClient:
    """A client with a token of the platform, on both engines."""
    return client_of(bench)


@pytest.fixture
def sqlite_client(sqlite_bench: Workbench, client_of: Callable[..., TestClient]) -> TestClient:
    """The same on SQLite alone."""
    return client_of(sqlite_bench)
