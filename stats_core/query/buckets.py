"""Buckets of time: which one a row falls into, in SQL, and which there are, in Python.

The database gets the offset changes of the zone: it adds the offset (a CASE on the moment), then truncates. Days are
those of the zone's calendar; the repeated hour of autumn stays two, told apart by its offset; a day or hour that the
clocks skipped does not exist. Dates, and times of a wall clock, are truncated as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import islice, pairwise
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from stats_core.catalog.entity import FieldType
from stats_core.catalog.moments import Moment
from stats_core.database.types import UTCDateTime
from stats_core.errors import InvalidOptionsError, Problem
from stats_core.query.constructs import Construct
from stats_core.query.joins import FoundField
from stats_core.query.ranges import Period
from stats_core.query.zones import NO_OFFSET, Offsets, day_start, offset_at, offsets

Precision = Literal["hour", "day", "week", "month", "quarter", "year"]
MAX_BUCKETS: Final = 5000

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)
_DAY_S: Final = 86_400
_LATE_CHANGES: Final = 8  # four years
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket.

    Attributes:
        start: Where it begins on the zone's clock, naive; midnight where it is a day or more.
        offset: Of an hour, the seconds east of UTC; None for days and more, and on wall clocks.
        hour: Whether it is an hour.
    """

    start: datetime
    offset: int | None = None
    hour: bool = False

    @property
    def label(self) -> str:
        """`2026-10-25`, of an hour `2026-10-25T02:00+01:00`, on a wall clock `2026-10-25T02:00`."""
        if not self.hour:
            return self.start.date().isoformat()
        zone = None if self.offset is None else timezone(timedelta(seconds=self.offset))
        return self.start.replace(tzinfo=zone).isoformat(timespec="minutes")

    @property
    def nominal(self) -> datetime:
        """Its start in UTC, naive, if its offset held all the time."""
        return self.start - timedelta(seconds=self.offset or 0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a field's times are cut.

    Attributes:
        zone: Whose clock is read; None for times that are on a clock already.
    """

    precision: Precision
    zone: ZoneInfo | None

    def columns(self, field: FoundField, period: Period, *, near: datetime | None = None) -> list[ColumnElement[Any]]:
        """What tells buckets apart in SQL: the start, and for hours of a zone whose offset changes the offset, too.

        Rows from shortly before `near` take the fewest comparisons.
        """
        if self.zone is None:
            return [_TRUNCATIONS[self.precision](field.column)]
        found = offsets(self.zone, period.start, period.end)
        utc = _InUTC(field.column) if _zoned(field) else field.column
        offset = _OffsetAt(utc, found, sum(near is None or at <= near for at, _ in found.changes))
        start = _TRUNCATIONS[self.precision](utc, *([offset] if found != NO_OFFSET else []))
        return [start, offset] if self.precision == "hour" and found.changes else [start]

    def read(self, start: Any, offset: int | None, period: Period) -> Bucket:
        """The bucket that the database means by its values of `columns`."""
        clock = _read(start)
        if self.precision != "hour":
            return Bucket(clock)
        if offset is None and self.zone is not None:
            offset = offsets(self.zone, period.start, period.end).first
        return Bucket(clock, offset, hour=True)

    def at(self, moment: datetime) -> Bucket:
        """The bucket of a moment: aware, or naive on a clock that is read as it stands."""
        local = moment if self.zone is None else moment.astimezone(self.zone)
        clock = local.replace(tzinfo=None)
        if self.precision == "hour":
            offset = None if self.zone is None else offset_at(self.zone, moment)
            return Bucket(clock.replace(minute=0, second=0, microsecond=0), offset, hour=True)
        return Bucket(datetime.combine(_truncated(clock.date(), self.precision), time()))

    def between(self, start: datetime, end: datetime) -> list[Bucket]:
        """Every bucket that has a part in `[start, end)`, in order.

        Raises:
            InvalidOptionsError: They are more than `MAX_BUCKETS`.
        """
        every = self._hours(start, end) if self.precision == "hour" else self._days(start, end)
        buckets = list(islice(every, MAX_BUCKETS + 1))
        if len(buckets) > MAX_BUCKETS:
            raise too_many_buckets(self.precision)
        return buckets

    def starts(self, bucket: Bucket) -> datetime:
        """The first moment of a bucket, as `between` takes it."""
        if self.zone is None:
            return bucket.start
        if not bucket.hour:
            return day_start(bucket.start.date(), self.zone)
        nominal = bucket.nominal.replace(tzinfo=UTC)
        changes = offsets(self.zone, nominal, nominal + _HOUR).changes
        # Where the clocks were changed within the hour, it begins with the change to its offset.
        return next((at for at, seconds in changes if seconds == bucket.offset), nominal)

    def ends(self, bucket: Bucket) -> datetime:
        """The first moment after a bucket, as `between` takes it."""
        if not bucket.hour:
            after = _next(bucket.start.date(), self.precision)
            return datetime.combine(after, time()) if self.zone is None else day_start(after, self.zone)
        return (bucket.nominal if self.zone is None else bucket.nominal.replace(tzinfo=UTC)) + _HOUR

    def _hours(self, start: datetime, end: datetime) -> Iterator[Bucket]:
        changes = iter(() if self.zone is None else [at for at, _ in offsets(self.zone, start, end).changes])
        change = next(changes, None)
        while start < end:
            bucket = self.at(start)
            yield bucket
            nominal = bucket.nominal if self.zone is None else bucket.nominal.replace(tzinfo=UTC)
            start = nominal + _HOUR
            if change is not None and change <= start:
                start, change = change, next(changes, None)

    def _days(self, start: datetime, end: datetime) -> Iterator[Bucket]:
        bucket, last = self.at(start), self.at(end - _TICK)
        skipping = self._skips_days(start, end)
        while bucket.start <= last.start:
            if not (skipping and self.precision == "day" and self._skipped(bucket)):
                yield bucket
            bucket = Bucket(datetime.combine(_next(bucket.start.date(), self.precision), time()))

    def _skips_days(self, start: datetime, end: datetime) -> bool:
        if self.zone is None:
            return False
        found = offsets(self.zone, start, end)
        seconds = [found.first, *(after for _, after in found.changes)]
        return any(after - before >= _DAY_S for before, after in pairwise(seconds))

    def _skipped(self, bucket: Bucket) -> bool:
        assert self.zone is not None
        day = bucket.start.date()
        return day_start(day, self.zone) == day_start(day + _DAY, self.zone)


def calendar_of(field: FoundField, precision: Precision, zone: ZoneInfo, *, path: str) -> Calendar:
    """How a field is cut at a precision.

    Raises:
        InvalidOptionsError: It is no date or time, or a date that is to be cut into hours.
    """
    if not field.type.temporal:
        raise InvalidOptionsError(
            [Problem(path, f"{field.name!r} is of type {field.field.type}, and only dates and times have buckets.")]
        )
    if field.type is FieldType.DATE:
        if precision == "hour":
            message = f"{field.name!r} is a date and has no hours."
            raise InvalidOptionsError([Problem("precision", message, "Choose day or a coarser precision.")])
        return Calendar(precision, None)
    return Calendar(precision, None if field.field.wall_clock else zone)


def in_time_order(buckets: Iterable[Bucket]) -> list[Bucket]:
    """Each bucket once, in the order of time; of two that begin together, the first comes first."""
    return sorted(dict.fromkeys(buckets), key=lambda bucket: bucket.nominal)


def too_many_buckets(precision: Precision) -> InvalidOptionsError:
    """The error for a range that is too long for its precision."""
    return InvalidOptionsError(
        [
            Problem(
                "precision",
                f"This range has more than {MAX_BUCKETS} buckets of one {precision}.",
                "Choose a coarser precision or a shorter range.",
            )
        ]
    )


def _truncated(day: date, precision: Precision) -> date:
    if precision == "day":
        return day
    if precision == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[precision]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _next(day: date, precision: Precision) -> date:
    if precision in {"day", "week"}:
        return day + timedelta(days=1 if precision == "day" else 7)
    months = day.year * 12 + day.month - 1 + _MONTHS[precision]
    return date(months // 12, months % 12 + 1, 1)


def _read(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else datetime.combine(value, time())


def _zoned(field: FoundField) -> bool:
    type_ = field.column.type
    return isinstance(type_, UTCDateTime) or (isinstance(type_, Moment | DateTime) and _says_zone(type_))


def _says_zone(type_: Moment | DateTime) -> bool:
    return type_.zoned if isinstance(type_, Moment) else type_.timezone


class _InUTC(Construct):
    """A zoned moment as a time without a zone, in UTC."""

    name = "in_utc"


@compiles(_InUTC)  # SQLite's text is UTC; ClickHouse's times are shown in it
def _as_it_is(element: _InUTC, compiler: SQLCompiler, **options: Any) -> str:
    return element.operands(compiler, **options)[0]


@compiles(_InUTC, "postgresql")
@compiles(_InUTC, "duckdb")
def _at_utc(element: _InUTC, compiler: SQLCompiler, **options: Any) -> str:
    return f"({element.operands(compiler, **options)[0]} AT TIME ZONE 'UTC')"


class _OffsetAt(Construct):
    """The zone's offset at a time without a zone, in seconds: a CASE over the changes, the latest of the past first.

    Rows are mostly of late, so most meet the first or second comparison. Changes long ago or yet to come are looked for
    by halves. They come from tzdata and no caller; they stand in the text, so that a hundred of them cost nothing.
    """

    name = "offset_at"
    type = Integer()
    _traverse_internals = [  # noqa: RUF012 - what SQLAlchemy's cache keys are made of
        *Construct._traverse_internals,  # noqa: SLF001 - the documented way to add to them
        ("found", InternalTraversal.dp_plain_obj),
        ("past", InternalTraversal.dp_plain_obj),
    ]

    def __init__(self, utc: ColumnElement[Any], found: Offsets, past: int) -> None:
        super().__init__(utc)
        self.found = found
        self.past = past  # so many of the changes have been

    def cases(self, utc: str, moment: str, seconds: str = "{}") -> str:
        """The SQL of it; `moment` and `seconds` are how a constant time and an offset are written."""
        at = [moment.format(change.strftime("%Y-%m-%d %H:%M:%S")) for change, _ in self.found.changes]
        offset = [seconds.format(each) for each in (self.found.first, *(after for _, after in self.found.changes))]

        def by_halves(low: int, high: int) -> str:
            if low == high:
                return offset[low]
            middle = (low + high + 1) // 2
            earlier, later = by_halves(low, middle - 1), by_halves(middle, high)
            return f"CASE WHEN {utc} < {at[middle - 1]} THEN {earlier} ELSE {later} END"

        old = max(0, self.past - _LATE_CHANGES)
        whens = [f"WHEN {utc} >= {at[index]} THEN {offset[index + 1]}" for index in range(self.past - 1, old - 1, -1)]
        if self.past < len(at):
            whens.insert(0, f"WHEN {utc} >= {at[self.past]} THEN {by_halves(self.past + 1, len(at))}")
        return f"CASE {' '.join(whens)} ELSE {by_halves(0, old)} END" if whens else by_halves(0, old)


@compiles(_OffsetAt)
def _offset_at(element: _OffsetAt, compiler: SQLCompiler, **options: Any) -> str:
    return element.cases(element.operands(compiler, **options)[0], "TIMESTAMP '{}'")


@compiles(_OffsetAt, "sqlite")
def _offset_at_sqlite(element: _OffsetAt, compiler: SQLCompiler, **options: Any) -> str:
    return element.cases(element.operands(compiler, **options)[0], "'{}'")


@compiles(_OffsetAt, "clickhousedb")
def _offset_at_clickhouse(element: _OffsetAt, compiler: SQLCompiler, **options: Any) -> str:
    return element.cases(element.operands(compiler, **options)[0], "toDateTime64('{}', 6, 'UTC')")


class _Truncated(Construct):
    """The start of a time's hour, day, week and so on. Operands: the time without a zone, and maybe its `_OffsetAt`."""

    name = "truncated"
    precision: Precision
    sqlite_shifted: str
    sqlite: str
    clickhouse: str


class _Hour(_Truncated):
    precision = "hour"
    sqlite_shifted = "strftime('%Y-%m-%d %H:00', {t})"
    sqlite = "substr({t}, 1, 13) || ':00'"
    clickhouse = "addHours(toDateTime64(toDate32({t}), 0, 'UTC'), toHour({t}))"


class _Day(_Truncated):
    precision = "day"
    sqlite_shifted = "date({t})"
    sqlite = "substr({t}, 1, 10)"
    clickhouse = "toDate32({t})"


class _Week(_Truncated):
    precision = "week"
    sqlite_shifted = "date({t}, 'weekday 0', '-6 days')"  # on to Sunday, back to Monday
    sqlite = "date(substr({t}, 1, 10), 'weekday 0', '-6 days')"
    clickhouse = "subtractDays(toDate32({t}), toDayOfWeek({t}) - 1)"


class _Month(_Truncated):
    precision = "month"
    sqlite_shifted = "strftime('%Y-%m-01', {t})"
    sqlite = "substr({t}, 1, 8) || '01'"
    clickhouse = "makeDate32(toYear({t}), toMonth({t}), 1)"


class _Quarter(_Truncated):
    precision = "quarter"
    sqlite_shifted = "strftime('%Y-', {t}) || printf('%02d-01', (strftime('%m', {t}) + 2) / 3 * 3 - 2)"
    sqlite = "substr({t}, 1, 5) || printf('%02d-01', (substr({t}, 6, 2) + 2) / 3 * 3 - 2)"
    clickhouse = "makeDate32(toYear({t}), toQuarter({t}) * 3 - 2, 1)"


class _Year(_Truncated):
    precision = "year"
    sqlite_shifted = "strftime('%Y-01-01', {t})"
    sqlite = "substr({t}, 1, 5) || '01-01'"
    clickhouse = "makeDate32(toYear({t}), 1, 1)"


_TRUNCATIONS: Final[dict[Precision, type[_Truncated]]] = {
    truncation.precision: truncation for truncation in (_Hour, _Day, _Week, _Month, _Quarter, _Year)
}


@compiles(_Truncated, "sqlite")
def _truncated_sqlite(element: _Truncated, compiler: SQLCompiler, **options: Any) -> str:
    clock, *shift = element.clauses
    text = compiler.process(clock, **options)
    if not shift:
        return element.sqlite.replace("{t}", text)
    (offset,) = shift
    assert isinstance(offset, _OffsetAt)
    # Offsets as texts, since to join a number with ' seconds' for each row costs as much as the truncation.
    seconds = offset.cases(text, moment="'{}'", seconds="'{} seconds'")
    # Without the fraction of the second: SQLite rounds to milliseconds, and 23:59:59.9996 would be tomorrow.
    return element.sqlite_shifted.replace("{t}", f"substr({text}, 1, 19), {seconds}")


@compiles(_Truncated, "postgresql")
def _truncated_postgresql(element: _Truncated, compiler: SQLCompiler, **options: Any) -> str:
    clock, *shift = element.operands(compiler, **options)
    clock = f"{clock} + ({shift[0]}) * INTERVAL '1 second'" if shift else f"CAST({clock} AS TIMESTAMP)"
    return f"date_trunc('{element.precision}', {clock})"


@compiles(_Truncated, "duckdb")
def _truncated_duckdb(element: _Truncated, compiler: SQLCompiler, **options: Any) -> str:
    clock, *shift = element.operands(compiler, **options)
    clock = f"{clock} + to_seconds({shift[0]})" if shift else f"CAST({clock} AS TIMESTAMP)"
    return f"date_trunc('{element.precision}', {clock})"


@compiles(_Truncated, "clickhousedb")
def _truncated_clickhouse(element: _Truncated, compiler: SQLCompiler, **options: Any) -> str:
    clock, *shift = element.operands(compiler, **options)
    return element.clickhouse.replace("{t}", f"addSeconds({clock}, {shift[0]})" if shift else clock)
