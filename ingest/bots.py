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

from ingest.marks import Marks

_WORD = re.compile(r"[a-z0-9_-]+")


class _Marks(NamedTuple):
    browser: Marks
    platform: Marks
    compatible: re.Pattern[str]
    innocent: Marks
    words: frozenset[str]
    marks: Marks


def is_bot(agent: str) -> bool:
    """Whether `agent` gives itself away as a program: says nothing, is a bare name, or carries a known mark."""
    marks = _marks()
    text = agent.strip().lower()
    if text in {"", "-"} or _is_bare(text):
        return True
    text = marks.innocent.without(text)
    return (
        not marks.words.isdisjoint(_WORD.findall(text))
        or marks.compatible.search(text) is not None
        or marks.marks.within(text)
    )


def is_browser(agent: str) -> bool:
    """Whether `agent` carries the marks of an engine that draws pages."""
    return _marks().browser.within(agent.lower())


def _is_bare(text: str) -> bool:
    """`curl/8.0`, `Mozilla/5.0`, nonsense: browsers and devices say what they run on, in brackets or in plain words."""
    marks = _marks()
    return "(" not in text and not marks.platform.within(text) and not marks.browser.within(text)


@cache
def _marks() -> _Marks:
    facts = tomllib.loads(files("ingest").joinpath("data/bots.toml").read_text(encoding="utf-8"))
    return _Marks(
        browser=Marks(facts["browser"]),
        platform=Marks(facts["platform"]),
        compatible=re.compile(rf"\(compatible;\s*+(?!{'|'.join(facts['compatible'])})"),
        innocent=Marks(facts["innocent"]),
        words=frozenset(facts["words"]),
        marks=Marks(facts["patterns"], facts["parts"]),
    )
