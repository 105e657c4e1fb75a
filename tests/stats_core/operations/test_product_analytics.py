"""aggregate_product_analytics on both engines, against the same figures counted row by row in Python."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.database import Database
from stats_core.errors import ExpectedError, InvalidOptionsError, ScopeError, UnknownNameError, UnsupportedError
from stats_core.models import (
    ORDER_STATUSES,
    AnalyticsEvent,
    Merchant,
    Product,
    SalesOrder,
    SalesOrderLine,
    Store,
    Website,
)
from stats_core.panels.cache import memory_cache
from stats_core.panels.operations import build_registry
from stats_core.panels.resolver import Resolver
from stats_core.settings import Settings
from workbench.demo import load_demo

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
STEPS = {
    "views": "product_viewed",
    "carts": "cart_updated",
    "checkouts": "checkout_started",
    "purchases": "payment_completed",
}
NOTHING = {**dict.fromkeys((*STEPS, "units", "revenue"), 0), "view_to_purchase": None}
# Two stores of the first merchant, one of the second; the third store has no website, the last website no store.
STORES = {1: 1, 2: 1, 3: 2, 4: 2}
WEBSITES = {"site_a": 1, "site_b": 2, "site_c": 3, "site_none": None}
PRODUCTS = {1: (1, "Kettle"), 2: (1, "Äpfel"), 3: (2, "Tea"), 4: (3, "Tea"), 5: (4, "Never"), 12: (3, "apples")}
HOSTILE = [
    {}, {"product_id": None}, {"product_id": ""}, {"product_id": "12 apples"}, {"product_id": " 12"},
    {"product_id": "1e0"}, {"product_id": "012"}, {"product_id": 12.5}, {"product_id": True}, {"product_id": [12]},
    {"product_id": {"id": 12}}, {"product_id": 99}, {"product_id": 10**30}, {"product_id": -1},
    {"product_id": "'; DROP TABLE product; --"}, {"product_id": "x" * 5000}, {"product": {"product_id": 12}},
    {"PRODUCT_ID": 12}, [12], "12", 12,
]  # fmt: skip

Row = dict[str, Any]
Ask = Callable[..., Any]


@dataclass(frozen=True)
class Happened:
    """An event, or a line of an order, as the reference reads it."""

    at: datetime
    store: int | None
    product: int
    website: str = ""
    visitor: str = ""
    step: str = ""
    status: str = ""
    units: int = 0
    price: int = 0


def answer(facts: list[Happened], group: str, days: list[date] | None = None, zone: str = "UTC") -> dict[Any, Row]:
    """The figures, by product or by day, of events and lines."""
    by_key: dict[Any, list[Happened]] = {day: [] for day in days or []}
    for fact in facts:
        key = fact.product if group == "product" else fact.at.astimezone(ZoneInfo(zone)).date()
        by_key.setdefault(key, []).append(fact)
    return {key: _figures(own) for key, own in by_key.items()}


def _figures(facts: list[Happened]) -> Row:
    viewers = {fact.visitor for fact in facts if fact.step == "product_viewed"}
    buyers = {fact.visitor for fact in facts if fact.step == "payment_completed"}
    return {
        **{name: sum(fact.step == step for fact in facts) for name, step in STEPS.items()},
        "units": sum(fact.units for fact in facts),
        "revenue": sum(fact.units * fact.price for fact in facts),
        "view_to_purchase": float(f"{len(buyers) / len(viewers):.12g}") if viewers else None,
    }


def counts(fact: Happened) -> bool:
    return bool(fact.step) or fact.status in {"PAID", "FULFILLING", "SHIPPED", "COMPLETE"}


def invent(seed: int = 7, count: int = 400) -> list[Happened]:
    """Events and lines around both changes of Berlin's clocks and around now, to the microsecond."""
    source = random.Random(seed)
    starts = [datetime(2026, 3, 28, tzinfo=UTC), datetime(2025, 10, 25, tzinfo=UTC), NOW - timedelta(days=3)]

    def at() -> datetime:
        midnight = source.choice(starts) + timedelta(hours=source.choice([22, 23, 24, 46, 47]))
        spread = timedelta(microseconds=source.choice([-1, 0, 1, source.randrange(-(10**11), 10**11)]))
        return midnight + spread

    def event() -> Happened:
        website = source.choice(list(WEBSITES))
        step = source.choices(list(STEPS.values()), [6, 3, 2, 1])[0]
        visitor = f"{website}-{source.randrange(9)}"
        return Happened(at(), WEBSITES[website], source.choice([1, 2, 3, 4, 12]), website, visitor, step)

    def line() -> Happened:
        product = source.choice([1, 2, 3, 4, 12])
        status = source.choice(ORDER_STATUSES)
        units, price = source.randint(1, 5), source.randint(0, 3 * 10**9)
        return Happened(at(), PRODUCTS[product][0], product, status=status, units=units, price=price)

    return [event() if source.random() < 0.8 else line() for _ in range(count)]


def store(database: Database, facts: list[Happened], hostile: list[Any] = HOSTILE) -> None:
    """Tables with the facts in them, beside events that name no product or mean something else."""
    with database.write() as session:
        session.add_all(Merchant(id=number, name=f"Merchant {number}") for number in (1, 2))
        session.flush()
        session.add_all(Store(id=number, merchant_id=owner, name=f"Store {number}") for number, owner in STORES.items())
        session.flush()
        session.add_all(
            Product(id=number, store_id=owner, name=name, sku=str(number), unit_price_cents=1)
            for number, (owner, name) in PRODUCTS.items()
        )
        session.add_all(
            Website(id=name, name=name, domain=f"{name}.example", store_id=owner) for name, owner in WEBSITES.items()
        )
        session.flush()
        others = [replace(fact, step="product_shared") for fact in facts if fact.step][:5]
        for number, fact in enumerate([*facts, *others]):
            if fact.step:  # ids come as numbers and as texts
                session.add(_event(number, fact, {"product_id": [fact.product, str(fact.product)][number % 2]}))
            else:
                order = SalesOrder(
                    store_id=fact.store, status=fact.status, customer_name="", total_cents=0, created_at=fact.at
                )
                order.lines.append(
                    SalesOrderLine(
                        product_id=fact.product, product_name="as it was", sku="", quantity=fact.units,
                        unit_price_cents=fact.price, created_at=NOW,
                    )
                )  # fmt: skip
                session.add(order)
        somewhere = Happened(NOW, 3, 12, "site_c", "stranger", "product_viewed")
        session.add_all(_event(-number, somewhere, metadata) for number, metadata in enumerate(hostile, 1))
        pageview = _event(10**6, somewhere, {"product_id": 12})
        pageview.event_type = "pageview"
        session.add(pageview)


def _event(number: int, fact: Happened, metadata: Any) -> AnalyticsEvent:
    return AnalyticsEvent(
        website_id=fact.website, event_id=str(number), event_type="custom_event", event_name=fact.step, pathname="/",
        visitor_id=fact.visitor, session_id=fact.visitor, metadata_=metadata, timestamp=fact.at,
    )  # fmt: skip


def resolver_of(database: Database, catalog: Catalog | None = None) -> Resolver:
    return Resolver(
        catalog=catalog or build_catalog(Settings(), database),
        registry=build_registry(),
        cache=memory_cache(clock=lambda: NOW, entries=10, megabytes=1),
        clock=lambda: NOW,
    )


@pytest.fixture(scope="module")
def facts() -> list[Happened]:
    return invent()


@pytest.fixture
def ask(database: Database, facts: list[Happened]) -> Ask:
    store(database, facts)
    resolver = resolver_of(database)
    return lambda options=None, **call: resolver.run("aggregate_product_analytics", options or {}, **call)


def by_product(result: Any) -> dict[int, Row]:
    rows = [dict(row) for row in result.data["rows"]]
    return {row.pop("product_id"): row for row in rows}


def by_day(result: Any) -> dict[date, Row]:
    rows = [dict(row) for row in result.data["rows"]]
    return {date.fromisoformat(row.pop("date")): row for row in rows}


def named(figures: dict[int, Row]) -> dict[int, Row]:
    return {product: {"product_name": PRODUCTS[product][1], **row} for product, row in figures.items()}


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def test_figures_by_product_are_those_counted_row_by_row(ask, facts):
    counted = [fact for fact in facts if counts(fact)]
    result = ask()
    assert by_product(result) == named(answer(counted, "product"))
    assert 5 not in by_product(result)  # nothing happened to it
    assert (result.row_count, result.data["group_count"], result.truncated) == (len(counted), 5, False)
    assert list(result.data["rows"][0]) == ["product_name", *NOTHING, "product_id"]
    assert [row["revenue"] for row in result.data["rows"]] == sorted(
        (row["revenue"] for row in result.data["rows"]), reverse=True
    )


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 3, 25), date(2026, 4, 2)), (date(2025, 10, 20), date(2025, 10, 30)), (date(2026, 6, 1), NOW.date())],
)
def test_figures_by_day_are_those_of_the_zones_days_and_no_day_is_left_out(ask, facts, zone, first, last):
    days = days_between(first, last)
    counted = [fact for fact in facts if counts(fact) and fact.at.astimezone(ZoneInfo(zone)).date() in days]
    options = {"group_by": "day", "range": {"from": str(first), "to": str(last)}}
    result = ask(options, timezone=zone)
    assert by_day(result) == answer(counted, "day", days, zone)
    assert [row["date"] for row in result.data["rows"]] == [str(day) for day in days]
    assert (result.row_count, result.data["group_count"], result.truncated) == (len(counted), len(days), False)
    assert counted
    assert NOTHING in by_day(result).values()
    of_products = by_product(ask({**options, "group_by": "product"}, timezone=zone))
    assert of_products == named(answer(counted, "product"))


def test_without_a_range_the_days_reach_from_the_first_to_the_last_with_data(ask, facts):
    counted = [fact for fact in facts if counts(fact)]
    found = [fact.at.date() for fact in counted]
    days = days_between(min(found), max(found))
    assert by_day(ask({"group_by": "day"})) == answer(counted, "day", days)
    later = [fact for fact in counted if fact.at >= datetime(2026, 5, 1, tzinfo=UTC)]
    days = days_between(date(2026, 5, 1), max(found))
    assert by_day(ask({"group_by": "day", "range": {"from": "2026-05-01"}})) == answer(later, "day", days)


def test_a_store_has_the_events_of_its_websites_and_its_own_orders(ask, facts):
    for number in STORES:
        own = [fact for fact in facts if counts(fact) and fact.store == number]
        assert by_product(ask({"store_id": number})) == named(answer(own, "product"))
    assert ask({"store_id": 99}).data == {"rows": [], "row_count": 0, "truncated": False, "group_count": 0}


def test_a_website_has_its_events_and_the_orders_of_its_store(ask, facts):
    for name, owner in WEBSITES.items():
        own = [fact for fact in facts if counts(fact) and (fact.website == name if fact.step else fact.store == owner)]
        assert by_product(ask({"website_id": name})) == named(answer(own, "product"))
    own = [fact for fact in facts if counts(fact) and fact.store == 1]
    assert by_product(ask({"website_id": "site_a", "store_id": 1})) == named(answer(own, "product"))
    assert by_product(ask({"website_id": "site_a", "store_id": 3})) == {}


def test_only_the_products_asked_for_count(ask, facts):
    own = [fact for fact in facts if counts(fact) and fact.product in {2, 12}]
    for ids in ([2, 12], ["2", 12.0, 2], [2, 12, 77, 10**18]):
        assert by_product(ask({"product_ids": ids})) == named(answer(own, "product"))
    days = days_between(date(2026, 6, 1), NOW.date())
    recent = [fact for fact in own if fact.at.date() in days]
    options = {"product_ids": [2, 12], "group_by": "day", "range": {"from": "2026-06-01", "to": "2026-06-15"}}
    assert by_day(ask(options)) == answer(recent, "day", days)
    assert by_product(ask({"productIds": 2})).keys() == {2}
    assert by_product(ask({"product_ids": []})) == {}


def test_a_merchant_or_store_sees_its_own_and_nothing_else(ask, facts):
    """An event on somebody else's website that names a merchant's product is not the merchant's, nor is the product."""
    for scope in (
        Scope("merchant", 1),
        Scope("merchant", 2),
        Scope("store", 1),
        Scope("store", 4),
        Scope("merchant", 9),
    ):
        stores = {
            number for number, owner in STORES.items() if scope.id == (owner if scope.level == "merchant" else number)
        }
        own = [
            fact
            for fact in facts
            if counts(fact) and fact.store in stores and PRODUCTS[fact.product][0] in stores
        ]  # fmt: skip
        assert by_product(ask(scope=scope)) == named(answer(own, "product"))
        days = days_between(date(2026, 6, 1), NOW.date())
        options = {"group_by": "day", "range": {"from": "2026-06-01", "to": "2026-06-15"}}
        recent = [fact for fact in own if fact.at.date() in days]
        assert by_day(ask(options, scope=scope)) == answer(recent, "day", days)
    assert by_product(ask({"store_id": 3}, scope=Scope("merchant", 1))) == {}
    assert by_product(ask({"website_id": "site_c"}, scope=Scope("merchant", 1))) == {}


def test_an_event_that_names_no_product_counts_for_nothing(ask, database, facts):
    with database.read() as session:
        strangers = session.scalar(text("SELECT count(*) FROM analytics_event WHERE visitor_id = 'stranger'"))
    assert strangers == len(HOSTILE) + 1
    counted = [fact for fact in facts if counts(fact) and fact.product == 12]
    assert by_product(ask({"product_ids": [12]})) == named(answer(counted, "product"))


def test_units_and_revenue_are_those_of_completed_orders(database):
    lines = [Happened(NOW, 1, 1, status=status, units=1, price=10) for status in ORDER_STATUSES]
    store(database, lines)
    resolver = resolver_of(database)
    completed = resolver.run("aggregate_data", {"entity": "sales_order", "aggregate": {"measure": "completed_orders"}})
    row = by_product(resolver.run("aggregate_product_analytics", {}))[1]
    assert row == {"product_name": "Kettle", **NOTHING, "units": 4, "revenue": 40}
    assert completed.data["value"] == 4


def test_who_bought_is_divided_by_who_viewed(database):
    def step(visitor: str, name: str) -> Happened:
        return Happened(NOW, 1, 1, "site_a", visitor, name)

    viewed = [step(visitor, "product_viewed") for visitor in "aabbbcddd"]
    store(database, [*viewed, *(step(visitor, "payment_completed") for visitor in "aaax")])
    row = by_product(resolver_of(database).run("aggregate_product_analytics", {}))[1]
    assert row == {"product_name": "Kettle", **NOTHING, "views": 9, "purchases": 4, "view_to_purchase": 0.5}


def test_the_greatest_revenue_comes_first_and_ties_by_name_then_id(database):
    lines = [Happened(NOW, PRODUCTS[number][0], number, status="PAID", units=1, price=5) for number in (12, 4, 3, 2)]
    views = [Happened(NOW, 1, 1, "site_a", "a", "product_viewed")]
    store(database, [*lines, *views], hostile=[])
    resolver = resolver_of(database)

    def order(**options: Any) -> list[int]:
        return [row["product_id"] for row in resolver.run("aggregate_product_analytics", options).data["rows"]]

    assert order() == [3, 4, 12, 2, 1]
    assert order(sort=[{"field": "product_name", "direction": "desc"}]) == [2, 12, 3, 4, 1]
    assert order(sort=[{"field": "product_id"}]) == [1, 2, 3, 4, 12]
    assert order(sort=[{"field": "view_to_purchase"}]) == [1, 3, 4, 12, 2]
    assert order(sort=[{"field": "view_to_purchase", "direction": "desc"}]) == [1, 3, 4, 12, 2]
    assert order(sort=[{"field": "revenue"}, {"field": "product_id", "direction": "desc"}]) == [1, 12, 4, 3, 2]


def test_a_limit_cuts_rows_and_says_so(ask, facts):
    counted = [fact for fact in facts if counts(fact)]
    everything = ask()
    result = ask({"limit": 2})
    assert result.data["rows"] == everything.data["rows"][:2]
    assert (result.row_count, result.data["group_count"], result.truncated) == (len(counted), 5, True)
    options = {"group_by": "day", "range": {"from": "2026-06-01", "to": "2026-06-15"}}
    sort = [{"field": "view_to_purchase", "direction": "desc"}, {"field": "date", "direction": "desc"}]
    days = ask({**options, "sort": sort, "limit": 4})
    rated = [(row["view_to_purchase"] or -1, row["date"]) for row in ask(options).data["rows"]]
    assert [row["date"] for row in days.data["rows"]] == [day for _, day in sorted(rated, reverse=True)[:4]]
    assert (days.data["group_count"], days.truncated) == (15, True)


def test_a_hundred_products_come_back_unless_told(database):
    store(database, [], hostile=[])
    with database.write() as session:
        session.add_all(
            Product(id=number, store_id=1, name=f"{number}", sku=f"{number}", unit_price_cents=1)
            for number in range(100, 205)
        )
        session.flush()
        viewed = Happened(NOW, 1, 1, "site_a", "a", "product_viewed")
        session.add_all(_event(number, viewed, {"product_id": number}) for number in range(100, 205))
    resolver = resolver_of(database)
    found = [resolver.run("aggregate_product_analytics", options) for options in ({}, {"limit": 10_000})]
    assert [(len(r.data["rows"]), r.data["group_count"], r.truncated) for r in found] == [
        (100, 105, True),
        (105, 105, False),
    ]


def test_where_nothing_happened_there_are_no_products_and_the_days_are_empty(database):
    resolver = resolver_of(database)
    none = {"rows": [], "row_count": 0, "truncated": False, "group_count": 0}
    assert resolver.run("aggregate_product_analytics", {}).data == none
    assert resolver.run("aggregate_product_analytics", {"group_by": "day"}).data == none
    assert resolver.run("aggregate_product_analytics", {"group_by": "day", "range": {"last_days": 2}}).data == {
        "rows": [{"date": "2026-06-14", **NOTHING}, {"date": "2026-06-15", **NOTHING}],
        "row_count": 0,
        "truncated": False,
        "group_count": 2,
    }


BAD: list[tuple[Row, type[ExpectedError], str]] = [
    ({"group_by": "week"}, InvalidOptionsError, "group_by"),
    ({"store_id": "one"}, InvalidOptionsError, "store_id"),
    ({"store_id": True}, InvalidOptionsError, "store_id"),
    ({"store_id": 10**30}, InvalidOptionsError, "store_id"),
    ({"website_id": 7}, InvalidOptionsError, "website_id"),
    ({"website_id": "x" * 20_000}, InvalidOptionsError, "website_id"),
    ({"product_ids": [1, "x"]}, InvalidOptionsError, "product_ids[1]"),
    ({"product_ids": list(range(1_001))}, InvalidOptionsError, "product_ids"),
    ({"product_ids": {"$in": [1]}}, InvalidOptionsError, "product_ids"),
    ({"limit": 0}, InvalidOptionsError, "limit"),
    ({"limit": 10_001}, InvalidOptionsError, "limit"),
    ({"limit": "5"}, InvalidOptionsError, "limit"),
    ({"sort": [{"field": "view"}]}, UnknownNameError, "sort[0].field"),
    ({"sort": [{"field": "views"}, {"field": "date"}]}, UnknownNameError, "sort[1].field"),
    ({"group_by": "day", "sort": [{"field": "product_name"}]}, UnknownNameError, "sort[0].field"),
    ({"range": {"from": "2026-02-01", "to": "2026-01-01"}}, InvalidOptionsError, "range.to"),
    ({"range": {"from": "2000-01-01", "to": "2026-01-01"}, "group_by": "day"}, InvalidOptionsError, "range"),
    ({"entity": "product"}, InvalidOptionsError, "entity"),
]


@pytest.mark.parametrize(("options", "kind", "path"), BAD, ids=[json.dumps(options)[:40] for options, _, _ in BAD])
def test_options_that_do_not_fit_are_refused_with_their_path(sqlite_database, options, kind, path):
    with pytest.raises(kind) as refused:
        resolver_of(sqlite_database).run("aggregate_product_analytics", options)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_an_unknown_zone_is_refused(sqlite_database):
    with pytest.raises(UnknownNameError, match="Berlim"):
        resolver_of(sqlite_database).run("aggregate_product_analytics", {}, timezone="Europe/Berlim")


def test_a_large_id_is_no_product_and_no_store(ask):
    assert by_product(ask({"store_id": 2**40})) == by_product(ask({"product_ids": [2**62]})) == {}


def test_it_says_so_where_a_table_stands_elsewhere(sqlite_database):
    own = build_catalog(Settings(), sqlite_database)
    moved = [replace(e, source="archive") if e.name == "analytics_event" else e for e in own.entities.values()]
    with pytest.raises(UnsupportedError, match="'analytics_event' stands on 'archive'"):
        resolver_of(sqlite_database, Catalog(moved, [own.source("workbench")])).run("aggregate_product_analytics", {})


def test_it_fails_closed_where_a_table_has_no_way_to_the_scope(sqlite_database):
    own = build_catalog(Settings(), sqlite_database)
    open_ended = [replace(e, scope_paths={}) if e.name == "product" else e for e in own.entities.values()]
    resolver = resolver_of(sqlite_database, Catalog(open_ended, [own.source("workbench")]))
    assert resolver.run("aggregate_product_analytics", {}, scope=PLATFORM).row_count == 0
    with pytest.raises(ScopeError):
        resolver.run("aggregate_product_analytics", {}, scope=Scope("merchant", 1))


def test_it_is_one_statement_without_a_value(ask):
    options = {
        "range": {"from": "2026-03-01", "to": "2026-06-15"},
        "store_id": 777,
        "website_id": "site_of_nobody",
        "product_ids": [778],
    }
    for group_by in ("product", "day"):
        statement = ask({**options, "group_by": group_by}, timezone=BERLIN).statement
        assert statement.count(";") == 0
        for value in ("777", "778", "site_of_nobody", "product_viewed", "FULFILLING", "product_id'"):
            assert value not in statement


def test_in_the_demo_what_was_paid_on_the_website_was_ordered_there(database):
    load_demo(database, now=NOW, days=60, scale=0.2)
    resolver = resolver_of(database)
    with database.read() as session:
        shops = session.execute(text("SELECT id, store_id FROM website ORDER BY id")).all()
        per_product = text(
            "SELECT l.product_id, count(*) AS lines, sum(l.quantity) AS units, sum(l.quantity * l.unit_price_cents)"
            " AS revenue FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id WHERE o.store_id = :store"
            " AND o.status IN ('PAID', 'FULFILLING', 'SHIPPED', 'COMPLETE') GROUP BY l.product_id"
        )
        paid = text(
            "SELECT l.product_id, count(*) FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id"
            " WHERE o.store_id = :store AND o.status NOT IN ('PENDING', 'CANCELLED') GROUP BY l.product_id"
        )
        for website, number in shops:
            rows = by_product(resolver.run("aggregate_product_analytics", {"website_id": website, "limit": 1000}))
            ordered = {row[0]: row[1:] for row in session.execute(per_product, {"store": number})}
            assert {key: (row["units"], row["revenue"]) for key, row in rows.items() if row["units"]} == {
                key: (int(units), int(revenue)) for key, (_, units, revenue) in ordered.items()
            }
            payments = dict(session.execute(paid, {"store": number}).all())
            assert {key: row["purchases"] for key, row in rows.items() if row["purchases"]} == payments
            assert sum(payments.values()) > 10
            assert all(row["views"] >= row["checkouts"] >= row["purchases"] for row in rows.values())
