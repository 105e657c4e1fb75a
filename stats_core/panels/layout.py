"""Where panels stand on the 12-column grid: clamped into it, never too small, never overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stats_core.panels.panel import PanelType

COLUMNS = 12
MAX_HEIGHT = 40  # rows; at 62 px a row that is 2.5 screens
MAX_EMPTY_ROWS = 24  # between two panels; the page walks every row, so a panel at y = 10**9 could not be drawn

# (columns, rows). A row is 48 px with gaps of 14 px: 2 rows are 110 px, 3 are 172, 4 are 234. A metric with its label
# needs 125 px, a table of three rows 190 px; of a chart less than 3 columns wide or 4 rows high one sees axes only.
MIN_SIZES: dict[PanelType, tuple[int, int]] = {
    "metric": (2, 3),
    "list": (3, 4),
    "table": (3, 4),
    "bar": (3, 4),
    "line": (3, 4),
    "area": (3, 4),
    "label": (1, 1),
}


@dataclass(frozen=True, slots=True)
class Box:
    """Columns `x` to `x + width`, rows `y` to `y + height` (half-open) of the grid."""

    x: int
    y: int
    width: int
    height: int

    @property
    def bottom(self) -> int:
        """The first row below."""
        return self.y + self.height

    def overlaps(self, other: Box) -> bool:
        """Whether any cell belongs to both."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.bottom
            and other.y < self.bottom
        )


def clamp(box: Box, panel_type: PanelType) -> Box:
    """The box inside the grid and at least as big as its type needs; too wide is cut, too far right moves left."""
    min_width, min_height = MIN_SIZES[panel_type]
    width = min(max(box.width, min_width), COLUMNS)
    return Box(
        x=min(max(box.x, 0), COLUMNS - width),
        y=max(box.y, 0),
        width=width,
        height=min(max(box.height, min_height), MAX_HEIGHT),
    )


def arrange(panels: Sequence[tuple[PanelType, Box]], *, moved: int | None = None) -> list[Box]:
    """Boxes that can be drawn, in the order given.

    Each box is clamped; then, from top to bottom and left to right, one that overlaps is pushed below what stands in
    its columns already. So panels that share a column keep their order, and what has no fault stays as it is.

    Args:
        panels: Type and wished box of each panel.
        moved: Index of the panel that was just put somewhere: of two that start in one row it stays, the other goes.
    """
    boxes = [clamp(box, panel_type) for panel_type, box in panels]
    order = sorted(range(len(boxes)), key=lambda i: (boxes[i].y, i != moved, boxes[i].x, i))
    floor = [0] * COLUMNS
    for i in order:
        box = boxes[i]
        columns = range(box.x, box.x + box.width)
        boxes[i] = replace(box, y=max(box.y, *(floor[column] for column in columns)))
        for column in columns:
            floor[column] = boxes[i].bottom
    return _without_wide_gaps(boxes)


def free_row(boxes: Iterable[Box]) -> int:
    """The first row below everything, where a new panel goes."""
    return max((box.bottom for box in boxes), default=0)


def _without_wide_gaps(boxes: list[Box]) -> list[Box]:
    """The same boxes with at most MAX_EMPTY_ROWS rows in which nothing stands at a stretch."""
    placed = list(boxes)
    bottom = shift = 0
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i].y):
        shift += max(boxes[i].y - shift - bottom - MAX_EMPTY_ROWS, 0)
        placed[i] = replace(boxes[i], y=boxes[i].y - shift)
        bottom = max(bottom, placed[i].bottom)
    return placed
