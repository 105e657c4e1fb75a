"""The named events: their names, their documents, and what they refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ingest.providers import (
    CartUpdated,
    CheckoutStarted,
    CustomerRegistered,
    OrderPlaced,
    PaymentCompleted,
    Product,
    ProductViewed,
)
from ingest.providers.commerce import EVENTS, PER_PRODUCT
from stats_core.operations.product_analytics import STEPS

TEE = Product(product_id=7, quantity=2, price_cents=1999, sku="tee-m")


def test_these_events_have_names():
    assert {event.NAME for event in EVENTS} == {
        "order_placed",
        "cart_updated",
        "product_viewed",
        "checkout_started",
        "payment_completed",
        "customer_registered",
    }


def test_what_product_analytics_count_is_tracked_by_product():
    assert set(STEPS.values()) == PER_PRODUCT


@pytest.mark.parametrize("event", [*EVENTS, Product], ids=lambda event: event.__name__)
def test_every_property_is_described(event):
    assert event.__doc__
    assert all(field.description for field in event.model_fields.values())


@pytest.mark.parametrize(
    ("event", "document"),
    [
        (
            ProductViewed(product_id=7, price_cents=1999, currency="EUR", name="Tee"),
            {"product_id": 7, "quantity": 1, "price_cents": 1999, "name": "Tee", "currency": "EUR"},
        ),
        (CartUpdated(product_id="7", quantity=0, cart_id=3), {"product_id": "7", "quantity": 0, "cart_id": 3}),
        (
            CheckoutStarted(products=[TEE], currency="EUR", checkout_id="c1"),
            {"products": [TEE.model_dump(exclude_none=True)], "currency": "EUR", "checkout_id": "c1"},
        ),
        (
            OrderPlaced(order_id=1042, total_cents=4998, currency="EUR", units=2, coupon="SPRING", tax_cents=798),
            {
                "order_id": 1042,
                "total_cents": 4998,
                "currency": "EUR",
                "units": 2,
                "tax_cents": 798,
                "coupon": "SPRING",
            },
        ),
        (
            PaymentCompleted(order_id=1042, products=[TEE], currency="EUR", method="card"),
            {"order_id": 1042, "products": [TEE.model_dump(exclude_none=True)], "currency": "EUR", "method": "card"},
        ),
        (CustomerRegistered(method="form", newsletter=True), {"method": "form", "newsletter": True}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_documents(event, document):
    assert event.model_dump(mode="json", exclude_none=True) == document


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (ProductViewed(product_id=7), None),
        (CartUpdated(product_id=7, cart_id=3), None),
        (CheckoutStarted(products=[TEE], currency="EUR"), None),
        (CheckoutStarted(products=[TEE], currency="EUR", checkout_id=5), "5"),
        (OrderPlaced(order_id=1042, total_cents=1, currency="EUR"), "1042"),
        (PaymentCompleted(order_id=1042, products=[TEE], currency="EUR"), "1042"),
        (PaymentCompleted(order_id=1042, products=[TEE], currency="EUR", payment_id="p2"), "1042 p2"),
        (CustomerRegistered(), None),
    ],
    ids=str,
)
def test_what_makes_two_calls_one_event(event, key):
    assert event.key() == key


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        (OrderPlaced, {"order_id": 1, "total_cents": 49.98, "currency": "EUR"}),
        (OrderPlaced, {"order_id": 1, "total_cents": "4998", "currency": "EUR"}),
        (OrderPlaced, {"order_id": 1, "total_cents": 4998, "currency": "euro"}),
        (OrderPlaced, {"order_id": "", "total_cents": 4998, "currency": "EUR"}),
        (OrderPlaced, {"order_id": 1, "total": 4998, "total_cents": 4998, "currency": "EUR"}),
        (CartUpdated, {"product_id": 7, "quantity": -1}),
        (CartUpdated, {"product_id": True}),
        (ProductViewed, {}),
        (PaymentCompleted, {"order_id": 1, "products": [], "currency": "EUR"}),
    ],
)
def test_money_is_whole_and_names_are_known(event, properties):
    with pytest.raises(ValidationError):
        event(**properties)
