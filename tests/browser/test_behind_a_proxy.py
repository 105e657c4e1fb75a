"""Below the path of a reverse proxy that takes the path away, and of one that keeps it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.request import urlopen

import pytest

from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens

pytestmark = pytest.mark.browser

PATH = "/stats"


class Proxy(ThreadingTCPServer):
    """Passes on what is asked below `PATH`, websockets too, and has nothing to do with anything else.

    Args:
        rewrite: From the path that is asked to the one that the server is asked.
    """

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, rewrite: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.rewrite = rewrite
        self.behind = ("127.0.0.1", 0)
        self.foreign: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Passing(StreamRequestHandler):
    """One request: its head is changed as nginx would, all else goes through as it is."""

    server: Proxy

    def handle(self) -> None:
        method, _, rest = self.rfile.readline().decode().partition(" ")
        target, _, version = rest.partition(" ")
        if not target.startswith(f"{PATH}/"):
            self.server.foreign.append(target)
            self.wfile.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            return
        head = f"{method} {self.server.rewrite(target)} {version}".encode() + b"".join(self._headers())
        with ExitStack() as opened:
            behind = opened.enter_context(socket.create_connection(self.server.behind))
            behind.sendall(head)
            threading.Thread(target=carry, args=(self.rfile.read1, behind), daemon=True).start()
            carry(behind.recv, self.connection)

    def _headers(self) -> list[bytes]:
        lines = [line for line in iter(self.rfile.readline, b"\r\n") if line]
        if not any(line.lower().startswith(b"upgrade:") for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")] + [b"Connection: close\r\n"]
        return [*lines, b"X-Forwarded-For: 203.0.113.7\r\n", b"\r\n"]


def carry(read: Callable[[int], bytes], target: socket.socket) -> None:
    """Whatever comes, until one side has closed."""
    with suppress(OSError, ValueError):  # ValueError: the handler is over, and has closed its file
        while part := read(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def passing(rewrite):
    with Proxy(rewrite) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.fixture(
    params=[
        pytest.param(lambda path: path.removeprefix(PATH), id="strips"),
        pytest.param(lambda path: path, id="keeps", marks=pytest.mark.slow),
    ]
)
def proxy(request, running, served, tmp_path, monkeypatch):
    """A proxy before `workbench serve` over the demo's database."""
    with passing(request.param) as proxy:
        monkeypatch.setenv("WORKBENCH_PUBLIC_URL", f"{proxy.url}{PATH}")
        monkeypatch.setenv("WORKBENCH_TRUSTED_PROXIES", "127.0.0.1")
        arguments = ("serve", "--port", "0", "--database", served.workbench.database.url)
        with running(*arguments, folder=tmp_path) as address:
            proxy.behind = ("127.0.0.1", int(address.rpartition(":")[2]))
            yield proxy


def test_pages_open_and_draw_and_ask_nothing_beside_the_path(proxy, served, chromium, request):
    base, problems, sockets = f"{proxy.url}{PATH}", [], []
    name = "Website Traffic"
    tokens = Tokens(served.workbench.database, served.workbench.clock)
    token = tokens.create(request.node.name, [ADMIN_ACCESS])
    with urlopen(f"{base}/healthz") as answer:
        assert json.load(answer) == {"status": "ok"}
    with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("websocket", lambda opened: sockets.append(opened.url))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{base}/sign-in#token={token}")
        page.get_by_role("link", name=name).click()
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.wait_for_selector(".wb-metric-value")
        page.goto(served.dashboard(name).replace(served.url, base))
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.wait_for_selector(".wb-metric-value")
    stream = f"{base}/_stcore/stream".replace("http:", "ws:")
    assert {url.partition("?")[0] for url in sockets} == {stream}
    assert (problems, proxy.foreign) == ([], [])
