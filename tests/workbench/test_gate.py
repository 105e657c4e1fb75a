"""The server answers under its own names only, and only to its own pages."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from workbench.gate import Gate


async def page(_request):
    return PlainTextResponse("hello")


async def framed(_request):
    return PlainTextResponse("mine", headers={"content-security-policy": "default-src 'none'"})


async def echo(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@pytest.fixture
def client():
    routes = [Route("/", page), Route("/framed", framed), Route("/track", page), WebSocketRoute("/ws", echo)]
    with TestClient(Gate(Starlette(routes=routes), names={"stats.example.com"}, public={"/track"})) as client:
        yield client


@pytest.mark.parametrize(
    "host",
    ["localhost:8501", "127.0.0.1:8501", "10.0.0.7", "[::1]:8501", "stats.example.com", "STATS.example.com.:443"],
)
def test_it_answers_to_its_names_and_to_plain_addresses(client, host):
    assert client.get("/", headers={"host": host}).text == "hello"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "stats.example.com.evil.example", "", "[::1"]
)
def test_it_refuses_foreign_names_and_says_what_to_set(client, host):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "WORKBENCH_PUBLIC_URL" in answer.text


def test_public_paths_are_open_under_every_name(client):
    answer = client.get("/track", headers={"host": "count.shop.example"})
    assert (answer.text, answer.headers["x-content-type-options"]) == ("hello", "nosniff")


def connects(client, **headers):
    try:
        with client.websocket_connect("/ws", headers=headers) as websocket:
            return websocket.receive_text() == "hello"
    except WebSocketDisconnect:
        return False


def test_websockets_open_from_the_servers_own_pages_only(client):
    host = "stats.example.com"
    assert {
        origin: connects(client, host=host, **({"origin": origin} if origin else {}))
        for origin in (None, "https://stats.example.com", "https://evil.example", "http://localhost:3000", "null")
    } == {
        None: True,
        "https://stats.example.com": True,
        "https://evil.example": False,
        "http://localhost:3000": False,
        "null": False,
    }


def test_a_websocket_under_a_foreign_name_is_refused(client):
    assert not connects(client, host="evil.example", origin="http://evil.example")


def test_every_answer_carries_the_security_headers(client):
    headers = client.get("/", headers={"host": "localhost"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_route_may_set_a_stricter_policy(client):
    headers = client.get("/framed", headers={"host": "localhost"}).headers
    assert headers["content-security-policy"] == "default-src 'none'"
