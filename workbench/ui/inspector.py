"""What stands behind a panel: its data, its call, the SQL that ran, and where the answer came from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.csv_text import csv_text
from workbench.figures.answers import Answer, answer
from workbench.figures.html import error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.ui.choices import PANEL
from workbench.ui.escape import file_stem, plain_markdown
from workbench.ui.freshness import explanation, timing

WIDTH_PX = 720
_MANY = 2000  # rows that the drawer shows; the file has all
_AGAIN = "inspect_again"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # spreadsheets then read UTF-8


def open_inspector(panel_id: str) -> None:
    """The next run of the page shows it."""
    st.query_params[PANEL] = panel_id


def close_inspector() -> None:
    """The next run shows the dashboard alone."""
    st.query_params.pop(PANEL, None)


def inspector(workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any]) -> None:
    """The drawer of a panel, as it was asked with these variables."""
    title = f"Inspect {plain_markdown(panel.name)}" if panel.name else "Inspect"
    st.dialog(title, position="right", width=WIDTH_PX, on_dismiss=close_inspector)(_drawer)(workbench, panel, variables)


def _drawer(workbench: Workbench, panel: PanelSpec, variables: Mapping[str, Any]) -> None:
    data, call, sql, cache = st.tabs(["Data", "Call", "SQL", "Cache"], key="inspect_tabs")
    with call:
        _call(panel, variables)
    try:
        again = st.session_state.pop(_AGAIN, False)
        result = workbench.resolver.resolve_panel(panel, skip_cache=again, variables=variables)
    except ExpectedError as problem:
        for tab in (data, sql, cache):
            tab.html(error_html(error(problem)))
        return
    with data:
        _data(panel, result)
    with sql:
        _statement(result)
    with cache:
        _cache(panel, result)


def _statement(result: PanelResult) -> None:
    st.code(result.statement, language="sql", wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Run it now", icon=":material/refresh:", key="inspect_run", on_click=_run_again)
        st.caption(timing(result))
    st.caption("Values are bound where placeholders stand; the caller's scope is part of the statement.")


def _run_again() -> None:
    """The next run of the drawer asks the database, not the cache."""
    st.session_state[_AGAIN] = True


def _data(panel: PanelSpec, result: PanelResult) -> None:
    rows = answer(result.data, result.display)
    st.dataframe(_frame(rows), hide_index=True, height="stretch" if len(rows.rows) > 12 else "content")  # noqa: PLR2004
    shown = min(len(rows.rows), _MANY)
    told = f"{shown:,} of {rows.total:,} rows" if rows.total > shown else f"{shown:,} {'row' if shown == 1 else 'rows'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download CSV",
            partial(_csv, rows),
            file_name=f"{file_stem(panel.name, 'panel')}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="inspect_csv",
        )
        st.caption(told)


def _csv(rows: Answer) -> bytes:
    return (BOM + csv_text(rows.fields, rows.rows)).encode()


def _frame(rows: Answer) -> pd.DataFrame:
    """The rows as they were answered, first of many; columns of mixed kinds as text, which Arrow can hold."""
    frame = pd.DataFrame([[row.get(name) for name in rows.fields] for row in rows.rows[:_MANY]], columns=rows.fields)
    for name in frame.columns:
        kinds = {type(value) for value in frame[name] if value is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            frame[name] = frame[name].map(str)
    return frame


def _call(panel: PanelSpec, variables: Mapping[str, Any]) -> None:
    call = {
        "operation_type": panel.operation_type,
        "operation_version": panel.operation_version,
        "operation_options": panel.operation_options,
        "display": panel.display.model_dump(mode="json", exclude_defaults=True),
        "cache_ttl_seconds": panel.cache_ttl_seconds,
    }
    st.json({name: value for name, value in call.items() if value is not None})
    if variables:
        st.caption("With these choices of the dashboard")
        st.json(dict(variables))
    st.caption("The same answer in a shell")
    st.code(f"workbench panel resolve {panel.id}", language="bash")


def _cache(panel: PanelSpec, result: PanelResult) -> None:
    kept = (
        "It is computed at every look: the panel is not cached."
        if panel.cache_ttl_seconds is None
        else f"An answer is kept for {panel.cache_ttl_seconds:,} s, or until the panel is changed."
    )
    lines = "".join(f"<li>{html_text(line)}</li>" for line in [*explanation(result), kept])
    st.html(f'<ul class="wb-facts">{lines}</ul>')
