"""Who may talk to the server: its own name, in requests and websockets, and the headers every answer carries."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY_VIOLATION = 1008  # websocket close code
# For Streamlit's pages: its own files alone, and nothing from outside. Its styles are made by script and stand inline;
# components (`blob:`) and images of figures (`data:`) come by the websocket.
PAGES_POLICY = (
    "default-src 'none'; script-src 'self' blob: {inline}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; media-src 'self' blob:; "
    "worker-src 'self' blob:; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'; object-src 'none'"
)
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",  # what has no page of its own shows none
}


class Gate:
    """Refuses requests under a foreign name, and websockets that another site's page opens.

    A page of another site can make its own name resolve to this machine (DNS rebinding) and would then read everything
    as "same origin". It cannot do that with an address or with a name we know: those are let in.

    Args:
        names: Host names we answer to, beyond `localhost` and plain IP addresses.
        public: Paths that are anybody's under any name: they give nothing away.
        public_url: Where a proxy serves us: its pages may open websockets too, whatever name the proxy calls us by.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str], public: Iterable[str] = (), public_url: str = "") -> None:
        self.app, self.public_url = app, public_url
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
        return self._is_ours(host) and (
            scope["type"] == "http" or is_own_page(headers.get("origin"), host, self.public_url)
        )

    def _is_ours(self, host: str) -> bool:
        name = hostname_of(host)
        return name in self.names or _is_address(name)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        text = "This server does not go by that name. If it should, set WORKBENCH_PUBLIC_URL to its address.\n"
        await PlainTextResponse(text, status_code=400)(scope, receive, send)


def hostname_of(netloc: str) -> str:
    """The name in a `Host` header; empty where there is none."""
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


def is_own_page(origin: str | None, host: str, public_url: str = "") -> bool:
    """Not a browser, or a page that came from this very address, or from the one at which a proxy serves us."""
    if origin is None:
        return True
    try:
        page, public = urlsplit(origin), urlsplit(public_url)
    except ValueError:
        return False
    return page.netloc != "" and (page.netloc == host or (page.scheme, page.netloc) == (public.scheme, public.netloc))


def hash_source(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def with_policy(app: ASGIApp, policy: str) -> ASGIApp:
    """The app, whose answers carry this content security policy where they have none of their own."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _with_headers(send, {"content-security-policy": policy}))

    return wrapped


def _with_headers(send: Send, added: Mapping[str, str] = SECURITY_HEADERS) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
