"""Below a path of a reverse proxy: `https://example.com/stats/…`, whether the proxy takes `/stats` away or not."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Prefix:
    """Takes the path of the public address off requests that still have it, and puts it before redirects.

    Pages name their files and each other relative to themselves, so nothing else has to know the path.

    Args:
        path: Of the public address: `/stats`; empty for none.
    """

    def __init__(self, app: ASGIApp, *, path: str) -> None:
        self.app, self.path = app, path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if not self.path or scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] == self.path:  # relative names need the slash
            start = {"type": "http.response.start", "status": 308, "headers": [(b"location", f"{self.path}/".encode())]}
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return

        async def located(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                location = headers.get("location", "")
                if location.startswith("/") and not location.startswith("//"):
                    headers["location"] = f"{self.path}{location}"
            await send(message)

        await self.app(self._stripped(scope), receive, located)

    def _stripped(self, scope: Scope) -> Scope:
        if not scope["path"].startswith(f"{self.path}/"):
            return scope
        raw = scope.get("raw_path") or b""
        given = self.path.encode()
        return {
            **scope,
            "path": scope["path"].removeprefix(self.path),
            "raw_path": raw.removeprefix(given) if raw.startswith(given) else raw,
        }
