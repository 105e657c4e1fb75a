"""Boxes on the grid."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.panels.layout import COLUMNS, MAX_EMPTY_ROWS, MAX_HEIGHT, MIN_SIZES, Box, arrange, clamp, free_row

ANY = st.integers(-5, 40) | st.integers(-(10**12), 10**12)
PANELS = st.lists(
    st.tuples(st.sampled_from(sorted(MIN_SIZES)), st.builds(Box, ANY, ANY, ANY, ANY)),
    max_size=12,
)


def shares_columns(one: Box, other: Box) -> bool:
    return one.x < other.x + other.width and other.x < one.x + one.width


@given(PANELS)
def test_what_comes_out_is_inside_the_grid_big_enough_and_overlaps_nothing(panels):
    boxes = arrange(panels)
    assert len(boxes) == len(panels)
    for (panel_type, _), box in zip(panels, boxes, strict=True):
        min_width, min_height = MIN_SIZES[panel_type]
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= COLUMNS
        assert box.width >= min_width
        assert min_height <= box.height <= MAX_HEIGHT
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@given(PANELS)
def test_arranging_twice_changes_nothing(panels):
    boxes = arrange(panels)
    types = [panel_type for panel_type, _ in panels]
    assert arrange(list(zip(types, boxes, strict=True))) == boxes


@given(PANELS)
def test_panels_that_share_columns_keep_their_order(panels):
    boxes = arrange(panels)
    wished = [clamp(box, panel_type) for panel_type, box in panels]
    order = sorted(range(len(panels)), key=lambda i: (wished[i].y, wished[i].x, i))
    for earlier, later in itertools.combinations(order, 2):
        if shares_columns(boxes[earlier], boxes[later]):
            assert boxes[earlier].bottom <= boxes[later].y


@given(PANELS)
def test_no_wide_band_stays_empty_so_the_page_stays_short(panels):
    boxes = arrange(panels)
    taken = {row for box in boxes for row in range(box.y, box.bottom)}
    rows = sorted({-1, *taken})
    assert all(after - before <= MAX_EMPTY_ROWS + 1 for before, after in itertools.pairwise(rows))


@given(PANELS, st.integers(0, 11))
def test_the_panel_that_was_moved_goes_nowhere_for_one_that_starts_in_its_row(panels, moved):
    if moved >= len(panels):
        return
    one_row = [(panel_type, Box(box.x, 0, box.width, box.height)) for panel_type, box in panels]
    assert arrange(one_row, moved=moved)[moved].y == 0


def test_an_overlap_is_pushed_below_and_takes_what_stands_under_it_along():
    panels = [
        ("bar", Box(0, 0, 6, 4)),
        ("line", Box(3, 2, 6, 4)),
        ("table", Box(3, 6, 6, 4)),
        ("area", Box(9, 0, 3, 4)),
    ]
    assert arrange(panels) == [Box(0, 0, 6, 4), Box(3, 4, 6, 4), Box(3, 8, 6, 4), Box(9, 0, 3, 4)]


@pytest.mark.parametrize(
    ("panel_type", "wished", "stored"),
    [
        ("metric", Box(11, 0, 1, 1), Box(10, 0, 2, 3)),
        ("table", Box(-3, -7, 99, 99), Box(0, 0, 12, 40)),
        ("bar", Box(10, 5, 6, 2), Box(6, 5, 6, 4)),
        ("label", Box(11, 0, 1, 1), Box(11, 0, 1, 1)),
    ],
)
def test_a_box_is_brought_into_the_grid_and_made_big_enough_for_its_type(panel_type, wished, stored):
    assert clamp(wished, panel_type) == stored


def test_a_gap_that_somebody_left_stays():
    assert arrange([("metric", Box(0, 0, 3, 3)), ("metric", Box(0, 10, 3, 3))])[1] == Box(0, 10, 3, 3)


def test_the_free_row_is_below_everything():
    assert free_row([]) == 0
    assert free_row([Box(0, 0, 3, 3), Box(4, 2, 3, 4), Box(8, 0, 3, 1)]) == 6
