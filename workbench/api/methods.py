"""What every HTTP resource answers besides its own methods: HEAD, OPTIONS, and which methods there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Methods = Callable[[str], list[str]]
"""The methods of a path; none where there is nothing."""


class Manners:
    """Answers OPTIONS, makes HEAD of GET, names the methods in a 405, and forbids that answers are stored.

    Nothing is said of other origins: pages of other sites have no business here, and clients that are no browsers need
    no leave.
    """

    def __init__(self, app: ASGIApp, *, methods: Methods) -> None:
        self.app, self.methods = app, methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowed = self.methods(scope["path"])
        if scope["method"] == "OPTIONS" and allowed:
            await Response(status_code=204, headers={"allow": ", ".join(allowed)})(scope, receive, send)
            return
        head = scope["method"] == "HEAD"

        async def polite(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", "no-store")
                if message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                    headers["allow"] = ", ".join(allowed)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"} if head else scope, receive, polite)


def methods_of(routes: Iterable[BaseRoute]) -> Methods:
    """Answers from the routes themselves."""
    known = [(route.path_regex, _answered(route)) for route in routes if isinstance(route, Route)]

    def methods(path: str) -> list[str]:
        return sorted(set().union(*(found for pattern, found in known if pattern.match(path))))

    return methods


def _answered(route: Route) -> set[str]:
    names = {*(route.methods or ()), "OPTIONS"}
    return names | {"HEAD"} if "GET" in names else names
