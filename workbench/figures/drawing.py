"""From a panel and its result to what is shown: the one function that screens, notebooks and posts call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import Answer, Kind, answer
from workbench.figures.chart import area, bar, line
from workbench.figures.label import label
from workbench.figures.listing import listing
from workbench.figures.metric import metric
from workbench.figures.states import empty, error
from workbench.figures.table import table
from workbench.figures.views import Canvas, View

Renderer = Callable[[PanelSpec, PanelResult, Answer, Canvas], View]

RENDERERS: Mapping[str, Renderer] = MappingProxyType(
    {"metric": metric, "list": listing, "table": table, "bar": bar, "line": line, "area": area}
)

# What a panel type can show; a single value has no names, dates or rows to draw over.
ACCEPTS: Mapping[str, frozenset[Kind]] = MappingProxyType(
    {
        "metric": frozenset({"value", "groups", "buckets", "rows"}),
        "list": frozenset({"groups", "buckets", "rows"}),
        "table": frozenset({"value", "groups", "buckets", "rows"}),
        "bar": frozenset({"groups", "buckets", "rows"}),
        "line": frozenset({"groups", "buckets", "rows"}),
        "area": frozenset({"groups", "buckets", "rows"}),
    }
)


def view(
    panel: PanelSpec,
    result: PanelResult,
    *,
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    variables: Mapping[str, Any] | None = None,
    before: PanelResult | None = None,
) -> View:
    """What the panel shows for this result: a figure, a view model, or the reason there is none.

    Args:
        panel: The panel that was resolved.
        result: What resolving it gave.
        canvas: Theme and size.
        variables: The values that were given to the call, for the words of an empty state.
        before: What the same call gave for the period before, which numbers and lines are then compared with.
    """
    if panel.type == "label":
        return label(result.display.text or "")
    found = answer(result.data, result.display)
    if before is not None:
        found = replace(found, before=answer(before.data, result.display))
    result = result.model_copy(update={"meta": result.meta.of(found.value)})
    try:
        _check(panel.type, found, result.display)
    except ExpectedError as problem:
        return error(problem, "This panel cannot show its answer")
    if _nothing(found, result):
        return empty(panel, variables)
    return RENDERERS[panel.type](panel, result, found, canvas)


def _check(panel_type: str, found: Answer, display: Display) -> None:
    if found.kind not in ACCEPTS[panel_type]:
        message = f"A {panel_type} panel draws groups, buckets or rows, but this call answers with one value."
        raise InvalidOptionsError([Problem("type", message, "Choose the type metric, or add group_by to the call.")])
    if found.rows and panel_type != "table" and found.value is None:
        message = f"A {panel_type} panel needs a field with numbers, and no field of these rows has any."
        raise InvalidOptionsError(
            [Problem("display.field", message, "Name a numeric field, or choose the type table.")]
        )
    if panel_type == "bar" and display.map and not _one_name(found):
        message = "A map draws one country per group, and this call answers with something else."
        raise InvalidOptionsError(
            [Problem("display.map", message, "Group by the country alone, or leave out display.map.")]
        )


def _one_name(found: Answer) -> bool:
    """Whether each row has one name, and that is no date: groups by one field, or rows without series."""
    split = found.kind == "groups" and len(found.fields) > 2  # noqa: PLR2004 - the name and the value
    return not (split or found.series or found.temporal)


def _nothing(found: Answer, result: PanelResult) -> bool:
    """Whether there is nothing to draw: no rows, or buckets filled where nothing matched. A count of 0 is an answer."""
    if found.kind == "value":
        return result.row_count == 0 and found.rows[0].get("value") is None
    return not found.rows or (found.kind == "buckets" and result.row_count == 0)
