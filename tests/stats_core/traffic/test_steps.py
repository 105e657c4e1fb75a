"""Long work in short transactions."""

from __future__ import annotations

import pytest

from stats_core.traffic.steps import in_steps


@pytest.mark.parametrize(("rows", "steps"), [(0, 1), (1, 1), (10, 2), (21, 3)])
def test_steps_are_taken_until_nothing_is_left(rows, steps):
    taken = []

    def step(most: int) -> int:
        taken.append(min(most, rows - sum(taken)))
        return taken[-1]

    assert (in_steps(step, rows=10), len(taken)) == (rows, steps)


def test_work_stops_between_two_steps():
    answers = iter([False, False, True])
    assert in_steps(lambda most: most, rows=10, stopping=lambda: next(answers)) == 20
