"""Where panels stand: x, y, width and height on `st.grid`, which places its cells one after the other.

A cell has spans but no place of its own, so every empty slot before it is named too: row by row, a run of empty slots
is one cell. That gives exactly the stored x and y where panels do not overlap, and `stats_core.panels.layout` sees to
that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stats_core.panels.layout import COLUMNS
from stats_core.panels.panel import PanelSpec

ROW_PX = 48
GAP_PX = 14
PAGE_PX = 1336  # inner width of a page 1400 px wide, for which figures are made; they stretch to what there is


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the grid: a panel, or so many empty columns of one row."""

    columns: int
    rows: int = 1
    panel: PanelSpec | None = None


def cells(panels: Sequence[PanelSpec]) -> Iterator[Cell]:
    """The cells of a page, row by row."""
    rows = range(max((panel.y + panel.height for panel in panels), default=0))
    return (cell for row in rows for cell in _row(row, panels))


def _row(row: int, panels: Sequence[PanelSpec]) -> Iterator[Cell]:
    """The panels that start in this row, and the empty runs between all that stand in it."""
    standing = sorted((panel for panel in panels if panel.y <= row < panel.y + panel.height), key=lambda panel: panel.x)
    ends = [0, *(panel.x + panel.width for panel in standing)]
    starts = [*(panel.x for panel in standing), COLUMNS]
    for end, start, panel in zip(ends, starts, [*standing, None], strict=True):
        if start > end:
            yield Cell(columns=start - end)
        if panel is not None and panel.y == row:
            yield Cell(columns=panel.width, rows=panel.height, panel=panel)


def height_px(rows: int) -> int:
    """Height of so many rows with the gaps between them."""
    return rows * ROW_PX + (rows - 1) * GAP_PX


def width_px(columns: int) -> int:
    """Width of so many columns with the gaps between them, on a page of PAGE_PX."""
    column = (PAGE_PX - (COLUMNS - 1) * GAP_PX) / COLUMNS
    return round(columns * column + (columns - 1) * GAP_PX)
