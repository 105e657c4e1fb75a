"""Referrer spam: made-up visits whose only aim is that a site's owner looks up where they came from.

Known hosts and how campaigns name theirs stand in `data/spam.toml`. It is careful: a visit from a site that people read
is never refused, so it finds less than a list of every host ever reported would.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

_MEMO = 8192  # hosts
_LONGEST = 253  # characters of a host name, RFC 1035
_COUNTRY_LETTERS = 2
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "in", "ne", "net", "od", "or", "org", "spb", "web"})


def is_spam(host: str) -> bool:
    """Whether visits from `host` are referrer spam: the host is known, or lies below one that is.

    Args:
        host: As `referrers.locate` gives it, in lower case without `www.`; any other text gives an answer too.
    """
    return len(host) <= _LONGEST and _is_spam(host)


@lru_cache(maxsize=_MEMO)
def _is_spam(host: str) -> bool:
    labels = host.lower().rstrip(".").split(".")
    hosts, families = _facts()
    if any(".".join(labels[place:]) in hosts for place in range(len(labels))):
        return True
    return families.match(_registered(labels)) is not None


def _registered(labels: list[str]) -> str:
    """The name that somebody has registered: `a.b.co.uk` -> `b.co.uk`, `a.b.com` -> `b.com`."""
    *_, below, last = ["", *labels]
    size = 3 if len(last) == _COUNTRY_LETTERS and below in _SECOND_LEVEL else 2
    return ".".join(labels[-size:])


class _Facts(NamedTuple):
    hosts: frozenset[str]
    families: re.Pattern[str]


@cache
def _facts() -> _Facts:
    tables = tomllib.loads(files("ingest").joinpath("data/spam.toml").read_text(encoding="utf-8"))
    return _Facts(frozenset(tables["hosts"]), re.compile("|".join(tables["families"])))
