"""The kind of device behind a user agent: desktop, mobile, tablet or other (televisions, consoles, watches, speakers).

Decided from what vendors document for their agents and from how makers name their models; the facts stand in
`data/devices.toml`. What an agent does not say nobody can tell: an iPad asks for desktop pages by default since
iPadOS 13 and then sends a Mac's agent, and Chrome's reduced agent calls every Android device `K`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from ingest.marks import Marks

DeviceType = Literal["desktop", "mobile", "tablet", "other"]

_MAX_MODEL = 80  # characters

# The model of an Android device: what follows the system's version and, in old agents, the language.
_ANDROID = re.compile(
    r"(?:android(?![a-z])|andr0id|\badr\b|harmonyos|\(linux;(?= \d[\d.]*;))[ /;-]*[\d.]*(?:-update\d)?[;,)]? *"
    r"(?:harmonyos; *|mobile; *(?!rv:))?"
    r"(?:[a-z]{2}(?:[-_][a-z]{4})?(?:[-_][a-z0-9]{2,3})? ?;? ?-?; *)?(?:u; *)?([^;)(/]*)"
)
_FACEBOOK = re.compile(r"\bfb4a;.*?fbdv/([^;\]]*)")  # its app's agent: FBAN is the app, FBDV the model
_BUILD = re.compile(r"[;(]([^;()/]*?) build/")


def device_type(low: str) -> DeviceType | None:
    """What the marks in an agent say; None where there is none.

    Args:
        low: The agent in lower case.
    """
    marks = _facts().marks
    if (model := android_model(low)) is not None:
        return _android_type(low, model)
    kinds: tuple[DeviceType, ...] = ("other", "tablet", "mobile", "desktop")
    return next((kind for kind in kinds if marks[kind].within(low)), None)


def android_model(low: str) -> str | None:
    """What an agent in lower case calls its Android device; empty where it does not, None where it is none."""
    if "windows phone" in low or "openharmony" in low:
        return None
    if (found := _ANDROID.search(low) or _FACEBOOK.search(low)) is None:
        return None
    return (_BUILD.search(low, found.start()) or found)[1].strip()[:_MAX_MODEL]


def _android_type(low: str, model: str) -> DeviceType:
    """Where the model tells nothing, a browser on Android that does not say `Mobile` runs on a tablet.

    Yandex' app says `/apad` on tablets and on large telephones.

    Source:
        developer.chrome.com/docs/multidevice/user-agent
    """
    marks, models, mobile = _facts().marks, _facts().models, "mobile" in low
    phone = models["phone"].match(model) is not None
    tablet = (
        marks["tablet"].within(low)
        or _facts().tablets.match(model) is not None
        or (not (mobile and phone) and models["tablet"].match(model) is not None)
    )
    if models["desktop"].match(model):
        return "desktop"
    if marks["other"].within(low) or models["television"].match(model) or models["other"].match(model):
        return "other"
    if not mobile and not tablet and models["box"].match(model):
        return "other"
    if not tablet and (phone or ("/apad" not in low and (mobile or "safari" not in low))):
        return "mobile"
    return "tablet"


class _Facts(NamedTuple):
    marks: Mapping[str, Marks]
    models: Mapping[str, re.Pattern[str]]
    tablets: re.Pattern[str]


@cache
def _facts() -> _Facts:
    tables = tomllib.loads(files("ingest").joinpath("data/devices.toml").read_text(encoding="utf-8"))
    families = [
        rf"(?:{maker.replace('-', '[ _-]?')}[ _-]*)?(?:{'|'.join(codes)})" for maker, codes in tables["tablets"].items()
    ]
    return _Facts(
        marks={kind: Marks(patterns) for kind, patterns in tables["marks"].items()},
        models={kind: _any(patterns) for kind, patterns in tables["models"].items()},
        tablets=_any(families),
    )


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))
