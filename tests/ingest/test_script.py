"""The tracker as it is served; what it does in a browser stands in tests/browser/test_tracker.py."""

from __future__ import annotations

import gzip

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ingest.script import is_known, script_route, takes_gzip
from ingest.tracker import build

MINIFIED = build.MINIFIED.read_bytes()


@pytest.fixture
def client():
    with TestClient(Starlette(routes=[script_route()]), headers={"accept-encoding": "identity"}) as client:
        yield client


def test_the_minified_file_is_made_of_the_source():
    source = build.SOURCE.read_text(encoding="utf-8")
    assert build.minified(source) == build.minified(source) == MINIFIED.decode(), "run `make tracker`"


def test_the_tracker_is_small():
    assert len(gzip.compress(MINIFIED, 9, mtime=0)) <= 1400


def test_the_script_comes_with_everything_a_foreign_page_needs(client):
    answer = client.get("/analytics.js")
    assert (answer.status_code, answer.content) == (200, MINIFIED)
    assert {name: value for name, value in answer.headers.items() if name != "etag"} == {
        "content-type": "text/javascript; charset=utf-8",
        "content-length": str(len(MINIFIED)),
        "cache-control": "public, max-age=86400, stale-while-revalidate=86400",
        "vary": "accept-encoding",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }


def test_browsers_get_it_packed(client):
    answer = client.get("/analytics.js", headers={"accept-encoding": "gzip, deflate, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) <= 1400
    assert answer.content == MINIFIED


def test_head_has_the_headers_of_get_and_no_body(client):
    for coding in ("identity", "gzip"):
        got, head = (
            client.request(method, "/analytics.js", headers={"accept-encoding": coding}) for method in ("GET", "HEAD")
        )
        assert head.content == b""
        assert head.headers == got.headers


def test_a_browser_that_has_it_is_told_so(client):
    for coding in ("identity", "gzip"):
        headers = {"accept-encoding": coding}
        tag = client.get("/analytics.js", headers=headers).headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = client.get("/analytics.js", headers={**headers, "if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert "content-length" not in again.headers
            assert again.headers["cache-control"] == "public, max-age=86400, stale-while-revalidate=86400"
        assert client.get("/analytics.js", headers={**headers, "if-none-match": '"other"'}).status_code == 200


def test_each_form_has_a_tag_of_its_own_that_only_the_content_changes(client):
    def tags(some_client):
        return [
            some_client.get("/analytics.js", headers={"accept-encoding": coding}).headers["etag"]
            for coding in ("identity", "gzip")
        ]

    with TestClient(Starlette(routes=[script_route()])) as other_process:
        assert tags(client) == tags(other_process)
    plain, packed = tags(client)
    assert plain != packed
    assert not plain.startswith("W/")


def test_nothing_else_may_be_done_with_it(client):
    assert client.post("/analytics.js").status_code == 405


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP;Q=1", True),
        ("br;q=1.0, gzip;q=0.5, *;q=0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("x-gzip2, br", False),
        (";;;,q=0,,gzip;q=x", True),
    ],
)
def test_accept_encoding(accepted, expected):
    assert takes_gzip(accepted) is expected


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        ("", False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b","a"', True),
        ('"b", W/"c"', False),
        ("a", False),
        ('"aa"', False),
        (" * ", True),
        ('"*"', False),
        ('"' * 99, False),
    ],
)
def test_if_none_match(if_none_match, expected):
    assert is_known('"a"', if_none_match) is expected
