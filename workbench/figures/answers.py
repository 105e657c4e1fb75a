"""The shapes that operations answer in, read as rows with named roles.

{value}                 one row
{groups: [{key, ...}]}  a row per group: its key names it
{buckets: [{date, …}]}  a row per bucket: its date names it
{rows: […]}             the rows; the panel's display says which field is what, else the first that fits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stats_core.panels.display import Display
from workbench.figures.formats import as_moment, as_number

Kind = Literal["value", "groups", "buckets", "rows"]
Row = Mapping[str, Any]

KEY, VALUE, DATE, SERIES = "key", "value", "date", "series"


@dataclass(frozen=True, slots=True)
class Answer:
    """An operation's answer as rows.

    Attributes:
        fields: Names of the fields a table shows, in order.
        label: The field that names a row; None where nothing does.
        value: The field that holds the number; None where no field does.
        series: The field that splits rows into series.
        temporal: Whether `label` is a date.
        precision: Grain of the dates.
        total: Rows there are, those that were left out included.
        before: The answer for the period before; None where nothing is compared.
    """

    kind: Kind
    rows: Sequence[Row]
    fields: tuple[str, ...]
    label: str | None
    value: str | None
    series: str | None
    temporal: bool
    precision: str | None
    total: int
    before: Answer | None = None


def answer(data: Mapping[str, Any], display: Display) -> Answer:
    """The answer in `data`, which is in one of the shapes above."""
    if "buckets" in data:
        return _buckets(data, display)
    if "groups" in data:
        return _groups(data, display)
    if "rows" in data:
        return _rows(data, display)
    value = data.get("value")
    return Answer("value", ({VALUE: value},), (VALUE,), None, VALUE, None, temporal=False, precision=None, total=1)


def _buckets(data: Mapping[str, Any], display: Display) -> Answer:
    rows = data["buckets"]
    split = any(SERIES in row for row in rows)
    return Answer(
        kind="buckets",
        rows=rows,
        fields=(DATE, SERIES, VALUE) if split else (DATE, VALUE),
        label=DATE,
        value=VALUE,
        series=SERIES if split else None,
        temporal=True,
        precision=display.precision or data.get("precision"),
        total=len(rows),
    )


def _groups(data: Mapping[str, Any], display: Display) -> Answer:
    groups = data["groups"]
    names = tuple(groups[0]["keys"]) if groups else ()
    series = display.group_by if display.group_by in names and len(names) > 1 else None
    rest = [name for name in names if name != series]
    rows = [
        {**group["keys"], KEY: _key(group, rest, split=series is not None), VALUE: group[VALUE]} for group in groups
    ]
    return Answer(
        kind="groups",
        rows=rows,
        fields=(*names, VALUE),
        label=KEY,
        value=VALUE,
        series=series,
        temporal=False,
        precision=None,
        total=data.get("group_count", len(rows)),
    )


def _key(group: Row, names: Sequence[str], *, split: bool) -> Any:
    if not split:
        return group[KEY]
    return ", ".join("(none)" if group["keys"][name] is None else str(group["keys"][name]) for name in names)


def _rows(data: Mapping[str, Any], display: Display) -> Answer:
    rows = data["rows"]
    fields = tuple(dict.fromkeys(name for row in rows for name in row))
    series = display.group_by if display.group_by in fields else None
    value = _first(fields, (display.y_axis, display.field), lambda name: name != series and _is_numeric(rows, name))
    label = _first(fields, (display.x_axis, display.date_field), lambda name: name not in {value, series})
    return Answer(
        kind="rows",
        rows=rows,
        fields=fields,
        label=label,
        value=value,
        series=series,
        temporal=label is not None and is_temporal(rows, label),
        precision=display.precision,
        total=max(data.get("group_count", data.get("row_count")) or 0, len(rows)),
    )


def _first(fields: Sequence[str], wished: Sequence[str | None], fits: Any) -> str | None:
    """The first wished field that exists, else the first field that fits."""
    return next((name for name in wished if name in fields), None) or next(filter(fits, fields), None)


def _is_numeric(rows: Sequence[Row], name: str) -> bool:
    values = [row.get(name) for row in rows if row.get(name) is not None]
    return bool(values) and all(as_number(value) is not None for value in values)


def is_temporal(rows: Sequence[Row], name: str) -> bool:
    """Whether every value of the field that is not null is a date or time."""
    values = [row.get(name) for row in rows if row.get(name) is not None]
    return bool(values) and all(as_moment(value) is not None for value in values)
