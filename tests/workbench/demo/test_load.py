"""Loading the demo data."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ingest.store import store_events, verify
from stats_core.models import (
    DESIGN_STATUSES,
    ORDER_SESSION_STATES,
    ORDER_STATUSES,
    PARTNER_STATUSES,
    RUN_STATUSES,
    SUBSCRIPTION_STATUSES,
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    Base,
    Design,
    Merchant,
    OrderSession,
    Partner,
    ProductionRun,
    SalesOrder,
    SalesOrderLine,
    Store,
    Subscription,
    Website,
)
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website
from workbench.demo import DemoReport, load_demo

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
SMALL = {"now": NOW, "days": 45, "scale": 0.12}


def digest(database) -> dict[str, str]:
    """A hash of the rows of every table, without what the server fills in by itself."""
    found = {}
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            traffic = table.name in {"analytics_event", "analytics_session", "analytics_daily_stats"}
            left_out = {"created_at", "updated_at", "id"} if traffic else set()
            columns = [column for column in table.c if column.name not in left_out]
            lines = sorted(
                json.dumps(list(row), sort_keys=True, default=str) for row in session.execute(select(*columns))
            )
            found[table.name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def column(database, *columns) -> list:
    with database.read() as session:
        rows = session.execute(select(*columns)).all()
    return [row[0] if len(columns) == 1 else tuple(row) for row in rows]


def test_a_load_is_whole_and_right(database):
    report = load_demo(database, **SMALL)
    with database.read() as session:
        for model in (AnalyticsEvent, AnalyticsSession, AnalyticsDailyStats, SalesOrder, ProductionRun, Website):
            assert session.scalar(select(func.count()).select_from(model)) == report.rows[model.__tablename__] > 0
    assert list(verify(database)) == []
    assert reconcile(database) == []


def test_the_same_seed_and_moment_give_the_same_rows_on_every_engine(sqlite_database, postgresql_database):
    for database in (sqlite_database, postgresql_database):
        load_demo(database, **SMALL)
    assert digest(sqlite_database) == digest(postgresql_database)


def test_a_second_load_does_nothing(database):
    load_demo(database, **SMALL)
    before = digest(database)
    assert load_demo(database, **{**SMALL, "now": NOW + timedelta(days=3)}) == DemoReport(loaded=False)
    assert digest(database) == before


def test_a_reset_gives_the_same_demo_again_and_keeps_other_websites(database):
    first = load_demo(database, **SMALL)
    fresh = digest(database)
    add_website(database, "mine.example", website_id="mine")
    with database.write() as session:
        session.add(Partner(name="Mine", status="active", verified=True))
        for website_id in ("mine", "site_hudson"):
            store_events(session, [Event(website_id, "e1", "s", "v", "pageview", "/", NOW)])
    again = load_demo(database, **SMALL, reset=True)
    assert again == first
    assert column(database, AnalyticsEvent.event_id).count("e1") == 1
    assert set(column(database, Website.id)) == {"mine", "site_nordlicht", "site_hudson", "site_kaveri"}
    assert "Mine" in column(database, Partner.name)
    after = digest(database)
    changed = {"website", "partner", "design", "production_run", "analytics_event", "analytics_session"}
    assert {name for name in after if after[name] != fresh[name]} == changed


def test_rows_can_be_added_behind_the_demos(database):
    load_demo(database, **SMALL)
    with database.write() as session:
        merchant = Merchant(name="Mine")
        session.add(merchant)
        session.flush()
        session.add(Store(merchant_id=merchant.id, name="Mine"))
    assert max(column(database, Merchant.id)) == 4


def test_a_load_that_breaks_off_leaves_nothing(database):
    def stop(done, note):
        if done and done > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(database, **SMALL, on_progress=stop)
    assert column(database, Merchant.id) == column(database, AnalyticsEvent.id) == []


def test_the_business_is_consistent(sqlite_database):
    load_demo(sqlite_database, now=NOW, days=200, scale=0.15)
    orders = column(
        sqlite_database, SalesOrder.id, SalesOrder.status, SalesOrder.total_cents, SalesOrder.refunded_cents,
        SalesOrder.created_at, SalesOrder.confirmed_at, SalesOrder.shipped_at, SalesOrder.refunded_at,
    )  # fmt: skip
    sums = Counter()
    for order_id, quantity, price in column(
        sqlite_database, SalesOrderLine.order_id, SalesOrderLine.quantity, SalesOrderLine.unit_price_cents
    ):
        sums[order_id] += quantity * price
    assert {order_id: total for order_id, _, total, *_ in orders} == dict(sums)
    for _, status, total, refunded, *times in orders:
        known = [time for time in times if time]
        assert known == sorted(known)
        assert known[-1] <= NOW
        assert (times[1] is None) == (status in {"PENDING", "CANCELLED"})
        assert (times[2] is None) == (status in {"PENDING", "CANCELLED", "PAID", "FULFILLING"})
        assert (times[3] is None) == (status not in {"REFUNDED", "PARTIALLY_REFUNDED"})
        if status == "REFUNDED":
            assert refunded == total
        elif status == "PARTIALLY_REFUNDED":
            assert 0 < refunded < total
        else:
            assert refunded == 0
    # What was ordered on the website was paid there, in the same session.
    paid = set(column(sqlite_database, AnalyticsEvent.session_id, AnalyticsEvent.event_name))
    for session_id, status in column(sqlite_database, SalesOrder.session_id, SalesOrder.status):
        if session_id:
            assert ((session_id, "payment_completed") in paid) == (status not in {"PENDING", "CANCELLED"})


@pytest.mark.slow
def test_at_full_size_every_status_occurs_and_every_day_has_its_rows(sqlite_database):
    report = load_demo(sqlite_database, now=NOW)
    assert report.rows["analytics_event"] >= 200_000
    for states, model_column in (
        (ORDER_STATUSES, SalesOrder.status),
        (ORDER_SESSION_STATES, OrderSession.state),
        (SUBSCRIPTION_STATUSES, Subscription.status),
        (PARTNER_STATUSES, Partner.status),
        (DESIGN_STATUSES, Design.status),
        (RUN_STATUSES, ProductionRun.status),
    ):
        assert set(column(sqlite_database, model_column)) == set(states)
    assert set(column(sqlite_database, Partner.verified)) == {True, False}
    days = Counter(column(sqlite_database, AnalyticsDailyStats.date))
    assert (len(days), set(days.values()), max(days)) == (200, {3}, date(2026, 6, 15))
    runs = Counter(time.date() for time in column(sqlite_database, ProductionRun.created_at))
    assert sum(day > NOW.date() - timedelta(days=30) for day in runs) > 15
    idle = AnalyticsSession.last_activity_at < NOW - timedelta(minutes=30)
    with sqlite_database.read() as session:
        wrong = select(func.count()).where((AnalyticsSession.ended_at.is_(None)) == idle)
        assert session.scalar(wrong) == 0
    refunds = Counter(column(sqlite_database, SalesOrder.status))
    assert 0.02 < (refunds["REFUNDED"] + refunds["PARTIALLY_REFUNDED"]) / refunds.total() < 0.12
