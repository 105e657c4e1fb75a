"""The workbench's own tables as entities."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from stats_core import models
from stats_core.catalog.catalog import Catalog, build_catalog
from stats_core.catalog.entity import FieldType
from stats_core.catalog.own import MEANINGS, own_entities
from stats_core.settings import Settings

ENTITIES = {entity.name: entity for entity in own_entities()}
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_every_table_is_an_entity_except_those_that_hold_secrets_and_what_the_rollup_has_to_do():
    assert set(models.Base.metadata.tables) - set(ENTITIES) == {"access_token", "share_link", "dirty_day"}


def test_columns_that_tell_secrets_are_no_fields():
    hidden = {
        (name, column.name)
        for name, entity in ENTITIES.items()
        for column in entity.table.columns
        if column.name not in entity.fields
    }
    assert hidden == {("customer", "email_hash"), ("rejected_event", "body"), ("rejected_event", "detail")}


def test_what_the_meanings_say_of_columns_is_said_of_columns_there_are():
    for model, meaning in MEANINGS:
        columns = set(model.__table__.c.keys())
        named = {*meaning.hidden, *meaning.units, *meaning.definitions, *meaning.distinct_by_day, meaning.date_field}
        assert (model.__name__, named - columns) == (model.__name__, set())


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES.keys())
def test_ways_to_owners_and_relations_lead_somewhere(entity):
    for relation in entity.relations.values():
        assert relation.field in entity.table.c
        assert relation.references in ENTITIES[relation.entity].table.c
    for way in entity.scope_paths.values():
        *steps, column = way.split(".")
        at = entity
        for step in steps:
            at = ENTITIES[at.relations[step].entity]
        assert column in at.table.c
    assert entity.fields[entity.date_field].type.temporal
    assert entity.label
    assert entity.description
    assert all(measure.unit and measure.definition for measure in entity.measures.values())


def test_fields_have_the_types_of_their_columns():
    events = {name: field.type for name, field in ENTITIES["analytics_event"].fields.items()}
    assert (events["timestamp"], events["metadata"], events["id"], events["pathname"]) == (
        FieldType.DATETIME,
        FieldType.JSON,
        FieldType.INTEGER,
        FieldType.TEXT,
    )
    assert ENTITIES["partner"].fields["verified"].type is FieldType.BOOLEAN
    assert ENTITIES["analytics_daily_stats"].fields["date"].type is FieldType.DATE
    assert ENTITIES["analytics_daily_stats"].fields["bounce_rate"].type is FieldType.NUMBER


def test_visitors_of_days_are_marked_as_what_cannot_be_added_up():
    daily = ENTITIES["analytics_daily_stats"]
    assert daily.fields["unique_visitors"].distinct_by_day
    assert daily.measures["daily_visitors"].distinct_by_day
    assert not daily.measures["pageviews"].distinct_by_day


def figures(catalog: Catalog, ask: Any, name: str) -> dict[str, Any]:
    entity = catalog.entity(name)
    measures = entity.measures

    def column(field: str) -> Any:
        found = entity.fields[field]
        return found.expression.compile(column) if found.expression else entity.table.c[found.column]

    statement = select(*(measure.expression.compile(column).label(name) for name, measure in measures.items()))
    found = ask(catalog, "workbench", statement)
    return dict(zip(found.columns, found.rows[0], strict=True))


def test_over_no_rows_counts_and_sums_are_0_and_rates_null(database, ask):
    catalog = build_catalog(Settings(), database)
    for name, entity in ENTITIES.items():
        if entity.measures:
            expected = {m: 0 if measure.type is FieldType.INTEGER else None for m, measure in entity.measures.items()}
            assert (name, figures(catalog, ask, name)) == (name, expected)


def test_traffic_measures(database, ask):
    with database.write() as session:
        session.add(models.Website(id="site", name="n", domain="d"))
        session.flush()
        for n, (visitor, kind) in enumerate([("ann", "pageview"), ("ann", "pageview"), ("bob", "custom_event")]):
            session.add(
                models.AnalyticsEvent(
                    website_id="site",
                    event_type=kind,
                    pathname="/",
                    visitor_id=visitor,
                    session_id="s",
                    timestamp=NOW,
                    event_id=f"{n}",
                )
            )
        for n, (pages, seconds, bounce) in enumerate([(1, 0, True), (3, 90, False), (4, 30, False)]):
            session.add(
                models.AnalyticsSession(
                    website_id="site",
                    session_id=f"{n}",
                    visitor_id="ann",
                    pageviews=pages,
                    events=pages,
                    duration_seconds=seconds,
                    is_bounce=bounce,
                    started_at=NOW,
                    last_activity_at=NOW,
                )
            )
        for day, sessions, bounces in ((1, 3, 1), (2, 5, 1)):
            session.add(
                models.AnalyticsDailyStats(
                    website_id="site",
                    date=date(2026, 6, day),
                    pageviews=10,
                    unique_visitors=2,
                    sessions=sessions,
                    bounces=bounces,
                    duration_seconds_total=100,
                    desktop_visitors=2,
                    mobile_visitors=0,
                    tablet_visitors=0,
                    other_visitors=0,
                    rolled_at=NOW,
                )
            )
        session.add(models.EventRejectionCount(website_id="site", hour=NOW, reason="bot", count=4))
    catalog = build_catalog(Settings(), database)
    assert figures(catalog, ask, "analytics_event") == {"events": 3, "pageviews": 2, "custom_events": 1, "visitors": 2}
    assert figures(catalog, ask, "analytics_session") == {
        "sessions": 3, "visitors": 1, "pageviews": 8, "bounces": 1,
        "bounce_rate": pytest.approx(1 / 3), "avg_session_duration": 40, "pages_per_session": pytest.approx(8 / 3),
    }  # fmt: skip
    assert figures(catalog, ask, "analytics_daily_stats") == {
        "pageviews": 20, "sessions": 8, "daily_visitors": 4,
        "bounce_rate": 0.25, "avg_session_duration": 25, "pages_per_session": 2.5,
    }  # fmt: skip
    assert figures(catalog, ask, "event_rejection_count") == {"refused": 4}


def test_business_measures(database, ask):
    statuses = {
        "PENDING": 100,
        "PAID": 1000,
        "SHIPPED": 2000,
        "COMPLETE": 4000,
        "CANCELLED": 8000,
        "REFUNDED": 500,
        "PARTIALLY_REFUNDED": 300,
    }
    with database.write() as session:
        session.add(models.Merchant(id=1, name="m"))
        session.flush()
        session.add(models.Store(id=1, merchant_id=1, name="s"))
        for plan, status in (("a", "active"), ("b", "active"), ("c", "cancelled")):
            session.add(models.Subscription(merchant_id=1, plan=plan, status=status, price_cents=900, started_at=NOW))
        session.flush()
        session.add(models.Customer(id=1, store_id=1, name="c"))
        session.add(models.Product(id=1, store_id=1, name="p", sku="s", unit_price_cents=100))
        session.flush()
        for number, (status, cents) in enumerate(statuses.items(), start=1):
            session.add(
                models.SalesOrder(
                    id=number,
                    store_id=1,
                    status=status,
                    total_cents=cents,
                    customer_name="c",
                    customer_id=1 if number < 4 else None,
                )
            )
        session.flush()
        for quantity in (2, 3):
            session.add(
                models.SalesOrderLine(
                    order_id=1,
                    product_id=1,
                    product_name="p",
                    sku="s",
                    quantity=quantity,
                    unit_price_cents=3_000_000_000,
                )
            )
        for state in ("STARTED", "SUBMITTED", "ABANDONED", "SUBMITTED"):
            session.add(models.OrderSession(store_id=1, state=state))
    catalog = build_catalog(Settings(), database)
    assert figures(catalog, ask, "sales_order") == {
        "orders": 7, "completed_orders": 3, "revenue": 7000, "average_order_value": pytest.approx(7000 / 3),
        "refunded_orders": 2, "refunded_revenue": 800, "refund_rate": 0.4, "customers": 1,
    }  # fmt: skip
    assert figures(catalog, ask, "sales_order_line") == {"units": 5, "line_revenue": 15_000_000_000}
    assert figures(catalog, ask, "order_session") == {"started": 4, "submitted": 2, "completed_rate": 0.5}
    assert figures(catalog, ask, "subscription") == {"active_subscriptions": 2, "monthly_revenue": 1800}
