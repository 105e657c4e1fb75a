"""Metric panels: one number, from the value, the first row or group, or the latest bucket."""

from __future__ import annotations

from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import Answer
from workbench.figures.conditions import mark
from workbench.figures.formats import Style, as_float, as_number, moved, style_of, write, write_date
from workbench.figures.plot import is_running, local_now
from workbench.figures.text import one_line
from workbench.figures.views import Canvas, Change, MetricView


def metric(panel: PanelSpec, result: PanelResult, answer: Answer, canvas: Canvas) -> MetricView:
    """The number with its words; buckets give a history too.

    Nothing is added up here, since the sum of averages or of distinct counts would be a wrong number: rows and groups
    show their first and buckets their latest, under its own name.
    """
    display = result.display
    row = answer.rows[-1 if answer.kind == "buckets" else 0]
    value = row.get(answer.value) if answer.value else None
    name = "" if answer.label is None else _name(row.get(answer.label), answer)
    running = answer.kind == "buckets" and is_running(
        [row.get(answer.label or "")], answer.precision, local_now(panel, result, canvas)
    )
    return MetricView(
        value=write(value, style_of(display, result.meta)),
        label=one_line(display.label) if display.label else f"{name}, so far" if running else name,
        mark=mark(value, display.conditional_formatting, canvas.theme),
        history=_history(answer),
        running=running,
        change=_change(value, answer, style_of(display, result.meta)),
    )


def _change(value: object, answer: Answer, style: Style) -> Change | None:
    """Against the same value of the period before: in percent, of a share in percentage points."""
    if answer.kind != "value" or answer.before is None or not answer.before.rows:
        return None
    was = answer.before.rows[0].get(answer.before.value or "")
    now_number, was_number = as_number(value), as_number(was)
    if now_number is None or was_number is None:
        return None
    return Change(moved(was_number, now_number, style), write(was, style))


def _name(value: object, answer: Answer) -> str:
    return write_date(value, answer.precision).text if answer.temporal else one_line(value)


def _history(answer: Answer) -> tuple[float | None, ...]:
    if answer.kind != "buckets" or answer.series is not None or answer.value is None:
        return ()
    return tuple(as_float(row.get(answer.value)) for row in answer.rows)
