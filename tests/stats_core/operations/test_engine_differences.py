"""Where engines differ, they were made to agree: one test per difference, on all four."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

COUNT = {"fn": "count"}
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def found(engine: Any, filters: dict[str, Any], **call: Any) -> list[int]:
    """Ids of the rows that a filter finds."""
    options = {"entity": "sale", "filters": filters, "fields": ["id"], "limit": 1000}
    return [row["id"] for row in engine.run("read_data", options, **call).data["rows"]]


def keys(engine: Any, **options: Any) -> list[Any]:
    data = engine.run("aggregate_data", {"entity": "sale", "aggregate": COUNT, **options}).data
    return [group["key"] for group in data["groups"]]


def buckets(engine: Any, timezone: str = "UTC", **options: Any) -> dict[str, Any]:
    asked = {"entity": "sale", "aggregate": COUNT, **options}
    data = engine.run("time_series", asked, timezone=timezone).data
    return {bucket["date"]: bucket["value"] for bucket in data["buckets"]}


def test_rows_without_a_value_come_last_up_and_down(sales: Any) -> None:
    engine = sales({"quantity": 2}, {"quantity": None}, {"quantity": 1})
    for direction, expected in (("asc", [3, 1, 2]), ("desc", [1, 3, 2])):
        options = {"entity": "sale", "fields": ["id"], "sort": [{"field": "quantity", "direction": direction}]}
        assert [row["id"] for row in engine.run("read_data", options).data["rows"]] == expected


def test_groups_without_a_value_come_last_up_and_down(sales: Any) -> None:
    engine = sales({"status": "a", "quantity": 2}, {"status": "b"}, {"status": None, "quantity": 1})
    for sort, expected in (("asc", ["(none)", "a", "b"]), ("desc", ["a", "(none)", "b"])):
        assert keys(engine, aggregate={"fn": "avg", "field": "quantity"}, group_by="status", sort=sort) == expected


def test_texts_are_ordered_by_code_point_whatever_the_database_thinks(sales: Any) -> None:
    words = ["b", "B", "a", "_", "Ä", "ä", "10", "9", "é", "z", "Z"]
    engine = sales(*({"note": word, "quantity": 1} for word in words))
    expected = sorted(words)
    assert keys(engine, group_by="note") == expected
    options = {"entity": "sale", "fields": ["note"], "sort": [{"field": "note"}]}
    assert [row["note"] for row in engine.run("read_data", options).data["rows"]] == expected
    least = engine.run("aggregate_data", {"entity": "sale", "aggregate": {"fn": "min", "field": "note"}})
    assert least.data["value"] == expected[0]
    assert len(found(engine, {"note": {"$lt": "a"}})) == sum(word < "a" for word in words)


def test_like_minds_the_case_and_ilike_minds_it_in_no_script(sales: Any) -> None:
    engine = sales(
        {"note": "Ärger"}, {"note": "ÄRGER"}, {"note": "ärger"}, {"note": "ΣΊΣΥΦΟΣ"}, {"note": "kelvin \u212a"}
    )
    assert found(engine, {"note": {"$like": "Ä%"}}) == [1, 2]
    assert found(engine, {"note": {"$like": "%rger"}}) == [1, 3]
    assert found(engine, {"note": {"$ilike": "%ÄrG%"}}) == [1, 2, 3]
    assert found(engine, {"note": {"$ilike": "σίσ_φοσ"}}) == [4]
    assert found(engine, {"note": {"$ilike": "KELVIN k"}}) == [5]


def test_wildcards_and_backslashes_of_texts_are_only_texts(sales: Any) -> None:
    engine = sales(
        {"note": "100%"},
        {"note": "100 percent"},
        {"note": "a_b"},
        {"note": "axb"},
        {"note": "C:\\x"},
        {"note": "C:/x"},
        {"note": "[a]*?"},
        {"note": "a\nb"},
    )
    assert found(engine, {"note": {"$contains": "0%"}}) == [1]
    assert found(engine, {"note": {"$starts_with": "a_"}}) == [3]
    assert found(engine, {"note": {"$ends_with": "\\x"}}) == [5]
    assert found(engine, {"note": {"$like": "C:\\\\_"}}) == [5]
    assert found(engine, {"note": {"$like": "[a]*?"}}) == [7]
    assert found(engine, {"note": {"$like": "a_b"}}) == [3, 4, 8]
    assert found(engine, {"note": {"$ilike": "A%B"}}) == [3, 4, 8]


def test_null_is_a_value_that_is_not_equal(sales: Any) -> None:
    engine = sales({"status": "PAID"}, {"status": "OPEN"}, {"status": None})
    assert found(engine, {"status": {"$ne": "PAID"}}) == [2, 3]
    assert found(engine, {"status": {"$nin": ["PAID", "SENT"]}}) == [2, 3]
    assert found(engine, {"status": {"$nin": ["PAID", None]}}) == [2]
    assert found(engine, {"$not": {"status": "PAID"}}) == [2, 3]
    assert found(engine, {"$not": {"status": {"$gt": "A"}}}) == [3]
    assert found(engine, {"$not": {"status": {"$like": "P%"}}}) == [2, 3]
    assert found(engine, {"$not": {"$or": [{"status": "PAID"}, {"quantity": {"$gt": 1}}]}}) == [2, 3]


def test_a_row_without_a_partner_has_nulls_and_no_zeros(sales: Any) -> None:
    engine = sales({"seller_id": 1}, {"seller_id": 99}, {"seller_id": None})
    options = {"entity": "sale", "fields": ["seller.id", "seller.name"]}
    rows = engine.run("read_data", options).data["rows"]
    assert [row["seller.id"] for row in rows] == [1, None, None]
    assert found(engine, {"seller.name": None}) == [2, 3]
    assert keys(engine, group_by="seller.id") == ["(none)", "1"]


def test_an_average_of_nothing_is_null_and_a_sum_of_nothing_is_0(sales: Any) -> None:
    engine = sales({"status": "a"})
    for rows in ({}, {"filters": {"status": "b"}}):
        values = {
            fn: engine.run(
                "aggregate_data", {"entity": "sale", "aggregate": {"fn": fn, "field": "weight"}, **rows}
            ).data["value"]
            for fn in ("sum", "avg", "min", "max", "count", "count_distinct")
        }
        assert values == {"sum": 0.0, "avg": None, "min": None, "max": None, "count": 0, "count_distinct": 0}


def test_relations_work_without_foreign_keys(sales: Any) -> None:
    engine = sales({"seller_id": 1})
    (row,) = engine.run("read_data", {"entity": "sale", "fields": ["seller.country.id", "seller.country_id"]}).data[
        "rows"
    ]
    assert row["seller.country.id"] in {row["seller.country_id"], None}


def test_rows_are_counted_without_a_window_over_all_of_them(engine: Any) -> None:
    for operation, options in (
        ("read_data", {"limit": 1}),
        ("aggregate_data", {"aggregate": COUNT, "group_by": "status", "limit": 1}),
        ("time_series", {"aggregate": COUNT, "precision": "year"}),
    ):
        result = engine.run(operation, {"entity": "sale", **options})
        assert result.data["row_count"] == 260
        assert " OVER " not in result.statement.upper()


def test_dates_are_never_shifted_by_a_zone(sales: Any) -> None:
    engine = sales({"day": date(2026, 6, 14)}, {"day": date(2026, 6, 15)})
    for timezone in ("Pacific/Apia", "America/Los_Angeles"):
        days = buckets(engine, timezone, date_field="day", range={"from": "2026-06-14", "to": "2026-06-15"})
        assert days == {"2026-06-14": 1, "2026-06-15": 1}


def test_numbers_come_back_as_int_or_float(sales: Any) -> None:
    engine = sales(
        {"quantity": 3, "amount": Decimal("2.00"), "weight": 1.0},
        {"quantity": 4, "amount": Decimal("0.10"), "weight": 2.0},
    )
    figures = {
        (fn, field): engine.run("aggregate_data", {"entity": "sale", "aggregate": {"fn": fn, "field": field}}).data[
            "value"
        ]
        for fn in ("sum", "avg", "max")
        for field in ("quantity", "amount", "weight")
    }
    expected = {
        ("sum", "quantity"): 7,
        ("sum", "amount"): 2.1,
        ("sum", "weight"): 3.0,
        ("avg", "quantity"): 3.5,
        ("avg", "amount"): 1.05,
        ("avg", "weight"): 1.5,
        ("max", "quantity"): 4,
        ("max", "amount"): 2.0,
        ("max", "weight"): 2.0,
    }
    assert {call: (type(value), value) for call, value in figures.items()} == {
        call: (type(value), value) for call, value in expected.items()
    }


def test_sums_that_engines_add_in_different_orders_are_equal(sales: Any) -> None:
    engine = sales(*({"weight": weight} for weight in (0.1, 0.2, 0.3, 1e10, -1e10, 1 / 3)))
    total = engine.run("aggregate_data", {"entity": "sale", "aggregate": {"fn": "sum", "field": "weight"}}).data[
        "value"
    ]
    assert abs(total - 0.9333333) < 1e-5
    few = engine.run(
        "aggregate_data",
        {"entity": "sale", "filters": {"id": [1, 2]}, "aggregate": {"fn": "sum", "field": "weight"}},
    )
    assert few.data["value"] == 0.3


def test_the_repeated_hour_of_autumn_stays_two(sales: Any) -> None:
    midnight = datetime(2025, 10, 26, tzinfo=UTC)  # 02:00 in Berlin; at 01:00 UTC it is 02:00 again
    engine = sales({"at": midnight}, {"at": midnight + timedelta(minutes=59)}, {"at": midnight + timedelta(minutes=61)})
    found = buckets(engine, "Europe/Berlin", precision="hour", fill_gaps=False)
    assert found == {"2025-10-26T02:00+02:00": 2, "2025-10-26T02:00+01:00": 1}


def test_a_row_just_before_midnight_stays_in_its_day(sales: Any) -> None:
    midnight = datetime(2026, 6, 1, 22, tzinfo=UTC)  # in Berlin
    engine = sales(
        {"at": midnight - timedelta(microseconds=1)}, {"at": midnight - timedelta(microseconds=400)}, {"at": midnight}
    )
    for timezone, expected in (("Europe/Berlin", {"2026-06-01": 2, "2026-06-02": 1}), ("UTC", {"2026-06-01": 3})):
        assert buckets(engine, timezone, fill_gaps=False) == expected
    hours = buckets(engine, "Europe/Berlin", precision="hour", fill_gaps=False)
    assert hours == {"2026-06-01T23:00+02:00": 2, "2026-06-02T00:00+02:00": 1}


@pytest.mark.parametrize(
    ("timezone", "moments", "expected"),
    [
        ("Pacific/Apia", ["2011-12-30T09:59:59", "2011-12-30T10:00:00"], {"2011-12-29": 1, "2011-12-31": 1}),
        ("America/Sao_Paulo", ["2018-11-04T02:59:59", "2018-11-04T03:00:00"], {"2018-11-03": 1, "2018-11-04": 1}),
        ("Asia/Kathmandu", ["2026-06-14T18:14:59", "2026-06-14T18:15:00"], {"2026-06-14": 1, "2026-06-15": 1}),
        ("Africa/Monrovia", ["1972-01-06T00:44:29", "1972-01-06T00:44:30"], {"1972-01-05": 1, "1972-01-06": 1}),
    ],
)
def test_days_are_cut_where_clocks_said_also_in_odd_zones_and_long_ago(
    sales: Any, timezone: str, moments: list[str], expected: dict[str, int]
) -> None:
    engine = sales(*({"at": datetime.fromisoformat(text).replace(tzinfo=UTC)} for text in moments))
    assert buckets(engine, timezone) == expected
    first, last = min(expected), max(expected)
    assert buckets(engine, timezone, range={"from": first, "to": last}) == expected


def test_long_lists_and_many_conditions_are_within_what_each_engine_takes(engine: Any) -> None:
    assert len(found(engine, {"id": {"$in": list(range(10_000))}})) == 260
    assert (
        len(
            found(
                engine,
                {"note": {"$nin": [f"a rather long text to compare with, number {n:05}" for n in range(10_000)]}},
            )
        )
        == 260
    )
    assert found(engine, {"$or": [{"id": number} for number in range(1, 500)]}) == list(range(1, 261))
    deep: dict[str, Any] = {"id": {"$lte": 3}}
    for number in range(25):
        deep = {"$and": [{"$or": [deep, {"id": -number}]}, {"id": {"$gt": -1}}]}
    assert found(engine, deep) == [1, 2, 3]


def test_numbers_of_64_bits_are_compared_with_columns_of_32(engine: Any) -> None:
    assert len(found(engine, {"quantity": {"$lt": 2**63 - 1}})) == len(found(engine, {"quantity": {"$exists": True}}))
    assert found(engine, {"quantity": -(2**63)}) == []


def test_a_computed_field_and_a_key_of_a_document_are_grouped_by(sales: Any) -> None:
    engine = sales(
        {"quantity": 2, "weight": 1.5, "metadata": {"product_id": "p1"}},
        {"quantity": 3, "weight": 1.0, "metadata": {"product_id": 1}},
        {"metadata": {"product_id": True}},
    )
    assert keys(engine, group_by="total") == ["3", "(none)"]
    assert keys(engine, group_by="metadata.product_id") == ["1", "p1", "true"]


def test_groups_whose_values_differ_in_the_last_digits_are_ties(sales: Any) -> None:
    engine = sales({"note": "b", "weight": 0.1}, {"note": "b", "weight": 0.2}, {"note": "a", "weight": 0.3})
    assert keys(engine, aggregate={"fn": "sum", "field": "weight"}, group_by="note") == ["a", "b"]


def test_a_text_that_looks_like_no_value_is_not_taken_for_it(sales: Any) -> None:
    engine = sales({"note": None}, {"note": "(none)"}, {"note": "(other)"}, {"note": '"(none)"'})
    assert keys(engine, group_by="note") == ['"\\"(none)\\""', '"(none)"', '"(other)"', "(none)"]
    lines = engine.run("time_series", {"entity": "sale", "aggregate": COUNT, "group_by": "note"}).data["buckets"]
    assert len({bucket["series"] for bucket in lines}) == 4


def test_columns_named_like_ours_are_not_mixed_up_with_them(engine: Any) -> None:
    options = {"entity": "sale", "aggregate": {"fn": "sum", "field": "quantity"}, "group_by": ["id", "at"], "limit": 3}
    assert len(engine.run("aggregate_data", {**options, "filters": {"quantity": {"$gt": 0}}}).data["groups"]) == 3


def test_cents_of_large_sums_are_kept_and_chosen_values_are_not_rounded(sales: Any) -> None:
    engine = sales({"amount": Decimal("1234567890.23")}, {"amount": Decimal("9000000000.24")})
    amount = {"entity": "sale", "aggregate": {"fn": "max", "field": "amount"}}
    assert engine.run("aggregate_data", amount).data["value"] == 9000000000.24
    amount["aggregate"]["fn"] = "sum"
    assert engine.run("aggregate_data", amount).data["value"] == 10234567890.47
    assert keys(engine, group_by="amount") == ["1234567890.23", "9000000000.24"]
