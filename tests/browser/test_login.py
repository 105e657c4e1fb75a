"""The organisation's login against a real provider of OpenID Connect: in, who one is there, out, and below a path."""

from __future__ import annotations

import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stats_core.composition import open_workbench
from stats_core.models import Merchant, SalesOrder, Store
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLIENT_ID, CLIENT_SECRET = "workbench", "a-secret"
ORDERS = PanelSpec(
    name="Orders",
    type="metric",
    operation_type="aggregate_data",
    operation_options={"entity": "sales_order", "aggregate": {"fn": "count"}},
)
SETTINGS = """
public_url = "{address}"

[login]
name = "Acme"
client_id = "workbench"
client_secret = "${{OIDC_SECRET}}"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[login.people]
"ann@acme.example" = {{}}
"bob@shop.example" = {{ merchant_id = 1 }}
"@acme.example" = {{ permissions = [] }}
"""


class Provider:
    """A provider that asks nothing: whoever comes is `claims`.

    It is strict otherwise: a code is good once, for the client that it was made for, which proves who it is and that it
    began this login.
    """

    def __init__(self) -> None:
        self.claims = {}
        self.callback = self.address = ""
        self.left = 0  # how often somebody signed out here
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.configuration),
                Route("/keys", self.keys),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/leave", self.leave),
            ]
        )

    async def configuration(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "end_session_endpoint": f"{self.address}/leave",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, self.callback)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert {"openid", "email"} <= set(asked["scope"].split())
        code = secrets.token_hex(8)
        self._codes[code] = asked
        return RedirectResponse(f"{self.callback}?{urlencode({'code': code, 'state': asked['state']})}")

    async def token(self, request: Request) -> Response:
        form = await request.form()
        kind, _, given = request.headers["authorization"].partition(" ")
        client = b64decode(given).decode().split(":")
        assert (kind, client) == ("Basic", [CLIENT_ID, CLIENT_SECRET])
        asked = self._codes.pop(str(form["code"]))
        proof = urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        assert (proof, form["redirect_uri"]) == (asked["code_challenge"], self.callback)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT_ID, "sub": "1", "iat": now, "exp": now + 60, **self.claims}
        told = jwt.encode({"alg": "RS256", "kid": "one"}, claims | {"nonce": asked["nonce"]}, self._key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": told})

    async def leave(self, request: Request) -> Response:
        self.left += 1
        assert request.query_params["post_logout_redirect_uri"] == self.callback
        return RedirectResponse(self.callback)


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The app at a free port of this machine; an error in it is a 500 there, and so a failure of the test."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def provider():
    provider = Provider()
    with serving(provider.app) as provider.address:
        yield provider


@pytest.fixture
def board(sqlite_database, tmp_path):
    """Merchant 1 has two orders, merchant 2 three."""
    with sqlite_database.write() as session:
        for number, orders in ((1, 2), (2, 3)):
            session.add(Merchant(id=number, name=f"M{number}"))
            session.flush()
            session.add(Store(id=number, merchant_id=number, name=f"S{number}"))
            session.flush()
            session.add_all(
                SalesOrder(store_id=number, status="PAID", customer_name="B", total_cents=1) for _ in range(orders)
            )
    with open_workbench(Settings(database_url=sqlite_database.url, home=tmp_path)) as workbench:
        return workbench.dashboards.create("Board", panels=[ORDERS], metadata={"audience": "tenant"})


@pytest.fixture(params=["", "/stats"], ids=["at the root", "below a path"])
def address(request, provider, board, running, sqlite_database, free_port, tmp_path, monkeypatch):
    """Where `workbench serve` answers whose people sign in at the provider."""
    address = f"http://127.0.0.1:{free_port}{request.param}"
    provider.callback = f"{address}/oauth2callback"
    monkeypatch.setenv("OIDC_SECRET", CLIENT_SECRET)
    (tmp_path / "workbench.toml").write_text(SETTINGS.format(address=address, provider=provider.address))
    arguments = ("serve", "--port", str(free_port), "--database", sqlite_database.url)
    with running(*arguments, folder=tmp_path):
        yield address


@pytest.fixture
def page(chromium, address, provider):
    """A page that asks nobody but the two, and us below our path alone: beside it is what is somebody else's."""
    asked = []
    with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        yield page
    assert [url for url in asked if not url.startswith((f"{address}/", f"{provider.address}/", "blob:", "data:"))] == []


def menu(page):
    page.locator(".st-key-person").get_by_role("button").click()
    return page.get_by_test_id("stPopoverBody")


def enter(page, address):
    """By the button of the form that strangers see first."""
    page.goto(f"{address}/sign-in")
    page.get_by_role("link", name="Sign in with Acme").click()


def test_people_come_in_as_whom_the_provider_knows_and_go_out_again(page, address, provider, board):
    dashboard = f"{address}/dashboard?id={board.id}"
    provider.claims = {"email": "ann@acme.example", "email_verified": True}
    enter(page, address)
    expect(menu(page)).to_contain_text("Signed in as ann@acme.example.")
    assert page.url == f"{address}/"
    assert {cookie["path"] for cookie in page.context.cookies(f"{address}/")} == {urlsplit(address).path or "/"}
    expect(page.get_by_role("link", name="Tokens")).to_be_visible()
    page.goto(dashboard)
    expect(page.locator(".wb-metric-value")).to_have_text("5")

    page.goto(f"{address}/")
    menu(page).get_by_text("Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to the workbench")).to_be_visible()
    assert (page.url, provider.left) == (f"{address}/", 1)
    page.goto(dashboard)
    expect(page.get_by_text("Sign in with Acme")).to_be_visible()
    expect(page.locator(".wb-metric-value")).to_have_count(0)

    provider.claims = {"email": "Bob@Shop.example", "email_verified": True}
    page.get_by_text("Sign in with Acme").click()
    expect(page.locator(".wb-metric-value")).to_have_text("2")
    assert page.url == dashboard
    page.goto(f"{address}/")
    expect(menu(page)).to_contain_text("Sees merchant 1.")
    expect(page.get_by_role("link", name="Tokens")).to_have_count(0)


@pytest.mark.parametrize("address", [""], indirect=True)
def test_who_is_not_named_is_told_so_and_can_come_in_as_somebody_else(page, address, provider, board):
    told = page.get_by_text("has no access here, or the address is not verified. Ask the owner of this workbench.")
    for email, verified in (("eve@shop.example", True), ("ann@acme.example", False), ("some@acme.example", True)):
        provider.claims = {"email": email, "email_verified": verified}
        enter(page, address)
        expect(told).to_contain_text(email)
        page.goto(f"{address}/dashboard?id={board.id}")
        expect(told).to_be_visible()
        expect(page.locator(".wb-metric-value")).to_have_count(0)
        page.get_by_text("Sign in as somebody else").click()
        expect(page.get_by_text("Sign in with Acme")).to_be_visible()
    assert provider.left == 3
