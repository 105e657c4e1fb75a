"""A million rows, each a group of its own: ten thousand come back, and how many there were is known."""

from __future__ import annotations

from typing import Any

import pytest

MILLION = 1_000_000
NUMBERS = {
    "sqlite": "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n "
    f"WHERE id < {MILLION}) SELECT id FROM n",
    "postgresql": f"SELECT id FROM generate_series(1, {MILLION}) AS n (id)",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def million(request: pytest.FixtureRequest, tables: Any) -> Any:
    engine = request.getfixturevalue(f"{request.param}_engine")
    engine.hold({**tables, "sale": []})
    engine.held = None  # what follows is in no list
    engine.write(
        "INSERT INTO sale (id, note, quantity, at) SELECT id, 'note ' || id, id % 10, '2026-01-01 00:00:00' "
        f"FROM ({NUMBERS[request.param]}) AS numbers"
    )
    return engine


@pytest.mark.slow
def test_ten_thousand_of_a_million_groups_come_back(million: Any) -> None:
    options = {"entity": "sale", "aggregate": {"fn": "sum", "field": "quantity"}, "group_by": "note"}
    found = million.run("aggregate_data", options).data
    assert (len(found["groups"]), found["group_count"], found["row_count"], found["truncated"]) == (
        10_000,
        MILLION,
        MILLION,
        True,
    )
    assert found["groups"][0] == {"key": "note 100009", "keys": {"note": "note 100009"}, "value": 9}
    line = {"entity": "sale", "aggregate": {"fn": "count"}, "group_by": "note", "precision": "year", "series_limit": 1}
    series = million.run("time_series", line).data
    assert [(bucket["series"], bucket["value"]) for bucket in series["buckets"]] == [
        ("note 1", 1),
        ("(other)", MILLION - 1),
    ]
    page = million.run("read_data", {"entity": "sale", "fields": ["id"], "limit": 2, "offset": MILLION - 1}).data
    assert page == {"rows": [{"id": MILLION}], "row_count": MILLION, "truncated": False}
