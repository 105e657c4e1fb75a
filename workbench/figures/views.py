"""View models: what a screen, a notebook or a post has to show, with every word already chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stats_core.errors import Problem
from workbench.figures.conditions import Mark
from workbench.figures.formats import Written
from workbench.figures.theme import LIGHT, Theme


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where a figure will stand: its theme, its size in CSS pixels, and whose days are cut.

    Attributes:
        timezone: IANA zone of the days in the answer, unless the panel's own options name one: is the last day over?
    """

    theme: Theme = LIGHT
    width_px: int = 640
    height_px: int = 320
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Change:
    """How a number moved against the period before: `text` with its direction, and the number it was."""

    text: str
    before: Written


@dataclass(frozen=True, slots=True)
class MetricView:
    """One number.

    Attributes:
        label: Words under the number.
        history: Values over time, oldest first, for a sparkline; empty where the data has none.
        running: Whether the last of them is of a period that is not over.
        change: Against the period before; None where nothing is compared.
    """

    value: Written
    label: str = ""
    mark: Mark | None = None
    history: tuple[float | None, ...] = ()
    running: bool = False
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class ListItem:
    """One line of a list; `share` is its length against the longest, 0 to 1."""

    label: str
    value: Written
    share: float
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ListView:
    """Names with their numbers; `total` counts the items that are not drawn too."""

    items: tuple[ListItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        links: Whether every cell that holds something holds the address of a page (http or https).
        bars: Whether its numbers can stand as lengths: none is below zero, and the column is what the table is about.
    """

    name: str
    label: str
    numeric: bool = False
    links: bool = False
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the value to sort by, the text to read."""

    value: Any
    text: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class TableView:
    """Rows and columns; `total` counts the rows that are not drawn too."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class LabelView:
    """Rendered Markdown: safe HTML, no raw HTML of the author's, no pictures, links only to http(s) and mail."""

    html: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """A Plotly figure as plain data (`go.Figure(figure)` accepts it).

    Attributes:
        alt: The chart in words.
        note: What is not drawn, in words; empty where everything is.
        map: Whether it is a map, whose height follows its width.
    """

    figure: dict[str, Any]
    alt: str
    note: str = ""
    map: bool = False


@dataclass(frozen=True, slots=True)
class WayOut:
    """A choice of a dashboard that may let something match: its variable, the value to give it, and words for that.

    Attributes:
        value: What to choose instead; None clears the choice.
    """

    variable: str
    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class EmptyView:
    """Nothing to show, which filters and range nothing matched, and which of them a visitor can lift."""

    title: str
    reasons: tuple[str, ...] = ()
    hint: str = ""
    ways: tuple[WayOut, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What is wrong, where, and the way out."""

    title: str
    problems: tuple[Problem, ...] = field(default=())


View = MetricView | ListView | TableView | LabelView | ChartView | EmptyView | ErrorView
