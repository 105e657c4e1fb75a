"""Who visits the demo websites: agents, countries, and where visits come from.

Agents and referrers are given as browsers send them and read by the code that reads them in real life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from ingest.agents import Agent, parse_agent
from ingest.referrers import Source, classify
from workbench.demo.drawing import Floats
from workbench.demo.shops import Shop
from workbench.demo.site import Kind

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0{} Safari/537.36{}"
_WEBKIT = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) {} Safari/{}"
_SAMSUNG = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {} Safari/537.36"
_GECKO = "Mozilla/5.0 ({}; rv:{}.0) Gecko/20100101 Firefox/{}.0"
_WINDOWS, _MAC, _LINUX = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64"
_ANDROID = "Linux; Android 10; K"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser on a kind of device, with its share of all visitors."""

    user_agent: str
    agent: Agent
    weight: float


@dataclass(frozen=True, slots=True)
class Origin:
    """A place visits come from.

    Attributes:
        weight: Its share of visits on an ordinary day.
        campaign: `utm_campaign`; None where the link carries none.
    """

    source: Source
    weight: float
    utm_source: str | None = None
    utm_medium: str | None = None
    campaign: str | None = None


LANDING: Mapping[str, Mapping[Kind, float]] = {
    "direct": {Kind.HOME: 62, Kind.CATEGORY: 12, Kind.PRODUCT: 10, Kind.BLOG: 4, Kind.POST: 12},
    "search": {Kind.HOME: 12, Kind.CATEGORY: 16, Kind.PRODUCT: 26, Kind.POST: 46},
    "social": {Kind.HOME: 14, Kind.CATEGORY: 10, Kind.PRODUCT: 34, Kind.POST: 42},
    "ai": {Kind.HOME: 8, Kind.CATEGORY: 10, Kind.PRODUCT: 20, Kind.POST: 62},
    "email": {Kind.HOME: 8, Kind.CATEGORY: 42, Kind.PRODUCT: 36, Kind.POST: 14},
    "campaign": {Kind.HOME: 10, Kind.CATEGORY: 46, Kind.PRODUCT: 44},
    "referral": {Kind.HOME: 34, Kind.PRODUCT: 30, Kind.POST: 36},
}
"""Where visits begin, by medium."""

LEAVES_AT_ONCE: Mapping[str, float] = {
    "direct": 0.43,
    "search": 0.53,
    "social": 0.62,
    "ai": 0.46,
    "email": 0.36,
    "campaign": 0.49,
    "referral": 0.51,
}
"""Share of visits that see one page, by medium."""

_OTHERS = (
    ("https://www.google.com/", 29.0),
    ("https://www.bing.com/", 3.0),
    ("https://duckduckgo.com/", 2.4),
    ("https://www.ecosia.org/", 0.8),
    ("https://l.instagram.com/", 5.2),
    ("https://www.pinterest.com/", 3.6),
    ("https://m.facebook.com/", 2.2),
    ("https://www.reddit.com/", 1.2),
    ("https://www.youtube.com/", 0.9),
    ("https://chatgpt.com/", 3.2),
    ("https://www.perplexity.ai/", 1.0),
    ("https://gemini.google.com/", 0.5),
)
_DIRECT, _NEWSLETTER, _ADS, _REFERRALS = 28.0, 3.0, 4.5, 7.0
_ROUND = 14  # days between two newsletters
_NEWS_BOOST = (9.0, 3.5, 1.5)  # on its day and the two after


def devices() -> tuple[Device, ...]:
    """Current browsers and their shares."""
    agents = [
        *(_chromes(_WINDOWS, "", {141: 7.0, 142: 9.5})),
        *(_chromes(_MAC, "", {142: 5.2})),
        *(_chromes(_LINUX, "", {142: 1.4})),
        *(_chromes(_ANDROID, " Mobile", {141: 9.0, 142: 17.5})),
        *(_chromes("Linux; Android 14; SM-X710", "", {142: 1.9})),
        (_CHROME.format(_WINDOWS, 142, "", " Edg/142.0.0.0"), 4.4),
        (_GECKO.format(_WINDOWS, 144, 144), 2.6),
        (_GECKO.format("Macintosh; Intel Mac OS X 10.15", 144, 144), 0.9),
        (_GECKO.format(_LINUX, 144, 144), 1.0),
        ("Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0", 0.8),
        (_WEBKIT.format(_MAC, "Version/26.0", "605.1.15"), 6.1),
        (_phone("iPhone; CPU iPhone OS 18_6 like Mac OS X", "Version/26.0"), 17.0),
        (_phone("iPhone; CPU iPhone OS 18_5 like Mac OS X", "Version/18.5"), 5.6),
        (_phone("iPhone; CPU iPhone OS 18_6 like Mac OS X", "CriOS/142.0.7444.77"), 1.7),
        (_phone("iPad; CPU OS 18_6 like Mac OS X", "Version/26.0"), 2.7),
        (_SAMSUNG.format("Linux; Android 15; SM-S921B", "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile"), 3.2),
        (_SAMSUNG.format("SMART-TV; LINUX; Tizen 8.0", "Version/8.0 TV"), 0.3),
    ]
    return tuple(Device(text, parse_agent(text), weight) for text, weight in agents)


def origins(shop: Shop) -> tuple[Origin, ...]:
    """Where the shop's visits come from: direct first, then the web, then one entry per campaign."""
    web = [*_OTHERS, *((f"https://{host}/", _REFERRALS / (rank + 2)) for rank, host in enumerate(shop.referrers))]
    return (
        Origin(classify(None), _DIRECT),
        *(Origin(classify(referrer, (shop.domain,)), weight) for referrer, weight in web),
        *(_campaign(name, "newsletter", "email", None, _NEWSLETTER) for name in shop.campaigns),
        *(_campaign(name, "google", "cpc", "https://www.google.com/", _ADS) for name in shop.campaigns),
    )


def origin_weights(shop: Shop, places: tuple[Origin, ...], days: list[date]) -> Floats:
    """Weights of the origins (columns) on each day (rows); an ordinary day's add up to about 1.

    One campaign runs at a time and is mailed at its start; assistants grow; one post goes round on Reddit.
    """
    weights = np.tile([place.weight for place in places], (len(days), 1))
    mediums = np.array([place.source.medium for place in places])
    since_mailed = np.array([day.toordinal() % _ROUND for day in days])
    for row, day in enumerate(days):
        running = shop.campaigns[day.toordinal() // _ROUND % len(shop.campaigns)]
        weights[row, [place.campaign not in {None, running} for place in places]] = 0
    for after, boost in enumerate(_NEWS_BOOST):
        weights[np.ix_(since_mailed == after, mediums == "email")] *= boost
    weights[:, mediums == "ai"] *= np.linspace(0.5, 1.7, len(days))[:, None]
    _go_round(weights, places, peak=len(days) * 2 // 3 + len(shop.merchant))
    return weights / (sum(place.weight for place in places if place.campaign is None) + _NEWSLETTER + _ADS)


def _go_round(weights: Floats, places: tuple[Origin, ...], peak: int) -> None:
    reddit = [place.source.source for place in places].index("reddit")
    for after, boost in enumerate((110, 60, 18, 6)):
        if peak + after < len(weights):
            weights[peak + after, reddit] *= boost


def _campaign(name: str, source: str, medium: str, referrer: str | None, weight: float) -> Origin:
    query = f"utm_source={source}&utm_medium={medium}&utm_campaign={name}"
    return Origin(classify(referrer, (), query), weight, source, medium, name)


def _chromes(platform: str, mobile: str, versions: Mapping[int, float]) -> list[tuple[str, float]]:
    return [(_CHROME.format(platform, version, mobile, ""), weight) for version, weight in versions.items()]


def _phone(platform: str, browser: str) -> str:
    return _WEBKIT.format(platform, f"{browser} Mobile/15E148", "604.1")
