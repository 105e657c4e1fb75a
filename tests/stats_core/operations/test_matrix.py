"""Every operation over the same rows on every engine gives what plain Python gives: whole results."""

from __future__ import annotations

from typing import Any

import pytest

COUNT = {"fn": "count"}
SUM = {"fn": "sum", "field": "amount"}

AGGREGATES: list[dict[str, Any]] = [
    COUNT,
    {"fn": "count", "field": "amount"},
    SUM,
    {"fn": "sum", "field": "quantity"},
    {"fn": "sum", "field": "weight"},
    {"fn": "sum", "field": "total"},
    {"fn": "avg", "field": "amount"},
    {"fn": "avg", "field": "quantity"},
    {"fn": "avg", "field": "total"},
    {"fn": "min", "field": "weight"},
    {"fn": "max", "field": "quantity"},
    {"fn": "min", "field": "note"},
    {"fn": "max", "field": "note"},
    {"fn": "min", "field": "day"},
    {"fn": "max", "field": "at"},
    {"fn": "max", "field": "clock"},
    {"fn": "max", "field": "seller.name"},
    {"fn": "count_distinct", "field": "note"},
    {"fn": "count_distinct", "field": "seller.tier"},
    {"fn": "count_distinct", "field": "metadata.deep.er"},
    {"fn": "count_distinct", "field": "day"},
    {"fn": "count_distinct", "field": "flag"},
    {"measure": "pieces"},
    {"measure": "per_row"},
    {"measure": "flagged"},
    {"measure": "statuses"},
    {"measure": "net"},
]

FILTERS: list[dict[str, Any]] = [
    {},
    {"status": "PAID"},
    {"status": None},
    {"status": ["PAID", "paid", None]},
    {"status": []},
    {"status": {"$in": [None]}},
    {"status": {"$nin": ["PAID", None]}},
    {"status": {"$nin": ["PAID"]}},
    {"status": {"$nin": []}},
    {"status": {"$eq": "Paid"}},
    {"status": {"$eq": None}},
    {"status": {"$ne": "PAID"}},
    {"status": {"$ne": None}},
    {"status": {"$exists": True}},
    {"status": {"$exists": False}},
    {"note": {"$gt": "PAID"}},
    {"note": {"$gte": "a%b", "$lt": "ä"}},
    {"note": {"$lte": "Z"}},
    {"note": {"$between": ["A", "a"]}},
    {"note": {"$like": "P%"}},
    {"note": {"$like": "%a_d"}},
    {"note": {"$like": "a\\_b"}},
    {"note": {"$like": "a\\\\b"}},
    {"note": {"$like": "100\\%"}},
    {"note": {"$like": "*[x]_"}},
    {"note": {"$like": "%"}},
    {"note": {"$like": ""}},
    {"note": {"$like": "__"}},
    {"note": {"$like": "line%break"}},
    {"note": {"$ilike": "%ärger%"}},
    {"note": {"$ilike": "NAÏ_E"}},
    {"note": {"$ilike": "paid"}},
    {"note": {"$ilike": "*[X]?"}},
    {"note": {"$ilike": "line%BREAK"}},
    {"note": {"$contains": "%"}},
    {"note": {"$contains": "_"}},
    {"note": {"$contains": "\\"}},
    {"note": {"$contains": "AI"}},
    {"note": {"$contains": ""}},
    {"note": {"$starts_with": "P"}},
    {"note": {"$starts_with": "*["}},
    {"note": {"$starts_with": ""}},
    {"note": {"$ends_with": "id"}},
    {"note": {"$ends_with": "smile"}},
    {"note": {"$ends_with": ""}},
    {"note": "it's"},
    {"note": ["日本", 'say "hi"', "😀 smile"]},
    {"quantity": 3},
    {"quantity": {"$gt": 2, "$lte": 7}},
    {"quantity": {"$in": [1, 2, 3, None]}},
    {"quantity": {"$between": [-2, 2]}},
    {"quantity": {"$lt": 9_000_000_000}},
    {"amount": {"$gte": 100.5}},
    {"amount": {"$lt": -1}},
    {"weight": {"$in": [0.25, 0.5, 1]}},
    {"weight": {"$ne": 0.25}},
    {"flag": True},
    {"flag": False},
    {"flag": {"$ne": True}},
    {"flag": [True, None]},
    {"flag": {"$nin": [False]}},
    {"day": "2026-05-01"},
    {"day": {"$gt": "2026-05-01"}},
    {"day": {"$between": ["2026-04-01", "2026-04-30"]}},
    {"day": {"$nin": ["2026-05-01", "2026-05-02"]}},
    {"at": "2026-05-01"},
    {"at": {"$gt": "2026-03-29"}},
    {"at": {"$gte": "2026-03-29"}},
    {"at": {"$lt": "2026-03-29"}},
    {"at": {"$lte": "2026-03-29"}},
    {"at": {"$between": ["2026-03-29", "2026-04-05"]}},
    {"at": ["2026-03-28", "2026-03-29", "2025-10-26T01:00:00Z"]},
    {"at": "2025-10-26T01:00:00Z"},
    {"at": {"$gt": "2025-10-26T03:00:00+02:00", "$lt": "2026-04-04T15:00:00"}},
    {"seen_at": {"$ne": "2026-05-01"}},
    {"seen_at": {"$gte": "2026-06-01T00:00:00.000001Z"}},
    {"clock": {"$gte": "2026-05-01T12:00"}},
    {"clock": {"$lte": "2026-05-01"}},
    {"clock": "2026-05-01"},
    {"metadata": None},
    {"metadata": {"$exists": True}},
    {"metadata.product_id": "p1"},
    {"metadata.product_id": None},
    {"metadata.product_id": {"$in": ["p2", "3"]}},
    {"metadata.ok": "true"},
    {"metadata.deep.er": {"$starts_with": "y"}},
    {"metadata.deep.er": {"$gte": "x"}},
    {"metadata.deep.er": "1.5"},
    {"metadata.wei rd-key": {"$exists": True}},
    {"metadata.nowhere.at.all": None},
    {"metadata.product_id.deeper": {"$exists": False}},
    {"total": {"$gt": 10}},
    {"seller.tier": "gold"},
    {"seller.tier": None},
    {"seller.tier": {"$ne": "gold"}},
    {"seller.country.name": "Österreich"},
    {"seller.country.name": {"$nin": ["Chile"]}},
    {"seller.name": {"$like": "Seller _"}},
    {"$and": []},
    {"$or": []},
    {"$not": {}},
    {"$or": [{"status": "PAID"}, {"quantity": {"$gt": 5}}]},
    {"$and": [{"status": "PAID"}, {"quantity": {"$gt": 5}}]},
    {"$or": [{"status": None, "flag": True}, {"$not": {"$or": [{"flag": None}, {"note": {"$contains": "a"}}]}}]},
    {"quantity": {"$not": {"$gt": 3}}},
    {"quantity": {"$not": {"$gt": 3, "$lt": 7}}},
    {"status": {"$not": {"$in": ["PAID", None]}}},
]
PRECISIONS = ["hour", "day", "week", "month", "quarter", "year"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda found: "-".join(found.values()))
def test_one_figure(engine: Any, same: Any, aggregate: dict[str, str]) -> None:
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": aggregate})
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": aggregate, "filters": {"status": "PAID"}})
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": aggregate, "filters": {"note": "nowhere"}})


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda found: "-".join(found.values()))
def test_a_figure_by_group_and_by_week(engine: Any, same: Any, aggregate: dict[str, str]) -> None:
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": aggregate, "group_by": "status"})
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": aggregate, "group_by": "status", "sort": "asc"})
    series = {"entity": "sale", "aggregate": aggregate, "precision": "week", "range": {"preset": "90d"}}
    same(engine, "time_series", series, "Europe/Berlin")
    same(engine, "time_series", {**series, "group_by": "status", "series_limit": 2}, "Europe/Berlin")


@pytest.mark.parametrize("number", range(len(FILTERS)), ids=lambda number: str(FILTERS[number])[:60])
def test_filters_and_their_contraries(engine: Any, same: Any, number: int) -> None:
    for filters in (FILTERS[number], {"$not": FILTERS[number]}):
        options = {"entity": "sale", "filters": filters, "fields": ["id", "note"], "limit": 1000}
        same(engine, "read_data", options, "Europe/Berlin")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"limit": 5},
        {"limit": 5, "offset": 3},
        {"offset": 258},
        {"offset": 10_000},
        {"filters": {"note": "nowhere"}},
        {"filters": {"note": "nowhere"}, "offset": 5},
        {"sort": [{"field": "note"}]},
        {"sort": [{"field": "note", "direction": "desc"}]},
        {"sort": [{"field": "status"}, {"field": "at", "direction": "desc"}]},
        {"sort": [{"field": "flag", "direction": "desc"}, {"field": "amount"}]},
        {"sort": [{"field": "seller.country.name"}, {"field": "day", "direction": "desc"}], "limit": 30},
        {"sort": [{"field": "metadata.deep.er"}, {"field": "clock"}]},
        {"sort": [{"field": "total", "direction": "desc"}], "fields": ["total", "id"]},
        {"fields": ["id", "seller.name", "seller.country.name", "metadata.product_id", "metadata.deep", "total"]},
        {"fields": ["at", "clock", "day", "seen_at"], "range": {"preset": "30d"}},
        {"range": {"from": "2026-03-29", "to": "2026-03-29"}, "fields": ["id", "at"]},
        {"range": {"from": "2026-03-29", "to": "2026-04-01"}, "date_field": "day", "fields": ["id", "day"]},
        {
            "range": {"from": "2026-03-29T00:30", "to": "2026-04-01T12:00:00Z"},
            "date_field": "clock",
            "fields": ["clock"],
        },
        {"range": {"from": "2026-05-01"}, "date_field": "seen_at", "fields": ["id"], "limit": 1000},
        {"range": {"to": "2026-05-01T00:00:00Z"}, "date_field": "seen_at", "fields": ["id"], "limit": 1000},
    ],
    ids=str,
)
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_pages_of_rows(engine: Any, same: Any, options: dict[str, Any], timezone: str) -> None:
    if "metadata.deep" in options.get("fields", []):  # a document's own text is the engine's
        options = {**options, "fields": [name for name in options["fields"] if name != "metadata.deep"]}
    same(engine, "read_data", {"entity": "sale", **options}, timezone)


@pytest.mark.parametrize(
    "options",
    [
        {"group_by": ["status", "flag"]},
        {"group_by": ["seller.tier", "seller.country.name"], "aggregate": SUM},
        {"group_by": "seller.name", "aggregate": SUM, "limit": 2},
        {"group_by": "seller.name", "aggregate": SUM, "limit": 2, "sort": "asc"},
        {"group_by": "metadata.product_id"},
        {"group_by": ["metadata.ok", "metadata.nowhere"]},
        {"group_by": "note", "limit": 7},
        {"group_by": "quantity", "sort": "asc"},
        {"group_by": "amount", "limit": 9},
        {"group_by": "weight", "aggregate": {"fn": "max", "field": "note"}},
        {"group_by": "day", "aggregate": {"fn": "max", "field": "at"}, "limit": 12},
        {"group_by": "at", "limit": 20},
        {"group_by": "clock", "limit": 20},
        {"group_by": "flag", "range": {"last_days": 45}, "aggregate": {"measure": "per_row"}},
        {"group_by": "status", "fetch_limit": 50},
        {"group_by": "status", "fetch_limit": 260},
        {"group_by": "status", "fetch_limit": 5000, "filters": {"flag": True}},
        {"fetch_limit": 17, "aggregate": SUM},
        {"fetch_limit": 17, "aggregate": {"fn": "count_distinct", "field": "note"}, "filters": {"flag": True}},
        {"fetch_limit": 1000, "filters": {"note": "nowhere"}},
        {"group_by": "status", "fetch_limit": 3, "filters": {"note": "nowhere"}},
        {"group_by": "note", "filters": {"note": "nowhere"}},
    ],
    ids=str,
)
def test_groups(engine: Any, same: Any, options: dict[str, Any]) -> None:
    if options.get("group_by") == "note":
        options = {**options, "filters": {"note": {"$nin": ["(none)"]}, **options.get("filters", {})}}
    same(engine, "aggregate_data", {"entity": "sale", "aggregate": COUNT, **options}, "Asia/Kathmandu")


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_buckets_of_moments_in_every_kind_of_zone(engine: Any, same: Any, precision: str, timezone: str) -> None:
    options = {"entity": "sale", "aggregate": COUNT, "precision": precision}
    same(engine, "time_series", {**options, "range": {"from": "2026-03-07", "to": "2026-04-06"}}, timezone)
    odd_ends = {"from": "2025-10-24T12:00", "to": "2025-10-28T23:59:59"}
    same(engine, "time_series", {**options, "range": odd_ends, "fill_gaps": False}, timezone)


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("date_field", ["seen_at", "day", "clock"])
def test_buckets_of_dates_and_wall_clocks(
    engine: Any, same: Any, date_field: str, precision: str, timezone: str
) -> None:
    if (date_field, precision) == ("day", "hour"):  # a date has no hours
        return
    options = {"entity": "sale", "aggregate": COUNT, "date_field": date_field, "precision": precision}
    same(engine, "time_series", {**options, "range": {"from": "2026-03-07", "to": "2026-04-06"}}, timezone)
    odd_ends = {"from": "2025-10-24T12:00", "to": "2025-10-28T23:59:59"}
    same(engine, "time_series", {**options, "range": odd_ends, "fill_gaps": False}, timezone)


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("precision", PRECISIONS[1:])
@pytest.mark.parametrize("date_field", ["at", "day", "clock"])
def test_buckets_of_open_ranges_reach_as_far_as_the_data(
    engine: Any, same: Any, date_field: str, precision: str, timezone: str
) -> None:
    options = {"entity": "sale", "aggregate": COUNT, "date_field": date_field, "precision": precision}
    same(engine, "time_series", options, timezone)
    same(engine, "time_series", {**options, "range": {"from": "2026-05-20"}, "fill_gaps": False}, timezone)


@pytest.mark.parametrize("preset", ["today", "7d", "30d", "90d", "ytd", "12m", "all"])
def test_presets(engine: Any, same: Any, preset: str) -> None:
    options = {"entity": "sale", "aggregate": SUM, "precision": "month", "range": {"preset": preset}}
    same(engine, "time_series", options, "America/New_York")


@pytest.mark.parametrize(
    "options",
    [
        {"group_by": "status"},
        {"group_by": "status", "series_limit": 1},
        {"group_by": "status", "series_limit": 2, "aggregate": {"fn": "avg", "field": "quantity"}},
        {"group_by": "status", "series_limit": 2, "aggregate": {"measure": "net"}},
        {"group_by": "status", "series_limit": 2, "aggregate": {"measure": "statuses"}},
        {"group_by": "status", "series_limit": 2, "fill_gaps": False},
        {"group_by": ["flag", "seller.tier"], "series_limit": 4, "aggregate": {"fn": "sum", "field": "quantity"}},
        {"group_by": "quantity", "series_limit": 3},
        {"group_by": "metadata.product_id", "precision": "quarter"},
        {"group_by": "day", "series_limit": 5, "precision": "month"},
        {"group_by": "flag", "fetch_limit": 40},
        {"group_by": "flag", "filters": {"note": "nowhere"}},
        {"group_by": "flag", "timezone": "Asia/Kathmandu", "precision": "day", "range": {"last_days": 5}},
        {"group_by": "flag", "precision": "hour", "range": {"from": "2025-10-26", "to": "2025-10-26"}},
    ],
    ids=str,
)
def test_several_lines(engine: Any, same: Any, options: dict[str, Any]) -> None:
    same(
        engine, "time_series", {"entity": "sale", "aggregate": COUNT, "precision": "month", **options}, "Europe/Berlin"
    )
