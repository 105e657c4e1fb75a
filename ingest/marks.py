"""Marks in a user agent: what gives something away.

They are looked for one after the other. One big alternation would be tried at every place of the text, while a lone
expression is first looked for by the plain letters it begins with: that is many times faster, and words faster still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[\w /;:=,'!<>&@%#-]+")


class Marks:
    """Regular expressions and words that are looked for in a text; all in lower case."""

    def __init__(self, patterns: Iterable[str], words: Iterable[str] = ()) -> None:
        every = tuple(patterns)
        self._words = (*words, *filter(_PLAIN.fullmatch, every))
        self._patterns = tuple(re.compile(pattern) for pattern in every if not _PLAIN.fullmatch(pattern))

    def within(self, low: str) -> bool:
        """Whether at least one of them is in `low`."""
        for word in self._words:  # a generator in any() takes twice as long
            if word in low:
                return True
        return any(pattern.search(low) for pattern in self._patterns)

    def without(self, low: str) -> str:
        """`low` with each of them taken out."""
        for word in self._words:
            low = low.replace(word, "")
        for pattern in self._patterns:
            low = pattern.sub("", low)
        return low
