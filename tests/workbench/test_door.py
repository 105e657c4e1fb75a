"""Pages are for people who are signed in; links leave no token in an address; forms of other sites do nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ingest.clients import Clients
from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens
from workbench.attempts import FAILURES, Attempts
from workbench.door import WANTED, Door, Doorkeeper, LocalDoor, sign_in_routes
from workbench.sign_in import COOKIE, LASTS, SignIns
from workbench.sign_in_page import POLICY, SCRIPT

HTML = {"accept": "text/html,*/*"}
HOST = "https://stats.example"


class Clock:
    def __init__(self):
        self.now = datetime(2026, 6, 15, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


async def page(_request):
    return PlainTextResponse("a page", headers={"set-cookie": "_streamlit_user=ann; Path=/; HttpOnly"})


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text("live")
    await websocket.close()


PAGES = Starlette(
    routes=[WebSocketRoute("/_stcore/stream", socket), Route("/{path:path}", page, methods=["GET", "POST"])]
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(sqlite_database, clock):
    return Tokens(sqlite_database, clock)


@pytest.fixture
def token(tokens):
    return tokens.create("laptop", [ADMIN_ACCESS])


@pytest.fixture
def client_of(tokens, clock):
    def make(public_url=HOST, *, login=None, base=HOST):
        keeper = Doorkeeper(
            sign_ins=SignIns(tokens, b"secret", clock),
            attempts=Attempts(clock),
            clients=Clients(()),
            public_url=public_url,
            login=login,
        )
        app = Starlette(routes=[*sign_in_routes(keeper), Mount("/", Door(PAGES, keeper=keeper))])
        return TestClient(app, base_url=base, follow_redirects=False, client=("192.0.2.1", 4000))

    return make


@pytest.fixture
def client(client_of):
    return client_of()


def sign_in(client, token, **fields):
    return client.post("/sign-in", data={"token": token, **fields}, headers={"origin": str(client.base_url)})


def is_live(client):
    try:
        with client.websocket_connect("wss://stats.example/_stcore/stream") as websocket:
            return websocket.receive_text() == "live"
    except WebSocketDisconnect:
        return False


def test_strangers_are_sent_to_the_form_and_reach_nothing_of_the_pages(client):
    answer = client.get("/dashboard?id=dash_1&range=7d", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "sign-in?next=dashboard%3Fid%3Ddash_1%26range%3D7d",
    )
    assert client.get("/", headers=HTML).headers["location"] == "sign-in"
    assert client.get("/a/b", headers=HTML).headers["location"] == "../sign-in"
    for path in (
        "/media/x.csv",
        "/_stcore/host-config",
        "/_stcore/upload_file/1/2",
        "/app/static/x",
        "/static/../media",
    ):
        assert client.get(path).status_code == 401, path
    assert client.post("/_stcore/agent/interact", json={}).status_code == 401
    assert not is_live(client)


def test_a_token_opens_the_pages_until_its_holder_signs_out(client, token):
    answer = sign_in(client, token, next="dashboard?id=dash_1")
    assert (answer.status_code, answer.headers["location"]) == (303, "./dashboard?id=dash_1")
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "secure", "samesite=lax", "path=/", f"max-age={int(LASTS.total_seconds())}"}
    assert token not in answer.headers["set-cookie"]
    assert (client.get("/dashboard", headers=HTML).text, is_live(client)) == ("a page", True)

    kept = client.cookies[COOKIE]
    answer = client.post("/sign-out", headers={"origin": HOST})
    assert (answer.status_code, answer.headers["location"]) == (303, "sign-in")
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, kept)
    assert client.get("/dashboard", headers=HTML).status_code == 303


def test_a_revoked_token_closes_the_pages(client, tokens, token):
    sign_in(client, token)
    tokens.revoke("laptop")
    assert (client.get("/", headers=HTML).status_code, is_live(client)) == (303, False)


def test_a_token_in_the_query_goes_behind_the_hash_and_signs_nobody_in(client, token):
    answer = client.get(f"/dashboard?id=dash_1&token={token}", headers=HTML)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.path, target.query, target.fragment) == ("sign-in", "next=dashboard%3Fid%3Ddash_1", f"token={token}")
    assert "set-cookie" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_form_loads_nothing_and_runs_only_its_own_script(client):
    answer = client.get("/sign-in?next=dashboard")
    assert answer.headers["content-security-policy"] == POLICY
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
    assert re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL) == [SCRIPT]
    assert '<input type="hidden" name="next" value="dashboard">' in answer.text
    assert "data-known" not in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\evil",
        "javascript:alert(1)",
        "a/b",
        "ä",
        "x?a=\r\nb",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(client, token, wanted):
    assert sign_in(client, token, next=wanted).headers["location"] == "./"
    assert 'name="next" value=""' in client.get("/sign-in", params={"next": wanted}).text


def test_who_is_signed_in_is_asked_before_a_link_changes_who_they_are(client, token):
    sign_in(client, token)
    html = client.get("/sign-in").text
    assert "You are signed in as <strong>laptop</strong>" in html
    assert "data-known" in html


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://stats.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://other.stats.example"},
    ],
    ids=str,
)
def test_forms_of_other_sites_do_nothing(client_of, token, headers):
    client = client_of()
    if headers.get("origin") == "http://stats.example":
        headers = {"origin": "http://stats.example:81"}
    answer = client.post("/sign-in", data={"token": token}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    sign_in(client, token)
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/", headers=HTML).status_code == 200


def test_guessing_is_slowed_down_for_the_guesser_alone(client, client_of, clock, token):
    for _ in range(FAILURES):
        answer = sign_in(client, "wb_" + "x" * 43)
        assert (answer.status_code, "unknown, revoked or expired" in answer.text) == (401, True)
    answer = sign_in(client, token)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    clock.now += timedelta(minutes=1)
    assert sign_in(client, token).status_code == 303


def test_forms_that_are_none_are_failed_attempts(client):
    for body in (b"", b"token", b"token=" + b"x" * 20_000, b"\xff\xfe=&&&;", b"&".join([b"a=b"] * 5)):
        assert client.post("/sign-in", content=body).status_code == 401
    assert client.post("/sign-in", content=b"&".join([b"a=b"] * 50)).status_code == 401


def test_a_token_without_the_permission_is_told_whom_to_ask(client, tokens):
    answer = sign_in(client, tokens.create("poor", []))
    assert (answer.status_code, "Ask the owner of this workbench" in answer.text) == (403, True)


def test_the_cookie_stays_below_the_path_of_a_proxy_and_needs_https_where_people_have_it(client_of, token):
    behind = client_of("https://example.com/stats/", base="http://example.com")
    answer = behind.post("/sign-in", data={"token": token}, headers={"origin": "https://example.com"})
    assert "Path=/stats;" in answer.headers["set-cookie"] + ";"
    assert "Secure" in answer.headers["set-cookie"]
    plain = client_of("http://127.0.0.1:8501", base="http://127.0.0.1:8501")
    assert "Secure" not in sign_in(plain, token).headers["set-cookie"]


@pytest.mark.parametrize(
    ("public_url", "cookie"),
    [
        ("https://stats.example", "_streamlit_user=ann; Path=/; HttpOnly; Secure"),
        ("https://stats.example/board", "_streamlit_user=ann; Path=/board; HttpOnly; Secure"),
        ("http://stats.example/board/", "_streamlit_user=ann; Path=/board; HttpOnly"),
    ],
)
def test_cookies_of_the_pages_travel_as_ours(client_of, token, public_url, cookie):
    client = client_of(public_url, base=f"{urlsplit(public_url).scheme}://stats.example")
    sign_in(client, token)
    assert (
        client.get("/", headers=HTML | {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}).headers["set-cookie"] == cookie
    )


def test_the_organisations_login_begins_below_the_path_of_a_proxy(client_of):
    answer = client_of(login="Acme").get("/login")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert re.fullmatch(r"\./auth/login\?provider=[\w.-]+", answer.headers["location"])
    assert client_of().get("/login", headers=HTML).headers["location"] == "sign-in?next=login"


def test_the_organisations_login_ends_where_it_began(client_of):
    client = client_of(login="Acme")
    shown = client.get("/sign-in", params={"next": "dashboard?id=dash_1&range=7d"}).text
    assert 'href="./login?next=dashboard%3Fid%3Ddash_1%26range%3D7d"' in shown
    client.get("/login", params={"next": "dashboard?id=dash_1&range=7d"})
    answer = client.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "./dashboard?id=dash_1&range=7d")
    assert client.get("/", headers=HTML).text == "a page"
    client.get("/login", params={"next": "//evil.example"})
    assert client.get("/", headers=HTML).text == "a page"
    client.cookies.set(WANTED, "//evil.example")
    assert client.get("/", headers=HTML).headers["location"] == "./"


def test_with_the_organisations_login_the_pages_themselves_ask(client_of):
    client = client_of(login="Acme <b>")
    assert (client.get("/", headers=HTML).text, is_live(client)) == ("a page", True)
    assert "Sign in with Acme &lt;b&gt;" in client.get("/sign-in").text


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1:8501", {}, 200),
        ("localhost", {}, 200),
        ("[::1]:8501", {}, 200),
        ("stats.example", {}, 403),
        ("192.168.0.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.1"}, 403),
        ("127.0.0.1", {"forwarded": "for=203.0.113.1"}, 403),
    ],
    ids=str,
)
def test_without_sign_in_only_this_machine_is_answered(host, headers, status):
    client = TestClient(LocalDoor(PAGES))
    headers = {"host": host, **headers}
    assert client.get("/", headers=headers).status_code == status
    try:
        with client.websocket_connect("/_stcore/stream", headers=headers) as websocket:
            live = websocket.receive_text() == "live"
    except WebSocketDisconnect:
        live = False
    assert live == (status == 200)
