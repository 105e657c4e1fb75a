"""The tables: their columns and indexes as specified, and the states that the database makes impossible."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from stats_core import models
from stats_core.models import (
    AccessToken,
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    Base,
    Customer,
    Design,
    DirtyDay,
    EventRejectionCount,
    JobRun,
    Merchant,
    OrderSession,
    Partner,
    Product,
    ProductionRun,
    RejectedEvent,
    SalesOrder,
    SalesOrderLine,
    ShareLink,
    StatsDashboard,
    StatsDashboardVersion,
    StatsPanel,
    Store,
    Subscription,
    TeamMember,
    Website,
)

# Section 1 of the specification; a question mark is a column that may be null. Every table has created_at besides.
COLUMNS = {
    "stats_dashboard": "id name description? icon? color? metadata updated_at",
    "stats_panel": (
        "id dashboard_id name type x y width height operation_type? operation_version? operation_options display "
        "cache_ttl_seconds? metadata updated_at"
    ),
    "stats_dashboard_version": "dashboard_id number author? action document",
    "website": "id name domain timezone allowed_hostnames store_id? retention_days? pruned_before? updated_at",
    "analytics_event": (
        "id website_id event_type event_name? pathname referrer? referrer_source? referrer_medium? visitor_id "
        "session_id user_agent? browser? os? device_type? country? utm_source? utm_medium? utm_campaign? metadata "
        "timestamp event_id"
    ),
    "analytics_session": (
        "id website_id session_id visitor_id entry_page? exit_page? pageviews events duration_seconds is_bounce "
        "referrer? referrer_source? referrer_medium? country? device_type? browser? os? started_at ended_at? "
        "last_activity_at updated_at"
    ),
    "analytics_daily_stats": (
        "website_id date pageviews unique_visitors sessions bounces bounce_rate? duration_seconds_total "
        "avg_session_duration? desktop_visitors mobile_visitors tablet_visitors other_visitors top_pages "
        "top_referrers top_countries browser_stats os_stats rolled_at updated_at"
    ),
    "dirty_day": "website_id date writer updated_at",
    "rejected_event": "id received_at website_id? reason detail? body?",
    "event_rejection_count": "website_id hour reason count updated_at",
    "merchant": "id name timezone currency updated_at",
    "store": "id merchant_id name currency updated_at",
    "team_member": "id merchant_id name role updated_at",
    "subscription": "id merchant_id plan status price_cents started_at cancelled_at? updated_at",
    "customer": "id store_id name email_hash? updated_at",
    "product": "id store_id name sku category? unit_price_cents updated_at",
    "sales_order": (
        "id store_id status customer_id? customer_name total_cents currency confirmed_at? shipped_at? refunded_at? "
        "refunded_cents session_id? updated_at"
    ),
    "sales_order_line": "id order_id product_id product_name sku quantity unit_price_cents updated_at",
    "order_session": "id store_id state submitted_at? updated_at",
    "partner": "id name status verified updated_at",
    "design": "id name partner_id status updated_at",
    "production_run": "id partner_id design_id status quantity updated_at",
    "job_run": "id name started_at finished_at outcome detail",
    "access_token": "id name token_hash permissions merchant_id? expires_at? updated_at",
    "share_link": ("id merchant_id report first_day last_day expires_at revoked_at? views last_viewed_at? updated_at"),
}

TRAFFIC_INDEXES = {
    "analytics_event": {
        ("website_id", "timestamp"),
        ("website_id", "pathname", "timestamp"),
        ("website_id", "session_id", "timestamp"),
        ("visitor_id",),
        ("website_id", "event_type", "timestamp"),
    },
    "analytics_session": {("website_id", "started_at"), ("visitor_id",), ("website_id", "is_bounce")},
    "analytics_daily_stats": {("date",)},
}

BAD_STATES = (
    (StatsPanel, {"type": "pie"}),
    (StatsPanel, {"x": -1}),
    (StatsPanel, {"x": 1}),  # x + width = 13
    (StatsPanel, {"width": 0}),
    (StatsPanel, {"height": 0}),
    (StatsPanel, {"y": -1}),
    (StatsPanel, {"operation_type": "read_data", "operation_version": 1}),  # it is a label
    (StatsPanel, {"type": "bar", "operation_type": "read_data"}),  # of which version?
    (StatsPanel, {"cache_ttl_seconds": -1}),
    (StatsPanel, {"dashboard_id": "gone"}),
    (StatsDashboard, {"name": None}),
    (Website, {"retention_days": -1}),
    (Website, {"store_id": 2}),
    (AnalyticsEvent, {"event_type": "click"}),
    (AnalyticsEvent, {"device_type": "Desktop"}),
    (AnalyticsEvent, {"referrer_medium": "paid"}),
    (AnalyticsEvent, {"country": "Germany"}),
    (AnalyticsEvent, {"website_id": "gone"}),
    (AnalyticsEvent, {"event_id": None}),
    (AnalyticsSession, {"duration_seconds": -1}),
    (AnalyticsSession, {"pageviews": -1}),
    (AnalyticsSession, {"device_type": "phone"}),
    (AnalyticsSession, {"website_id": "gone"}),
    (AnalyticsDailyStats, {"bounces": -1}),
    (AnalyticsDailyStats, {"website_id": "gone"}),
    (DirtyDay, {"website_id": "gone"}),
    (JobRun, {"outcome": "late"}),
    (EventRejectionCount, {"count": -1}),
    (Merchant, {"currency": "US"}),
    (Store, {"merchant_id": 2}),
    (Store, {"currency": "Euro"}),
    (Subscription, {"status": "free"}),
    (Subscription, {"price_cents": -1}),
    (Product, {"unit_price_cents": -1}),
    (SalesOrder, {"status": "paid"}),
    (SalesOrder, {"total_cents": -1, "refunded_cents": 0}),
    (SalesOrder, {"total_cents": 1, "refunded_cents": 2}),
    (SalesOrder, {"refunded_cents": -1}),
    (SalesOrderLine, {"quantity": 0}),
    (SalesOrderLine, {"product_id": 2}),
    (OrderSession, {"state": "DONE"}),
    (Partner, {"status": "Active"}),
    (Design, {"status": "lost"}),
    (ProductionRun, {"status": "running"}),
    (ProductionRun, {"quantity": -1}),
    (ShareLink, {"first_day": date(2026, 6, 2)}),
    (ShareLink, {"views": -1}),
)


@pytest.fixture
def good_rows(clock):
    """One good row of every table, parents first, as `{model: values}`."""
    now = clock()
    website, visit = {"website_id": "site_1"}, {"session_id": "s", "visitor_id": "v"}
    box = {"x": 0, "y": 0, "width": 12, "height": 1}
    counts = ("pageviews", "unique_visitors", "sessions", "bounces", "duration_seconds_total")
    devices = ("desktop_visitors", "mobile_visitors", "tablet_visitors", "other_visitors")
    money = {"total_cents": 2**40, "refunded_cents": 2**40}
    return {
        StatsDashboard: {"id": "dash_1", "name": "One"},
        StatsPanel: {"id": "panel_1", "dashboard_id": "dash_1", "name": "", "type": "label", **box},
        StatsDashboardVersion: {"dashboard_id": "dash_1", "number": 1, "action": "Created", "document": {}},
        Merchant: {"id": 1, "name": "M"},
        Store: {"id": 1, "merchant_id": 1, "name": "S"},
        Website: {"id": "site_1", "name": "W", "domain": "w.example", "store_id": 1},
        AnalyticsEvent: website
        | visit
        | {"event_type": "pageview", "pathname": "/", "timestamp": now, "event_id": "e", "country": "DE"},
        AnalyticsSession: website
        | visit
        | {"pageviews": 1, "events": 1, "duration_seconds": 0, "is_bounce": True}
        | {"started_at": now, "last_activity_at": now},
        AnalyticsDailyStats: website
        | {"date": date(2026, 6, 15), "rolled_at": now}
        | dict.fromkeys((*counts, *devices), 0),
        DirtyDay: website | {"date": date(2026, 6, 15), "writer": "w"},
        RejectedEvent: {"received_at": now, "reason": "bot", "website_id": "nobody knows it"},
        EventRejectionCount: {"website_id": "", "hour": now, "reason": "bot", "count": 1},
        TeamMember: {"merchant_id": 1, "name": "T", "role": "owner"},
        Subscription: {"merchant_id": 1, "plan": "pro", "status": "active", "price_cents": 0, "started_at": now},
        Customer: {"id": 1, "store_id": 1, "name": "C", "email_hash": "h"},
        Product: {"id": 1, "store_id": 1, "name": "P", "sku": "p-1", "unit_price_cents": 0},
        SalesOrder: {"id": 1, "store_id": 1, "status": "PENDING", "customer_id": 1, "customer_name": "C", **money},
        SalesOrderLine: {"order_id": 1, "product_id": 1, "product_name": "P", "sku": "p-1"}
        | {"quantity": 1, "unit_price_cents": 0},
        OrderSession: {"store_id": 1, "state": "STARTED"},
        Partner: {"id": 1, "name": "P", "status": "active", "verified": True},
        Design: {"id": 1, "name": "D", "partner_id": 1, "status": "draft"},
        ProductionRun: {"partner_id": 1, "design_id": 1, "status": "planned", "quantity": 0},
        JobRun: {"name": "rollup", "started_at": now, "finished_at": now, "outcome": "ok", "detail": "1 day."},
        AccessToken: {"name": "t", "token_hash": "h", "merchant_id": 1},
        ShareLink: {"id": "share_1", "merchant_id": 1, "report": "revenue_overview", "expires_at": now}
        | {"first_day": date(2026, 6, 1), "last_day": date(2026, 6, 1)},
    }


@pytest.fixture
def filled(database, good_rows):
    """A database with one good row in every table."""
    with database.write() as session:
        for model, values in good_rows.items():
            session.execute(insert(model).values(**values))
    return database


def rows(database, model):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def remove(database, model):
    with database.write() as session:
        session.execute(delete(model))


def accepts(database, model, change):
    try:
        with database.write() as session:
            session.execute(update(model).values(**change))
    except IntegrityError:
        return False
    return True


def test_the_tables_have_the_columns_of_the_specification():
    def text(column):
        return f"{column.name}{'?' if column.nullable else ''}"

    found = {
        table.name: " ".join(text(column) for column in table.columns if column.name != "created_at")
        for table in Base.metadata.tables.values()
    }
    assert found == COLUMNS


def test_every_table_says_when_a_row_was_made():
    assert [table.name for table in Base.metadata.tables.values() if "created_at" not in table.columns] == []


def test_traffic_tables_have_the_indexes_of_the_specification_and_no_others(database):
    inspector = inspect(database.engine)
    found = {
        table: {
            tuple(index["column_names"])
            for index in inspector.get_indexes(table)
            if not index["unique"]  # PostgreSQL lists unique constraints among the indexes
        }
        for table in TRAFFIC_INDEXES
    }
    assert found == TRAFFIC_INDEXES
    unique = {table: inspector.get_unique_constraints(table) for table in ("analytics_event", "analytics_session")}
    assert {table: [u["column_names"] for u in found] for table, found in unique.items()} == {
        "analytics_event": [["website_id", "event_id"]],
        "analytics_session": [["website_id", "session_id", "started_at"]],
    }


def test_every_foreign_key_has_an_index_that_starts_with_it(database):
    inspector = inspect(database.engine)
    for table in COLUMNS:
        leading = {index["column_names"][0] for index in inspector.get_indexes(table)}
        leading |= {unique["column_names"][0] for unique in inspector.get_unique_constraints(table)}
        leading.add(inspector.get_pk_constraint(table)["constrained_columns"][0])
        for key in inspector.get_foreign_keys(table):
            assert key["constrained_columns"][0] in leading, f"{table}.{key['constrained_columns'][0]}"


def test_every_model_is_exported_under_the_name_of_its_table():
    classes = {mapper.class_ for mapper in Base.registry.mappers}
    assert {"".join(part.title() for part in model.__tablename__.split("_")) for model in classes} == {
        model.__name__ for model in classes
    }
    assert {model.__name__ for model in classes} <= set(models.__all__)


def test_a_good_row_fits_in_every_table(filled, good_rows):
    assert {model: rows(filled, model) for model in good_rows} == dict.fromkeys(good_rows, 1)
    assert {model.__tablename__ for model in good_rows} == set(COLUMNS)


def test_the_database_refuses_every_bad_state(filled):
    assert [state for state in BAD_STATES if accepts(filled, *state)] == []


@pytest.mark.parametrize(
    "model",
    [
        AnalyticsEvent,
        AnalyticsSession,
        AnalyticsDailyStats,
        DirtyDay,
        EventRejectionCount,
        Customer,
        Product,
        AccessToken,
    ],
    ids=lambda model: model.__tablename__,
)
def test_the_same_thing_is_not_stored_twice(filled, good_rows, model):
    again = {name: value for name, value in good_rows[model].items() if name != "id"}
    with pytest.raises(IntegrityError, match=r"(?i)unique"), filled.write() as session:
        session.execute(insert(model).values(**again))


def test_the_same_event_id_of_another_website_and_a_resumed_session_are_rows_of_their_own(filled, good_rows, clock):
    later = clock() + timedelta(hours=1)
    with filled.write() as session:
        session.execute(insert(Website).values(id="site_2", name="W", domain="w.example"))
        session.execute(insert(AnalyticsEvent).values(**good_rows[AnalyticsEvent] | {"website_id": "site_2"}))
        session.execute(insert(AnalyticsSession).values(**good_rows[AnalyticsSession] | {"website_id": "site_2"}))
        resumed = {"started_at": later, "last_activity_at": later}
        session.execute(insert(AnalyticsSession).values(**good_rows[AnalyticsSession] | resumed))
    assert (rows(filled, AnalyticsEvent), rows(filled, AnalyticsSession)) == (2, 3)


def test_a_session_cannot_end_before_it_starts(filled, good_rows, clock):
    backwards = {"session_id": "t", "started_at": clock(), "last_activity_at": clock() - timedelta(microseconds=1)}
    with pytest.raises(IntegrityError), filled.write() as session:
        session.execute(insert(AnalyticsSession).values(**good_rows[AnalyticsSession] | backwards))


def test_panels_go_with_their_dashboard(filled):
    remove(filled, StatsDashboard)
    assert rows(filled, StatsPanel) == 0


def test_traffic_goes_with_its_website(filled):
    remove(filled, Website)
    traffic = (AnalyticsEvent, AnalyticsSession, AnalyticsDailyStats, DirtyDay)
    assert [rows(filled, model) for model in traffic] == [0, 0, 0, 0]
    assert rows(filled, RejectedEvent) == 1


def test_lines_go_with_their_order_and_an_order_outlives_its_customer(filled):
    remove(filled, Customer)
    with filled.read() as session:
        assert session.execute(select(SalesOrder.customer_id, SalesOrder.customer_name)).one() == (None, "C")
    remove(filled, SalesOrder)
    assert rows(filled, SalesOrderLine) == 0


@pytest.mark.parametrize("model", [Merchant, Store, Product, Partner, Design], ids=lambda model: model.__tablename__)
def test_what_business_hangs_on_cannot_be_deleted(filled, model):
    with pytest.raises(IntegrityError):
        remove(filled, model)


def test_a_token_goes_with_its_merchant_rather_than_becoming_the_platforms(filled):
    for model in (SalesOrder, OrderSession, Customer, Product, Store, Subscription, TeamMember, Merchant):
        remove(filled, model)
    assert (rows(filled, AccessToken), rows(filled, ShareLink)) == (0, 0)
    with filled.read() as session:
        assert session.scalars(select(Website.store_id)).all() == [None]


def test_a_dashboard_gives_its_panels_in_reading_order(database):
    boxes = {"a": (6, 1), "b": (0, 1), "c": (0, 0), "d": (6, 0)}
    with database.write() as session:
        dashboard = StatsDashboard(id="dash_1", name="One")
        dashboard.panels = [
            StatsPanel(id=name, name=name, type="bar", x=x, y=y, width=6, height=1) for name, (x, y) in boxes.items()
        ]
        session.add(dashboard)
    with database.read() as session:
        assert [panel.id for panel in session.get_one(StatsDashboard, "dash_1").panels] == ["c", "d", "b", "a"]


def test_an_order_gives_its_lines_and_takes_them_along(filled):
    with filled.write() as session:
        order = session.get_one(SalesOrder, 1)
        assert [line.sku for line in order.lines] == ["p-1"]
        order.lines = []
    assert rows(filled, SalesOrderLine) == 0
