"""A service that providers send to: a real HTTP server on loopback that keeps what it gets."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from stats_core.settings import Settings


class Service:
    """What came in, as (path, headers, document); it answers with `status`."""

    def __init__(self) -> None:
        self.requests = []
        self.status = 200
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                service.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(service.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def service(monkeypatch) -> Iterator[Service]:
    """A service of its own for the test, and no proxy on the way to it."""
    monkeypatch.setenv("NO_PROXY", "*")
    service = Service()
    yield service
    service.close()


@pytest.fixture(autouse=True)
def _quiet_clients():
    """Their own log lines are not what the tests of our own look at."""
    for name in ("posthog", "segment"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@pytest.fixture
def settings_with(tmp_path):
    """Settings of a shop: providers and what else stands under [analytics]."""

    def make(*providers, database_url="sqlite:///nowhere.db", **analytics):
        analytics = {"website_id": "site_a", **analytics, "providers": providers}
        return Settings(home=tmp_path / "home", secret_key="key", database_url=database_url, analytics=analytics)

    return make
