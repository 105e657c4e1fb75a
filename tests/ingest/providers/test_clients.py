"""PostHog and Segment by their official clients: the whole bodies that they send to a server on loopback."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ingest.providers import CheckoutStarted, EventContext, Product, open_analytics
from ingest.providers.clients import client_module, event_uuid
from ingest.providers.configured import build
from stats_core.errors import ConfigurationError

CHECKOUT = CheckoutStarted(
    products=(Product(product_id=7, quantity=2, price_cents=1999), Product(product_id="b-1", name="Tee, grün")),
    currency="EUR",
)
PRODUCTS = [
    {"product_id": 7, "quantity": 2, "price_cents": 1999},
    {"product_id": "b-1", "quantity": 1, "name": "Tee, grün"},
]


def track_all(analytics, *, page="/checkout"):
    analytics.track(CHECKOUT, actor_id="c7", context=EventContext(pathname=page, event_id="k1"))
    analytics.track("order_placed", actor_id=8, properties={"total": 12.5, "address": {"city": "Bonn"}})
    analytics.identify("c7", {"plan": "gold", "since": datetime(2026, 1, 1, tzinfo=UTC)})


def sent(service):
    """The events of all batches, in their order, with what surrounds them taken off."""
    events = []
    for _, _, document in service.requests:
        batch = document.pop("batch")
        (moment,) = {document.pop(name) for name in ("sent_at", "sentAt") if name in document}
        assert datetime.fromisoformat(moment).tzinfo
        events += batch
    return events


def test_what_posthog_gets(service, settings_with, clock):
    settings = settings_with("posthog", posthog_key="phc_1", posthog_host=service.url)
    with open_analytics(settings, clock=clock) as analytics:
        track_all(analytics)
        assert analytics.flush()
        assert analytics.problems() == ()

    assert {(path, headers["Content-Encoding"]) for path, headers, _ in service.requests} == {("/batch/", "gzip")}
    events = sent(service)
    assert [document for _, _, document in service.requests] == [
        {"api_key": "phc_1", "historical_migration": False}
    ] * len(service.requests)
    for event in events:  # what the client says of itself and of this machine
        own = [name for name in event["properties"] if name.startswith("$") and name != "$pathname"]
        assert {name: event["properties"].pop(name) for name in own}.items() >= {
            ("$lib", "posthog-python"), ("$geoip_disable", True), ("$is_server", True)
        }  # fmt: skip
    uuids = [event.pop("uuid") for event in events]
    assert uuids[0] == event_uuid("checkout_started", "k1")
    assert len(set(uuids)) == 3
    identified = events.pop()
    assert datetime.fromisoformat(identified.pop("timestamp")).tzinfo
    assert identified == {
        "event": "$set",
        "distinct_id": "c7",
        "$set": {"plan": "gold", "since": "2026-01-01T00:00:00Z"},
        "properties": {},
    }
    assert events == [
        {
            "event": "checkout_started",
            "distinct_id": "c7",
            "timestamp": "2026-06-15T12:00:00+00:00",
            "properties": {"currency": "EUR", "products": PRODUCTS, "$pathname": "/checkout"},
        },
        {
            "event": "order_placed",
            "distinct_id": "8",
            "timestamp": "2026-06-15T12:00:00+00:00",
            "properties": {"total": 12.5, "address": {"city": "Bonn"}},
        },
    ]


def test_what_segment_gets(service, settings_with, clock):
    settings = settings_with("segment", segment_write_key="wk_1", segment_host=service.url)
    with open_analytics(settings, clock=clock) as analytics:
        track_all(analytics)
        assert analytics.flush()
        assert analytics.problems() == ()

    basic = base64.b64encode(b"wk_1:").decode()
    assert {(path, headers["Content-Encoding"], headers["Authorization"]) for path, headers, _ in service.requests} == {
        ("/v1/batch", "gzip", f"Basic {basic}")
    }
    events = sent(service)
    assert [document for _, _, document in service.requests] == [{"writeKey": "wk_1"}] * len(service.requests)
    for event in events:
        assert event["context"].pop("library")["name"] == "analytics-python"
        assert (event.pop("integrations"), event.pop("anonymousId")) == ({}, None)
    ids = [event.pop("messageId") for event in events]
    assert ids[0] == event_uuid("checkout_started", "k1")
    assert len(set(ids)) == 3
    identified = events.pop()
    assert datetime.fromisoformat(identified.pop("timestamp")).tzinfo
    assert identified == {
        "type": "identify",
        "userId": "c7",
        "traits": {"plan": "gold", "since": "2026-01-01T00:00:00Z"},
        "context": {},
    }
    assert events == [
        {
            "type": "track",
            "event": "checkout_started",
            "userId": "c7",
            "timestamp": "2026-06-15T12:00:00.000+00:00",
            "properties": {"currency": "EUR", "products": PRODUCTS},
            "context": {"page": {"path": "/checkout"}},
        },
        {
            "type": "track",
            "event": "order_placed",
            "userId": "8",
            "timestamp": "2026-06-15T12:00:00.000+00:00",
            "properties": {"total": 12.5, "address": {"city": "Bonn"}},
            "context": {},
        },
    ]


@pytest.mark.parametrize(
    ("provider", "keys"),
    [("posthog", {"posthog_key": "phc_1"}), ("segment", {"segment_write_key": "wk_1"})],
)
def test_what_the_service_refuses_is_counted_and_the_key_is_not_told(
    service, settings_with, clock, caplog, provider, keys
):
    service.status = 400
    with open_analytics(settings_with(provider, **keys, **{f"{provider}_host": service.url}), clock=clock) as analytics:
        analytics.track("order_placed", actor_id="c7")
        assert analytics.flush()
        (health,) = analytics.problems()
    assert (health.provider, health.given, health.lost, health.waiting) == (provider, 1, 1, 0)
    assert "400" in health.problem
    assert not any(key in caplog.text + health.problem for key in keys.values())


SCRIPT = """
import sys
from ingest.providers import open_analytics
from stats_core.settings import Settings

provider, key, url, home = sys.argv[1:]
analytics = {"providers": [provider], key: "key", provider + "_host": url}
tracked = open_analytics(Settings(home=home, analytics=analytics))
tracked.track("order_placed", actor_id="c7")
"""  # and ends, without a flush or a close


@pytest.mark.parametrize(("provider", "key"), [("posthog", "posthog_key"), ("segment", "segment_write_key")])
def test_a_program_that_just_ends_has_sent_everything(service, tmp_path, repository, provider, key):
    command = [sys.executable, "-c", SCRIPT, provider, key, service.url, str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    subprocess.run(command, cwd=tmp_path, env={**environment, "PYTHONPATH": str(repository)}, check=True, timeout=30)
    assert [event["event"] for event in sent(service)] == ["order_placed"]


def test_keys_may_stand_in_the_environment(service, settings_with, clock, monkeypatch):
    settings = settings_with("segment", segment_write_key="${SHOP_KEY}", segment_host=service.url)
    with pytest.raises(ConfigurationError, match="SHOP_KEY is not set") as caught:
        build("segment", settings, lambda *_: None)
    assert caught.value.path == "analytics.segment_write_key"
    monkeypatch.setenv("SHOP_KEY", "wk_2")
    with open_analytics(settings, clock=clock) as analytics:
        analytics.track("order_placed", actor_id="c7")
    assert [document["writeKey"] for _, _, document in service.requests] == ["wk_2"]


@pytest.mark.parametrize(("provider", "key"), [("posthog", "posthog_key"), ("segment", "segment_write_key")])
def test_a_provider_without_its_key_says_which_is_missing(settings_with, provider, key):
    with pytest.raises(ConfigurationError) as caught:
        build(provider, settings_with(provider), lambda *_: None)
    assert str(caught.value) == (f"analytics.{key}: The key is not set. Set {key} under [analytics] in workbench.toml.")


def test_a_package_that_is_not_installed_is_named_with_the_way_to_get_it():
    with pytest.raises(ConfigurationError) as caught:
        client_module("no_such_client.module", extra="posthog")
    assert str(caught.value) == (
        "The analytics provider 'posthog' needs the package 'no_such_client', which is not installed. "
        "Run `pip install 'stats-workbench[posthog]'`."
    )
