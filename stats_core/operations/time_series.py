"""time_series: one figure by hour, day, week, month, quarter or year, as one line or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, TypeAlias

from pydantic import ConfigDict, Field
from sqlalchemy import CTE, ColumnElement, Integer, Select, Subquery, and_, func, literal_column, select

from stats_core.operations.context import OperationContext
from stats_core.operations.keys import OTHER, order_of, shown_key
from stats_core.operations.question import (
    NEEDS,
    FetchLimit,
    FieldNames,
    Question,
    QuestionOptions,
    ask,
    groupings,
    meaning,
)
from stats_core.operations.registry import Operation, Result
from stats_core.query.aggregates import Aggregate, Figure, figure_of
from stats_core.query.buckets import (
    MAX_BUCKETS,
    Bucket,
    Calendar,
    Precision,
    calendar_of,
    in_time_order,
    too_many_buckets,
)
from stats_core.query.constructs import in_order
from stats_core.query.filters import bounds
from stats_core.query.joins import FoundField
from stats_core.query.moments import start_of
from stats_core.query.ranges import Period, described
from stats_core.query.rows import Considered, consider

MAX_SERIES: Final = 50


class TimeSeriesOptions(QuestionOptions):
    """Which rows, what to calculate from them, in which buckets of time and as which lines."""

    aggregate: Aggregate = Field(description='{"fn": "sum", "field": "total_cents"} or {"measure": "bounce_rate"}.')
    precision: Precision = Field("day", description="How long a bucket is; weeks begin on Monday.")
    group_by: FieldNames = Field((), description="A field or several whose values become lines; default: one line.")
    series_limit: int = Field(
        10,
        strict=True,
        ge=1,
        le=MAX_SERIES,
        description="Lines that come back, the greatest first. The rest is added up as (other) where figures add up, "
        "else the lines with most rows stay and the rest is left out.",
    )
    fetch_limit: FetchLimit = None
    fill_gaps: bool = Field(
        True, strict=True, description="Give buckets without rows, too: 0 for counts and sums, else null."
    )
    timezone: str | None = Field(None, description="IANA zone whose days are cut; default: the dashboard's.")


class TimeSeriesResult(Result):
    """A figure by bucket.

    Attributes:
        buckets: `{date, value, series?}` each, by date, then by series, the greatest first. `date` is the day that the
            bucket begins with; of an hour it is as `2026-10-25T02:00+01:00`.
        from_: Of the period: a day, or a time where it does not begin at midnight; null where there is no data.
        to: The last day (inclusive), or the time it ends at (exclusive).
    """

    model_config = ConfigDict(serialize_by_alias=True)

    buckets: list[dict[str, Any]]
    precision: Precision
    from_: str | None = Field(serialization_alias="from")
    to: str | None


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """The question, cut into buckets.

    Attributes:
        columns: What tells buckets apart, by label.
        start: Of the period, as the calendar takes it; None where the data says.
        expected: The buckets of the period, where gaps are filled and both its ends are known.
    """

    question: Question
    date: FoundField
    calendar: Calendar
    columns: Mapping[str, ColumnElement[Any]]
    start: datetime | None
    end: datetime | None
    expected: tuple[Bucket, ...]

    def bucket(self, values: Sequence[Any]) -> Bucket:
        """The bucket of the values of `columns`."""
        return self.calendar.read(values[0], values[1] if len(values) > 1 else None, self.question.period)

    def span(self, found: Sequence[Bucket]) -> tuple[datetime | None, datetime | None]:
        """The period, its open ends where the buckets with data end; `found` is in order."""
        if not found:
            return self.start, self.end
        return self.start or self.calendar.starts(found[0]), self.end or self.calendar.ends(found[-1])


Line: TypeAlias = tuple[Any, ...] | None
"""The key of a line: values of the fields grouped by; empty for the only line; None for the lines left over."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the database said; `lines` are in the order they are shown in."""

    values: Mapping[tuple[Bucket, Line], Any]
    lines: Sequence[Line]
    row_count: int
    truncated: bool
    statement: str


def execute(options: TimeSeriesOptions, context: OperationContext) -> TimeSeriesResult:
    """Run `time_series`."""
    question = ask(options, context, timezone=options.timezone, dated=True)
    cut = _cut(options, question, context.now)
    figure = figure_of(options.aggregate, question.joined)
    answer = (_lines if options.group_by else _line)(options, cut, figure, context)
    found = in_time_order(bucket for bucket, _ in answer.values)
    start, end = cut.span(found)
    period = Period(start and start_of(start, question.zone), end and start_of(end, question.zone))
    first, last = described(period, question.zone)
    return TimeSeriesResult(
        buckets=list(_filled(options, cut, figure, answer, found)),
        row_count=answer.row_count,
        truncated=answer.truncated,
        precision=options.precision,
        from_=first,
        to=last,
        meta=meaning(figure, exact=options.precision == "day" and cut.date.name == question.entity.date_field),
        statement=answer.statement,
    )


def _cut(options: TimeSeriesOptions, question: Question, now: datetime) -> _Cut:
    date_field = question.date
    assert date_field is not None
    calendar = calendar_of(date_field, options.precision, question.zone, path="date_field")
    columns = calendar.columns(date_field, question.period, near=now)
    start, end = map(_as_time, bounds(date_field, question.period, question.zone))
    expected = calendar.between(start, end) if options.fill_gaps and start and end else ()
    labelled = dict(zip(("bucket", "utc_offset"), columns, strict=False))
    return _Cut(question, date_field, calendar, labelled, start, end, tuple(expected))


def _as_time(bound: date | None) -> datetime | None:
    if bound is None or isinstance(bound, datetime):
        return bound
    return datetime.combine(bound, time())


def _line(options: TimeSeriesOptions, cut: _Cut, figure: Figure, context: OperationContext) -> _Answer:
    """All rows as one line."""
    joined, condition = cut.question.joined, cut.question.condition
    considered = consider(joined, condition, {**cut.columns, **figure.inputs}, at_most=options.fetch_limit)
    buckets = [considered.rows.c[label] for label in cut.columns]
    statement = (
        select(
            figure.over(considered.rows).label("value"), func.count().label("row_count"), *buckets, *considered.found
        )
        .group_by(*buckets)
        .order_by(*buckets)
        .limit(MAX_BUCKETS + 1)
    )
    answer = cut.question.run(statement, context)
    if len(answer.rows) > MAX_BUCKETS:
        raise too_many_buckets(options.precision)
    end = 2 + len(buckets)
    line: Line = ()
    return _Answer(
        values={(cut.bucket(row[2:end]), line): figure.value(row[0]) for row in answer.rows},
        lines=[line],
        row_count=sum(row[1] for row in answer.rows),
        truncated=considered.cut(*(answer.rows[0][end:] if answer.rows else ())),
        statement=answer.statement,
    )


def _lines(options: TimeSeriesOptions, cut: _Cut, figure: Figure, context: OperationContext) -> _Answer:
    """A line per group, the greatest of them; see `_lines_statement`."""
    fields = groupings(options.group_by, cut.question.joined)
    keys = {f"key_{index}": field.column for index, field in enumerate(fields)}
    columns = {**cut.columns, **keys, **figure.inputs}
    considered = consider(cut.question.joined, cut.question.condition, columns, at_most=options.fetch_limit)
    answer = cut.question.run(_lines_statement(options, cut, figure, considered, list(keys)), context)
    values, totals = {}, {}
    middle = 5 + len(cut.columns)
    end = middle + len(keys)
    for row in answer.rows:
        value, total, listed = row[:3]
        line = row[middle:end] if listed else None
        values[cut.bucket(row[5:middle]), line] = figure.value(value)
        totals[line] = total
    if len({bucket for bucket, _ in values}) > MAX_BUCKETS:
        raise too_many_buckets(options.precision)
    row_count, line_count = answer.rows[0][3:5] if answer.rows else (0, 0)
    left_out = not figure.additive and line_count > options.series_limit
    return _Answer(
        values=values,
        lines=sorted(totals, key=lambda line: _greatest_first(line, totals[line])),
        row_count=row_count,
        truncated=left_out or considered.cut(*(answer.rows[0][end:] if answer.rows else ())),
        statement=answer.statement,
    )


def _greatest_first(line: Line, total: Any) -> tuple[Any, ...]:
    if line is None:
        return (2,)
    return (1, order_of(line)) if total is None else (0, -total, order_of(line))


def _lines_statement(
    options: TimeSeriesOptions, cut: _Cut, figure: Figure, considered: Considered, labels: list[str]
) -> Select[Any]:
    """A row per bucket and line.

    The columns: the value, the line's total, whether it is one of the greatest (null: the rest), row_count and
    line_count of all, the bucket, the line's keys, and `found` where rows are capped.

    How great a line is: its total where the figure adds up, else its number of rows.
    """
    rows = considered.rows
    by_cell = [rows.c[label] for label in (*cut.columns, *labels)]
    value, count = figure.over(rows).label("value"), func.count().label("rows_of_cell")
    cells = select(*by_cell, value, count).group_by(*by_cell).cte("cells")
    keys = [cells.c[label] for label in labels]
    total = func.sum(cells.c.value if figure.additive else cells.c.rows_of_cell).label("total")
    lines = select(*keys, total).group_by(*keys).cte("lines")
    greatest = _greatest(lines, labels, options.series_limit)
    same = and_(*(cells.c[label].is_not_distinct_from(greatest.c[label]) for label in labels))
    row_count = select(func.sum(cells.c.rows_of_cell)).scalar_subquery().label("row_count")
    line_count = select(func.count()).select_from(lines).scalar_subquery().label("line_count")
    shown = [greatest.c.total, greatest.c.listed]
    place = [*(cells.c[label] for label in cut.columns), *(greatest.c[label] for label in labels)]
    of_cell = func.sum(cells.c.value).label("value") if figure.additive else cells.c.value
    statement = select(of_cell, *shown, row_count, line_count, *place, *considered.found)
    statement = statement.limit((MAX_BUCKETS + 1) * (options.series_limit + 1))
    if not figure.additive:
        return statement.select_from(cells.join(greatest, same))
    return statement.select_from(cells.outerjoin(greatest, same)).group_by(*shown, *place)


def _greatest(lines: CTE, labels: list[str], limit: int) -> Subquery:
    listed: ColumnElement[int] = literal_column("1", Integer()).label("listed")
    by_key = (in_order(lines.c[label]).asc().nulls_last() for label in labels)
    found = select(*(lines.c[label] for label in labels), lines.c.total, listed)
    return found.order_by(lines.c.total.desc().nulls_last(), *by_key).limit(limit).subquery("greatest")


def _filled(
    options: TimeSeriesOptions, cut: _Cut, figure: Figure, answer: _Answer, found: list[Bucket]
) -> Iterator[dict[str, Any]]:
    """The buckets of the result, line by line within each."""
    shown = found
    if options.fill_gaps and found:
        shown = in_time_order([*(cut.expected or cut.calendar.between(*_both(cut.span(found)))), *found])
    elif options.fill_gaps:
        shown = list(cut.expected)
    names = [_name(line, cut) for line in answer.lines]
    for bucket in shown:
        for line, name in zip(answer.lines, names, strict=True):
            if options.fill_gaps or (bucket, line) in answer.values:
                value = answer.values.get((bucket, line), figure.over_nothing)
                yield {"date": bucket.label, "value": value, **name}


def _both(span: tuple[datetime | None, datetime | None]) -> tuple[datetime, datetime]:
    start, end = span
    assert start is not None
    assert end is not None
    return start, end


def _name(line: Line, cut: _Cut) -> dict[str, str]:
    if line is None:
        return {"series": OTHER}
    return {"series": shown_key(line, cut.question.zone)} if line else {}


TIME_SERIES: Final = Operation(
    type="time_series",
    title="Time series",
    description="One figure by hour, day, week, month, quarter or year, as one line or as one per group.",
    options=TimeSeriesOptions,
    execute=execute,
    needs=NEEDS,
)
