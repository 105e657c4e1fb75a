"""How often enrichment agrees with public corpora of agents, bots and referrers, read from `../shared/data`.

Nothing of the corpora is copied into our lists. `enrichment.py` prints the agreements and
`tests/ingest/test_corpora.py` holds them. Where a corpus only calls a thing by another name, the name is mapped here,
once, in `SAME`.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.exit()  # `make bench` runs every file of this folder, and this one measures nothing by itself

import csv
import gzip
import json
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ingest.agents import Agent, parse_agent
from ingest.referrers import classify, locate
from ingest.spam import is_spam

Row = dict[str, Any]
SHARED = Path(__file__).parents[2] / "shared" / "data"
UAP_CORE = "ua-uap-core/uap_core_cases"
UA_PARSER_JS = "ua-ua-parser-js/ua_parser_js_cases"
DEVICE_DETECTOR = "ua-device-detector/device_detector_cases"
SNOWPLOW = "ref-snowplow/referer_tests"
MATOMO = "ref-matomo-lists/generated_referrer_cases"

# What corpora call a thing -> what we call it. ua-parser's names are mapped where they are used, in
# ingest/data/agents.toml, and hold for the other corpora too.
SAME: Mapping[str, Mapping[str, str]] = {
    "browser": {
        "Chrome Webview": "Chrome",
        "Mobile Chrome": "Chrome",
        "Chrome WebView": "Chrome",
        "Chrome Headless": "Chrome",
        "Mobile Firefox": "Firefox",
        "Firefox Reality": "Firefox",
        "Microsoft Edge": "Edge",
        "Samsung Browser": "Samsung Internet",
        "IEMobile": "Internet Explorer",
        "Opera Mobi": "Opera",
        "Opera Mini iOS": "Opera Mini",
        "Yandex": "Yandex Browser",
        "MIUI Browser": "Mi Browser",
        "DuckDuckGo Privacy Browser": "DuckDuckGo",
        "Huawei Browser Mobile": "Huawei Browser",
        "Mobile Silk": "Silk",
        "Whale Browser": "Whale",
    },
    "os": {"Mac": "macOS", "GNU/Linux": "Linux", "Chromium OS": "ChromeOS"},
    "device": {"smartphone": "mobile", "phablet": "mobile", "feature phone": "mobile", "tv": "other"},
    "medium": {"chatbot": "ai"},
}
# Browsers and systems that people ask for by name; corpora of devices list hundreds of others once or twice.
ASKED = frozenset(
    {"Chrome", "Safari", "Firefox", "Edge", "Opera", "Opera Mini", "Samsung Internet", "Internet Explorer"}
    | {"UC Browser", "Yandex Browser", "Huawei Browser", "Mi Browser", "DuckDuckGo", "Brave", "Vivaldi", "Silk"}
    | {"QQ Browser", "Vivo Browser", "Whale", "Android", "iOS", "Windows", "macOS", "Linux", "ChromeOS"}
)


class Agreement(NamedTuple):
    """How many cases of a corpus we answer as it does.

    Attributes:
        aim: The share below which a test fails.
    """

    corpus: str
    question: str
    agreed: int
    cases: int
    aim: float

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.agreed / self.cases


def agreements(folder: Path = SHARED) -> Iterator[Agreement]:
    """Every agreement, corpus by corpus; some seconds."""
    yield from devices(folder)
    yield from names(folder)
    yield from bots(folder)
    yield from referrers(folder)
    yield from spam(folder)


def devices(folder: Path) -> Iterator[Agreement]:
    """Device types on device-detector and ua-parser-js; rows that need further headers are left out."""
    rows = _people(folder)
    aims = {"desktop": 0.97, "smartphone": 0.97, "tablet": 0.97, "phablet": 0.95, "feature phone": 0.95, "tv": 0.9}
    for kind, aim in aims.items():
        cases = [(row["ua"], SAME["device"].get(kind, kind)) for row in rows if row["device_type"] == kind]
        yield _agreement("device-detector", f"device type: {kind}", cases, lambda ua: _parse(ua).device_type, aim)
    types = {"mobile": "mobile", "tablet": "tablet", "smarttv": "other", "console": "other", "wearable": "other"}
    rows = [row for row in _read(folder, UA_PARSER_JS) if row["kind"] == "device"]
    cases = [(row["ua"], types[kind]) for row in rows if (kind := row["expected"].get("type")) in types]
    yield _agreement("ua-parser-js", "device type", cases, lambda ua: _parse(ua).device_type, 0.95)


def names(folder: Path) -> Iterator[Agreement]:
    """Browser and system, after `SAME`; cases in which a corpus names none are left out."""
    core, parser, detector = _read(folder, UAP_CORE), _read(folder, UA_PARSER_JS), _people(folder)
    said = {
        "browser": [(row["ua"], row["client_name"]) for row in detector if row["client_type"] == "browser"],
        "os": [(row["ua"], row["os_family"]) for row in detector],
    }
    for kind, field in (("browser", "ua"), ("os", "os")):
        every = [(row["ua"], row["expected"]["family"]) for row in core if row["kind"] == field]
        yield _agreement("uap-core", kind, _named(kind, every), _field(kind), 0.97)
        known = [case for case in _named(kind, said[kind]) if case[1] in ASKED]
        yield _agreement("device-detector", f"{kind}, well known", known, _field(kind), 0.97)
        other = [(row["ua"], row["expected"]["name"]) for row in parser if row["kind"] == kind]
        known = [case for case in _named(kind, other) if case[1] in ASKED]
        yield _agreement("ua-parser-js", f"{kind}, well known", known, _field(kind), 0.95)


def bots(folder: Path) -> Iterator[Agreement]:
    """Bots that are known as such, and people's browsers that are not taken for bots."""
    isbot = _read(folder, "bots-isbot/isbot_fixtures")
    detector = _read(folder, DEVICE_DETECTOR)
    found = {
        "crawler-user-agents": [row["ua"] for row in _read(folder, "bots-crawler-user-agents/crawler_instances")],
        "isbot": [row["ua"] for row in isbot if row["is_bot"]],
        "device-detector": [row["ua"] for row in detector if row["is_bot"]],
    }
    for corpus, texts in found.items():
        yield _agreement(corpus, "bots known", [(ua, True) for ua in texts], lambda ua: _parse(ua).is_bot, 0.98)
    spared = {
        "isbot": [row["ua"] for row in isbot if not row["is_bot"]],
        "device-detector": [row["ua"] for row in detector if not row["is_bot"] and row.get("client_type") == "browser"],
    }
    for corpus, texts in spared.items():
        aim = 1.0 if corpus == "isbot" else 0.999
        yield _agreement(corpus, "browsers spared", [(ua, False) for ua in texts], lambda ua: _parse(ua).is_bot, aim)
    # Dalvik is what apps send that open no page.
    drawing = [(ua, True) for ua in spared["device-detector"] if not ua.startswith("Dalvik")]
    yield _agreement("device-detector", "browsers known as such", drawing, lambda ua: _parse(ua).is_browser, 0.99)


def referrers(folder: Path) -> Iterator[Agreement]:
    """Mediums of referrers on Snowplow's cases, Matomo's lists and Segment's mapping."""
    corpora = {
        "Snowplow": [(row["uri"], row["medium"]) for row in _read(folder, SNOWPLOW)],
        "Matomo": [(row["referrer"], row["medium"]) for row in _read(folder, MATOMO)],
        "Segment": [(f"https://{host}", medium) for host, medium in _segment(folder)],
    }
    for corpus, rows in corpora.items():
        for medium in ("search", "social", "ai", "email"):
            cases = [(uri, medium) for uri, said in rows if SAME["medium"].get(said, said) == medium]
            if cases:
                yield _agreement(corpus, f"referrers: {medium}", cases, lambda uri: classify(uri).medium, 0.95)


def spam(folder: Path) -> Iterator[Agreement]:
    """Spam hosts found, hosts that merely look like them spared, and real sites spared."""
    hosts = (folder / "ref-spam" / "spammers.dev.txt").read_text(encoding="utf-8").lower().split()
    yield _agreement("Matomo's spam list", "hosts found", [(host, True) for host in hosts], is_spam, 0.4)
    known = [host for host in hosts if is_spam(host)]
    below = [(f"sub.{host}", True) for host in known]
    yield _agreement("Matomo's spam list", "hosts below those found", below, is_spam, 1.0)
    beside = [(lookalike, False) for host in hosts for lookalike in (f"not{host}", f"{host}.example.org")]
    yield _agreement("Matomo's spam list", "lookalikes spared", beside, is_spam, 1.0)
    real = [(host, False) for host in real_hosts(folder)]
    yield _agreement("Snowplow, Matomo, Segment", "real sites spared", real, is_spam, 1.0)


def real_hosts(folder: Path) -> list[str]:
    """Hosts of search engines, networks, assistants and mail services, of which none is spam."""
    segment = {host.partition("/")[0] for host, _ in _segment(folder)}
    snowplow = {locate(row["uri"])[1] for row in _read(folder, SNOWPLOW)}
    matomo = {locate(row["referrer"])[1] for row in _read(folder, MATOMO)}
    return sorted(filter(None, segment | snowplow | matomo))


def _segment(folder: Path) -> list[tuple[str, str]]:
    with (folder / "ref-segment-mapping" / "referrer_mapping.csv").open(encoding="utf-8", newline="") as file:
        return [(row["host"], row["medium"]) for row in csv.DictReader(file)]


def _agreement(
    corpus: str,
    question: str,
    cases: Collection[tuple[str, Any]],
    answer: Callable[[str], Any],
    aim: float,
) -> Agreement:
    agreed = sum(answer(case) == expected for case, expected in cases)
    return Agreement(corpus, question, agreed, len(cases), aim)


def _people(folder: Path) -> list[Row]:
    """Device-detector's agents of people that need no further headers to be told."""
    rows = _read(folder, DEVICE_DETECTOR)
    return [row for row in rows if not row["is_bot"] and not row.get("headers")]


def _field(kind: str) -> Callable[[str], str | None]:
    return lambda ua: getattr(_parse(ua), kind)


def _named(kind: str, cases: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """Cases with what we call what the corpus says; those without a name are left out."""
    same = {**_families(kind), **SAME[kind]}
    return [(ua, same.get(name, name)) for ua, name in cases if name and name != "Other"]


@cache
def _families(kind: str) -> dict[str, str]:
    tables = tomllib.loads(files("ingest").joinpath("data/agents.toml").read_text(encoding="utf-8"))
    table = tables[{"browser": "browsers", "os": "systems"}[kind]]
    return {family: name for name, families in table.items() for family in families}


@cache
def _parse(ua: str) -> Agent:
    """Remembered without bound: most agents are asked about more than once, and there are more than the memo holds."""
    return parse_agent(ua)


@cache
def _read(folder: Path, name: str) -> list[Row]:
    with gzip.open(folder / f"{name}.dev.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
