"""Counting identical lines."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.logs.occurrences import Occurrences

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDDLE = 1 << 63


def counted(lines: list[tuple[int, int]], in_memory: int) -> list[int]:
    occurrences = Occurrences(in_memory)
    try:
        return [occurrences.count(NOON + timedelta(seconds=second), line) for second, line in lines]
    finally:
        occurrences.close()


def counted_plainly(lines: list[tuple[int, int]]) -> list[int]:
    seen: Counter[tuple[int, int]] = Counter()
    answers = []
    for second, line in lines:
        seen[second // 60, line] += 1
        answers.append(seen[second // 60, line])
    return answers


def test_the_first_line_is_the_first_and_the_second_the_second():
    assert counted([(0, 7), (0, 8), (0, 7), (61, 7), (0, 7)], in_memory=100) == [1, 1, 2, 1, 3]


def test_numbers_of_64_bits_are_told_apart_on_disk():
    numbers = [0, 1, MIDDLE - 1, MIDDLE, 2 * MIDDLE - 1]
    lines = [(60 * minute, number) for minute in range(5) for number in numbers]
    assert counted(lines + lines, in_memory=2) == [1] * 25 + [2] * 25


@pytest.mark.parametrize("in_memory", [1, 3, 1000])
@given(lines=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), max_size=80))
def test_any_order_is_counted_rightly_in_any_memory(lines, in_memory):
    assert counted(lines, in_memory) == counted_plainly(lines)


def test_memory_stays_bounded_within_one_minute_too():
    occurrences = Occurrences(in_memory=100)
    for line in range(5_000):
        assert occurrences.count(NOON, line) == 1
        assert occurrences.held <= 100
    assert occurrences.count(NOON, 0) == 2
    occurrences.close()
