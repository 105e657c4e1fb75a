"""Below a path of a proxy, whether the proxy takes it away or not."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from workbench.prefix import Prefix


async def told(request):
    return JSONResponse([request.url.path, request.scope["raw_path"].decode(), request.url.query])


async def moved(request):
    return RedirectResponse(request.query_params["to"])


async def echo(websocket):
    await websocket.accept()
    await websocket.send_text(websocket.url.path)
    await websocket.close()


def client_below(path):
    routes = [Route("/moved", moved), WebSocketRoute("/ws", echo), Route("/{path:path}", told)]
    return TestClient(Prefix(Starlette(routes=routes), path=path), follow_redirects=False)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/stats/dashboard?id=1", ["/dashboard", "/dashboard", "id=1"]),
        ("/stats/", ["/", "/", ""]),
        ("/stats/a%2Fb", ["/a/b", "/a%2Fb", ""]),
        ("/dashboard", ["/dashboard", "/dashboard", ""]),
        ("/statsy", ["/statsy", "/statsy", ""]),
    ],
)
def test_the_path_is_taken_off_where_it_stands(asked, seen):
    assert client_below("/stats/").get(asked).json() == seen


def test_the_path_without_its_slash_is_sent_on_since_names_are_relative():
    answer = client_below("/stats").get("/stats")
    assert (answer.status_code, answer.headers["location"]) == (308, "/stats/")


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/sign-in", "/stats/sign-in"),
        ("sign-in", "sign-in"),
        ("//a.example/", "//a.example/"),
        ("https://a/", "https://a/"),
    ],
)
def test_redirects_stay_below_the_path(to, location):
    assert client_below("/stats").get("/moved", params={"to": to}).headers["location"] == location


def test_websockets_too():
    with client_below("/stats").websocket_connect("/stats/ws") as websocket:
        assert websocket.receive_text().endswith("/ws")


def test_without_a_path_nothing_changes():
    assert client_below("").get("/stats/a").json() == ["/stats/a", "/stats/a", ""]
