"""The event app as a server of its own: `uvicorn ingest.app:app`, started, asked by plain sockets, and stopped."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from ingest.app import _turn, create_app
from ingest.salts import Salts
from stats_core.database import Database
from stats_core.settings import Settings

ANSWER = b'{"success": true, "message": "Event tracked"}'
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGEVIEW = {"website_id": "site_a", "event_type": "pageview", "pathname": "/"}
WEBSOCKET = (
    b"GET /web/analytics/track?query=private HTTP/1.1\r\nhost: stats.example.com\r\nconnection: Upgrade\r\n"
    b"upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@contextmanager
def uvicorn(event_app, folder, repository, *options):
    """The process, and the port it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "uvicorn", "ingest.app:app", "--fd", str(listening.fileno()), *options]
        given = {
            "WORKBENCH_DATABASE_URL": event_app.database.url,
            "WORKBENCH_HOME": str(event_app.home),
            "PYTHONPATH": str(repository),
        }
        with subprocess.Popen(
            command, cwd=folder, env={**os.environ, **given}, pass_fds=[listening.fileno()], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            try:
                yield process, listening.getsockname()[1]
            finally:
                process.kill()


def talk(port: int, *parts: bytes, hang_up: bool = False) -> bytes:
    """Send these bytes over a connection, and read until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def post(*headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    lines = ["POST /web/analytics/track?query=private HTTP/1.1", "host: stats.example.com", f"user-agent: {FIREFOX}"]
    lines += [f"content-length: {len(body) if length is None else length}"] if length != -1 else []
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def event(**given) -> bytes:
    return json.dumps({**PAGEVIEW, **given}).encode()


def test_what_only_a_socket_can_send(sqlite_event_app, tmp_path, repository):
    app, close = sqlite_event_app, "connection: close"
    chunked = [
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (event(pathname="/chunked")[:20], event(pathname="/chunked")[20:])
    ]
    with uvicorn(app, tmp_path, repository, "--log-level", "info") as (process, port):
        assert ANSWER in talk(port, post(close, body=event(pathname="/plain")))
        assert ANSWER in talk(port, post(close, "transfer-encoding: chunked", length=-1), *chunked, b"0\r\n\r\n")
        assert (
            talk(port, post(body=event(pathname="/one")), post(close, body=event(pathname="/two"))).count(ANSWER) == 2
        )
        assert ANSWER in talk(port, post(close, length=20_000_000), *[b"x" * 1_000_000] * 20)
        assert ANSWER in talk(port, post(close, "expect: 100-continue", body=event(pathname="/continued")))
        # A length that is wrong: the rest never comes, or is taken for the next request, which is no HTTP.
        assert talk(port, post(length=5_000, body=event(pathname="/cut")), hang_up=True) == b""
        assert b" 400 Bad Request" in talk(port, post(length=len(event()), body=event() + b"and more"))
        for forwarded in (
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-for: 203.0.113.7:99",
            "forwarded: for=203.0.113.7",
        ):
            assert ANSWER in talk(port, post(close, forwarded, body=event(pathname="/forwarded")))
        assert b'{"status":"ok"}' in talk(port, f"GET /healthz HTTP/1.1\r\nhost: a\r\n{close}\r\n\r\n".encode())
        assert b" 200 OK" in talk(port, f"GET /analytics.js HTTP/1.1\r\nhost: a\r\n{close}\r\n\r\n".encode())
        assert b" 403 Forbidden" in talk(port, WEBSOCKET)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    events = app.events()
    assert sorted(found.pathname for found in events) == [
        "/", "/chunked", "/continued", "/forwarded", "/forwarded", "/forwarded", "/one", "/plain", "/two",
    ]  # fmt: skip
    assert app.refused() == {("", "not_json"): 1, ("", "too_large"): 1}
    assert len({found.visitor_id for found in events}) == 1, "nobody here may say that he is somebody else"
    assert 'INFO:     - - "POST /web/analytics/track HTTP/1.1" 200' in said
    assert 'INFO:     - - "WebSocket /web/analytics/track" 403' in said
    assert "private" not in said
    assert re.findall(r"\d+\.\d+\.\d+\.\d+:\d+ ", said) == []
    assert "Traceback" not in said
    assert process.returncode == -signal.SIGTERM


def test_a_start_that_cannot_be_is_told_in_words(sqlite_event_app, tmp_path, repository):
    with sqlite_event_app.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM alembic_version")
    with uvicorn(sqlite_event_app, tmp_path, repository) as (process, _):
        said, _ = process.communicate(timeout=30)
    address = sqlite_event_app.database.address
    assert f"ERROR:    The database {address} has no tables of the workbench yet. Run `workbench migrate`." in said
    assert "Traceback" not in said
    assert process.returncode == 3


def test_nothing_is_read_before_the_app_starts(monkeypatch):
    monkeypatch.setenv("WORKBENCH_TIMEZONE", "Nowhere")
    app = create_app()
    with pytest.raises(Exception, match="Nowhere"), TestClient(app):
        pass


def test_health_checks_do_not_restart_an_app_that_can_still_keep_events(postgresql, postgresql_template, tmp_path):
    with postgresql.database(template=postgresql_template) as url:
        database = Database(url)
        client = TestClient(create_app(Settings(database_url=url, home=tmp_path)))
        with client:
            assert client.get("/healthz").json() == {"status": "ok"}
            with database.write() as session:
                session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'none'")
            answer = client.get("/healthz")
        database.close()
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "is at revision none" in answer.json()["reason"]


def test_an_idle_app_destroys_its_oldest_salt_at_midnight(tmp_path):
    salts = Salts(tmp_path)
    for day in (14, 15):
        salts.turn(datetime(2026, 6, day, 12, tzinfo=UTC))

    async def pass_midnight():
        closing, nearly = asyncio.Event(), datetime(2026, 6, 15, 23, 59, 59, 995_000, tzinfo=UTC)
        moments = [nearly, nearly + timedelta(seconds=1)]

        def clock():
            if len(moments) == 1:
                closing.set()
            return moments.pop(0) if len(moments) > 1 else moments[0]

        await _turn(salts, clock, closing)

    asyncio.run(pass_midnight())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["2026-06-15", "2026-06-16"]
