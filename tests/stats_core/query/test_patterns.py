"""Patterns: read once, written for LIKE, GLOB and regular expressions with the same meaning."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats_core.query.patterns import (
    Wildcard,
    _any_case,
    _as_is,
    ending_with,
    expression,
    glob,
    like,
    parse_pattern,
    starting_with,
)

ANY, ONE = Wildcard.ANY_TEXT, Wildcard.ONE_CHARACTER
ALPHABET = "aAbÄä%_\\*?[]^-. \n'"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", ()),
        ("a%_", ("a", ANY, ONE)),
        ("%%a%%%", (ANY, "a", ANY)),
        (r"\%\_\\", ("%", "_", "\\")),
        (r"\a", ("a",)),
    ],
)
def test_a_pattern_is_read_into_its_parts(text: str, pattern: tuple[object, ...]) -> None:
    assert parse_pattern(text) == pattern


def test_a_single_backslash_at_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="write two for a backslash"):
        parse_pattern("100\\")


def test_each_language_escapes_what_is_special_in_it() -> None:
    pattern = parse_pattern(r"*[a]?\%.$%")
    assert like(pattern) == r"*[a]?\%.$%"
    assert glob(pattern, _as_is) == "[*][[]a][?]%.$*"
    assert expression(pattern, _as_is) == r"^\*\[a\]\?%\.\$.*$"


def test_cased_letters_become_sets_of_their_cases() -> None:
    assert glob(parse_pattern("Kä1"), _any_case) == "[Kk\u212a][Ää]1"
    assert expression(parse_pattern("ä.%"), _any_case) == r"^[Ää]\..*$"


def test_beginnings_and_ends_take_their_text_literally() -> None:
    assert like(starting_with("50%")) == r"50\%%"
    assert glob(ending_with("*"), _as_is) == "*[*]"


def plainly(text: str, pattern: str) -> bool:
    written = "".join(
        ".*" if part is ANY else "." if part is ONE else re.escape(str(part)) for part in parse_pattern(pattern)
    )
    return re.fullmatch(written, text, re.DOTALL) is not None


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.text(ALPHABET, max_size=8),
    st.text(ALPHABET, max_size=8).filter(lambda text: not re.search(r"(?<!\\)(\\\\)*\\$", text)),
)
def test_glob_and_regular_expression_match_what_the_pattern_says(text: str, pattern: str) -> None:
    parsed = parse_pattern(pattern)
    with sqlite3.connect(":memory:") as connection:
        (by_glob,) = connection.execute("SELECT ? GLOB ?", (text, glob(parsed, _as_is))).fetchone()
        (any_case,) = connection.execute("SELECT ? GLOB ?", (text, glob(parsed, _any_case))).fetchone()
    connection.close()
    assert bool(by_glob) == plainly(text, pattern)
    assert bool(any_case) == plainly(text.lower(), pattern.lower())
    assert bool(re.fullmatch(expression(parsed, _as_is), text, re.DOTALL)) == plainly(text, pattern)
