from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelResult
from workbench.ui.escape import plain_markdown
from workbench.ui.freshness import age_s, age_text, explanation

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def result(**changes: object) -> PanelResult:
    fields = {
        "data": {},
        "display": Display(),
        "resolved_at": NOON,
        "cache_hit": False,
        "duration_ms": 12.4,
        "row_count": 1_234,
        "truncated": False,
        "statement": "",
        "meta": Meta(),
    }
    return PanelResult.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("seconds", "cached", "text"),
    [
        (0.2, False, "just now"),
        (4.9, True, "just now"),
        (12.7, False, "12 s ago"),
        (12.7, True, "cached 12 s ago"),
        (60, True, "cached 1 min ago"),
        (3_599, False, "59 min ago"),
        (7_200, True, "cached 2 h ago"),
        (200_000, True, "cached 2 d ago"),
    ],
)
def test_ages_are_told_in_their_largest_unit(seconds, cached, text):
    assert age_text(seconds, cached=cached) == text


def test_an_answer_from_a_clock_ahead_of_ours_is_of_now():
    assert age_s(result(), NOON - timedelta(seconds=3)) == 0
    assert age_s(result(), NOON + timedelta(seconds=3)) == 3


def test_a_figure_explains_itself():
    meta = Meta(unit="ratio", definition="Bounces by sessions.", exactness="sum_of_days")
    assert explanation(result(meta=meta, cache_hit=True, truncated=True, row_count=1, duration_ms=0.1)) == [
        "Bounces by sessions.",
        "Unit: ratio.",
        "Sum of days: who came on two days counts twice.",
        "1 row considered, and not all of what matched: the answer is cut.",
        "Answered 21 Nov 2026, 12:00:00 UTC, from the cache, in less than 1 ms.",
    ]
    assert explanation(result(duration_ms=1_250)) == [
        "Exact: counted from the rows themselves.",
        "1,234 rows considered.",
        "Answered 21 Nov 2026, 12:00:00 UTC, from the database, in 1.2 s.",
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words 12", "plain words 12"),
        ("*a* [b](c) <b>", r"\*a\* \[b\]\(c\) \<b\>"),
        (":material/delete:", "\\:\u2060material\\/delete\\:\u2060"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_shows_the_text_as_it_is(text, escaped):
    assert plain_markdown(text) == escaped
