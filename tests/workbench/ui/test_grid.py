from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stats_core.panels.layout import COLUMNS, Box, arrange
from stats_core.panels.panel import PanelSpec
from workbench.ui.grid import Cell, cells, height_px, width_px


def panel(x: int, y: int, width: int, height: int) -> PanelSpec:
    return PanelSpec(id=f"panel_{x}_{y}", x=x, y=y, width=width, height=height)


def test_empty_slots_are_named_row_by_row():
    one, other = panel(2, 0, 4, 2), panel(8, 1, 3, 1)
    assert list(cells([one, other])) == [
        Cell(2),
        Cell(4, 2, one),
        Cell(6),
        Cell(2),
        Cell(2),
        Cell(3, 1, other),
        Cell(1),
    ]
    assert list(cells([])) == []


boxes = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 12), st.integers(1, 12), st.integers(1, 6)), min_size=1, max_size=14
)


@given(boxes)
def test_a_browser_puts_every_panel_where_it_is_stored(wished):
    arranged = arrange([("label", Box(*box)) for box in wished])
    panels = [panel(box.x, box.y, box.width, box.height) for box in arranged]
    assert placed_by_css(list(cells(panels))) == {(p.x, p.y, p.width, p.height) for p in panels}


def placed_by_css(grid: list[Cell]) -> set[tuple[int, int, int, int]]:
    """CSS grid auto-placement, row by row and sparse: each cell takes the next free place after the one before."""
    taken: set[tuple[int, int]] = set()
    placed = set()
    x = y = 0
    for cell in grid:
        while x + cell.columns > COLUMNS or any(
            (column, row) in taken for column in range(x, x + cell.columns) for row in range(y, y + cell.rows)
        ):
            x, y = (x + 1, y) if x + cell.columns < COLUMNS else (0, y + 1)
        taken |= {(column, row) for column in range(x, x + cell.columns) for row in range(y, y + cell.rows)}
        if cell.panel is not None:
            placed.add((x, y, cell.columns, cell.rows))
        x += cell.columns
    return placed


def test_sizes_hold_the_gaps_between():
    assert [height_px(rows) for rows in (1, 3, 4)] == [48, 172, 234]
    assert width_px(COLUMNS) == 1336
    assert 2 * width_px(6) + 14 == 1336
