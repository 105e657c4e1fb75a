"""View models on a page: what `workbench/figures` worded and shaped, as Streamlit elements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import cycle
from typing import Any

import pandas as pd
import streamlit as st

from workbench.figures.formats import as_float
from workbench.figures.html import empty_html, error_html, label_html, list_html, metric_html
from workbench.figures.layout import CONFIG
from workbench.figures.text import NULL
from workbench.figures.theme import Theme
from workbench.figures.views import (
    Canvas,
    Cell,
    ChartView,
    Column,
    EmptyView,
    ErrorView,
    LabelView,
    ListView,
    MetricView,
    TableView,
    View,
)

TABLE_ROW_PX = 32
_BARS, _BAR_PX = "_bars", 88  # what the name of a column of lengths ends with; its width
MAX_INTEGER = 2**63  # that Arrow holds


def draw(shown: View, canvas: Canvas, *, key: str) -> None:
    """The view model where Streamlit writes now. Charts and long tables stretch to what is left there."""
    if isinstance(shown, ChartView):
        kind = "map" if shown.map else "chart"
        st.plotly_chart(shown.figure, height="stretch", theme=None, config=CONFIG, alt=shown.alt, key=f"{kind}_{key}")
    elif isinstance(shown, TableView):
        _table(shown, canvas, key)
    elif isinstance(shown, MetricView):
        # Not st.html, which takes SVG away; the number and its words are escaped.
        st.markdown(metric_html(shown, canvas.theme), unsafe_allow_html=True)
    else:
        st.html(_html(shown, canvas.theme))


def _html(shown: ListView | LabelView | EmptyView | ErrorView, theme: Theme) -> str:
    if isinstance(shown, ListView):
        return list_html(shown, theme)
    if isinstance(shown, LabelView):
        return label_html(shown)
    return empty_html(shown) if isinstance(shown, EmptyView) else error_html(shown)


def _table(shown: TableView, canvas: Canvas, key: str) -> None:
    """A table that scrolls and sorts: it sorts by the values and shows the texts."""
    columns = {str(at): [row[at] for row in shown.rows] for at in range(len(shown.columns))}
    told = dict(zip(columns, shown.columns, strict=True))
    frame = pd.DataFrame({name: _sortable(cells) for name, cells in columns.items()})
    for at in reversed([at for at, column in enumerate(shown.columns) if column.bars]):
        frame.insert(at + 1, f"{at}{_BARS}", [_length(row[at]) for row in shown.rows])
    styled = frame.style.format({name: _in_turn([cell.text for cell in cells]) for name, cells in columns.items()})
    styled.apply(lambda _frame: _colours(columns, frame), axis=None)
    config = {name: _column(column) for name, column in told.items()}
    config |= {name: _bars(frame[name], canvas.theme) for name in map(str, frame) if name not in told}
    needed_px = (len(shown.rows) + 1) * TABLE_ROW_PX + 2
    st.dataframe(
        styled,
        hide_index=True,
        height=needed_px if needed_px < canvas.height_px else "stretch",
        row_height=TABLE_ROW_PX,
        column_config=config,
        placeholder=NULL,
        alt=f"Table of {', '.join(column.label for column in shown.columns)}: {len(shown.rows):,} rows.",
        key=f"table_{key}",
    )


def _column(column: Column) -> Any:
    """How the grid shows a column. A link opens in a window that knows nothing of this one."""
    if column.links:
        return st.column_config.LinkColumn(column.label, display_text=r"https?://(.*)")
    return st.column_config.Column(column.label, alignment="right" if column.numeric else "left")


def _bars(lengths: Collection[float | None], theme: Theme) -> Any:
    """The numbers of the column before it as lengths: its header and its cells have no words."""
    longest = max((length for length in lengths if length is not None), default=0.0) or 1.0
    return st.column_config.ProgressColumn(
        "\N{WORD JOINER}", width=_BAR_PX, format=" ", min_value=0.0, max_value=longest, color=theme.accent
    )


def _length(cell: Cell) -> float | None:
    return as_float(cell.value)


def _sortable(cells: Sequence[Cell]) -> list[Any]:
    """Values of one kind, which Arrow can hold: the texts where a column mixes kinds or has numbers beyond 64 bits."""
    kinds = {type(cell.value) for cell in cells} - {type(None)}
    fits = all(isinstance(cell.value, str) or abs(cell.value or 0) < MAX_INTEGER for cell in cells)
    one_kind = kinds <= {int, float} or len(kinds) == 1
    return [cell.value for cell in cells] if one_kind and fits else [cell.text for cell in cells]


def _in_turn(texts: list[str]) -> Callable[[Any], str]:
    """A formatter for a Styler, which calls it for each row of its column, from the top, as often as it is drawn."""
    turns = cycle(texts)
    return lambda _value: next(turns)


def _colours(columns: Mapping[str, Sequence[Cell]], frame: pd.DataFrame) -> pd.DataFrame:
    """The colours of marked cells as CSS, in the shape of the frame."""
    return pd.DataFrame(
        {
            name: [f"color: {cell.mark.colour}" if cell.mark else "" for cell in columns[name]]
            if name in columns
            else ""
            for name in map(str, frame)
        },
        index=frame.index,
    )
