"""Streamlit's files reach the browser packed, and with our title."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from workbench.assets import STATIC, WHERE, PackedAssets, inline_scripts

PAGE = {"accept": "text/html", "accept-encoding": "gzip"}


async def streamlit_answers(_request):
    return PlainTextResponse("from Streamlit")


@pytest.fixture
def client():
    app = Starlette(routes=[Route("/{path:path}", streamlit_answers, methods=["GET", "POST"])])
    with TestClient(PackedAssets(app, title="Workbench")) as client:
        yield client


def largest_script():
    return max((STATIC / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)


def test_a_script_is_packed_and_unpacks_to_the_same_bytes(client):
    script = largest_script()
    answer = client.get(f"/static/js/{script.name}", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "accept-encoding"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == script.read_bytes()
    assert int(answer.headers["content-length"]) < script.stat().st_size / 2


@pytest.mark.parametrize("path", ["/", "/stats", "/dashboard?id=dash_1"])
def test_pages_have_our_title_and_load_the_charts_early(client, path):
    answer = client.get(path, headers=PAGE)
    assert re.findall("<title>(.*?)</title>", answer.text) == ["Workbench"]
    chunk = re.search(r'modulepreload" crossorigin href="\./(static/js/PlotlyChart\.[^"]+)"', answer.text)
    assert (STATIC / chunk[1]).is_file()
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_is_streamlits_own_but_for_title_and_hints(client):
    ours = client.get("/", headers=PAGE).text
    assert inline_scripts(ours)[0] == WHERE  # which the content security policy names
    ours = ours.replace(f"<title>Workbench</title><script>{WHERE}</script>", "<title>Streamlit</title>")
    ours = re.sub(r"<link[^>]*PlotlyChart[^>]*></head>", "</head>", ours)
    assert ours == (STATIC / "index.html").read_text()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"accept": "text/html", "accept-encoding": "identity"}),
        ("/_stcore/health", {"accept-encoding": "gzip"}),
        ("/static/js/missing.js", {"accept-encoding": "gzip"}),
        ("/static/../streamlit/config.py", {"accept-encoding": "gzip"}),
        ("/media/picture.png", PAGE),
        ("/", {"accept": "application/json", "accept-encoding": "gzip"}),
    ],
)
def test_everything_else_is_left_to_streamlit(client, path, headers):
    assert client.get(path, headers=headers).text == "from Streamlit"


def test_only_reads_are_answered(client):
    assert client.post("/", headers=PAGE).text == "from Streamlit"
