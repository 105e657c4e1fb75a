"""User agents: which browser, which system, which kind of device, and whether a person's browser sent it.

The families come from ua-parser with its compiled engine; the names are those of Plausible and Umami, so that mobile
and desktop Chrome are both `Chrome`. ua-parser tells no device types: those come from `devices.py`, and from the
user-agents package where no mark of a vendor is found. benchmarks/enrichment.py says how often all this is right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from ua_parser import BestAvailableResolver, Domain, PartialResult, Resolver, load_lazy_builtins
from user_agents.parsers import UserAgent, parse_browser, parse_device, parse_operating_system

from ingest.bots import is_bot, is_browser
from ingest.devices import DeviceType, device_type

MAX_AGENT = 1024  # characters; longer ones are cut, since real browsers stay far below
_MAX_NAME = 64  # characters; some families are parts of the agent
_MEMO = 8192  # agents; a busy site sees a few thousand

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # the engine refuses lone surrogates, PostgreSQL NUL


class Agent(NamedTuple):
    """What a user agent tells.

    `is_bot` is careful (no browser is taken for one); `is_browser` says whether it carries an engine that draws pages.
    `browser` and `os` are null where nothing is known.
    """

    browser: str | None
    os: str | None
    device_type: DeviceType
    is_bot: bool
    is_browser: bool


UNKNOWN_AGENT = Agent(None, None, "other", is_bot=False, is_browser=False)


def parse_agent(text: str) -> Agent:
    """The agent's browser, system and device type; any string gives an answer. Remembers the last 8 192.

    What the agent does not say cannot be told: an iPad that asks for desktop pages, which is its default since iPadOS
    13, sends a Mac's agent, and tablets whose browser sends Chrome's reduced agent (`Android 10; K`) with `Mobile` are
    telephones here.
    """
    return _parse(text[:MAX_AGENT])


@lru_cache(maxsize=_MEMO)
def _parse(text: str) -> Agent:
    readable = _UNREADABLE.sub(" ", text)
    found = _engine()(readable, Domain.USER_AGENT | Domain.OS)
    names, low, bot = _names(), readable.lower(), is_bot(readable)
    family = found.user_agent.family if found.user_agent else ""
    if family == "HbbTV" or (not bot and _NO_BROWSER.search(family)):
        family = ""
    browser = names.browsers.get(family, family)
    browser = (_first(_SHELLS, low) if browser in _ENGINES else None) or browser
    os = names.systems.get(system := found.os.family if found.os else "", system)
    os = "" if os == "Linux" else os  # it may be Android, in lower case
    return Agent(
        browser=browser[:_MAX_NAME] or _first(_BROWSERS, low),
        os=os[:_MAX_NAME] or _first(_SYSTEMS, low),
        device_type=device_type(low) or _Families(_engine()(readable, Domain.ALL)).device_type,
        is_bot=bot,
        is_browser=is_browser(readable),
    )


_NO_BROWSER = re.compile(r"bot\b|spider|crawl", re.IGNORECASE)  # the names of telephones: M bot 54, Spider 8
# Browsers that ua-parser takes for the one whose engine they use.
_ENGINES = frozenset({"Chrome", "Android Browser", "Safari"})
_SHELLS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"yabrowser/|yasearchbrowser|yaapp_"), "Yandex Browser"),
    (re.compile(r"miuibrowser/"), "Mi Browser"),
    (re.compile(r"\bop[rtx]/"), "Opera"),
    (re.compile(r"ucbrowser/|ucweb"), "UC Browser"),
)
# Where ua-parser finds nothing: mostly agents that something on the way has put into lower case.
_BROWSERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"edga?(?:ios)?/"), "Edge"),
    (re.compile(r"yabrowser|yasearchbrowser"), "Yandex Browser"),
    (re.compile(r"opr/|opera"), "Opera"),
    (re.compile(r"firefox/|fxios"), "Firefox"),
    (re.compile(r"chr[o0]me/|crios"), "Chrome"),
    (re.compile(r"safari/"), "Safari"),
    (re.compile(r"msie|trident/"), "Internet Explorer"),
)
_SYSTEMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"andr[o0]id|\badr\b"), "Android"),
    (re.compile(r"iphone|ipad|ipod|\bios\b|\(iph\d"), "iOS"),
    (re.compile(r"windows|\bwin(?:10|11|32|64)\b"), "Windows"),
    (re.compile(r"mac ?os|macos|macintosh|darwin"), "macOS"),
    (re.compile(r"\bcros\b"), "ChromeOS"),
    (re.compile(r"symbian|series ?60"), "Symbian"),
    (re.compile(r"linux|x11"), "Linux"),
)


def _first(rules: tuple[tuple[re.Pattern[str], str], ...], low: str) -> str | None:
    return next((name for pattern, name in rules if pattern.search(low)), None)


class _Families(UserAgent):  # type: ignore[misc]
    """What user-agents makes of ua-parser's families; it would ask the slow engine for them itself."""

    def __init__(self, found: PartialResult) -> None:
        self.ua_string = found.string
        self.browser = parse_browser(found.user_agent.family if found.user_agent else "Other")
        self.os = parse_operating_system(found.os.family if found.os else "Other", found.os.major if found.os else None)
        device = found.device
        self.device = parse_device(*((device.family, device.brand, device.model) if device else ("Other", None, None)))

    @property
    def device_type(self) -> DeviceType:
        """A tablet says that it is mobile too, so it is asked first."""
        if self.is_tablet:
            return "tablet"
        if self.is_mobile:
            return "mobile"
        return "desktop" if self.is_pc else "other"


class _Names(NamedTuple):
    browsers: Mapping[str, str]
    systems: Mapping[str, str]


@cache
def _names() -> _Names:
    tables = tomllib.loads(files("ingest").joinpath("data/agents.toml").read_text(encoding="utf-8"))
    browsers, systems = (
        {family: name for name, families in tables[key].items() for family in families}
        for key in ("browsers", "systems")
    )
    return _Names(browsers, systems)


@cache
def _engine() -> Resolver:
    return BestAvailableResolver(load_lazy_builtins())
