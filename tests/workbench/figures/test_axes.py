from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.figures.axes import Scale, scale
from workbench.figures.formats import Style
from workbench.figures.naming import apart


@pytest.mark.parametrize(
    ("values", "style", "from_zero", "texts"),
    [
        ([3, 940], Style(), True, ("0", "500")),
        ([1, 3], Style(), True, ("0", "1", "2", "3")),
        ([0.41, 0.55], Style("percent"), False, ("40%", "45%", "50%", "55%")),
        ([0.1, 0.55], Style("percent"), False, ("0%", "20%", "40%")),
        ([60, 290], Style("duration"), True, ("0s", "2m", "4m")),
        ([3_000_000], Style("bytes"), True, ("0 B", "1 MiB", "2 MiB")),
        ([-4, 4], Style(), True, ("\N{MINUS SIGN}4", "\N{MINUS SIGN}2", "0", "2", "4")),
        ([0, 0], Style(), True, ("0", "1")),
        ([], Style(), True, ("0", "1")),
        ([7, 7], Style(), False, ("0", "2", "4", "6")),
    ],
)
def test_ticks_are_round_numbers(values, style, from_zero, texts):
    assert scale([float(value) for value in values], style, from_zero=from_zero).texts == texts


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from(["number", "percent", "duration", "bytes", "currency"]),
)
def test_the_axis_holds_every_value_and_few_ticks(values, from_zero, format_):
    axis: Scale = scale(values, Style(format_), from_zero=from_zero)
    slack = 1e-6 * max(map(abs, values), default=1)
    assert axis.low - slack <= min(values)
    assert max(values) <= axis.high + slack
    assert axis.low < axis.high
    assert not from_zero or axis.low <= 0 <= axis.high
    assert 1 <= len(axis.ticks) <= 12
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in axis.ticks)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6), st.floats(0.1, 10))
def test_names_moved_apart_keep_their_order_and_distance(wished, least):
    placed = apart(wished, least, floor=0)
    order = sorted(range(len(wished)), key=lambda at: (-wished[at], at))
    gaps = [placed[above] - placed[below] for above, below in pairwise(order)]
    assert all(gap >= least - 1e-9 for gap in gaps)
    assert min(placed) >= 0
