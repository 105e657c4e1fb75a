"""How often enrichment agrees with public corpora, and what it costs.

    .venv/bin/python benchmarks/enrichment.py [--data ../shared/data]

The corpora and the table of names are in `corpora.py`. Costs are ratios within one run: each is measured in turns with
what it is compared with, on the same agents and in the same process, and the least of many rounds counts.
"""

from __future__ import annotations

import sys

sys.path.append(sys.path.pop(0))  # this folder comes last: else `ingest` would be the benchmark of that name

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ua_parser import BestAvailableResolver, Domain, load_lazy_builtins

from benchmarks.corpora import SHARED, agreements
from ingest.agents import parse_agent
from ingest.referrers import classify
from ingest.spam import is_spam

ROUNDS = 15
COUNT = 400  # agents of a round, fewer than the memo holds
SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 10; K",
    "Linux; Android 14; SM-S918B",
    "Linux; Android 13; SM-X906B",
)
REFERRERS = ("www.google.com/", "duckduckgo.com/", "news.ycombinator.com/item", "example.org/a/b")
_numbers = itertools.count(100)


def new_agents() -> list[str]:
    """Agents that nobody has asked for yet: the version number counts on."""
    return [
        f"Mozilla/5.0 ({SYSTEMS[number % len(SYSTEMS)]}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{number}.0.0.0 Safari/537.36"
        for number in itertools.islice(_numbers, COUNT)
    ]


def new_referrers() -> list[str]:
    return [f"https://{REFERRERS[n % len(REFERRERS)]}?{n}" for n in itertools.islice(_numbers, COUNT)]


def new_hosts() -> list[str]:
    return [f"host{n}.example.com" for n in itertools.islice(_numbers, COUNT)]


def new_bodies() -> list[str]:
    body = {"website_id": "site_1", "event_type": "pageview", "pathname": "/pricing", "visitor_id": "v", "metadata": {}}
    return [json.dumps({**body, "session_id": str(n)}) for n in itertools.islice(_numbers, COUNT)]


def costs() -> list[tuple[str, float, float]]:
    """What is measured, microseconds a call, and the ratio to reading one event's JSON."""
    engine = BestAvailableResolver(load_lazy_builtins())
    known_agents, known_referrers, known_hosts = new_agents(), new_referrers(), new_hosts()
    measured: dict[str, tuple[Callable[[], Sequence[str]], Callable[[str], object]]] = {
        "json.loads of an event": (new_bodies, json.loads),
        "ua-parser alone, uncached": (new_agents, lambda text: engine(text, Domain.ALL)),
        "parse_agent, a new agent": (new_agents, parse_agent),
        "parse_agent, remembered": (lambda: known_agents, parse_agent),
        "classify, a new referrer": (new_referrers, classify),
        "classify, remembered": (lambda: known_referrers, classify),
        "is_spam, a new host": (new_hosts, is_spam),
        "is_spam, remembered": (lambda: known_hosts, is_spam),
    }
    least = dict.fromkeys(measured, float("inf"))
    for _ in range(ROUNDS + 1):  # the first fills the memos and compiles
        for name, (inputs, call) in measured.items():
            least[name] = min(least[name], _seconds(inputs(), call))
    base = least["json.loads of an event"]
    return [(name, seconds / COUNT * 1e6, seconds / base) for name, seconds in least.items()]


def _seconds(inputs: Sequence[str], call: Callable[[str], object]) -> float:
    start = time.perf_counter()
    for text in inputs:
        call(text)
    return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=SHARED, help="the folder of data sets")
    folder = arguments.parse_args().data
    if folder.is_dir():
        print("| corpus | question | cases | agreement | aim |")
        print("|---|---|---:|---:|---:|")
        for found in agreements(folder):
            figures = f"{found.cases:,} | {found.share:.2%} | {found.aim:.1%}"
            print(f"| {found.corpus} | {found.question} | {figures} |", flush=True)
    else:
        print(f"No corpora: the data sets are not in {folder}. Give their folder with --data.")
    print()
    print("| a call | µs | times `json.loads` of an event |")
    print("|---|---:|---:|")
    for name, microseconds, ratio in costs():
        print(f"| {name} | {microseconds:.2f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
