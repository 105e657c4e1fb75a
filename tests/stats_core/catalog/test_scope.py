"""Scope: whatever an operation selects from, it gets the rows of its caller and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Select,
    column,
    exists,
    false,
    func,
    lateral,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
    union_all,
)

from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.catalog.scope import Scope
from stats_core.database import Database
from stats_core.errors import ScopeError
from stats_core.models import (
    AccessToken,
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    Customer,
    EventRejectionCount,
    Merchant,
    OrderSession,
    Partner,
    Product,
    RejectedEvent,
    SalesOrder,
    SalesOrderLine,
    Store,
    Subscription,
    TeamMember,
    Website,
)
from stats_core.settings import Settings

ANN, BOB = 1, 2  # merchants; Ann has the stores 11 and 12, Bob has 21
STORES = {11: ANN, 12: ANN, 21: BOB}
ORDERS, SHOPS, LINES = SalesOrder.__table__, Store.__table__, SalesOrderLine.__table__
BY_A_FAULT = {11: 21}  # Ann's order points at a customer of Bob's
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all tests here, which only read."""
    if request.param == "sqlite":
        file = shutil.copy(
            request.getfixturevalue("sqlite_template"), tmp_path_factory.mktemp("scope") / "workbench.db"
        )
        with Database(f"sqlite:///{file}") as database:
            yield database
    else:
        server, template = (request.getfixturevalue(name) for name in ("postgresql", "postgresql_template"))
        with server.database(template=template) as url, Database(url) as database:
            yield database


@pytest.fixture(scope="module")
def catalog(database: Database) -> Catalog:
    """Two merchants with three stores; every table has one row per store, or per merchant."""
    with database.write() as session:
        for merchant in (ANN, BOB):
            session.add(Merchant(id=merchant, name=f"merchant {merchant}"))
            session.flush()
            session.add(TeamMember(id=merchant, merchant_id=merchant, name="x", role="owner"))
            session.add(
                Subscription(
                    id=merchant, merchant_id=merchant, plan="pro", status="active", price_cents=900, started_at=NOW
                )
            )
        session.add(Partner(id=1, name="p", status="active", verified=True))
        for store, merchant in STORES.items():
            session.add(Store(id=store, merchant_id=merchant, name=f"store {store}"))
            session.flush()
            session.add(Customer(id=store, store_id=store, name="c"))
        session.flush()
        for store in STORES:
            add_business(session, store)
            add_traffic(session, store)
        add_traffic(session, None)
        session.add(EventRejectionCount(website_id="", hour=NOW, reason="unknown_website", count=1))
    return build_catalog(Settings(), database)


def add_business(session: Any, store: int) -> None:
    session.add(Product(id=store, store_id=store, name="p", sku="s", unit_price_cents=store))
    session.flush()
    session.add(
        SalesOrder(
            id=store,
            store_id=store,
            status="PAID",
            customer_id=BY_A_FAULT.get(store, store),
            customer_name="c",
            total_cents=store,
        )
    )
    session.flush()
    session.add(
        SalesOrderLine(
            id=store, order_id=store, product_id=store, product_name="p", sku="s", quantity=1, unit_price_cents=store
        )
    )
    session.add(OrderSession(id=store, store_id=store, state="STARTED"))


def add_traffic(session: Any, store: int | None) -> None:
    site, number = f"site_{store}", store or 99
    session.add(Website(id=site, name=site, domain=f"{site}.example", store_id=store))
    session.flush()
    common = {"website_id": site, "session_id": "s", "visitor_id": site}
    session.add(AnalyticsEvent(id=number, event_type="pageview", pathname="/", timestamp=NOW, event_id="e", **common))
    session.add(
        AnalyticsSession(
            id=number,
            pageviews=1,
            events=1,
            duration_seconds=0,
            is_bounce=True,
            started_at=NOW,
            last_activity_at=NOW,
            **common,
        )
    )
    session.add(
        AnalyticsDailyStats(
            website_id=site,
            date=date(2026, 6, 15),
            pageviews=1,
            unique_visitors=1,
            sessions=1,
            bounces=1,
            duration_seconds_total=0,
            desktop_visitors=1,
            mobile_visitors=0,
            tablet_visitors=0,
            other_visitors=0,
            rolled_at=NOW,
        )
    )
    session.add(RejectedEvent(id=number, received_at=NOW, website_id=site, reason="bot"))
    session.add(EventRejectionCount(website_id=site, hour=NOW, reason="bot", count=1))


@pytest.fixture
def seen(catalog, ask):
    """The first column of a statement's rows, sorted, as a scope sees them."""

    def run(statement: Select[Any], scope: Scope) -> list[Any]:
        return sorted(row[0] for row in ask(catalog, "workbench", statement, scope=scope).rows)

    return run


SCOPES = [
    (Scope("merchant", ANN), [11, 12]),
    (Scope("merchant", BOB), [21]),
    (Scope("merchant", 3), []),
    (Scope("store", 12), [12]),
    (Scope("store", 21), [21]),
    (Scope("store", 99), []),
]
BY_STORE = [
    "customer",
    "product",
    "sales_order",
    "sales_order_line",
    "order_session",
    "analytics_event",
    "analytics_session",
    "rejected_event",
]


@pytest.mark.parametrize(("scope", "stores"), SCOPES, ids=str)
def test_each_entity_shows_what_belongs_to_the_scope(catalog, seen, scope, stores):
    for name in BY_STORE:
        assert (name, seen(select(catalog.entity(name).table.c.id), scope)) == (name, stores)
    assert seen(select(catalog.entity("store").table.c.id), scope) == stores
    sites = [f"site_{store}" for store in stores]
    assert seen(select(catalog.entity("website").table.c.id), scope) == sites
    for name in ("analytics_daily_stats", "event_rejection_count"):
        assert seen(select(catalog.entity(name).table.c.website_id), scope) == sites


def test_merchants_see_their_own_rows_of_what_belongs_to_merchants(catalog, seen):
    for name in ("merchant", "team_member", "subscription"):
        statement = select(catalog.entity(name).table.c.id)
        assert seen(statement, Scope("merchant", BOB)) == [BOB]
        with pytest.raises(ScopeError, match=f"'{name}' cannot be read in the scope of store 11"):
            seen(statement, Scope("store", 11))


def test_the_platform_sees_everything_by_the_statement_as_it_was_written(catalog, ask):
    orders = catalog.entity("sales_order").table
    found = ask(catalog, "workbench", select(orders.c.id).order_by(orders.c.id))
    assert [row[0] for row in found.rows] == [11, 12, 21]
    assert found.statement == "SELECT sales_order.id \nFROM sales_order ORDER BY sales_order.id"


def joined_with_itself(one: Any, other: Any) -> Select[Any]:
    return (
        select(one.c.id).outerjoin(other, one.c.id != other.c.id).group_by(one.c.id).having(func.count(other.c.id) < 3)
    )


def beside(name: str) -> Any:
    """A CTE called like the table on the way to the owner: it says that the shop 21 is Ann's, and that all are 11's."""
    forged = (select(literal(store).label("id"), literal(ANN).label("merchant_id")) for store in STORES)
    return union_all(*forged).cte(name)


STATEMENTS = {
    "an alias": select(ORDERS.alias("a").c.id),
    "an alias of an alias": select(ORDERS.alias("a").alias("b").c.id),
    "all columns": select(ORDERS),
    "all columns of an alias": select(ORDERS.alias()),
    "a model": select(SalesOrder),
    "an attribute of a model": select(SalesOrder.id).where(SalesOrder.total_cents > 0),
    "a join": select(ORDERS.c.id).select_from(ORDERS.join(SHOPS, ORDERS.c.store_id == SHOPS.c.id)),
    "a join with itself": joined_with_itself(ORDERS.alias(), ORDERS.alias("b")),
    "a join without a condition": select(ORDERS.c.id).select_from(ORDERS.join(SHOPS, true())).distinct(),
    "two tables": select(ORDERS.c.id).where(ORDERS.c.store_id == SHOPS.c.id),
    "an outer join that finds nothing": select(ORDERS.c.id).select_from(ORDERS.outerjoin(SHOPS, false())),
    "a CTE": select(select(ORDERS.c.id).cte("orders").c.id),
    "a CTE called like its own table": select(select(ORDERS.c.id).cte("sales_order").c.id),
    "a recursive CTE called like a table": select(
        (c := select(ORDERS.c.id).cte("store", recursive=True))
        .union(select(ORDERS.c.id).where(ORDERS.c.id == c.c.id))
        .c.id
    ),
    **{
        f"a CTE called {name}, for the table on the way": select(ORDERS.c.id)
        .select_from(ORDERS.join(cte := beside(name), cte.c.id > 0))
        .distinct()
        for name in ("store", "STORE", "sales_order")
    },
    "a recursive CTE": select(
        (c := select(ORDERS.c.id).cte("c", recursive=True)).union(select(ORDERS.c.id).where(ORDERS.c.id == c.c.id)).c.id
    ),
    "a subquery": select(select(ORDERS).subquery().c.id),
    "an IN": select(ORDERS.c.id).where(ORDERS.c.id.in_(select(LINES.c.order_id))),
    "a NOT IN": select(ORDERS.c.id).where(ORDERS.c.id.not_in(select(LINES.c.order_id).where(LINES.c.quantity > 5))),
    "an EXISTS": select(ORDERS.c.id).where(exists().where(LINES.c.order_id == ORDERS.c.id)),
    "a scalar subquery": select(
        select(func.max(LINES.c.order_id)).where(LINES.c.order_id == ORDERS.c.id).scalar_subquery()
    ).select_from(ORDERS),
    "an explicit correlation": select(
        select(func.max(LINES.c.order_id)).where(LINES.c.order_id == ORDERS.c.id).correlate(ORDERS).scalar_subquery()
    ).select_from(ORDERS),
    "a union": select(ORDERS.c.id).union(select(LINES.c.order_id)),
    "a union in a subquery": select(union_all(select(ORDERS.c.id), select(LINES.c.id)).subquery().c.id).distinct(),
    "a window": select(func.max(ORDERS.c.id).over(partition_by=ORDERS.c.id, order_by=ORDERS.c.total_cents)),
    "an aggregate": select(func.sum(ORDERS.c.total_cents)).group_by(ORDERS.c.id),
    "a limit in a subquery": select(select(ORDERS.c.id).order_by(ORDERS.c.id).limit(3).subquery().c.id),
}  # fmt: skip


@pytest.mark.parametrize("statement", list(STATEMENTS.values()), ids=list(STATEMENTS))
@pytest.mark.parametrize(("scope", "stores"), SCOPES[:4], ids=str)
def test_an_operation_that_selects_from_the_table_itself_gets_the_rows_of_the_scope(seen, statement, scope, stores):
    assert seen(statement, scope) == stores


def test_what_is_counted_is_counted_in_the_scope(catalog, seen):
    orders, stores = catalog.entity("sales_order").table, catalog.entity("store").table
    other = select(func.count()).select_from(stores).scalar_subquery()
    assert seen(select(func.count()).select_from(orders), Scope("merchant", ANN)) == [2]
    assert seen(select(func.count() + other * 100).select_from(orders), Scope("merchant", ANN)) == [202]
    assert seen(select(other), Scope("store", 21)) == [1]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no LATERAL
def test_lateral_joins_are_narrowed_too(catalog, seen):
    orders, lines = catalog.entity("sales_order").table, catalog.entity("sales_order_line").table
    newest = lateral(select(lines.c.id).where(lines.c.order_id == orders.c.id).limit(1))
    assert seen(select(newest.c.id).select_from(orders.join(newest, true())), Scope("merchant", ANN)) == [11, 12]


REFUSED = {
    "an entity without a way": select(Partner.__table__.c.id),
    "one that is only joined": select(ORDERS.c.id).select_from(ORDERS.join(Partner.__table__, true())),
    "one in an EXISTS": select(ORDERS.c.id).where(exists().where(Partner.__table__.c.id == ORDERS.c.id)),
    "one under an alias": select(ORDERS.c.id, Partner.__table__.alias("sales_order_2").c.id),
    "a table that is no entity": select(AccessToken.__table__.c.id),
    "a model that is no entity": select(AccessToken),
    "a table by its name": select(table("access_token", column("id")).c.id),
    "a table by its name beside an entity": select(
        ORDERS.c.id, table("access_token", column("token_hash")).c.token_hash
    ),
    "SQL text as a table": select(column("id")).select_from(text("access_token")),
    "SQL text as a column": select(ORDERS.c.id, text("(SELECT max(token_hash) FROM access_token)")),
    "SQL text as a literal": select(ORDERS.c.id, literal_column("(SELECT max(token_hash) FROM access_token)")),
    "SQL text as a condition": select(ORDERS.c.id).where(text("id IN (SELECT id FROM access_token)")),
    "SQL text as a statement": select(text("SELECT id FROM access_token").columns(column("id")).subquery().c.id),
}


@pytest.mark.parametrize("statement", list(REFUSED.values()), ids=list(REFUSED))
@pytest.mark.parametrize("scope", [Scope("merchant", ANN), Scope("store", 11)], ids=str)
def test_what_has_no_way_to_the_scope_is_refused(seen, statement, scope):
    with pytest.raises(ScopeError, match="cannot be read in the scope of"):
        seen(statement, scope)


def test_a_refusal_names_the_entity_and_says_what_to_do(catalog, seen):
    with pytest.raises(ScopeError) as caught:
        seen(select(catalog.entity("partner").table.c.id), Scope("merchant", BOB))
    assert (caught.value.path, caught.value.message) == (
        "entity",
        "'partner' cannot be read in the scope of merchant 2: it has no path to a merchant.",
    )
    assert "scope.merchant = …" in caught.value.hint


def test_a_row_that_points_at_a_foreign_row_shows_nothing_of_it(catalog, ask):
    orders, customers = catalog.entity("sales_order").table, catalog.entity("customer").table
    statement = select(orders.c.id, customers.c.store_id).select_from(
        orders.outerjoin(customers, customers.c.id == orders.c.customer_id)
    )
    assert sorted(ask(catalog, "workbench", statement, scope=Scope("merchant", ANN)).rows) == [(11, None), (12, 12)]


def test_the_owner_is_bound_and_does_not_stand_in_the_statement(catalog, ask):
    events = catalog.entity("analytics_event").table
    found = ask(catalog, "workbench", select(events.c.id).limit(7), scope=Scope("merchant", 8675309))
    assert "8675309" not in found.statement
    assert " 7" not in found.statement


def test_users_tables_are_narrowed_by_the_ways_their_settings_give(shop, attach, ask):
    engine = ") ENGINE = MergeTree ORDER BY (id" if shop.dialect == "clickhousedb" else ""
    day = "Date" if shop.dialect == "clickhousedb" else "DATE"
    text_type = "String" if shop.dialect == "clickhousedb" else "VARCHAR(9)"
    shop.run(
        f"CREATE TABLE branch (id INTEGER, owner {text_type}{engine})",
        f"CREATE TABLE sale (id INTEGER, branch_id INTEGER, day {day}{engine})",
        f"CREATE TABLE country (id INTEGER, name {text_type}{engine})",
        f"CREATE TABLE secret (id INTEGER{engine})",
        "INSERT INTO branch VALUES (5, '1'), (6, '2')",
        "INSERT INTO sale VALUES (50, 5, '2024-01-31'), (60, 6, '2024-01-31'), (70, 7, '2024-01-31')",
        "INSERT INTO country VALUES (1, 'IT')",
    )
    catalog = attach(
        shop.url,
        *("branch", "sale", "country", "secret"),
        entities={
            "branch": {"scope": {"merchant": "owner"}, "hidden": ["owner"]},
            "sale": {
                "scope": {"merchant": "branch.owner", "store": "branch_id"},
                "relations": {"branch": {"entity": "branch", "field": "branch_id"}},
            },
            "country": {"shared": True},
        },
    )
    assert catalog.problems() == ()
    sale, branch, country, secret = (catalog.entity(name).table for name in ("sale", "branch", "country", "secret"))

    def found(statement: Any, scope: Scope) -> list[Any]:
        return ask(catalog, "shop", statement, scope=scope).rows

    assert found(select(sale.c.id, sale.c.day), Scope("merchant", 1)) == [(50, date(2024, 1, 31))]
    assert found(select(sale.c.id), Scope("store", 6)) == [(60,)]
    joined = select(sale.c.id, branch.c.id).select_from(sale.outerjoin(branch, sale.c.branch_id == branch.c.id))
    assert found(joined, Scope("merchant", 2)) == [(60, 6)]
    assert found(select(country.c.name), Scope("store", 6)) == [("IT",)]
    with pytest.raises(ScopeError, match="'secret' cannot be read"):
        found(select(secret.c.id), Scope("merchant", 1))
    with pytest.raises(ScopeError, match="'branch' cannot be read"):
        found(select(branch.c.id), Scope("store", 5))


QUESTIONS = {
    "read_data": (
        {
            "entity": "sales_order_line",
            "fields": ["id", "order.total_cents", "product.name"],
            "sort": [{"field": "id"}],
        },
        {"order.store.merchant_id": ANN},
    ),
    "aggregate_data": (
        {"entity": "sales_order", "aggregate": {"measure": "revenue"}, "group_by": ["store.name", "customer.name"]},
        {"store_id": [11, 12], "customer.store_id": [12, 21]},
    ),
    "time_series": (
        {
            "entity": "analytics_event",
            "date_field": "timestamp",
            "aggregate": {"measure": "visitors"},
            "precision": "day",
            "range": {"from": "2026-06-10", "to": "2026-06-20"},
            "group_by": "website.name",
        },
        {"website.store.merchant_id": ANN},
    ),
}


@pytest.mark.parametrize("operation", list(QUESTIONS))
def test_operations_in_a_scope_answer_as_the_platform_does_with_a_filter(catalog, operation):
    from stats_core.operations.context import OperationContext
    from stats_core.operations.data import DATA_OPERATIONS

    options, owner = QUESTIONS[operation]
    (found,) = [one for one in DATA_OPERATIONS if one.type == operation]

    def answer(scope: Scope, **more: Any) -> dict[str, Any]:
        context = OperationContext(catalog=catalog, now=NOW, scope=scope)
        return found.execute(found.options.model_validate({**options, **more}), context).data

    scoped, everything = answer(Scope("merchant", ANN)), answer(Scope())
    filtered = answer(Scope(), filters=owner)
    if operation == "aggregate_data":
        # Of the order that points at a customer of Bob's, the scope shows no customer.
        assert [(group["keys"]["customer.name"], group["value"]) for group in scoped["groups"]] == [
            ("c", 12),
            (None, 11),
        ]
    else:
        assert scoped == filtered
    assert scoped != everything
    assert scoped["row_count"] == 2
