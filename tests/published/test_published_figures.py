"""Figures that other people published on these data, each from operation calls alone.

Sources of the figures, with repository and commit: `published-figures/PUBLISHED.dev.md` in the shared data.
"""

from __future__ import annotations

from typing import Any

import pytest

from stats_core.composition import Workbench

UK = {"Country": "United Kingdom"}
DEC_TO_JUN = {"from": "2010-12-01", "to": "2011-06-30"}
DEC_TO_APR = {"from": "2010-12-01", "to": "2011-04-30"}
YEARS_2012_13 = {"from": "2012-01-01", "to": "2013-12-31"}
REVENUE_MARGIN = {  # USD by month of the order item
    "2012-03": (2999.40, 1830.00),
    "2012-04": (4949.01, 3019.50),
    "2012-05": (5398.92, 3294.00),
    "2012-06": (6998.60, 4270.00),
    "2012-07": (8448.31, 5154.50),
    "2012-08": (11397.72, 6954.00),
    "2012-09": (14347.13, 8753.50),
    "2012-10": (18546.29, 11315.50),
    "2012-11": (30893.82, 18849.00),
    "2012-12": (25294.94, 15433.00),
    "2013-01": (19966.10, 12224.00),
    "2013-02": (26515.02, 16323.00),
    "2013-03": (19896.15, 12197.50),
    "2013-04": (28584.47, 17524.50),
    "2013-05": (29364.29, 17989.50),
    "2013-06": (30544.07, 18716.50),
    "2013-07": (31143.96, 19087.00),
    "2013-08": (31373.92, 19230.00),
    "2013-09": (32723.65, 20053.50),
    "2013-10": (38242.62, 23454.00),
    "2013-11": (46631.02, 28607.00),
    "2013-12": (58262.60, 36190.00),
}
NORTHWIND_REVENUE = {  # published to the cent
    "1996-07": 27861.90,
    "1996-08": 25485.28,
    "1996-09": 26381.40,
    "1996-10": 37515.72,
    "1996-11": 45600.05,
    "1996-12": 45239.63,
    "1997-01": 61258.07,
    "1997-02": 38483.63,
    "1997-05": 53781.29,
    "1997-06": 36362.80,
    "1997-07": 51020.86,
    "1997-08": 47287.67,
    "1997-09": 55629.24,
    "1997-10": 66749.23,
    "1997-11": 43533.81,
    "1997-12": 71398.43,
}
NORTHWIND_GROSS_AND_NET = (884687.25, 825169.17)


def buckets(workbench: Workbench, **options: Any) -> dict[str, float | int | None]:
    data = workbench.resolver.run("time_series", options).data
    return {bucket["date"][:7]: bucket["value"] for bucket in data["buckets"]}


def value(workbench: Workbench, **options: Any) -> float | int | None:
    found: float | int | None = workbench.resolver.run("aggregate_data", options).data["value"]
    return found


def test_online_retail_revenue_by_month(shops: Workbench) -> None:
    assert buckets(
        shops,
        entity="invoice_line",
        date_field="InvoiceDate",
        aggregate={"fn": "sum", "field": "revenue"},
        precision="month",
        range=DEC_TO_APR,
    ) == {
        "2010-12": 748957.020,
        "2011-01": 560000.260,
        "2011-02": 498062.650,
        "2011-03": 683267.080,
        "2011-04": 493207.121,
    }


@pytest.mark.parametrize(
    ("aggregate", "published"),
    [
        ({"fn": "sum", "field": "Quantity"}, [298101, 237381, 225641, 279843, 257666, 306452, 258522]),
        ({"measure": "active_customers"}, [871, 684, 714, 923, 817, 985, 943]),
        ({"fn": "count_distinct", "field": "CustomerID"}, [871, 684, 714, 923, 817, 985, 943]),
    ],
    ids=["units", "active customers by the measure", "active customers"],
)
def test_online_retail_uk_units_and_active_customers(
    shops: Workbench, aggregate: dict[str, str], published: list[int]
) -> None:
    months = ["2010-12", "2011-01", "2011-02", "2011-03", "2011-04", "2011-05", "2011-06"]
    assert buckets(
        shops,
        entity="invoice_line",
        date_field="InvoiceDate",
        filters=UK,
        aggregate=aggregate,
        precision="month",
        range=DEC_TO_JUN,
    ) == dict(zip(months, published, strict=True))


def test_maven_orders_by_quarter(shops: Workbench) -> None:
    assert list(
        buckets(
            shops,
            entity="maven_order",
            date_field="created_at",
            aggregate={"fn": "count"},
            precision="quarter",
            range=YEARS_2012_13,
        ).values()
    ) == [60, 347, 684, 1495, 1273, 1717, 1841, 2616]  # by order date; the published 2013 Q2 and Q3 are by session date


def test_maven_revenue_per_order_by_quarter(shops: Workbench) -> None:
    assert list(
        buckets(
            shops,
            entity="maven_order",
            date_field="created_at",
            aggregate={"measure": "revenue_per_order"},
            precision="quarter",
            range={"from": "2012-01-01", "to": "2012-12-31"},
        ).values()
    ) == [49.99, 49.99, 49.99, 49.99]


@pytest.mark.parametrize(
    ("aggregate", "column"),
    [({"fn": "sum", "field": "price_usd"}, 0), ({"measure": "margin"}, 1)],
    ids=["revenue", "margin"],
)
def test_maven_revenue_and_margin_by_month(shops: Workbench, aggregate: dict[str, str], column: int) -> None:
    assert buckets(
        shops,
        entity="maven_item",
        date_field="created_at",
        aggregate=aggregate,
        precision="month",
        range={"from": "2012-03-01", "to": "2013-12-31"},
    ) == {month: pair[column] for month, pair in REVENUE_MARGIN.items()}


def test_northwind_revenue_by_month_of_the_order_joined_from_its_lines(shops: Workbench) -> None:
    found = buckets(
        shops,
        entity="nw_detail",
        date_field="order.order_date",
        aggregate={"fn": "sum", "field": "revenue"},
        precision="month",
        range={"from": "1996-07-01", "to": "1997-12-31"},
    )
    assert {month: found[month] for month in NORTHWIND_REVENUE} == pytest.approx(NORTHWIND_REVENUE, abs=0.01)


def test_northwind_discounts_are_what_lies_between_gross_and_net(shops: Workbench) -> None:
    net = value(shops, entity="nw_detail", aggregate={"fn": "sum", "field": "revenue"})
    discounts = value(shops, entity="nw_detail", aggregate={"measure": "discounts"})
    assert net is not None
    assert discounts is not None
    # Lines of the orders before 1998: gross and net counted from the CSV with exact decimals.
    assert (round(net + discounts, 2), round(net, 2)) == NORTHWIND_GROSS_AND_NET


def test_rows_of_a_table_without_a_key_can_be_read_and_capped(shops: Workbench) -> None:
    first = {"InvoiceNo": "536365", "Quantity": 6}
    rows = shops.resolver.run(
        "read_data",
        {"entity": "invoice_line", "fields": ["InvoiceNo", "Quantity"], "filters": {"StockCode": "85123A"}, "limit": 1},
    )
    assert (rows.data["rows"], rows.row_count, rows.truncated) == ([first], 1315, True)
    capped = shops.resolver.run(
        "aggregate_data", {"entity": "invoice_line", "aggregate": {"fn": "count"}, "fetch_limit": 1000}
    )
    assert capped.data == {"value": 1000, "row_count": 1000, "truncated": True}
