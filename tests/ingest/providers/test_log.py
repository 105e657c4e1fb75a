"""The log's lines: whole, one each, and without what does not belong into a log."""

from __future__ import annotations

import json
import logging

import pytest

from ingest.providers import EventContext, OrderPlaced, open_analytics
from ingest.visitors import visitor_hash


@pytest.fixture
def lines(settings_with, clock, caplog):
    """The lines that come of what a test tracks."""

    def written(track):
        caplog.set_level(logging.INFO, logger="workbench.analytics")
        with open_analytics(settings_with("log"), clock=clock) as analytics:
            track(analytics)
        assert analytics.problems() == ()
        return [record.getMessage() for record in caplog.records if record.name == "workbench.analytics"]

    return written


def test_an_event_is_one_line_of_json(lines):
    context = EventContext(pathname="/checkout", session_id="s1")
    order = OrderPlaced(order_id="A\n1", total_cents=4998, currency="EUR")
    (line,) = lines(lambda analytics: analytics.track(order, actor_id="customer-7", context=context))
    assert line.isascii()
    assert line.splitlines() == [line]
    assert json.loads(line) == {
        "event": "order_placed",
        "timestamp": "2026-06-15T12:00:00+00:00",
        "website_id": "site_a",
        "visitor_id": visitor_hash(b"key", "site_a", "customer-7"),
        "pathname": "/checkout",
        "event_id": "A\n1",
        "properties": {"order_id": "A\n1", "total_cents": 4998, "currency": "EUR"},
    }


def test_people_and_secrets_are_not_in_the_log(lines):
    def track(analytics):
        secrets = {"password": "hush", "apiKey": "hush", "card_number": "hush", "auth": {"session_token": "hush"}}
        analytics.track("signed_in", "customer-7", {**secrets, "items": [{"iban": "hush", "sku": "t-1"}]})
        analytics.identify("customer-7", {"email": "hush@example.com", "name": "Hush"})

    event, person = map(json.loads, lines(track))
    assert event["properties"] == {
        "password": "[hidden]",
        "apiKey": "[hidden]",
        "card_number": "[hidden]",
        "auth": {"session_token": "[hidden]"},
        "items": [{"iban": "[hidden]", "sku": "t-1"}],
    }
    assert person == {"identify": visitor_hash(b"key", "site_a", "customer-7"), "traits": ["email", "name"]}
    assert not any(text in json.dumps([event, person]) for text in ("hush", "Hush", "customer-7"))
