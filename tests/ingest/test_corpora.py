"""How often enrichment agrees with public corpora of agents, bots and referrers; none of them is copied into our lists.

The shares are what we reached, rounded down: a change that lowers one has to say why.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict

import pytest

from ingest.agents import parse_agent
from ingest.referrers import classify


@pytest.fixture
def corpus(shared_data):
    """A function that reads a corpus."""

    def read(name: str) -> list[dict]:
        with gzip.open(shared_data / name, "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    return read


def people(corpus) -> list[dict]:
    """Device-detector's agents of people that need no further headers to be told."""
    rows = corpus("ua-device-detector/device_detector_cases.dev.jsonl.gz")
    return [row for row in rows if not row["is_bot"] and not row.get("headers")]


def share(results: list[bool]) -> float:
    return sum(results) / len(results)


def test_crawler_user_agents_are_bots(corpus):
    rows = corpus("bots-crawler-user-agents/crawler_instances.dev.jsonl.gz")
    assert share([parse_agent(row["ua"]).is_bot for row in rows]) >= 0.99


def test_isbots_bots_are_bots_and_none_of_its_browsers_is(corpus):
    rows = corpus("bots-isbot/isbot_fixtures.dev.jsonl.gz")
    assert [row["ua"] for row in rows if not row["is_bot"] and parse_agent(row["ua"]).is_bot] == []
    assert share([parse_agent(row["ua"]).is_bot for row in rows if row["is_bot"]]) >= 0.99


def test_device_detectors_bots_are_bots_and_its_browsers_are_not(corpus):
    rows = corpus("ua-device-detector/device_detector_cases.dev.jsonl.gz")
    assert share([parse_agent(row["ua"]).is_bot for row in rows if row["is_bot"]]) >= 0.99
    browsers = [row["ua"] for row in rows if not row["is_bot"] and row.get("client_type") == "browser"]
    assert share([not parse_agent(ua).is_bot for ua in browsers]) >= 0.999
    assert share([parse_agent(ua).is_browser for ua in browsers if not ua.startswith("Dalvik")]) >= 0.99


def test_device_types_agree_with_device_detector(corpus):
    ours = {"desktop": "desktop", "smartphone": "mobile", "tablet": "tablet"}
    agreement = defaultdict(list)
    for row in people(corpus):
        if (kind := row["device_type"]) in ours:
            agreement[kind].append(parse_agent(row["ua"]).device_type == ours[kind])
    assert share([*agreement["desktop"], *agreement["smartphone"], *agreement["tablet"]]) >= 0.96
    assert share(agreement["smartphone"]) >= 0.99
    assert share(agreement["desktop"]) >= 0.96
    assert share(agreement["tablet"]) >= 0.86


def test_systems_agree_with_device_detector(corpus):
    ours = {name: name for name in ("Android", "iOS", "Windows")}
    ours |= {"Mac": "macOS", "GNU/Linux": "Linux", "Chrome OS": "ChromeOS"}
    rows = [row for row in people(corpus) if row["os_family"] in ours]
    assert share([parse_agent(row["ua"]).os == ours[row["os_family"]] for row in rows]) >= 0.97


def test_browsers_agree_with_device_detector(corpus):
    ours = dict.fromkeys(("Chrome", "Chrome Mobile", "Chrome Webview"), "Chrome")
    ours |= dict.fromkeys(("Safari", "Mobile Safari"), "Safari") | dict.fromkeys(
        ("Firefox", "Firefox Mobile"), "Firefox"
    )
    ours |= dict.fromkeys(("Opera", "Opera Mobile"), "Opera") | {"Samsung Browser": "Samsung Internet"}
    ours |= {"Microsoft Edge": "Edge", "Internet Explorer": "Internet Explorer", "UC Browser": "UC Browser"}
    rows = [row for row in people(corpus) if row["client_name"] in ours]
    assert share([parse_agent(row["ua"]).browser == ours[row["client_name"]] for row in rows]) >= 0.98


def test_search_and_social_referrers_agree_with_snowplow(corpus):
    rows = corpus("ref-snowplow/referer_tests.dev.jsonl.gz")
    for medium, ours in {"search": "search", "social": "social", "chatbot": "ai", "email": "email"}.items():
        cases = [classify(row["uri"]).medium == ours for row in rows if row["medium"] == medium]
        assert share(cases) >= 0.95, medium


def test_referrers_agree_with_matomo(corpus):
    agreement = defaultdict(list)
    for row in corpus("ref-matomo-lists/generated_referrer_cases.dev.jsonl.gz"):
        agreement[row["medium"]].append(classify(row["referrer"]).medium == row["medium"])
    assert share(agreement["search"]) >= 0.77
    assert share(agreement["social"]) >= 0.82
    assert share(agreement["ai"]) >= 0.8
