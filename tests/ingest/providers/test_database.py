"""Server-side events in the database: rows beside the browser's, within its limits, each once, and in the figures."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ingest.enrich import Enricher
from ingest.providers import (
    CartUpdated,
    CheckoutStarted,
    EventContext,
    FilledContext,
    OrderPlaced,
    PaymentCompleted,
    Product,
    ProductViewed,
    open_analytics,
)
from ingest.providers.database import DatabaseProvider
from ingest.store import store_events, verify
from ingest.visitors import VisitorHasher
from ingest.writer import EventWriter, Pace
from stats_core import models
from stats_core.composition import open_workbench
from stats_core.database import Database
from stats_core.database.schema import migrate
from stats_core.errors import SourceUnavailableError
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ANCIENT = datetime(1, 1, 1, tzinfo=UTC)
HASHED = VisitorHasher(b"key", "site_a")
ORDER = OrderPlaced(order_id=1042, total_cents=4998, currency="EUR")
TEE, POT = Product(product_id=7, quantity=2, price_cents=1999), Product(product_id="12", price_cents=1000)


@pytest.fixture
def shop(database, settings_with, clock):
    """Opens a shop's analytics over a database with two websites."""
    add_websites(database)
    return lambda **analytics: open_analytics(
        settings_with("database", database_url=database.url, **analytics), clock=clock
    )


def add_websites(database):
    with database.write() as session:
        session.add_all(models.Website(id=name, name=name, domain=f"{name}.example") for name in ("site_a", "site_b"))


def stored(database, *columns):
    table = models.AnalyticsEvent
    statement = select(*(getattr(table, column) for column in columns)).order_by(table.timestamp, table.id)
    with database.read() as session:
        return [tuple(row) for row in session.execute(statement)]


def documents(database):
    """Names and properties, in the order of the names."""
    return sorted(stored(database, "event_name", "metadata_"), key=str)


def test_an_event_is_a_row_like_those_of_the_browser(database, shop):
    context = EventContext(pathname="https://shop.example/caf%C3%A9?token=secret#top", session_id="s1")
    with shop() as analytics:
        analytics.track(ORDER, actor_id="v1", context=context)
        assert analytics.flush()
        assert analytics.problems() == ()
    names = [attribute.key for attribute in models.AnalyticsEvent.__mapper__.column_attrs]
    (row,) = (dict(zip(names, row, strict=True)) for row in stored(database, *names))
    assert len(row["event_id"]) == 32
    given = {name: value for name, value in row.items() if name not in {"id", "event_id", "created_at"}}
    assert {name: value for name, value in given.items() if value is not None} == {
        "website_id": "site_a",
        "event_type": "custom_event",
        "event_name": "order_placed",
        "pathname": "/café",
        "visitor_id": HASHED("v1"),
        "session_id": "s1",
        "metadata_": {"order_id": 1042, "total_cents": 4998, "currency": "EUR"},
        "timestamp": NOON,
    }
    assert list(verify(database)) == []


def test_ids_are_stored_as_those_that_a_browser_sends(database, shop):
    enricher = Enricher(secret=b"key", salts=None, countries=None, clients=None, country_header="")
    with shop() as analytics:
        analytics.track(ORDER, actor_id="v1", context={"session_id": "s1", "website_id": "site_b"})
    assert stored(database, "visitor_id", "session_id") == [(enricher.hashed("site_b", "visitor_id", "v1"), "s1")]


def test_the_browsers_visitor_goes_on_with_the_session_that_is_running(database, shop):
    view = Event(
        website_id="site_a",
        event_id="e1",
        session_id="s1",
        visitor_id=HASHED("v1"),
        event_type="pageview",
        pathname="/checkout",
        timestamp=NOON - timedelta(minutes=5),
    )
    with database.write() as session:
        store_events(session, [view])
    with shop() as analytics:
        analytics.track(ORDER, actor_id="v1")
        analytics.track(ORDER, actor_id="customer_7", context={"event_id": "another"})
    table = models.AnalyticsSession
    columns = (
        table.visitor_id,
        table.entry_page,
        table.exit_page,
        table.pageviews,
        table.events,
        table.duration_seconds,
    )
    with database.read() as session:
        sessions = session.execute(select(*columns).order_by(table.pageviews.desc())).all()
    assert [tuple(row) for row in sessions] == [
        (HASHED("v1"), "/checkout", "/checkout", 1, 2, 300),
        (HASHED("customer_7"), "/", "/", 0, 1, 0),
    ]


def test_an_event_that_comes_twice_is_stored_once(database, shop):
    checkout = CheckoutStarted(products=[TEE, POT], currency="EUR", checkout_id=1042)
    for _ in range(2):  # of the shop, too
        with shop() as analytics:
            for _ in range(2):
                analytics.track(ORDER, actor_id="v1")
                analytics.track(checkout, actor_id="v1")
                analytics.track("order_placed", "v1", {"mine": True}, {"event_id": "1042"})
                analytics.track("paid", "v1", context={"event_id": "1042"})
            analytics.track(ORDER, actor_id="v1", context={"website_id": "site_b"})
            assert analytics.flush()
            assert analytics.problems() == ()
    assert sorted(stored(database, "website_id", "event_name")) == [
        ("site_a", "checkout_started"),
        ("site_a", "checkout_started"),
        ("site_a", "order_placed"),
        ("site_a", "paid"),
        ("site_b", "order_placed"),
    ]


def test_events_without_an_id_are_events_of_their_own(database, shop):
    with shop() as analytics:
        for _ in range(3):
            analytics.track(ProductViewed(product_id=7), actor_id="v1")
    assert len(documents(database)) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_can_take_an_orders_id_from_outside(database, shop):
    with shop() as analytics:
        analytics.track(ORDER, actor_id="v1")
    (event_id,) = stored(database, "event_id")[0]
    assert "1042" not in event_id
    with open_analytics_with_another_secret(database) as analytics:
        analytics.track(ORDER, actor_id="v1")
    assert len(set(stored(database, "event_id"))) == 2


def open_analytics_with_another_secret(database):
    analytics = {"website_id": "site_a", "providers": ["database"]}
    return open_analytics(Settings(database_url=database.url, secret_key="another", analytics=analytics))


def test_several_products_are_an_event_each(database, shop):
    with shop() as analytics:
        analytics.track(PaymentCompleted(order_id=1042, products=[TEE, POT], currency="EUR"), actor_id="v1")
        analytics.track("checkout_started", "v1", {"products": [{"product_id": 7}], "step": {"name": "pay"}})
        analytics.track("cart_updated", "v1", {"products": []})
        assert analytics.flush()
        assert analytics.problems() == ()
    assert documents(database) == [
        ("cart_updated", {}),
        ("checkout_started", {"step.name": "pay", "product_id": 7}),
        (
            "payment_completed",
            {"order_id": 1042, "currency": "EUR", "product_id": "12", "quantity": 1, "price_cents": 1000},
        ),
        (
            "payment_completed",
            {"order_id": 1042, "currency": "EUR", "product_id": 7, "quantity": 2, "price_cents": 1999},
        ),
    ]


def test_documents_are_made_flat_and_short(database, shop):
    given = {
        "address": {"city": "Bonn", "geo": {"lat": 50.7}},
        "words": "ü" * 600,
        "nul": "a\0b",
        "big": 2**53,
        "none": None,
        "yes": True,
        **{f"key_{number}": number for number in range(23)},
    }
    with shop() as analytics:
        analytics.track("searched", "v1", given, {"pathname": "/" + "ü" * 3_000})
        assert analytics.flush()
        assert analytics.problems() == ()
    assert documents(database) == [
        (
            "searched",
            {
                "address.city": "Bonn",
                "address.geo.lat": 50.7,
                "words": "ü" * 512,
                "nul": "a\ufffdb",
                "big": 2**53,
                "none": None,
                "yes": True,
                **{f"key_{number}": number for number in range(23)},
            },
        )
    ]
    assert stored(database, "pathname") == [("/" + "ü" * 1_023,)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("event", "properties", "context", "problem"),
    [
        ("searched", {"words": ["secret"]}, {}, "properties.words: This is a list. Lists are not kept, except"),
        ("order_placed", {"products": [{"product_id": 7}]}, {}, "properties.products: This is a list."),
        ("cart_updated", {"products": ["secret"]}, {}, "properties.products: This is a list."),
        ("searched", dict.fromkeys(map(str, range(31))), {}, "metadata: "),
        ("searched", {"k" * 65: 1}, {}, "metadata: A key should have at most 64 characters"),
        ("s" * 121, {}, {}, "event_name: String should have at most 120 characters."),
        ("searched", {}, {"timestamp": ANCIENT}, "context.timestamp: This moment is not between"),
        ("searched", {}, {"website_id": "nowhere"}, "The event was refused for the website 'nowhere'. Is there such"),
    ],
)  # fmt: skip
def test_what_the_database_cannot_hold_is_told_and_the_next_is_stored(
    database, shop, caplog, event, properties, context, problem
):
    with shop() as analytics:
        analytics.track(event, "v1", properties, context)
        analytics.track("next", "v1")
        assert analytics.flush()
        (health,) = analytics.problems()
    assert (health.provider, health.given, health.lost) == ("database", 2, 1)
    assert health.problem.startswith(problem)
    assert documents(database) == [("next", {})]
    assert "secret" not in caplog.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_website_nothing_is_stored_and_the_setting_is_named(database, shop):
    with shop(website_id=None) as analytics:
        analytics.track(ORDER, actor_id="v1")
        analytics.track(ORDER, actor_id="v1", context={"website_id": "site_b"})
        assert analytics.flush()
        (health,) = analytics.problems()
    assert health.problem == (
        "context.website_id: The event names no website. "
        "Set website_id under [analytics] in workbench.toml, or track with context={'website_id': …}."
    )
    assert stored(database, "website_id") == [("site_b",)]


def test_traits_are_not_stored(database, shop, tmp_path):
    with shop() as analytics:
        analytics.identify("customer-7", {"email": "ada@shop.example"})
        analytics.track(ORDER, actor_id="customer-7")
        assert analytics.flush()
        assert analytics.problems() == ()
    if database.dialect == "sqlite":
        held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert b"order_placed" in held
        assert not any(text in held for text in (b"ada@shop", b"customer-7"))


def test_many_events_are_stored_in_few_transactions(database, shop):
    with shop() as analytics:
        for number in range(2_000):
            analytics.track("searched", f"v{number % 50}", {"number": number})
        assert analytics.flush(60)
        assert analytics.problems() == ()
    assert sorted(document["number"] for _, document in documents(database)) == list(range(2_000))
    assert list(verify(database)) == []


def test_events_wait_for_a_database_that_has_no_tables_yet(tmp_path, settings_with, clock):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with open_analytics(settings_with("database", database_url=url), clock=clock) as analytics:
        analytics.track(ORDER, actor_id="v1")
        assert not analytics.flush(0.2)
        (health,) = analytics.problems()
        assert (health.lost, health.waiting) == (0, 1)
        assert health.problem.endswith("has no tables of the workbench yet. Run `workbench migrate`.")
        with Database(url) as database:
            migrate(database)
            add_websites(database)
            assert analytics.flush()
            assert documents(database)[0][0] == "order_placed"


def test_with_neither_database_nor_spool_events_wait_and_are_stored_once(sqlite_database, tmp_path):
    add_websites(sqlite_database)
    spool = tmp_path / "spool"
    spool.touch()  # a file where a folder should be
    losses = []
    pace = Pace(patience_s=0.1, full_s=0.1)
    provider = DatabaseProvider(
        lambda: EventWriter(sqlite_database, spool, pace=pace), "site_a", b"key", lambda *loss: losses.append(loss)
    )
    with closing(sqlite3.connect(tmp_path / "workbench.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        provider.track("order_placed", "v1", {}, FilledContext(timestamp=NOON, event_id="1"))
        provider.track("order_placed", "v1", {}, FilledContext(timestamp=NOON, event_id="2"))
        with pytest.raises(SourceUnavailableError):
            provider.settle()
        other.execute("ROLLBACK")
    for _ in range(100):
        try:
            provider.settle()
        except SourceUnavailableError:
            continue
        break
    provider.close()
    assert losses == []
    assert [name for name, _ in documents(sqlite_database)] == ["order_placed", "order_placed"]


def run_alone(script, database, folder, repository):
    """Run a program of its own over the database, which nobody else has open."""
    database.close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    command = [sys.executable, "-W", "error", "-c", script, database.url, str(folder / "home")]
    subprocess.run(command, cwd=folder, env={**environment, "PYTHONPATH": str(repository)}, check=True, timeout=60)


ENDING = """
import sys
from ingest.providers import OrderPlaced, open_analytics
from stats_core.settings import Settings

url, home = sys.argv[1:]
analytics = open_analytics(Settings(database_url=url, home=home, analytics={"website_id": "site_a"}))
for number in range(200):
    analytics.track(OrderPlaced(order_id=number, total_cents=1, currency="EUR"), actor_id="v1")
assert not {"posthog", "segment"} & set(sys.modules), "clients are imported only where they are configured"
"""  # and ends, without a flush or a close


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_program_that_just_ends_has_stored_everything(database, tmp_path, repository):
    add_websites(database)
    run_alone(ENDING, database, tmp_path, repository)
    assert sorted(document["order_id"] for _, document in documents(database)) == list(range(200))


def test_what_is_tracked_is_in_the_product_analytics(database, shop, settings_with, clock):
    with database.write() as session:
        session.add(models.Merchant(id=1, name="Tea & Co"))
        session.flush()
        session.add(models.Store(id=1, merchant_id=1, name="Tea shop", currency="EUR"))
        session.flush()
        session.add_all(
            models.Product(id=number, store_id=1, name=name, sku=name, unit_price_cents=1000)
            for number, name in ((7, "Tee"), (12, "Pot"))
        )
    with shop() as analytics:
        for visitor in ("v1", "v2", "v3", "v4"):
            analytics.track(ProductViewed(product_id=7), actor_id=visitor)
        analytics.track(ProductViewed(product_id="12"), actor_id="v1")
        analytics.track(CartUpdated(product_id=7, quantity=2), actor_id="v1")
        analytics.track(CartUpdated(product_id=12), actor_id="v1")
        analytics.track(CheckoutStarted(products=[TEE, POT], currency="EUR", checkout_id=1), actor_id="v1")
        for _ in range(2):  # the webhook came twice
            analytics.track(PaymentCompleted(order_id=1, products=[TEE, POT], currency="EUR"), actor_id="v1")
        analytics.track("product_viewed", "v1", {"product_id": "twelve"})
        assert analytics.flush()
        assert analytics.problems() == ()
    panel = PanelSpec(
        name="Products",
        type="table",
        operation_type="aggregate_product_analytics",
        operation_options={"sort": [{"field": "product_id", "direction": "asc"}], "website_id": "site_a"},
    )
    with open_workbench(settings_with(database_url=database.url), clock=clock) as workbench:
        answer = workbench.resolver.resolve_panel(panel).data["rows"]
    once = {"carts": 1, "checkouts": 1, "purchases": 1, "units": 0, "revenue": 0}
    assert [dict(row) for row in answer] == [
        {
            "product_id": 7,
            "product_name": "Tee",
            "views": 4,
            "view_to_purchase": 0.25,
            **once,
        },
        {
            "product_id": 12,
            "product_name": "Pot",
            "views": 1,
            "view_to_purchase": 1,
            **once,
        },
    ]


FORKING = """
import os, sys
from ingest.providers import open_analytics
from stats_core.settings import Settings

url, home = sys.argv[1:]
settings = Settings(database_url=url, home=home, analytics={"website_id": "site_a"})
analytics = open_analytics(settings)
analytics.track("before", "v1")
assert analytics.flush(20)
turns = [os.pipe(), os.pipe()]
child = os.fork()
if child:
    os.read(turns[0][0], 1)
    assert analytics.close(20)  # on SQLite the last connection that is known to be open clears the log of writes away
    with open_analytics(settings) as again:
        again.track("again", "v1")
        assert again.flush(20)
        os.write(turns[1][1], b".")
        assert os.waitpid(child, 0)[1] == 0
else:
    analytics.track("child", "v1")
    assert analytics.flush(20)
    os.write(turns[0][1], b".")
    os.read(turns[1][0], 1)
    for number in range(20):
        analytics.track("later", "v1", {"number": number})
    assert analytics.close(20)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_workers_and_their_parent_lose_nothing_of_each_other(database, tmp_path, repository):
    add_websites(database)
    run_alone(FORKING, database, tmp_path, repository)
    names = [name for name, _ in documents(database)]
    assert {name: names.count(name) for name in names} == {"before": 1, "child": 1, "again": 1, "later": 20}
