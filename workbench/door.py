"""The door of the pages: who has shown no token is asked for one, before anything of Streamlit is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.clients import Clients
from stats_core.access.permissions import Access
from stats_core.errors import ScopeError
from workbench.attempts import Attempts
from workbench.cookies import narrowing
from workbench.gate import POLICY_VIOLATION, hostname_of, is_own_page
from workbench.login import login_path
from workbench.sign_in import COOKIE, LASTS, SignIns
from workbench.sign_in_page import POLICY, sign_in_page

OPEN_FILES = re.compile(r"/static/[\w./-]+|/favicon\.png")  # Streamlit's own, the same in every installation
LARGEST_FORM: Final = 8_192  # bytes
FIELDS: Final = 10  # of a form
WANTED: Final = "workbench_next"  # cookie: the page at which somebody began to sign in elsewhere
WANTED_S: Final = 600  # that they have for it
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_NEXT = re.compile(r"[a-z_-]*(\?[!-~]*)?", re.ASCII)  # a page of ours: no host, no scheme, no folder
_UNKNOWN = "This token is unknown, revoked or expired."
_OFTEN = "That was too often. Try again in a minute."


class Way(NamedTuple):
    """Where a cookie goes along, and whether by https alone."""

    path: str
    secure: bool


@dataclass(frozen=True)
class Doorkeeper:
    """What the door knows.

    Attributes:
        sign_ins: Makes and reads cookies.
        attempts: Counts what failed.
        clients: Tells clients apart.
        public_url: Where people reach the pages; https there makes cookies that travel by https alone.
        login: Name of the organisation's login; with one, Streamlit's pages themselves send strangers there.
    """

    sign_ins: SignIns
    attempts: Attempts
    clients: Clients
    public_url: str
    login: str | None = None

    async def access(self, connection: HTTPConnection) -> Access | None:
        """Who comes; None for strangers."""
        cookie = connection.cookies.get(COOKIE)
        return await run_in_threadpool(self.sign_ins.access, cookie) if cookie else None

    def client(self, connection: HTTPConnection) -> str:
        """By whom failed attempts are counted."""
        peer = (connection.client.host, connection.client.port) if connection.client else None
        return self.clients.find(peer, connection.headers.raw).network

    def way(self, connection: HTTPConnection) -> Way:
        """How cookies travel: below our path, by https where there is https."""
        public = urlsplit(self.public_url)
        by_tls = public.scheme == "https" and hostname_of(connection.headers.get("host", "")) == public.hostname
        return Way(public.path.rstrip("/") or "/", by_tls or connection.url.scheme in {"https", "wss"})

    def cookie_settings(self, connection: HTTPConnection) -> Mapping[str, object]:
        """How our own travels: that way, not to scripts, not along with other sites' forms."""
        way = self.way(connection)
        return {"path": way.path, "secure": way.secure, "httponly": True, "samesite": "lax"}


class Door:
    """Lets people to the pages who are signed in, and sends others to `/sign-in`."""

    def __init__(self, app: ASGIApp, *, keeper: Doorkeeper) -> None:
        self.app, self.keeper = app, keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if (answer := await self._refusal(connection)) is None:
            way = self.keeper.way(connection)
            await self.app(scope, receive, narrowing(send, path=way.path, secure=way.secure))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await answer(scope, receive, send)

    async def _refusal(self, connection: HTTPConnection) -> Response | None:
        path = connection.scope["path"]
        if OPEN_FILES.fullmatch(path):
            return None
        if connection.scope["type"] == "http" and (token := connection.query_params.get("token")):
            return self._cleaned(connection, token)
        if self.keeper.login is not None and path == "/" and (wanted := connection.cookies.get(WANTED)):
            return self._back(connection, wanted)
        if self.keeper.login is not None or await self.keeper.access(connection) is not None:
            return None
        if "text/html" not in connection.headers.get("accept", ""):
            return PlainTextResponse("This wants you to be signed in.\n", HTTPStatus.UNAUTHORIZED)
        return _to_sign_in(path, connection.url.query)

    def _cleaned(self, connection: HTTPConnection, token: str) -> Response:
        """To the form, with the token behind `#`: browsers send that part to nobody, and the form takes it away."""
        query = urlencode([item for item in parse_qsl(connection.url.query) if item[0] != "token"])
        return _to_sign_in(connection.scope["path"], query, fragment=f"token={token}" if token.isascii() else "")

    def _back(self, connection: HTTPConnection, wanted: str) -> Response:
        """The organisation's login ends at the first page: on to the one where it began."""
        answer = RedirectResponse(f"./{_safe(wanted)}", HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
        answer.delete_cookie(WANTED, **self.keeper.cookie_settings(connection))  # type: ignore[arg-type]
        return answer


class LocalDoor:
    """For a workbench without sign-in: lets in whoever sits at this machine, and nobody that a proxy sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in {"http", "websocket"} or _is_local(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            text = "There is no sign-in here, so this answers at 127.0.0.1 alone. Use `workbench serve` for others.\n"
            await PlainTextResponse(text, HTTPStatus.FORBIDDEN)(scope, receive, send)


def sign_in_routes(keeper: Doorkeeper) -> list[Route]:
    """`/sign-in` and `/sign-out`, and `/login` where the organisation has one."""

    async def show(request: Request) -> Response:
        access = await keeper.access(request)
        return _page(keeper, request.query_params.get("next", ""), known=access.name if access else None)

    async def enter(request: Request) -> Response:
        if not _is_own_form(request, keeper.public_url):
            return PlainTextResponse("This form came from another site.\n", HTTPStatus.FORBIDDEN)
        form = await _form(request)
        wanted, client = form.get("next", ""), keeper.client(request)
        if (wait_s := keeper.attempts.wait_s(client)) is not None:
            return _page(keeper, wanted, _OFTEN, HTTPStatus.TOO_MANY_REQUESTS, {"retry-after": str(wait_s)})
        try:
            cookie = await run_in_threadpool(keeper.sign_ins.cookie, form.get("token", "").strip())
        except ScopeError as error:
            return _page(keeper, wanted, f"{error.message} {error.hint}", HTTPStatus.FORBIDDEN)
        if cookie is None:
            keeper.attempts.failed(client)
            return _page(keeper, wanted, _UNKNOWN, HTTPStatus.UNAUTHORIZED)
        answer = RedirectResponse(f"./{_safe(wanted)}", HTTPStatus.SEE_OTHER)
        answer.set_cookie(COOKIE, cookie, max_age=int(LASTS.total_seconds()), **keeper.cookie_settings(request))  # type: ignore[arg-type]
        return answer

    async def leave(request: Request) -> Response:
        if not _is_own_form(request, keeper.public_url):
            return PlainTextResponse("This form came from another site.\n", HTTPStatus.FORBIDDEN)
        keeper.sign_ins.end(request.cookies.get(COOKIE))
        answer = RedirectResponse("sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE, **keeper.cookie_settings(request))  # type: ignore[arg-type]
        return answer

    return [
        Route("/sign-in", show, methods=["GET"]),
        Route("/sign-in", enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
        *([_login_route(keeper)] if keeper.login is not None else []),
    ]


def _login_route(keeper: Doorkeeper) -> Route:
    async def begin(request: Request) -> Response:
        answer = RedirectResponse(login_path(), HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
        if wanted := _safe(request.query_params.get("next", "")):
            answer.set_cookie(WANTED, wanted, max_age=WANTED_S, **keeper.cookie_settings(request))  # type: ignore[arg-type]
        return answer

    return Route("/login", begin, methods=["GET"])


def _page(
    keeper: Doorkeeper,
    wanted: str,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    *,
    known: str | None = None,
) -> Response:
    html = sign_in_page(next_page=_safe(wanted), problem=problem, known=known, login=keeper.login)
    # Not `no-referrer`: browsers then send `Origin: null` along with the form.
    common = {"content-security-policy": POLICY, "referrer-policy": "same-origin", "cache-control": "no-store"}
    return Response(html, status, {**common, **(headers or {})}, media_type="text/html")


def _to_sign_in(path: str, query: str, *, fragment: str = "") -> Response:
    """Relative, so that it stays below the path at which a proxy serves us."""
    wanted = _safe(path.lstrip("/") + (f"?{query}" if query else ""))
    target = "../" * (path.count("/") - 1) + "sign-in" + (f"?{urlencode({'next': wanted})}" if wanted else "")
    location = target + (f"#{fragment}" if fragment else "")
    headers = {"location": location, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)


def _safe(wanted: str) -> str:
    """Where to go after signing in: a page of ours, else the first one."""
    return wanted if _NEXT.fullmatch(wanted) else ""


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a small form; nothing where it is no such form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return {}
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=FIELDS)
    except ValueError:  # more than that
        return {}
    return {name: values[-1] for name, values in fields.items()}


def _is_own_form(request: Request, public_url: str) -> bool:
    """Whether a page of ours sent it, or no browser did."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    return is_own_page(request.headers.get("origin"), request.headers.get("host", ""), public_url)


def _is_local(headers: Headers) -> bool:
    if any(name in headers for name in FORWARDED):
        return False
    name = hostname_of(headers.get("host", ""))
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
