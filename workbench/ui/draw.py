"""View models on a page: what `workbench/figures` worded and shaped, as Streamlit elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import pandas as pd
import streamlit as st

from workbench.figures.html import empty_html, error_html, label_html, list_html, metric_html
from workbench.figures.layout import CONFIG
from workbench.figures.theme import Theme
from workbench.figures.views import (
    Canvas,
    Cell,
    ChartView,
    EmptyView,
    ErrorView,
    LabelView,
    ListView,
    MetricView,
    TableView,
    View,
)

TABLE_ROW_PX = 32
MAX_INTEGER = 2**63  # that Arrow holds


def draw(shown: View, canvas: Canvas, *, key: str) -> None:
    """The view model where Streamlit writes now. Charts and long tables stretch to what is left there."""
    if isinstance(shown, ChartView):
        st.plotly_chart(shown.figure, height="stretch", theme=None, config=CONFIG, alt=shown.alt, key=f"chart_{key}")
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
    columns = range(len(shown.columns))
    frame = pd.DataFrame({at: _sortable([row[at] for row in shown.rows]) for at in columns})
    styled = frame.style.format({at: _in_turn([row[at].text for row in shown.rows]) for at in columns})
    styled.apply(lambda _frame: _colours(shown), axis=None)
    config = {
        str(at): st.column_config.Column(column.label, alignment="right" if column.numeric else "left")
        for at, column in enumerate(shown.columns)
    }
    needed_px = (len(shown.rows) + 1) * TABLE_ROW_PX + 2
    st.dataframe(
        styled,
        hide_index=True,
        height=needed_px if needed_px < canvas.height_px else "stretch",
        row_height=TABLE_ROW_PX,
        column_config=config,
        key=f"table_{key}",
    )


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


def _colours(shown: TableView) -> pd.DataFrame:
    """The colours of marked cells as CSS."""
    return pd.DataFrame([[f"color: {cell.mark.colour}" if cell.mark else "" for cell in row] for row in shown.rows])
