"""`/web/analytics/track` as clients see it: the same answer to whatever is sent, and every event counted once."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import tarfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from ingest.endpoint import _read, _Unread
from ingest.intake import Intake
from ingest.store import verify
from ingest.tickets import NowhereToStoreError

TRACK = "/web/analytics/track"
ANSWER = b'{"success": true, "message": "Event tracked"}'
PAGEVIEW = {"website_id": "site_a", "event_type": "pageview", "pathname": "/", "visitor_id": "V", "session_id": "S"}


def is_usual(answer) -> bool:
    """The answer to everything."""
    return (answer.status_code, answer.content, answer.headers["access-control-allow-origin"]) == (200, ANSWER, "*")


def sent(**given) -> bytes:
    return json.dumps({**PAGEVIEW, **given}).encode()


CONTENT_TYPES = ["application/json", "text/plain;charset=UTF-8", "image/png", "", None]


def test_an_event_is_stored_whatever_its_content_type_says(sqlite_event_app):
    with sqlite_event_app.running() as visitor:
        for number, content_type in enumerate(CONTENT_TYPES):
            headers = {} if content_type is None else {"content-type": content_type}
            answer = visitor.post(TRACK, content=sent(pathname=f"/{number}"), headers=headers)
            assert is_usual(answer)
            assert dict(answer.headers) == {
                "content-type": "application/json",
                "content-length": str(len(ANSWER)),
                "access-control-allow-origin": "*",
            }
    assert [event.pathname for event in sqlite_event_app.events()] == ["/0", "/1", "/2", "/3", "/4"]
    assert sqlite_event_app.refused() == {}


def test_any_origin_may_send_and_nobody_sends_credentials(sqlite_event_app):
    asked = {
        "origin": "https://anywhere.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,traceparent",
    }
    with sqlite_event_app.running() as visitor:
        preflight = visitor.options(TRACK, headers=asked)
        answer = visitor.track(headers={"origin": "https://anywhere.example"})
    assert is_usual(preflight)
    assert is_usual(answer)
    assert preflight.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert preflight.headers["access-control-allow-headers"] == "content-type, *"
    assert preflight.headers["access-control-max-age"] == "86400"
    for given in (preflight, answer):
        assert "access-control-allow-credentials" not in given.headers
        assert "set-cookie" not in given.headers


def test_other_methods_are_not_allowed(sqlite_event_app):
    with sqlite_event_app.running() as visitor:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "BREW"):
            answer = visitor.request(method, TRACK)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert sqlite_event_app.refused() == {}


def in_pieces(body: bytes, size: int):
    return (body[start : start + size] for start in range(0, len(body), size))


FAULTY = {
    "no body": (b"", "not_json"),
    "blank": (b" \n", "not_json"),
    "broken": (b'{"website_id": ', "not_json"),
    "form": (b"website_id=site_a&event_type=pageview", "not_json"),
    "not a number": (json.dumps({**PAGEVIEW, "age_ms": float("nan")}).encode(), "not_json"),
    "lone surrogate": (json.dumps({**PAGEVIEW, "event_name": "\ud800"}).encode(), "not_json"),
    "invalid UTF-8": (b'{"website_id": "site_a\xff"}', "not_json"),
    "UTF-16": (json.dumps(PAGEVIEW).encode("utf-16"), "not_json"),
    "compressed": (gzip.compress(json.dumps(PAGEVIEW).encode()), "not_json"),
    "deep lists": (b"[" * 16_000, "not_json"),
    "deep objects": (b'{"a":' * 3_000, "not_json"),
    "a huge number": (b'{"website_id": %s}' % (b"9" * 9_000), "not_json"),
    "a list": (json.dumps([PAGEVIEW]).encode(), "invalid"),
    "text": (b'"site_a"', "invalid"),
    "null": (b"null", "invalid"),
    "nothing in it": (b"{}", "invalid"),
    "NUL": (json.dumps({**PAGEVIEW, "pathname": "/\0"}).encode(), "invalid"),
    "infinite": (json.dumps({**PAGEVIEW, "metadata": {"a": 0}}).replace("0", "1e999").encode(), "invalid"),
    "nested": (json.dumps({**PAGEVIEW, "metadata": {"a": {"b": 1}}}).encode(), "invalid"),
    "one byte too many": (json.dumps(PAGEVIEW).ljust(16_385).encode(), "too_large"),
    "20 MB": (b"x" * 20_000_000, "too_large"),
    "unknown website": (json.dumps({**PAGEVIEW, "website_id": "nobody"}).encode(), "unknown_website"),
}


@pytest.mark.parametrize("piece", [None, 5_000])
def test_whatever_cannot_be_stored_gets_the_usual_answer_and_is_counted_once(sqlite_event_app, piece):
    with sqlite_event_app.running() as visitor:
        for case, (body, _) in FAULTY.items():
            assert is_usual(visitor.post(TRACK, content=body if piece is None else in_pieces(body, piece))), case
    assert sqlite_event_app.events() == []
    named = {"NUL", "infinite", "nested"}  # these say which website they are for
    expected = Counter(("site_a" if case in named else "", reason) for case, (_, reason) in FAULTY.items())
    assert sqlite_event_app.refused() == expected


GOOD = {
    "the largest": json.dumps(PAGEVIEW).ljust(16_384).encode(),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(PAGEVIEW).encode(),
    "equal keys": b'{"website_id": "nobody", ' + json.dumps(PAGEVIEW).encode()[1:],
    "unknown keys": json.dumps({**PAGEVIEW, "deep": [[{"a": [1]}]], "1": None}).encode(),
}


@pytest.mark.parametrize("piece", [None, 1_000])
def test_what_is_odd_but_readable_is_stored(sqlite_event_app, piece):
    with sqlite_event_app.running() as visitor:
        for body in GOOD.values():
            assert is_usual(visitor.post(TRACK, content=body if piece is None else in_pieces(body, piece)))
    assert [event.website_id for event in sqlite_event_app.events()] == ["site_a"] * len(GOOD)
    assert sqlite_event_app.refused() == {}


def test_an_event_sent_twice_is_stored_once(event_app):
    with event_app.running() as visitor:
        for _ in range(3):
            assert is_usual(visitor.track(event_id="e1"))
        visitor.track(event_id="e2")
        visitor.track(event_id="")
        visitor.track()
    assert len(event_app.events()) == 4
    assert event_app.refused() == {}


def test_two_hundred_at_once_are_all_stored_each_once(event_app):
    with event_app.running() as visitor, ThreadPoolExecutor(50) as pool:
        sent = [{"event_id": f"e{number % 180}", "visitor_id": f"v{number % 7}"} for number in range(200)]
        answers = list(pool.map(lambda fields: visitor.track(**fields, session_id=None), sent))
    assert all(map(is_usual, answers))
    assert sorted(event.event_id for event in event_app.events()) == sorted(f"e{number}" for number in range(180))
    assert list(verify(event_app.database)) == []


def test_a_fault_of_ours_is_answered_counted_and_logged_without_what_was_sent(sqlite_event_app, monkeypatch, caplog):
    async def break_down(self, body, peer, headers):
        raise RuntimeError(f"{peer}: {body!r}")

    monkeypatch.setattr(Intake, "take", break_down)
    with sqlite_event_app.running() as visitor:
        assert is_usual(visitor.track())
    assert sqlite_event_app.refused() == {("", "unstorable"): 1}
    assert "RuntimeError at " in caplog.text
    assert "test_endpoint.py" in caplog.text
    assert "203.0.113.7" not in caplog.text
    assert "site_a" not in caplog.text


def test_only_an_event_that_can_be_stored_nowhere_is_answered_with_503(sqlite_event_app, monkeypatch):
    async def full(self, arrival):
        raise NowhereToStoreError("The disk is full.")

    monkeypatch.setattr("ingest.writer.EventWriter.store", full)
    with sqlite_event_app.running() as visitor:
        answer = visitor.track()
        assert is_usual(visitor.track(website_id="nobody"))
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (503, "*")
    assert "retry-after" in answer.headers
    assert sqlite_event_app.refused() == {("", "unknown_website"): 1}


def reading(*pieces: bytes, then: str = "http.disconnect"):
    """What the endpoint makes of a body that comes in these pieces; `then` nothing comes, or the client goes."""
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def receive():
        if coming:
            return coming.pop(0)
        if then == "nothing":
            await asyncio.Event().wait()
        return {"type": then}

    return asyncio.run(_read(receive))


def test_a_body_that_is_cut_or_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("ingest.endpoint.PATIENCE_S", 0.01)
    monkeypatch.setattr("ingest.endpoint.DISCARDED", 100_000)
    assert reading(b"a", b"b", then="http.request") == b"ab"
    assert reading(b"a" * 16_384, then="http.request") == b"a" * 16_384
    assert reading(b"a" * 16_384, b"b", then="http.request") == _Unread.TOO_LARGE
    assert reading(b"a", b"b") == _Unread.GONE
    assert reading() == _Unread.GONE
    assert reading(b"a", then="nothing") == _Unread.SLOW
    assert reading(*[b"a" * 10_000] * 11, then="nothing") == _Unread.TOO_LARGE


def test_every_body_of_the_json_test_suite_is_answered_and_counted(event_app, shared_data):
    with tarfile.open(shared_data / "json-testsuite" / "test_parsing.dev.tar.gz") as archive:
        files = [member for member in archive if member.isfile()]
        bodies = {member.name.rpartition("/")[2]: archive.extractfile(member).read() for member in files}
    assert set(event_app.send(bodies.values())) == {(200, ANSWER)}
    assert event_app.events() == []
    kinds = Counter("large" if len(body) > 16_384 else name[0] for name, body in bodies.items())
    refused = {reason: count for (_, reason), count in event_app.refused().items()}
    assert sum(refused.values()) == len(bodies) == 198
    assert refused["too_large"] == kinds["large"]
    assert kinds["n"] <= refused["not_json"] <= kinds["n"] + kinds["i"]
    assert kinds["y"] <= refused["invalid"] <= kinds["y"] + kinds["i"]


def test_naughty_strings_are_stored_as_they_are_or_refused_and_counted(event_app, shared_data):
    with gzip.open(shared_data / "naughty-strings" / "blns.json.gz") as file:
        strings = json.load(file)
    fields = ("pathname", "referrer", "visitor_id", "session_id", "timezone", "hostname", "website_id", "event_id")
    bodies = [
        *(sent(event_type="custom_event", event_name=text, event_id=f"n{i}") for i, text in enumerate(strings)),
        *(sent(metadata={"a": text}, event_id=f"v{i}") for i, text in enumerate(strings)),
        *(sent(metadata={text: "a"}, event_id=f"k{i}") for i, text in enumerate(strings)),
        *(sent(query=f"utm_source={text}", event_id=f"q{i}") for i, text in enumerate(strings)),
        *(sent(**{"event_id": f"{field}{i}", field: text}) for field in fields for i, text in enumerate(strings)),
    ]
    assert set(event_app.send(bodies)) == {(200, ANSWER)}
    stored = {event.event_id: event for event in event_app.events()}
    refused, repeated = sum(event_app.refused().values()), len(strings) - len(set(strings))
    assert len(bodies) == len(stored) + refused + repeated == 12 * len(strings)
    for i, text in enumerate(strings):
        assert (text.strip() == "" and len(text) < 121) or f"n{i}" not in stored or stored[f"n{i}"].event_name == text
        assert (len(text) > 512) != (f"v{i}" in stored)
        assert f"v{i}" not in stored or stored[f"v{i}"].metadata == {"a": text}
        assert (len(text) > 64) != (f"k{i}" in stored)
        assert f"k{i}" not in stored or stored[f"k{i}"].metadata == {text: "a"}
        assert f"pathname{i}" in stored
        assert f"q{i}" in stored
    assert list(verify(event_app.database)) == []


def test_script_payloads_are_stored_as_they_are(event_app, shared_data):
    with gzip.open(shared_data / "xss-payloads" / "xss.dev.txt.gz", "rt", encoding="utf-8") as file:
        texts = [line.rstrip("\n") for line in file if line.strip()]
    assert len(texts) > 3_000
    bodies = (
        sent(event_type="custom_event", event_name=text[:120], metadata={"text": text[:512]}, event_id=str(number))
        for number, text in enumerate(texts)
    )
    assert set(event_app.send(bodies)) == {(200, ANSWER)}
    stored = {int(event.event_id): (event.event_name, event.metadata["text"]) for event in event_app.events()}
    assert stored == {number: (text[:120], text[:512]) for number, text in enumerate(texts)}
    assert event_app.refused() == {}


def test_beacons_of_another_product_are_refused_as_they_are_and_stored_when_translated(event_app, shared_data):
    with gzip.open(shared_data / "sessions-tinybird" / "analytics_events.ndjson.gz") as file:
        lines = file.readlines()[:2_000]
    hits = [beacon for beacon in map(json.loads, lines) if beacon["action"] == "page_hit"]
    pages = [json.loads(beacon["payload"]) for beacon in hits]
    translated = defaultdict(list)
    for beacon, page in zip(hits, pages, strict=True):
        event = sent(pathname=page["href"], referrer=page["referrer"], session_id=beacon["session_id"], visitor_id=None)
        translated[page["userAgent"]].append(event)
    answers = event_app.send(lines)
    for agent, events in translated.items():
        answers += event_app.send(events, agent=agent)
    assert set(answers) == {(200, ANSWER)}
    assert event_app.refused() == {("", "invalid"): len(lines)}
    stored = event_app.events()
    assert Counter(event.pathname for event in stored) == Counter(urlsplit(page["href"]).path or "/" for page in pages)
    assert {event.referrer_source for event in stored if event.referrer is None} == {"direct"}
    assert {"facebook", "google", "youtube", "linkedin"} <= {event.referrer_source for event in stored}
    assert {event.device_type for event in stored} == {"desktop", "mobile", "tablet"}
    assert len({event.visitor_id for event in stored}) == len(translated)
    named = Counter(beacon["session_id"] for beacon in hits if beacon["session_id"])
    assert sorted(named.values()) <= sorted(Counter(event.session_id for event in stored).values())
    assert list(verify(event_app.database)) == []


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.WARNING)
