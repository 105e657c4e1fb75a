"""Patterns of texts: read once, written for each engine.

It has two wildcards, `%` (any text, also none) and `_` (one character); a backslash takes the meaning from either.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, String, literal

from stats_core.query.constructs import Matches, MatchesAnyCase

MAX_PATTERN: Final = 1000  # characters; SQLite refuses GLOB patterns of more than 50 000 bytes

_LAST_CASED: Final = 0x1E943  # Adlam, the last script of Unicode that has cases


class Wildcard(Enum):
    """What is not taken literally."""

    ANY_TEXT = "%"
    ONE_CHARACTER = "_"


Pattern: TypeAlias = tuple[str | Wildcard, ...]
"""Single characters and wildcards, in order."""


def parse_pattern(text: str) -> Pattern:
    """The pattern that is written in LIKE's language.

    Raises:
        ValueError: It ends with a single backslash.
    """
    parts: list[str | Wildcard] = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            if (escaped := next(characters, None)) is None:
                msg = f"{text!r} ends with a single backslash; write two for a backslash"
                raise ValueError(msg)
            parts.append(escaped)
        elif character == Wildcard.ANY_TEXT.value:
            if parts[-1:] != [Wildcard.ANY_TEXT]:
                parts.append(Wildcard.ANY_TEXT)
        else:
            parts.append(Wildcard.ONE_CHARACTER if character == Wildcard.ONE_CHARACTER.value else character)
    return tuple(parts)


def starting_with(text: str) -> Pattern:
    """Texts that begin with `text`."""
    return (*text, Wildcard.ANY_TEXT)


def ending_with(text: str) -> Pattern:
    """Texts that end with `text`."""
    return (Wildcard.ANY_TEXT, *text)


def matches(column: ColumnElement[str], pattern: Pattern, *, any_case: bool = False) -> ColumnElement[bool]:
    """Whether the column matches; with `any_case`, letters are equal to their other case in every script."""
    spell = _any_case if any_case else _as_is
    written = (like(pattern), glob(pattern, spell), expression(pattern, spell))
    construct = MatchesAnyCase if any_case else Matches
    return construct(column, *(literal(text, String()) for text in written))


def like(pattern: Pattern) -> str:
    """For LIKE with backslash escapes."""
    return "".join(part.value if isinstance(part, Wildcard) else _escaped(part, r"\%_") for part in pattern)


def glob(pattern: Pattern, spell: Callable[[str], str]) -> str:
    """For SQLite's GLOB, where a set is the only escape."""

    def written(part: str | Wildcard) -> str:
        if isinstance(part, Wildcard):
            return "*" if part is Wildcard.ANY_TEXT else "?"
        cases = spell(part)
        return f"[{cases}]" if len(cases) > 1 or cases in "*?[" else cases

    return "".join(map(written, pattern))


def expression(pattern: Pattern, spell: Callable[[str], str]) -> str:
    """A regular expression that PostgreSQL and RE2 (DuckDB, ClickHouse) read alike."""

    def written(part: str | Wildcard) -> str:
        if isinstance(part, Wildcard):
            return ".*" if part is Wildcard.ANY_TEXT else "."
        cases = spell(part)
        return f"[{cases}]" if len(cases) > 1 else _escaped(cases, r"\.^$*+?()[]{}|")

    return f"^{''.join(map(written, pattern))}$"


def _escaped(character: str, special: str) -> str:
    return f"\\{character}" if character in special else character


def _as_is(character: str) -> str:
    return character


def _any_case(character: str) -> str:
    """All characters of the same lower case: `k` is k, K and the Kelvin sign."""
    return _cases().get(character.lower(), character)


@cache
def _cases() -> dict[str, str]:
    """By lower-case letter, every character that becomes it; what has no case is left out."""
    found: dict[str, str] = {}
    for character in map(chr, range(_LAST_CASED + 1)):
        lower = character.lower()
        found[lower] = found.get(lower, "") + character
    return {lower: cases for lower, cases in found.items() if len(cases) > 1}
