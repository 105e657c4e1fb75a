"""Who asks: a bearer token in the Authorization header, and nothing else.

Cookies are not looked at, so a page of another site cannot use somebody's login.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.clients import Clients
from stats_core.access.permissions import ADMIN_ACCESS, Access
from stats_core.access.tokens import Tokens
from stats_core.errors import ExpectedError, Problem, ScopeError
from workbench.api.errors import expected, fault_response
from workbench.attempts import Attempts

CHALLENGE = 'Bearer realm="workbench"'

bearer = HTTPBearer(
    auto_error=False, description="Make one with: workbench token create --name NAME --permission admin.access"
)
"""For the OpenAPI document; `TokenGate` does the work."""


class TokenGate:
    """Lets in who has a token with `admin.access`, before anything of the request is read or looked up.

    It stands in front of every route, so that a new one is closed by default.

    Args:
        tokens: Knows the tokens.
        attempts: Counts what failed, by client; who failed too often waits, unless their token is known to be good.
        clients: Tells clients apart.
        public: Paths that are open to everybody.
    """

    def __init__(
        self, app: ASGIApp, *, tokens: Tokens, attempts: Attempts, clients: Clients, public: Collection[str]
    ) -> None:
        self.app, self.tokens, self.public = app, tokens, frozenset(public)
        self.attempts, self.clients = attempts, clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"] not in self.public:
            answer = await self._check(scope)
            if answer is not None:
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _check(self, scope: Scope) -> Response | None:
        """The refusal, if there is one; who asks stands in the scope otherwise."""
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _unauthorized("This wants a token.", CHALLENGE)
        token, client = token.strip(), self._client(scope)
        if (wait_s := self.attempts.wait_s(client)) is not None and not self.tokens.remembers(token):
            return _too_often(wait_s)
        try:
            access = await run_in_threadpool(self.tokens.authenticate, token)
            if access is None:
                self.attempts.failed(client)
                return _unauthorized(
                    "This token is unknown, revoked or expired.", f'{CHALLENGE}, error="invalid_token"'
                )
            access.require(ADMIN_ACCESS)
        except ExpectedError as error:  # a missing permission, or the database is away
            return expected(error)
        scope.setdefault("state", {})["access"] = access
        return None

    def _client(self, scope: Scope) -> str:
        peer = (scope["client"][0], scope["client"][1]) if scope.get("client") else None
        return self.clients.find(peer, scope["headers"]).network


def current_access(request: Request) -> Access:
    """Who asks."""
    access: Access = request.state.access
    return access


CurrentAccess = Annotated[Access, Depends(current_access)]


def merchant_of(access: Access) -> int | None:
    """Whose data it is about; None = the whole platform's.

    Raises:
        ScopeError: The caller is bound to a single store, which has no rows of its own here.
    """
    if access.scope.level == "store":
        message = f"{access.name!r} sees a single store, and this belongs to whole merchants."
        raise ScopeError(message, hint="Ask the owner of this workbench for a token of the merchant.")
    return access.scope.id


def _too_often(wait_s: int) -> Response:
    problem = Problem("", "Too many tokens were tried from here.", f"Wait {wait_s} seconds.")
    return fault_response(429, [problem], {"retry-after": str(wait_s)})


def _unauthorized(message: str, challenge: str) -> Response:
    hint = (
        "Send Authorization: Bearer TOKEN. Make one with: workbench token create --name NAME --permission admin.access"
    )
    return fault_response(401, [Problem("", message, hint)], {"www-authenticate": challenge})
