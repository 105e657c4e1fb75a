"""The operations once more, in plain Python over lists of dicts: slow, short, and written without a look at the SQL.

Rows hold aware datetimes (UTC) in `at`, naive ones in `clock`, Decimals in `amount`. Buckets are found by walking
through time in small steps, and every row is tested by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as tz
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Tables = dict[str, list[Row]]

RELATIONS = {
    ("sale", "seller"): ("seller_id", "seller", "id"),
    ("seller", "country"): ("country_id", "country", "id"),
}
COMPUTED: dict[tuple[str, str], Callable[[Row], Any]] = {
    ("sale", "total"): lambda row: (
        None if None in (row["quantity"], row["weight"]) else row["quantity"] * row["weight"]
    ),
}
DATE_FIELDS = {"sale": "at"}
PRIMARY_KEYS = {"sale": "id", "seller": "id", "country": "id"}
ADDITIVE = {"count", "sum"}


def _sum(values: Iterable[Any]) -> Any:
    return sum((value for value in values if value is not None), start=0)


MEASURES: dict[str, tuple[Callable[[list[Row]], Any], bool, Any]] = {
    # name: (over rows, whether it adds up, over no rows)
    "pieces": (lambda rows: _sum(row["quantity"] for row in rows), True, 0),
    "per_row": (lambda rows: _ratio(_sum(row["quantity"] for row in rows), len(rows)), False, None),
    "flagged": (lambda rows: sum(1 for row in rows if row["flag"]), True, 0),
    "statuses": (lambda rows: len({row["status"] for row in rows} - {None}), False, 0),
    "net": (
        lambda rows: (
            _sum(row["quantity"] for row in rows if row["flag"])
            - _sum(row["quantity"] for row in rows if row["flag"] is False)
        ),
        True,
        0,
    ),
}


def _ratio(numerator: Any, denominator: Any) -> Any:
    return None if not denominator else float(numerator) / float(denominator)


def read_data(options: Row, tables: Tables, now: datetime, timezone: str) -> Row:
    asked = Question(options, tables, now, timezone)
    names = options.get("fields") or [
        *tables[asked.entity][0],
        *(name for entity, name in COMPUTED if entity == asked.entity),
    ]
    rows = sorted(asked.rows, key=lambda row: row[PRIMARY_KEYS[asked.entity]])
    for sort in reversed(options.get("sort", [])):
        filled = [row for row in rows if asked.value(row, sort["field"]) is not None]
        empty = [row for row in rows if asked.value(row, sort["field"]) is None]
        descending = sort.get("direction") == "desc"
        # reverse=True keeps equal rows in their order, too
        rows = sorted(filled, key=lambda row: asked.value(row, sort["field"]), reverse=descending) + empty
    start, limit = options.get("offset", 0), options.get("limit", 100)
    page = [{name: plain(asked.value(row, name)) for name in names} for row in rows[start : start + limit]]
    return {"rows": page, "row_count": len(rows), "truncated": start + len(page) < len(rows)}


def aggregate_data(options: Row, tables: Tables, now: datetime, timezone: str) -> Row:
    asked = Question(options, tables, now, timezone)
    rows, cut = asked.considered()
    by = _list(options.get("group_by"))
    if not by:
        return {"value": asked.aggregate(rows), "row_count": len(rows), "truncated": cut}
    members = defaultdict(list)
    for row in rows:
        members[tuple(asked.value(row, name) for name in by)].append(row)
    groups = [(keys, asked.aggregate(group)) for keys, group in members.items()]
    groups.sort(key=lambda group: _by_key(group[0]))
    filled = [group for group in groups if group[1] is not None]
    filled.sort(key=lambda group: group[1], reverse=options.get("sort", "desc") == "desc")
    groups = (filled + [group for group in groups if group[1] is None])[: options.get("limit") or 10_000]
    return {
        "groups": [
            {
                "key": " · ".join(shown(value, asked.zone) for value in keys),
                "keys": {name: plain(value) for name, value in zip(by, keys, strict=True)},
                "value": value,
            }
            for keys, value in groups
        ],
        "row_count": len(rows),
        "group_count": len(members),
        "truncated": cut or len(groups) < len(members),
    }


def time_series(options: Row, tables: Tables, now: datetime, timezone: str) -> Row:
    asked = Question(options, tables, now, options.get("timezone") or timezone, dated=True)
    rows, cut = asked.considered()
    precision, by = options.get("precision", "day"), _list(options.get("group_by"))
    cells, counts = defaultdict(list), defaultdict(list)
    for row in rows:
        when = asked.value(row, asked.date_field)
        line = tuple(asked.value(row, name) for name in by)
        cells[_label(when, precision, asked.zone), line].append(row)
        counts[line].append(row)
    values = {cell: asked.aggregate(group) for cell, group in cells.items()}
    lines = sorted(counts, key=lambda line: _greatest_first(line, asked, values, counts)) if by else [()]
    limit = options.get("series_limit", 10)
    rest: set[Any] = set()
    if by and len(lines) > limit:
        rest, lines = set(lines[limit:]), lines[:limit]
        if asked.additive():
            others = defaultdict(list)
            for (label, line), value in values.items():
                if line in rest:
                    others[label].append(value)
            values |= {(label, None): number(sum(parts)) for label, parts in others.items()}
            lines = [*lines, None]
    labels = sorted({label for label, line in values if line in lines}, key=_in_time)
    start, end = asked.span(labels, precision)
    if options.get("fill_gaps", True) and start is not None and end is not None:
        labels = sorted({*labels, *_labels_between(start, end, precision, asked.zone, asked.on_clock)}, key=_in_time)
    buckets = []
    for label in labels:
        for line in lines:
            if (label, line) in values or options.get("fill_gaps", True):
                bucket = {"date": label, "value": values.get((label, line), asked.over_nothing())}
                if by:
                    bucket["series"] = (
                        "(other)" if line is None else " · ".join(shown(value, asked.zone) for value in line)
                    )
                buckets.append(bucket)
    first, last = asked.ends(start, end)
    return {
        "buckets": buckets,
        "row_count": len(rows),
        "truncated": cut or bool(rest and not asked.additive()),
        "precision": precision,
        "from": first,
        "to": last,
    }


class Question:
    """The rows that an operation is about."""

    def __init__(self, options: Row, tables: Tables, now: datetime, timezone: str, *, dated: bool = False) -> None:
        self.options, self.tables, self.entity = options, tables, options["entity"]
        self.zone = ZoneInfo(timezone)
        self.period = _period(options.get("range"), now, self.zone)
        ranged = self.period != (None, None)
        named = options.get("date_field") or DATE_FIELDS.get(self.entity)
        self.date_field = named if ranged or dated else None
        if self.date_field == "day":  # a day belongs to a period that holds its midnight
            self.period = tuple(moment and _next_midnight(moment, self.zone) for moment in self.period)
        self.rows = [
            row for row in tables[self.entity] if self.meets(options.get("filters") or {}, row) and self._inside(row)
        ]

    def considered(self) -> tuple[list[Row], bool]:
        limit = self.options.get("fetch_limit")
        rows = sorted(self.rows, key=lambda row: row[PRIMARY_KEYS[self.entity]])
        return rows[:limit], limit is not None and len(rows) > limit

    def value(self, row: Row, name: str) -> Any:
        entity, found = self.entity, row
        steps = name.split(".")
        while True:
            if (entity, steps[0]) in COMPUTED and len(steps) == 1:
                return COMPUTED[entity, steps[0]](found)
            if (relation := RELATIONS.get((entity, steps[0]))) and len(steps) > 1:
                column, target, references = relation
                found = next((other for other in self.tables[target] if other[references] == found[column]), None)
                if found is None:
                    return None
                entity, steps = target, steps[1:]
            elif len(steps) > 1:
                return _json_text(found[steps[0]], steps[1:])
            else:
                return found[steps[0]]

    def _inside(self, row: Row) -> bool:
        start, end = self.period
        if self.date_field is None:
            return True
        moment = _moment(self.value(row, self.date_field), self.zone)
        return moment is not None and (start is None or moment >= start) and (end is None or moment < end)

    def meets(self, document: Row, row: Row) -> bool:
        return all(self._entry(key, value, row) for key, value in document.items())

    def _entry(self, key: str, value: Any, row: Row) -> bool:
        if key == "$not":
            return not self.meets(value, row)
        if key in {"$and", "$or"}:
            return (all if key == "$and" else any)(self.meets(part, row) for part in value)
        return self._on_field(self.value(row, key), value)

    def _on_field(self, held: Any, value: Any) -> bool:
        if isinstance(value, dict):
            return all(
                not self._on_field(held, operand) if operator == "$not" else self._operator(held, operator, operand)
                for operator, operand in value.items()
            )
        return self._operator(held, "$in" if isinstance(value, list) else "$eq", value)

    def _operator(self, held: Any, operator: str, operand: Any) -> bool:
        match operator:
            case "$eq":
                return held is None if operand is None else held is not None and self._same(held, operand)
            case "$ne":
                return not self._operator(held, "$eq", operand)
            case "$in":
                return any(self._operator(held, "$eq", item) for item in operand)
            case "$nin":
                return not self._operator(held, "$in", operand)
            case "$exists":
                return (held is not None) == operand
            case "$between":
                return self._operator(held, "$gte", operand[0]) and self._operator(held, "$lte", operand[1])
        if held is None:
            return False
        match operator:
            case "$like":
                return _matches(operand, held)
            case "$ilike":
                return _matches(operand.lower(), held.lower())
            case "$contains":
                return operand in held
            case "$starts_with":
                return held.startswith(operand)
            case "$ends_with":
                return held.endswith(operand)
        first, last = self._extent(held, operand)
        held = _moment(held, self.zone) if isinstance(held, datetime) else held
        return {"$gt": held > last, "$gte": held >= first, "$lt": held < first, "$lte": held <= last}[operator]

    def _same(self, held: Any, operand: Any) -> bool:
        first, last = self._extent(held, operand)
        held = _moment(held, self.zone) if isinstance(held, datetime) else held
        return first <= held <= last

    def _extent(self, held: Any, operand: Any) -> tuple[Any, Any]:
        """The least and the greatest that an operand stands for."""
        if isinstance(held, datetime):
            moment = _written(operand)
            if isinstance(moment, datetime):
                return (_moment(moment, self.zone),) * 2
            return _midnight(moment, self.zone), _midnight(moment + timedelta(days=1), self.zone) - timedelta(
                microseconds=1
            )
        if isinstance(held, date):
            return (_written(operand),) * 2
        if isinstance(held, Decimal):
            return (Decimal(str(operand)),) * 2
        return operand, operand

    def aggregate(self, rows: list[Row]) -> Any:
        asked = self.options["aggregate"]
        if "measure" in asked:
            return number(MEASURES[asked["measure"]][0](rows))
        if asked["fn"] == "count" and "field" not in asked:
            return len(rows)
        values = [value for row in rows if (value := self.value(row, asked["field"])) is not None]
        match asked["fn"]:
            case "count":
                return len(values)
            case "count_distinct":
                return len(set(values))
            case "sum":
                return self._typed(sum(values))
            case "avg":
                return _rounded(float(sum(values)) / len(values)) if values else None
            case "min":
                return plain(min(values, default=None))
            case _:
                return plain(max(values, default=None))

    def _typed(self, value: Any) -> Any:
        """A sum of no decimals is a float, too."""
        is_number = self.options["aggregate"]["field"].rpartition(".")[2] in {"amount", "weight", "total"}
        return number(float(value)) if is_number and value is not None else number(value)

    def additive(self) -> bool:
        asked = self.options["aggregate"]
        return MEASURES[asked["measure"]][1] if "measure" in asked else asked["fn"] in ADDITIVE

    def over_nothing(self) -> Any:
        asked = self.options["aggregate"]
        if "measure" in asked:
            return MEASURES[asked["measure"]][2]
        return 0 if asked["fn"] in {"count", "sum", "count_distinct"} else None

    @property
    def on_clock(self) -> bool:
        """Whether times are read as they stand."""
        return self.date_field in {"day", "clock"}

    def span(self, labels: list[str], precision: str) -> tuple[datetime | None, datetime | None]:
        """The period, open ends filled by the first and the last bucket."""
        start, end = self.period
        if start is None and labels:
            start = _start_of_label(labels[0], self.zone)
        if end is None and labels:
            at_least = {"week": 6, "month": 27, "quarter": 89, "year": 364}.get(precision, 0)
            end = _start_of_label(labels[-1], self.zone) + timedelta(days=at_least)
            while _label_of_moment(end, precision, self.zone, self.on_clock) == labels[-1]:
                end += timedelta(minutes=15)
        return start, end

    def ends(self, start: datetime | None, end: datetime | None) -> tuple[str | None, str | None]:
        zone = self.zone
        if all(moment == _midnight(moment.astimezone(zone).date(), zone) for moment in (start, end) if moment):
            return (
                start and start.astimezone(zone).date().isoformat(),
                end and (end.astimezone(zone).date() - timedelta(days=1)).isoformat(),
            )
        return start and start.astimezone(zone).isoformat(), end and end.astimezone(zone).isoformat()


def number(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    return _rounded(value) if isinstance(value, float) else value


def _rounded(value: float) -> float:
    twelve_digits, cents = float(f"{value:.12g}"), float(f"{value:.2f}")
    return (cents if abs(value) >= 1e10 else twelve_digits) + 0.0


def plain(value: Any) -> Any:
    """As answers give it: decimals as numbers."""
    return float(value) if isinstance(value, Decimal) else value


def shown(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        return repr(float(value) + 0.0).removesuffix(".0")  # + 0.0 turns -0.0 round
    if isinstance(value, datetime) and value.tzinfo:
        return str(value.astimezone(zone))
    return str(value)


def _list(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names or [])


def _by_key(keys: Iterable[Any]) -> list[tuple[bool, Any]]:
    return [(key is None, 0 if key is None else key) for key in keys]


def _greatest_first(line: Any, asked: Question, values: Row, counts: Row) -> Any:
    total: Any = len(counts[line])
    if asked.additive():
        total = sum(value for (_, other), value in values.items() if other == line)
    return (-total, _by_key(line))


def _json_text(document: Any, keys: list[str]) -> str | None:
    for key in keys:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    if isinstance(document, bool):
        return str(document).lower()
    return None if document is None else str(document)


def _matches(pattern: str, text: str) -> bool:
    written, characters = "", iter(pattern)
    for character in characters:
        if character == "\\":
            written += re.escape(next(characters))
        else:
            written += {"%": ".*", "_": "."}.get(character, re.escape(character))
    return re.fullmatch(written, text, re.DOTALL) is not None


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)


@cache
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first minute whose clock shows this day or a later one, looked for."""
    moment = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=26)
    while moment.astimezone(zone).date() < day:
        moment += timedelta(hours=1)
    moment -= timedelta(hours=1)
    while moment.astimezone(zone).date() < day:
        moment += timedelta(minutes=1)
    return moment


def _next_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    day = moment.astimezone(zone).date()
    return moment if _midnight(day, zone) == moment else _midnight(day + timedelta(days=1), zone)


def _moment(value: Any, zone: ZoneInfo) -> Any:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return _midnight(value, zone)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _period(asked: Any, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    today = now.astimezone(zone).date()
    tomorrow = _midnight(today + timedelta(days=1), zone)
    if asked is None or asked.get("preset") == "all":
        return None, None
    days = {"today": 1, "7d": 7, "30d": 30, "90d": 90}.get(asked.get("preset"), asked.get("last_days"))
    if days:
        return _midnight(today - timedelta(days=days - 1), zone), tomorrow
    if asked.get("preset") == "ytd":
        return _midnight(date(today.year, 1, 1), zone), tomorrow
    if asked.get("preset") == "12m":
        month = date(today.year - (today.month < 12), today.month % 12 + 1, 1)
        return _midnight(month, zone), tomorrow
    start, end = _written(asked.get("from")), _written(asked.get("to"))
    if end is not None and not isinstance(end, datetime):
        end = _midnight(end + timedelta(days=1), zone)
    return _moment(start, zone), _moment(end, zone)


def _label(when: Any, precision: str, zone: ZoneInfo) -> str:
    if isinstance(when, datetime) and when.tzinfo:
        when = when.astimezone(zone)
    if precision == "hour":  # with the offset of the moment: that of the full hour may be another
        fixed = when.tzinfo and tz(when.utcoffset())
        return when.replace(minute=0, second=0, microsecond=0, tzinfo=fixed).isoformat(timespec="minutes")
    day = when.date() if isinstance(when, datetime) else when
    match precision:
        case "week":
            day -= timedelta(days=day.weekday())
        case "month":
            day = day.replace(day=1)
        case "quarter":
            day = day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
        case "year":
            day = day.replace(day=1, month=1)
    return day.isoformat()


def _label_of_moment(moment: datetime, precision: str, zone: ZoneInfo, on_clock: bool) -> str:
    local = moment.astimezone(zone)
    return _label(local.replace(tzinfo=None) if on_clock else local, precision, zone)


def _in_time(label: str) -> datetime:
    found = datetime.fromisoformat(label)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _start_of_label(label: str, zone: ZoneInfo) -> datetime:
    if len(label) == 10:
        return _midnight(date.fromisoformat(label), zone)
    found = datetime.fromisoformat(label)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


@cache
def _labels_between(start: datetime, end: datetime, precision: str, zone: ZoneInfo, on_clock: bool) -> tuple[str, ...]:
    step = timedelta(minutes=15) if precision == "hour" else timedelta(hours=1)
    if on_clock:  # a clock on the wall shows each hour of a day once, also the one that the zone leaves out
        start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (start, end))
    labels, moment = {}, start
    while moment < end:
        labels[_label(moment, precision, zone)] = None
        moment += step
    labels[_label(end - timedelta(microseconds=1), precision, zone)] = None
    return tuple(labels)
