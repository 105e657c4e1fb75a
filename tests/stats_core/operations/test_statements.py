"""The SQL of typical calls, for people to read: `tests/golden/`. Changed on purpose with WORKBENCH_WRITE_GOLDEN=1."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.own import own_entities
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.catalog.source import DatabaseSource
from stats_core.operations.context import OperationContext
from stats_core.operations.data import DATA_OPERATIONS

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
OPERATIONS = {operation.type: operation for operation in DATA_OPERATIONS}
SITE = {"website_id": "site_p0ison"}
CALLS: dict[str, tuple[str, dict[str, Any], Scope]] = {
    "rows": (
        "read_data",
        {
            "entity": "sales_order",
            "fields": ["id", "status", "store.name"],
            "filters": {"store.merchant.name": {"$starts_with": "p0ison"}, "customer_id": {"$ne": 777123}},
            "sort": [{"field": "created_at", "direction": "desc"}],
        },
        PLATFORM,
    ),
    "visitors": (
        "aggregate_data",
        {
            "entity": "analytics_event",
            "aggregate": {"fn": "count_distinct", "field": "visitor_id"},
            "filters": SITE,
            "range": {"preset": "30d"},
        },
        PLATFORM,
    ),
    "bounce_rate": (
        "aggregate_data",
        {"entity": "analytics_session", "aggregate": {"measure": "bounce_rate"}, "filters": SITE},
        PLATFORM,
    ),
    "top_pages": (
        "aggregate_data",
        {
            "entity": "analytics_event",
            "aggregate": {"fn": "count"},
            "group_by": "pathname",
            "filters": {**SITE, "metadata.p0ison": "777123"},
            "limit": 10,
            "fetch_limit": 777124,
        },
        PLATFORM,
    ),
    "revenue_by_day": (
        "time_series",
        {"entity": "sales_order", "aggregate": {"measure": "revenue"}, "range": {"preset": "30d"}},
        PLATFORM,
    ),
    "lines_by_hour": (
        "time_series",
        {
            "entity": "analytics_event",
            "aggregate": {"fn": "count"},
            "precision": "hour",
            "group_by": "device_type",
            "filters": SITE,
            "range": {"from": "2026-03-28", "to": "2026-03-30"},
        },
        PLATFORM,
    ),
    "orders_of_a_merchant": (
        "aggregate_data",
        {"entity": "sales_order_line", "aggregate": {"measure": "units"}, "group_by": "product.name"},
        Scope("merchant", 777123),
    ),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_the_sql_of_a_typical_call_is_the_golden_one(database: Any, name: str) -> None:
    operation_type, options, scope = CALLS[name]
    operation = OPERATIONS[operation_type]
    catalog = Catalog(own_entities(), [DatabaseSource(database)])
    context = OperationContext(catalog=catalog, now=NOW, timezone="Europe/Berlin", scope=scope)
    statement = operation.execute(operation.options.model_validate(options), context).statement
    assert "p0ison" not in statement
    assert "77712" not in statement
    golden = GOLDEN / f"{name}.{database.dialect}.sql"
    if os.environ.get("WORKBENCH_WRITE_GOLDEN"):
        golden.write_text(pretty(statement))
    assert pretty(statement) == golden.read_text()


def test_every_golden_statement_belongs_to_a_call() -> None:
    expected = {f"{name}.{dialect}.sql" for name in CALLS for dialect in ("sqlite", "postgresql")}
    assert {file.name for file in GOLDEN.glob("*.sql")} == expected


CLAUSE = re.compile(r"\s+(?=(FROM|WHERE|GROUP BY|ORDER BY|LIMIT|LEFT OUTER JOIN|(?<!OUTER )JOIN|UNION ALL|SELECT)\b)")


def pretty(statement: str) -> str:
    """One clause per line, subqueries indented."""
    flat = " ".join(statement.split())
    lines, depth, opened = [""], 0, list[bool]()
    for part in re.split(r"(\(|\))", flat):
        if part == ")":
            nested = opened.pop()
            depth -= nested
            lines.append("  " * depth + ")") if nested else _append(lines, ")")
        elif part == "(":
            opened.append(False)
            _append(lines, "(")
        elif part:
            if opened and lines[-1].endswith("(") and part.startswith("SELECT"):
                opened[-1] = True
                depth += 1
                lines.append("  " * depth)
            first, *rest = CLAUSE.sub("\n", part).split("\n")
            _append(lines, first)
            lines.extend("  " * depth + clause for clause in rest)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _append(lines: list[str], text: str) -> None:
    lines[-1] += text
