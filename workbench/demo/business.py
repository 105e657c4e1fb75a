"""The merchants' business: teams, subscriptions, products, customers, orders and what became of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from stats_core.models import (
    Customer,
    Merchant,
    OrderSession,
    Product,
    SalesOrder,
    SalesOrderLine,
    Store,
    Subscription,
    TeamMember,
    Website,
)
from workbench.demo.drawing import pick, stream
from workbench.demo.rows import Rows
from workbench.demo.shops import Shop, slug
from workbench.demo.traffic import Checkout
from workbench.demo.visits import day_weights

_DAY = timedelta(days=1)
_FOUNDED_DAYS = 40  # before the first day of traffic
_GUESTS = 0.12  # share of orders without a customer account
_PAY_WITHIN = timedelta(days=3)
_CONFIRMED_AFTER = timedelta(minutes=2)
_REFUNDED, _PARTLY = 0.04, 0.03  # shares of orders
_STAYS_SHIPPED = 0.93  # draws above are orders whose arrival nobody noted
_FRESH = timedelta(hours=2)  # how long a checkout may still go on
_STAGES = ("STARTED", "ADDRESS", "SHIPPING", "PAYMENT")
_STAGE_WEIGHTS, _GIVEN_UP = (40, 25, 20, 15), 0.7
_TRADE_ORDERS, _TRADE_SHARE, _TRADE_CUSTOMERS = 0.8, 0.62, 24  # a day; of the shop's price; businesses
_TRADE_LATE = 0.08  # share that are to be paid later
TRADE_SUFFIX = "-T"  # of the trade store's article numbers
_TRADE_QUANTITIES = (5, 10, 12, 20, 24, 40)
_TRADE_NAMES = ("Studio", "Concept Store", "Café", "Market", "Gifts", "Hotel")


@dataclass(frozen=True, slots=True)
class Opened:
    """A shop with its rows' ids."""

    shop: Shop
    store_id: int
    trade_store_id: int
    first_product_id: int
    first_trade_product_id: int


@dataclass(frozen=True, slots=True)
class _Order:
    """What is known of an order before its fate is drawn. Lines: place of the product, quantity, price."""

    store_id: int
    first_product_id: int
    customer_id: int | None
    customer_name: str
    session_id: str | None
    created_at: datetime
    paid: bool
    lines: Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of an order."""

    status: str
    confirmed_at: datetime | None = None
    shipped_at: datetime | None = None
    refunded_at: datetime | None = None


def open_shop(shop: Shop, rows: Rows, *, first_day: datetime, now: datetime) -> Opened:
    """Add the merchant with everything that does not depend on visits."""
    founded = first_day - _FOUNDED_DAYS * _DAY
    made = {"created_at": founded, "updated_at": founded}
    merchant = rows.add(Merchant, name=shop.merchant, timezone=shop.zone.key, currency=shop.currency, **made)
    store, trade = (
        rows.add(Store, merchant_id=merchant, name=name, currency=shop.currency, **made) for name in shop.stores
    )
    for number, (name, role) in enumerate(shop.team):
        joined = founded + 17 * number * _DAY
        rows.add(TeamMember, merchant_id=merchant, name=name, role=role, created_at=joined, updated_at=joined)
    for paid in shop.subscriptions:
        started, ended = now - paid.began * _DAY, now - paid.ended * _DAY if paid.ended else None
        rows.add(
            Subscription,
            merchant_id=merchant,
            plan=paid.plan,
            status=paid.status,
            price_cents=paid.price_cents,
            started_at=started,
            cancelled_at=ended if paid.status == "cancelled" else None,
            created_at=started,
            updated_at=ended or started,
        )
    website = {"name": shop.website_name, "domain": shop.domain, "timezone": shop.zone.key, "store_id": store}
    rows.add_named(Website, id=shop.website_id, **website, **made)
    first = rows.next_id(Product)
    for product in shop.products:
        _add_product(rows, store, product.name, product.sku, product.category, product.price_cents, founded)
    first_trade = rows.next_id(Product)
    for product in shop.products:
        sku, price = f"{product.sku}{TRADE_SUFFIX}", trade_price(product.price_cents)
        _add_product(rows, trade, product.name, sku, product.category, price, founded)
    return Opened(shop, store, trade, first, first_trade)


def add_orders(
    opened: Opened,
    checkouts: Sequence[Checkout],
    rows: Rows,
    *,
    seed: int,
    first_day: datetime,
    now: datetime,
    scale: float,
) -> None:
    """Add what came of the visits that went to the till, and the trade store's orders."""
    shop = opened.shop
    states = stream(seed, shop.merchant, "order sessions")
    for checkout in checkouts:
        _add_order_session(opened.store_id, checkout, rows, states, now)
    orders = [
        *_shop_orders(opened, checkouts, rows, stream(seed, shop.merchant, "customers")),
        *_trade_orders(opened, rows, stream(seed, shop.merchant, "trade"), first_day=first_day, now=now, scale=scale),
    ]
    fates = stream(seed, shop.merchant, "orders")
    for order in sorted(orders, key=lambda order: (order.created_at, order.store_id)):
        if order.created_at <= now:
            _add_order(shop, order, rows, fates.random(4).tolist(), now)


def _add_product(
    rows: Rows, store_id: int, name: str, sku: str, category: str, unit_price_cents: int, made: datetime
) -> None:
    rows.add(
        Product,
        store_id=store_id,
        name=name,
        sku=sku,
        category=category,
        unit_price_cents=unit_price_cents,
        created_at=made,
        updated_at=made,
    )


def _add_order_session(store_id: int, checkout: Checkout, rows: Rows, rng: np.random.Generator, now: datetime) -> None:
    given_up, stage = rng.random() < _GIVEN_UP, _STAGES[pick(rng, _STAGE_WEIGHTS, 1)[0]]
    state = "SUBMITTED" if checkout.done_at else stage
    if state != "SUBMITTED" and given_up and now - checkout.started_at > _FRESH:
        state = "ABANDONED"
    rows.add(
        OrderSession,
        store_id=store_id,
        state=state,
        created_at=checkout.started_at,
        submitted_at=checkout.done_at,
        updated_at=checkout.done_at or checkout.started_at,
    )


def _shop_orders(
    opened: Opened, checkouts: Sequence[Checkout], rows: Rows, rng: np.random.Generator
) -> Iterator[_Order]:
    """Orders from the website; somebody who comes back is the same customer."""
    shop = opened.shop
    known: dict[int, tuple[int, str]] = {}
    for checkout in checkouts:
        if checkout.done_at is None:
            continue
        name = f"{_one(shop.first_names, rng)} {_one(shop.last_names, rng)}"
        customer_id = None
        if checkout.visitor in known:
            customer_id, name = known[checkout.visitor]
        elif rng.random() >= _GUESTS:
            mail = f"{slug(name)}-{checkout.visitor}@mail.example"
            customer_id = _add_customer(rows, opened.store_id, name, mail, checkout.done_at)
            known[checkout.visitor] = customer_id, name
        yield _Order(
            store_id=opened.store_id,
            first_product_id=opened.first_product_id,
            customer_id=customer_id,
            customer_name=name,
            session_id=checkout.session_id,
            created_at=checkout.done_at,
            paid=checkout.paid,
            lines=[(place, quantity, shop.products[place].price_cents) for place, quantity in checkout.cart],
        )


def _trade_orders(
    opened: Opened, rows: Rows, rng: np.random.Generator, *, first_day: datetime, now: datetime, scale: float
) -> Iterator[_Order]:
    """Orders of other businesses: fewer, larger, on no website."""
    shop = opened.shop
    names = [f"{family} {kind}" for family in shop.last_names for kind in _TRADE_NAMES]
    buyers = [
        (_add_customer(rows, opened.trade_store_id, name, f"{slug(name)}@trade.example", first_day), name)
        for name in rng.permutation(names)[:_TRADE_CUSTOMERS].tolist()
    ]
    dates = [(first_day + after * _DAY).astimezone(shop.zone).date() for after in range((now - first_day).days + 1)]
    for number, busy in enumerate(day_weights(shop, dates, rng)):
        for _ in range(rng.poisson(busy * _TRADE_ORDERS * scale)):
            created_at = first_day + timedelta(days=number, seconds=int(rng.integers(8 * 3600, 18 * 3600)))
            customer_id, name = buyers[rng.integers(len(buyers))]
            places = rng.choice(len(shop.products), int(rng.integers(2, 6)), replace=False).tolist()
            yield _Order(
                store_id=opened.trade_store_id,
                first_product_id=opened.first_trade_product_id,
                customer_id=customer_id,
                customer_name=name,
                session_id=None,
                created_at=created_at,
                paid=rng.random() >= _TRADE_LATE,
                lines=[
                    (place, int(rng.choice(_TRADE_QUANTITIES)), trade_price(shop.products[place].price_cents))
                    for place in places
                ],
            )


def _add_order(shop: Shop, order: _Order, rows: Rows, luck: Sequence[float], now: datetime) -> None:
    fate = _fate(order.created_at, order.paid, luck, now)
    total = sum(quantity * price for _, quantity, price in order.lines)
    _, quantity, price = order.lines[0]
    sent_back = price * (1 if len(order.lines) == 1 and quantity > 1 else quantity)
    refunded = {"REFUNDED": total, "PARTIALLY_REFUNDED": sent_back}.get(fate.status, 0)
    if refunded == total and fate.status == "PARTIALLY_REFUNDED":
        refunded //= 2  # one piece alone: half its price for a fault
    order_id = rows.add(
        SalesOrder,
        store_id=order.store_id,
        status=fate.status,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        total_cents=total,
        currency=shop.currency,
        confirmed_at=fate.confirmed_at,
        shipped_at=fate.shipped_at,
        refunded_at=fate.refunded_at,
        refunded_cents=refunded,
        session_id=order.session_id,
        created_at=order.created_at,
        updated_at=fate.refunded_at or fate.shipped_at or fate.confirmed_at or order.created_at,
    )
    for place, quantity, price in order.lines:
        product = shop.products[place]
        rows.add(
            SalesOrderLine,
            order_id=order_id,
            product_id=order.first_product_id + place,
            product_name=product.name,
            sku=product.sku if order.session_id else f"{product.sku}{TRADE_SUFFIX}",
            quantity=quantity,
            unit_price_cents=price,
            created_at=order.created_at,
            updated_at=order.created_at,
        )


def _fate(created: datetime, paid: bool, luck: Sequence[float], now: datetime) -> _Fate:
    """How far an order has come by now; `luck` holds four draws in [0, 1)."""
    age = now - created
    if not paid:
        return _Fate("PENDING" if age < _PAY_WITHIN else "CANCELLED")
    confirmed = created + min(_CONFIRMED_AFTER, age)
    ships_after = timedelta(hours=12 + 60 * luck[1])
    if age < ships_after:
        return _Fate("PAID" if age < ships_after / 3 else "FULFILLING", confirmed)
    shipped = created + ships_after
    refunded = shipped + timedelta(days=3 + 18 * luck[2])
    if luck[0] < _REFUNDED + _PARTLY and refunded <= now:
        return _Fate("REFUNDED" if luck[0] < _REFUNDED else "PARTIALLY_REFUNDED", confirmed, shipped, refunded)
    arrived = shipped + timedelta(days=2 + 7 * luck[3])
    return _Fate("SHIPPED" if now < arrived or luck[3] > _STAYS_SHIPPED else "COMPLETE", confirmed, shipped)


def trade_price(price_cents: int) -> int:
    """What other businesses pay."""
    return round(price_cents * _TRADE_SHARE)


def _add_customer(rows: Rows, store_id: int, name: str, mail: str, since: datetime) -> int:
    digest = hashlib.sha256(mail.encode()).hexdigest()
    return rows.add(Customer, store_id=store_id, name=name, email_hash=digest, created_at=since, updated_at=since)


def _one(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]
