from __future__ import annotations

from itertools import starmap

import pytest

from stats_core.panels.display import Condition, ConditionalFormat
from workbench.figures.conditions import Mark, mark, meets
from workbench.figures.theme import DARK, LIGHT


def rule(op: str, value: float | str, color: str = "red", **more: str) -> ConditionalFormat:
    return ConditionalFormat.model_validate({"when": {"op": op, "value": value}, "color": color, **more})


@pytest.mark.parametrize(
    ("value", "op", "limit", "met"),
    [
        (5, ">", 4, True),
        (5, ">", 5, False),
        (5, ">=", 5.0, True),
        (0.1, "<", 0.1, False),
        (5, "=", "5", True),
        (5, "!=", 5, False),
        ("PAID", "=", "PAID", True),
        ("PAID", "!=", "PAID", False),
        ("PAID", "=", 5, False),
        ("PAID", "!=", 5, True),
        (5, "=", "PAID", False),
        ("2026-11-21", ">", "2026-11-20", True),
        (None, "=", 0, False),
        (None, "!=", 0, False),
    ],
)
def test_conditions_compare_like_with_like(value, op, limit, met):
    assert meets(value, Condition(op=op, value=limit)) is met


def test_the_first_rule_that_is_met_wins():
    rules = [rule("<=", 5, "green", label="good"), rule("<=", 10, "yellow", label="fair"), rule(">", 10, label="bad")]
    marks = [mark(value, rules, LIGHT) for value in (5, 7, 11)]
    assert marks == list(
        starmap(
            Mark,
            [
                (LIGHT.status["green"], "", "good"),
                (LIGHT.status["yellow"], "", "fair"),
                (LIGHT.status["red"], "", "bad"),
            ],
        )
    )
    assert mark(None, rules, LIGHT) is None


def test_colour_is_never_alone():
    assert mark(1, [rule("=", 1, "red")], DARK) == Mark(DARK.status["red"], icon="error")
    assert mark(1, [rule("=", 1, "#000000")], DARK).icon == "circle"
    assert mark(1, [rule("=", 1, "red", icon="trending_down")], DARK).icon == "trending_down"


def test_an_icon_that_is_no_name_is_not_taken_over():
    assert mark(1, [rule("=", 1, "red", icon="<img src=x>")], LIGHT) == Mark(LIGHT.status["red"], icon="error")
