"""Who may talk to the server: its own name, in requests and websockets, and the headers every answer carries."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY_VIOLATION = 1008  # websocket close code
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "frame-ancestors 'self'",
}


class Gate:
    """Refuses requests under a foreign name, and websockets that another site's page opens.

    A page of another site can make its own name resolve to this machine (DNS rebinding) and would then read everything
    as "same origin". It cannot do that with an address or with a name we know: those are let in.

    Args:
        names: Host names we answer to, beyond `localhost` and plain IP addresses.
        public: Paths that are anybody's under any name: they give nothing away.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str], public: Iterable[str] = ()) -> None:
        self.app = app
        self.names = frozenset({"localhost", *(name.lower() for name in names)})
        self.public = frozenset(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
        elif not self._may_pass(scope):
            await self._refuse(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def _may_pass(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["path"] in self.public:
            return True
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        return self._is_ours(host) and (scope["type"] == "http" or _is_own_page(headers.get("origin"), host))

    def _is_ours(self, host: str) -> bool:
        name = _hostname(host)
        return name in self.names or _is_address(name)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        text = "This server does not go by that name. If it should, set WORKBENCH_PUBLIC_URL to its address.\n"
        await PlainTextResponse(text, status_code=400)(scope, receive, send)


def _hostname(netloc: str) -> str:
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_own_page(origin: str | None, host: str) -> bool:
    """Not a browser, or a page that came from this very address."""
    return origin is None or urlsplit(origin).netloc == host


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
