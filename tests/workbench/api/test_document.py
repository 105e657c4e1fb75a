"""The examples of docs/api.md, sent as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from stats_core.models import Website
from workbench.api.errors import DESCRIPTIONS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def calls(text):
    """The curl commands of a document as method, address, headers and body."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.startswith("curl "):
            continue
        words = iter(shlex.split(line)[1:])
        call = {"headers": {}}
        for word in words:
            match word:
                case "-H":
                    name, _, value = next(words).partition(": ")
                    call["headers"][name.lower()] = value
                case "-X":
                    call["method"] = next(words)
                case "-d":
                    call["content"] = next(words)
                case _:
                    call["url"] = word
        yield {"method": "POST" if "content" in call else "GET", **call}


def test_every_example_works(sqlite_client, sqlite_bench):
    with sqlite_bench.database.write() as session:
        session.add(Website(id="example.com", name="Example", domain="example.com"))
    answers = []
    for call in calls(DOCUMENT):
        address = urlsplit(call.pop("url"))
        assert address.netloc == "127.0.0.1:8501"
        assert call["headers"].pop("authorization") == "Bearer $TOKEN"
        answers.append(sqlite_client.request(url=f"{address.path}?{address.query}".rstrip("?"), **call))
    assert [answer.status_code for answer in answers] == [200, 200, 201, 200, 200, 201, 200, 200, 200, 204]
    assert answers[2].json()["panels"][0]["name"] == "Orders"
    assert answers[3].json()["data"]["groups"] == []
    assert [item["event_id"] for item in answers[6].json()["items"]] == ["by-hand-1"]
    assert (answers[8].json()["pathname"], answers[8].json()["country"]) == ("/prices", "DE")


def test_every_route_is_explained(sqlite_client):
    for path in sqlite_client.get("/admin/openapi.json").json()["paths"]:
        assert path in DOCUMENT or path.removesuffix("/{id}") in DOCUMENT


def test_every_status_is_explained():
    explained = {
        int(number) for number in re.findall(r"\b\d{3}\b", re.search(r"\| status .*?\n\n", DOCUMENT, re.DOTALL)[0])
    }
    assert explained == {*DESCRIPTIONS, 405}


def test_the_error_that_is_shown_is_one(sqlite_client):
    shown = re.search(r'"message": "(.*?)", "hint": "(.*?) …"', DOCUMENT)
    [fault] = sqlite_client.get("/admin/analytics-events", params={"from": "2026-03-01T00:00:00"}).json()["errors"]
    assert (fault["message"], fault["hint"].startswith(shown[2])) == (shown[1], True)
