"""Where a visitor came from: the stored referrer, the source's name and the medium.

Known hosts stand in `data/referrers.toml`. What the page's own query says (`utm_source`, `ref`, `source`) wins over
the referrer, since the site's owner wrote it into the link.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from ingest.hosts import is_among

Medium = Literal["direct", "search", "social", "ai", "email", "campaign", "referral"]

MAX_REFERRER = 2048  # characters of a stored referrer
MAX_CAMPAIGN = 255  # characters of a stored utm value
_READ = 4096  # characters of a referrer or query that are looked at, so that the memos stay small
_MEMO = 8192

_URL = re.compile(
    r"\s*(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?//(?:[^/?#@]*@)?"  # a name and password are skipped
    r"(?P<host>\[[^\]/?#]*\]|[^/?#:]*)(?::\d*)?(?P<path>/[^?#]*)?(?:[?#]|$)",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s*(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?P<path>/[^?#]*)?(?:[?#]|$)", re.IGNORECASE)
_SCHEMES = frozenset({"http", "https", "android-app", "ios-app"})
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_COUNTRY_LETTERS = 2
_LONGEST_HOST = 253  # characters, RFC 1035
_UTM_MEDIUMS: Mapping[str, Medium] = {
    "email": "email", "e-mail": "email", "mail": "email", "newsletter": "email",
    "social": "social", "social-media": "social", "social_media": "social", "socialmedia": "social", "sm": "social",
    "organic": "search", "referral": "referral", "ai": "ai",
}  # fmt: skip


class Source(NamedTuple):
    """A visit's origin.

    Attributes:
        referrer: Host and path without scheme, `www.`, query, fragment and trailing slash; null for direct visits.
        source: `direct`, a known name in lower case (`google`, `chatgpt`), what the campaign says, or the host.
    """

    referrer: str | None
    source: str
    medium: Medium


class Campaign(NamedTuple):
    """What the page's query says of the link that led to it. `ref` is `ref=` or `source=`, which are no utm values."""

    source: str | None = None
    medium: str | None = None
    name: str | None = None
    ref: str | None = None


DIRECT = Source(None, "direct", "direct")
NO_CAMPAIGN = Campaign()


def classify(referrer: str | None, own_hosts: Collection[str] = (), query: str = "") -> Source:
    """Where the visit came from; any string gives an answer.

    Args:
        referrer: The header or `document.referrer`; null, empty and `-` mean none.
        own_hosts: The site's hosts in lower case without `www.`, `*.example.com` for all below one: visits from them
            are direct.
        query: The page's query string without `?`.
    """
    stored, host = locate(referrer) if referrer and referrer != "-" else (None, "")
    if host and is_among(host, own_hosts):
        stored, host = None, ""
    if query and (campaign := read_campaign(query)) != NO_CAMPAIGN:
        return _campaign_source(stored, host, campaign)
    return Source(stored, *_known(host, stored)) if host else DIRECT


def locate(referrer: str) -> tuple[str | None, str]:
    """What is stored of a referrer, and its host without `www.`; `(None, "")` where there is no host of the web.

    `https://www.Example.com/a/?b#c` → `("example.com/a", "example.com")`. Addresses of this machine and of local
    networks, files, scripts and malformed text are none.
    """
    return _locate(referrer[:_READ])


@lru_cache(maxsize=_MEMO)
def _locate(referrer: str) -> tuple[str | None, str]:
    found = _URL.match(referrer) or _BARE.match(referrer)
    if found is None or (found.groupdict().get("scheme") or "http").lower() not in _SCHEMES:
        return None, ""
    host = found["host"].lower().rstrip(".").removeprefix("www.")
    if not _is_public(host):
        return None, ""
    path = _CONTROL.sub("", (found["path"] or "").rstrip("/"))
    return f"{host}{path}"[:MAX_REFERRER], host


def _is_public(host: str) -> bool:
    """Whether `host` is a name with a dot, or an address that the world can reach."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        if len(host) > _LONGEST_HOST or _HOST.fullmatch(host) is None:
            return False
        return not host.endswith((".local", ".localhost", ".internal", ".lan"))


def read_campaign(query: str) -> Campaign:
    """The campaign in a query string; empty where it names none. `utm_source=a&utm_medium=b` → `Campaign("a", "b")`."""
    return _read_campaign(query[:_READ])


@lru_cache(maxsize=_MEMO)
def _read_campaign(query: str) -> Campaign:
    low = query.lower()
    if "utm_" not in low and "ref=" not in low and "source=" not in low:
        return NO_CAMPAIGN
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, errors="replace"):
        if text := _CONTROL.sub("", value).strip()[:MAX_CAMPAIGN]:
            values.setdefault(key.lower(), text)
    return Campaign(
        values.get("utm_source"), values.get("utm_medium"), values.get("utm_campaign"),
        values.get("ref") or values.get("source"),
    )  # fmt: skip


def _campaign_source(stored: str | None, host: str, campaign: Campaign) -> Source:
    """A known source keeps its medium unless the campaign says otherwise: `utm_source=chatgpt.com` alone is AI."""
    said = campaign.source or campaign.ref
    name, medium = _named(said) if said else _known(host, stored) if host else DIRECT[1:]
    if campaign.medium:
        return Source(stored, name, _UTM_MEDIUMS.get(campaign.medium.lower(), "campaign"))
    if campaign.name or (campaign.source and medium == "referral"):
        return Source(stored, name, "campaign")
    return Source(stored, name, medium)


@lru_cache(maxsize=_MEMO)
def _named(text: str) -> tuple[str, Medium]:
    """What a campaign calls its source: a known name, an abbreviation, a host, or any text in lower case."""
    low = text.lower().removeprefix("www.")
    facts = _facts()
    if name := facts.names.get(low):
        return name
    stored, host = locate(low)
    return _known(host, stored) if stored else (low, "referral")


def _known(host: str, stored: str | None) -> tuple[str, Medium]:
    """The name and medium of a host, or of the part of it that `stored` lies in."""
    for path, entry in _facts().paths.get(host, ()):
        if f"{stored}/".startswith(f"{path}/"):
            return entry
    return _known_host(host)


@lru_cache(maxsize=_MEMO)
def _known_host(host: str) -> tuple[str, Medium]:
    """The name and medium of a host: the longest listed part of it wins, then what its first label says of itself."""
    labels = host.split(".")
    place, name, medium = _listed(labels)
    if place > 0 and len(labels) > 2:  # noqa: PLR2004 - `mail.ru` and `search.com` are names, not services of one
        if _facts().mail_label.fullmatch(labels[0]):
            return name or host, "email"
        if _facts().search_label.fullmatch(labels[0]):
            return name or host, "search"
    return (host, "referral") if medium == "referral" else (name, medium)


def _listed(labels: list[str]) -> tuple[int, str, Medium]:
    """Where in the host the longest listed part begins, its name and its medium."""
    hosts = _facts().hosts
    return next(((place, *hosts[key]) for place, key in _keys(labels) if key in hosts), (len(labels), "", "referral"))


def _keys(labels: list[str]) -> Iterator[tuple[int, str]]:
    """What a host may be listed as, the longest first.

    `a.google.co.uk` → itself, `a.google.*`, `google.co.uk`, `google.*`, `co.uk`, `uk`.
    """
    size = _ending_size(labels)
    for place in range(len(labels)):
        yield place, ".".join(labels[place:])
        if size and place < len(labels) - size:
            yield place, ".".join([*labels[place:-size], "*"])


def _ending_size(labels: list[str]) -> int:
    """How many labels `*` may stand for: 1 for `com` and `de`, 2 for `co.uk`, 0 for what is no ending."""
    facts = _facts()
    *_, below, last = ["", *labels]
    is_country = len(last) == _COUNTRY_LETTERS
    if is_country and below in facts.second_level and len(labels) > 2:  # noqa: PLR2004 - `co.uk` itself has no ending
        return 2
    return 1 if below and (is_country or last in facts.endings) else 0


class _Facts(NamedTuple):
    hosts: Mapping[str, tuple[str, Medium]]
    paths: Mapping[str, list[tuple[str, tuple[str, Medium]]]]
    names: Mapping[str, tuple[str, Medium]]
    mail_label: re.Pattern[str]
    search_label: re.Pattern[str]
    endings: frozenset[str]
    second_level: frozenset[str]


@cache
def _facts() -> _Facts:
    tables = tomllib.loads(files("ingest").joinpath("data/referrers.toml").read_text(encoding="utf-8"))
    hosts: dict[str, tuple[str, Medium]] = {}
    paths: defaultdict[str, list[tuple[str, tuple[str, Medium]]]] = defaultdict(list)
    names: dict[str, tuple[str, Medium]] = {}
    mediums: tuple[Medium, ...] = ("search", "social", "ai", "email")
    for medium in mediums:
        for name, entries in tables[medium].items():
            hosts.update(dict.fromkeys((entry for entry in entries if "/" not in entry), (name, medium)))
            for entry in entries:
                if "/" in entry:
                    paths[entry.partition("/")[0]].append((entry, (name, medium)))
            names.setdefault(name, (name, medium))
    hosts.update(dict.fromkeys(tables["referral"], ("", "referral")))
    for name, aliases in tables["aliases"].items():
        names.update(dict.fromkeys(aliases, names[name]))
    return _Facts(
        hosts,
        dict(paths),
        names,
        mail_label=re.compile("|".join(tables["mail_labels"])),
        search_label=re.compile("|".join(tables["search_labels"])),
        endings=frozenset(tables["endings"]),
        second_level=frozenset(tables["second_level"]),
    )
