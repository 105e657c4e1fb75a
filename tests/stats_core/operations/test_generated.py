"""Generated rows, filters and options: SQLite and PostgreSQL give what plain Python gives, whatever is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = ["PAID", "paid", "a%b", "a_b", "a\\b", "Ärger", "ÄRGER", "", "x", "it's"]
MOMENTS = [
    "2026-03-29T00:59:59.999999",
    "2026-03-29T01:00:00",
    "2025-10-26T00:30:00",
    "2025-10-26T01:30:00",
    "2026-06-15T11:59:59.5",
    "2026-06-14T22:00:00",
    "2026-06-14T21:59:59.999600",
    "2026-05-31T23:30:00",
    "2026-06-01T00:00:00",
    "2025-12-31T23:00:00",
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


moments = st.sampled_from(MOMENTS).map(lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)) | st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the zone is drawn
    datetime(2026, 7, 1),  # noqa: DTZ001 - the zone is drawn
    timezones=st.just(UTC),
)
quarters = st.integers(-40, 40).map(lambda number: number / 4)  # exact, so that order of adding does not matter
sales = st.fixed_dictionaries(
    {
        "status": maybe(st.sampled_from(TEXTS[:3])),
        "note": maybe(st.sampled_from(TEXTS)),
        "seller_id": maybe(st.integers(1, 10)),
        "quantity": maybe(st.integers(-5, 5)),
        "amount": maybe(st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100)),
        "weight": maybe(quarters),
        "flag": maybe(st.booleans()),
        "day": maybe(st.dates(date(2026, 5, 25), date(2026, 6, 15))),
        "at": moments,
        "seen_at": maybe(moments),
        "clock": maybe(moments.map(lambda moment: moment.replace(tzinfo=None))),
        "metadata": maybe(st.fixed_dictionaries({"product_id": st.sampled_from(["p1", "p2", 3, True, None])})),
    }
)

days = st.dates(date(2026, 5, 25), date(2026, 6, 16)).map(date.isoformat)
times = st.sampled_from(MOMENTS).map(lambda text: f"{text}Z")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(TEXTS[:4]),
    "note": st.sampled_from(TEXTS),
    "seller.tier": st.sampled_from(["gold", "silver"]),
    "seller.country.name": st.sampled_from(["Chile", "Österreich"]),
    "metadata.product_id": st.sampled_from(["p1", "3", "true"]),
    "quantity": st.integers(-5, 5),
    "amount": st.integers(-5, 5) | st.sampled_from([0.01, 1.5, -2.25]),
    "weight": quarters,
    "total": quarters,
    "day": days,
    "at": days | times,
    "seen_at": days | times,
    "clock": days | st.sampled_from(MOMENTS),
}
TEXT_FIELDS = ["status", "note", "seller.tier", "seller.country.name", "metadata.product_id"]
patterns = st.text("aAPÄäG%_\\\\'x", max_size=4).map(lambda text: text.replace("\\", "\\\\"))


@st.composite
def one_test(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from([*VALUES, "flag"]))
    if name == "flag":
        return {name: draw(maybe(st.booleans()) | st.lists(maybe(st.booleans()), max_size=2))}
    value = VALUES[name]
    operators = {
        "$eq": maybe(value),
        "$ne": maybe(value),
        **dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), value),
        **dict.fromkeys(("$in", "$nin"), st.lists(maybe(value), max_size=3)),
        "$exists": st.booleans(),
        "$between": st.tuples(value, value).map(list),
    }
    if name in TEXT_FIELDS:
        operators |= dict.fromkeys(("$like", "$ilike", "$contains", "$starts_with", "$ends_with"), patterns)
    operator = draw(st.sampled_from(list(operators)))
    test = {operator: draw(operators[operator])}
    return {name: {"$not": test} if draw(st.booleans()) else test}


filters = st.recursive(
    one_test(),
    lambda inner: (
        st.builds(lambda part: {"$not": part}, inner)
        | st.builds(lambda key, parts: {key: parts}, st.sampled_from(["$and", "$or"]), st.lists(inner, max_size=3))
        | st.builds(lambda one, other: {**one, **other}, inner, inner)
    ),
    max_leaves=5,
)
ranges = st.sampled_from(
    [
        {"preset": "today"},
        {"preset": "7d"},
        {"preset": "12m"},
        {"last_days": 20},
        {"from": "2026-06-01", "to": "2026-06-14"},
        {"from": "2026-03-28", "to": "2026-03-30"},
        {"from": "2025-10-25T12:00", "to": "2025-10-26T12:00:00Z"},
        {"from": "2026-05-31T23:30"},
        {"to": "2026-06-01"},
    ]
)
SHORT_RANGES = [
    {"preset": "7d"},
    {"from": "2026-03-28", "to": "2026-03-30"},
    {"from": "2025-10-25T12:00", "to": "2025-10-26T12:00:00Z"},
    {"from": "2026-05-31T22:10:00Z", "to": "2026-06-01T00:20:00Z"},
]
AGGREGATES = [
    {"fn": "count"},
    *(
        {"fn": fn, "field": field}
        for fn in ("sum", "avg", "min", "max")
        for field in ("quantity", "amount", "weight", "total")
    ),
    *(
        {"fn": "count_distinct", "field": field}
        for field in ("note", "seller_id", "flag", "day", "metadata.product_id")
    ),
    *({"fn": "max", "field": field} for field in ("note", "at", "clock", "day")),
    *({"measure": name} for name in ("pieces", "per_row", "flagged", "statuses", "net")),
]
NUMERIC = [
    asked
    for asked in AGGREGATES
    if asked.get("field") not in {"at", "clock", "day", "note"} or asked["fn"] == "count_distinct"
]
groupings = st.lists(
    st.sampled_from(
        ["status", "flag", "day", "quantity", "seller.tier", "seller.country.name", "metadata.product_id", "total"]
    ),
    min_size=1,
    max_size=2,
    unique=True,
)
fetch_limits = st.none() | st.integers(1, 15)


def optional(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A document in which each option may be left out."""
    return st.fixed_dictionaries({}, optional=options)


common = {
    "filters": filters,
    "range": ranges,
    "date_field": st.sampled_from(["at", "seen_at", "day", "clock"]),
}
sorts = st.lists(
    st.fixed_dictionaries(
        {"field": st.sampled_from(["note", "quantity", "amount", "flag", "day", "at", "seller.tier", "total"])},
        optional={"direction": st.sampled_from(["asc", "desc"])},
    ),
    max_size=3,
)
CALLS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "read_data": optional(
        **common,
        sort=sorts,
        limit=st.integers(1, 5),
        offset=st.integers(0, 6),
        fields=st.lists(
            st.sampled_from(["id", "note", "seller.name", "total", "at", "clock", "day", "flag"]),
            min_size=1,
            unique=True,
        ),
    ),
    "aggregate_data": st.builds(
        lambda aggregate, options: {"aggregate": aggregate, **options},
        st.sampled_from(AGGREGATES),
        optional(
            **common,
            group_by=groupings,
            sort=st.sampled_from(["asc", "desc"]),
            limit=st.integers(1, 4),
            fetch_limit=fetch_limits,
        ),
    ),
    "time_series": st.builds(
        lambda aggregate, options: {"aggregate": aggregate, "precision": "day", **options},
        st.sampled_from(NUMERIC),
        optional(
            **common,
            precision=st.sampled_from(["day", "week", "month", "quarter", "year"]),
            group_by=groupings,
            series_limit=st.integers(1, 3),
            fetch_limit=fetch_limits,
            fill_gaps=st.booleans(),
        ),
    ),
    "time_series by hour": st.builds(
        lambda aggregate, range_, options: {"aggregate": aggregate, "precision": "hour", "range": range_, **options},
        st.sampled_from(NUMERIC),
        st.sampled_from(SHORT_RANGES),
        optional(
            filters=filters,
            date_field=st.sampled_from(["at", "seen_at", "clock"]),
            group_by=groupings,
            series_limit=st.integers(1, 3),
            fill_gaps=st.booleans(),
        ),
    ),
}


def examples(number: int) -> settings:
    """Always the same examples, so that a failure is of the change and not of the dice."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def check(request: pytest.FixtureRequest, same_over: Any, tables: Any) -> Any:
    """Draws rows and a call, and asserts; one argument, since hypothesis is to print none of the tables."""
    engine = request.getfixturevalue(f"{request.param}_engine")

    def check(call: str, data: st.DataObject) -> None:
        rows = data.draw(st.lists(sales, max_size=12))
        options, zone = {"entity": "sale", **data.draw(CALLS[call])}, data.draw(st.sampled_from(ZONES))
        operation = call.partition(" ")[0]
        if operation == "read_data" and not rows:
            options.setdefault("fields", ["id"])
        held = {**tables, "sale": [{"id": number, **row} for number, row in enumerate(rows, 1)]}
        engine.hold(held)  # after all drawing, so that a fault of the database is shown as what it is
        same_over(engine, held, operation, options, zone)

    return check


@pytest.mark.parametrize("call", list(CALLS))
@examples(60)
@given(data=st.data())
def test_whatever_is_asked_of_whatever(check: Any, call: str, data: st.DataObject) -> None:
    check(call, data)


@pytest.mark.slow
@pytest.mark.parametrize("call", list(CALLS))
@examples(1000)
@given(data=st.data())
def test_whatever_is_asked_of_whatever_many_times(check: Any, call: str, data: st.DataObject) -> None:
    check(call, data)
