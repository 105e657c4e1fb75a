"""What a chart draws: named series over one axis of dates or names, cut to what can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import Answer
from workbench.figures.formats import as_float, as_moment, write_date
from workbench.figures.text import one_line
from workbench.figures.views import Canvas

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One line, area or set of bars; `values` stand at the plot's positions, None where there is none."""

    name: str
    values: Values

    @property
    def size(self) -> float:
        """Sum of the absolute values: what decides which series stay when there are too many."""
        return sum(abs(value) for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Before:
    """A single series of the period before: the n-th bucket of it stands at the n-th position."""

    labels: tuple[str, ...]
    values: Values

    def at(self, kept: Sequence[int]) -> Before:
        """At these positions only."""
        return Before(tuple(self.labels[i] for i in kept), tuple(self.values[i] for i in kept))


@dataclass(frozen=True, slots=True)
class Plot:
    """The numbers of a chart.

    Attributes:
        labels: Each position in words, in full.
        positions: Each position on the axis: naive ISO times of a date axis, else 0, 1, 2….
        running: Whether the last position is of a period that is not over.
        shifted: Whether the clock was changed inside the range: positions and labels are an hour apart after that.
        left_out: Positions or series that are not in the plot.
        before: The same of the period before, position by position; its labels say when that was.
    """

    temporal: bool
    labels: tuple[str, ...]
    positions: tuple[Any, ...]
    series: tuple[Series, ...]
    precision: str | None = None
    running: bool = False
    shifted: bool = False
    left_out: int = 0
    before: Before | None = None

    @property
    def values(self) -> list[float]:
        """Every number there is."""
        return [value for series in self.series for value in series.values if value is not None]


def plot(answer: Answer, *, name: str, now: datetime) -> Plot:
    """The answer as series.

    Args:
        answer: What was answered.
        name: What a single series is called.
        now: When the database answered, in the zone of the answer's days.
    """
    xs = list(dict.fromkeys(row.get(answer.label or "") for row in answer.rows)) if answer.series else None
    if xs is None:
        keys = [row.get(answer.label) if answer.label else None for row in answer.rows]
        series: tuple[Series, ...] = (Series(name, tuple(_float(row, answer) for row in answer.rows)),)
    else:
        keys, series = xs, _split(answer, xs)
    if answer.temporal:
        keys, series = _in_order(keys, series)
    shifted = answer.temporal and len(_offsets(keys)) > 1
    return Plot(
        temporal=answer.temporal,
        labels=tuple(_label(key, answer, shifted=shifted) for key in keys),
        positions=tuple(_times(keys)) if answer.temporal else tuple(range(len(keys))),
        series=series,
        shifted=shifted,
        precision=answer.precision,
        left_out=answer.total - len(answer.rows) if answer.kind == "groups" and xs is None else 0,
        running=answer.kind == "buckets" and is_running(keys, answer.precision, now),
        before=_before(answer, len(keys)) if answer.kind == "buckets" and len(series) == 1 else None,
    )


def _before(answer: Answer, count: int) -> Before | None:
    """As many buckets as there are now: months differ in their days."""
    earlier = answer.before
    if earlier is None or earlier.kind != "buckets" or earlier.series is not None or earlier.value is None:
        return None
    rows = earlier.rows[:count]
    missing = count - len(rows)
    labels = (write_date(row.get(earlier.label or ""), earlier.precision).text for row in rows)
    return Before((*labels, *[""] * missing), (*(_float(row, earlier) for row in rows), *[None] * missing))


def _float(row: Any, answer: Answer) -> float | None:
    return as_float(row.get(answer.value)) if answer.value else None


def _split(answer: Answer, xs: Sequence[Any]) -> tuple[Series, ...]:
    """One series per value of the series field, in the order they come."""
    names = list(dict.fromkeys(row.get(answer.series) for row in answer.rows)) if answer.series else []
    found = {(row.get(answer.series or ""), row.get(answer.label or "")): _float(row, answer) for row in answer.rows}
    return tuple(Series(one_line(name), tuple(found.get((name, x)) for x in xs)) for name in names)


def _label(key: Any, answer: Answer, *, shifted: bool) -> str:
    if not answer.temporal:
        return one_line(key)
    moment = as_moment(key)
    zone = f" {moment.isoformat()[-len('+01:00') :]}" if shifted and isinstance(moment, datetime) else ""
    return write_date(key, answer.precision).text + zone


def _offsets(keys: Iterable[Any]) -> set[timedelta | None]:
    return {moment.utcoffset() for key in keys if isinstance(moment := as_moment(key), datetime)}


def _in_order(keys: list[Any], series: tuple[Series, ...]) -> tuple[list[Any], tuple[Series, ...]]:
    """Dates from left to right; rows come in the order that a panel sorts them. Without a date there is no place."""
    known = [i for i, key in enumerate(keys) if key is not None]
    times = dict(zip(known, _times(keys[i] for i in known), strict=True))
    order = sorted(known, key=times.__getitem__)
    return [keys[i] for i in order], tuple(replace(one, values=tuple(one.values[i] for i in order)) for one in series)


def _times(keys: Iterable[Any]) -> list[str]:
    """Positions on Plotly's date axis, which knows no zones.

    Times with an offset all take the offset of the first: so the hour that autumn repeats stays two positions, and each
    is an hour from the next.
    """
    moments = [moment for key in keys if (moment := as_moment(key)) is not None]
    offset = next((moment.utcoffset() for moment in moments if isinstance(moment, datetime)), None)
    return [_naive(moment, offset).isoformat() for moment in moments]


def _naive(moment: date | datetime, offset: timedelta | None) -> date | datetime:
    own = moment.utcoffset() if isinstance(moment, datetime) else None
    if not isinstance(moment, datetime) or own is None:
        return moment
    return (moment - own + (offset or timedelta())).replace(tzinfo=None)


# ---------------------------------------------------------------- the period that is not over


def local_now(panel: PanelSpec, result: PanelResult, canvas: Canvas) -> datetime:
    """When the database answered, in the zone that the answer's days were cut in."""
    own = panel.operation_options.get("timezone")
    return result.resolved_at.astimezone(ZoneInfo(own if isinstance(own, str) else canvas.timezone))


def is_running(keys: Sequence[Any], precision: str | None, now: datetime) -> bool:
    """Whether the last bucket had not ended when the database answered."""
    start = as_moment(keys[-1]) if keys else None
    if start is None:
        return False
    if isinstance(start, datetime) and start.tzinfo is not None:
        return start <= now < start + timedelta(hours=1)
    first = start.date() if isinstance(start, datetime) else start
    return first <= now.date() < _next(first, precision)


def _next(first: date, precision: str | None) -> date:
    """The first day after the bucket that starts at `first`."""
    if precision == "week":
        return first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}.get(precision or "day")
    if months is None:
        return first + timedelta(days=1)
    ahead = first.month - 1 + months
    return date(first.year + ahead // 12, ahead % 12 + 1, 1)


# ---------------------------------------------------------------- cutting


def at_most(drawn: Plot, count: int | None, *, latest: bool = False) -> Plot:
    """The first (or latest) `count` positions."""
    if count is None or len(drawn.positions) <= count:
        return drawn
    kept = slice(len(drawn.positions) - count, None) if latest else slice(count)
    return replace(
        drawn,
        labels=drawn.labels[kept],
        positions=drawn.positions[kept],
        series=tuple(replace(one, values=one.values[kept]) for one in drawn.series),
        before=drawn.before and drawn.before.at(range(len(drawn.positions))[kept]),
        left_out=drawn.left_out + len(drawn.positions) - count,
    )


def largest(drawn: Plot, count: int | None) -> Plot:
    """The `count` largest series, in the order they came."""
    if count is None or len(drawn.series) <= count:
        return drawn
    kept = {one.name for one in sorted(drawn.series, key=lambda one: -one.size)[:count]}
    series = tuple(one for one in drawn.series if one.name in kept)
    return replace(drawn, series=series, left_out=drawn.left_out + len(drawn.series) - len(series))


def thinned(drawn: Plot, width_px: int) -> Plot:
    """At most two positions per pixel: of each stretch the lowest and highest of every series stay."""
    count = len(drawn.positions)
    if count <= 2 * width_px:
        return drawn
    stretches = max(width_px // len(drawn.series), 1)
    kept = {0, count - 1}
    for i in range(stretches):
        stretch = range(i * count // stretches, (i + 1) * count // stretches)
        for one in drawn.series:
            known = [(value, at) for at in stretch if (value := one.values[at]) is not None]
            kept.update((min(known)[1], max(known)[1]) if known else stretch[:1])
    at = sorted(kept)
    return replace(
        drawn,
        labels=tuple(drawn.labels[i] for i in at),
        positions=tuple(drawn.positions[i] for i in at),
        series=tuple(replace(one, values=tuple(one.values[i] for i in at)) for one in drawn.series),
        before=drawn.before and drawn.before.at(at),
    )
