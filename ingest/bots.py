"""Whether a user agent belongs to a person's browser or to a program.

Two questions with two answers. `is_bot`: does the agent give itself away as automated (crawler, feed reader, monitor,
library, headless browser)? It is careful: a browser must never be taken for a bot. `is_browser`: does it carry the
marks of an engine that draws pages? A server log holds apps, scanners and nonsense too, which run no script and read
no page, so the log import counts only agents that pass both.

The marks are facts and stand in `data/bots.toml`.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_WORD = re.compile(r"[a-z0-9_-]+")


class _Marks(NamedTuple):
    browser: re.Pattern[str]
    platform: re.Pattern[str]
    compatible: re.Pattern[str]
    innocent: re.Pattern[str]
    parts: tuple[str, ...]
    words: frozenset[str]
    patterns: re.Pattern[str]


def is_bot(agent: str) -> bool:
    """Whether `agent` gives itself away as a program: says nothing, is a bare name, or carries a known mark."""
    marks = _marks()
    text = agent.strip().lower()
    if text in {"", "-"} or _is_bare(text):
        return True
    text = marks.innocent.sub("", text)
    return (
        any(part in text for part in marks.parts)
        or not marks.words.isdisjoint(_WORD.findall(text))
        or marks.compatible.search(text) is not None
        or marks.patterns.search(text) is not None
    )


def is_browser(agent: str) -> bool:
    """Whether `agent` carries the marks of an engine that draws pages."""
    return _marks().browser.search(agent.lower()) is not None


def _is_bare(text: str) -> bool:
    """`curl/8.0`, `Mozilla/5.0`, nonsense: browsers and devices say what they run on, in brackets or in plain words."""
    marks = _marks()
    return "(" not in text and marks.platform.search(text) is None and marks.browser.search(text) is None


@cache
def _marks() -> _Marks:
    facts = tomllib.loads(files("ingest").joinpath("data/bots.toml").read_text(encoding="utf-8"))
    return _Marks(
        browser=_any(facts["browser"]),
        platform=_any(facts["platform"]),
        compatible=re.compile(rf"\(compatible;\s*+(?!{'|'.join(facts['compatible'])})"),
        innocent=_any(facts["innocent"]),
        parts=tuple(facts["parts"]),
        words=frozenset(facts["words"]),
        patterns=_any(facts["patterns"]),
    )


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))
