"""The traffic of a demo website: the events its visits make, and the checkouts among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

import numpy as np

from stats_core.traffic.sessions import Event
from workbench.demo.audience import devices, origins
from workbench.demo.drawing import SECOND, Ints, hex_ids, microseconds, moment, pick, salt, stream, taken
from workbench.demo.shops import Shop
from workbench.demo.site import Kind, Site, build_site
from workbench.demo.visits import Seen, Visits, draw_visits, walk

_LOOKS, _LOOKS_ONCE = 0.75, 0.06  # share of product pages looked at closely: of several pages seen, of one
_LOOK_S = (3, 15)
_QUANTITIES = (72, 20, 8)  # weights of 1, 2, 3 pieces
_UNPAID = 0.05  # share of confirmed orders that are to be paid later


@dataclass(frozen=True, slots=True)
class Checkout:
    """A visit that went to the till.

    Attributes:
        visit, visitor: Their numbers.
        cart: Places of the products, with their quantities.
        done_at: When the order was placed; None where it was not.
        paid: Whether it was paid at once.
    """

    visit: int
    visitor: int
    session_id: str
    cart: tuple[tuple[int, int], ...]
    started_at: datetime
    done_at: datetime | None
    paid: bool


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a website saw: its events in time, and the visits that went to the till."""

    events: list[Event]
    checkouts: list[Checkout]


@dataclass(frozen=True, slots=True)
class _Marks:
    """Things that happen: entries of events of one name, with the product they are about (-1 for none)."""

    name: str | None
    visit: Ints
    time: Ints
    page: Ints
    product: Ints
    quantity: Ints


def make_traffic(
    shop: Shop, *, seed: int, now: datetime, days: int, first_product_id: int, scale: float = 1.0
) -> Traffic:
    """The website's traffic of `days` local days, the last one up to `now`.

    The same seed and day give the same events, whatever the hour of `now`: a later one only adds to them.

    Args:
        shop: Whose website.
        seed: Of everything random.
        now: The moment after which nothing has happened yet.
        days: How many local days, the one of `now` included.
        first_product_id: Id of the shop's first product; the others follow.
        scale: Visits as a multiple of the shop's own number.
    """
    today = now.astimezone(shop.zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    site = build_site(shop, stream(seed, shop.merchant, "site"))
    visits = draw_visits(shop, dates, scale, seed)
    seen = walk(shop, site, visits, stream(seed, shop.merchant, "steps"))
    session_ids = hex_ids(np.arange(len(visits.start)), salt=salt(seed, shop.website_id, "session"), words=2)
    carted = _carted(seen, site, stream(seed, shop.merchant, "cart"))
    checkouts = list(_checkouts(seen, carted, visits, session_ids, stream(seed, shop.merchant, "till")))
    marks = [
        _pageviews(seen),
        _looks(seen, site, stream(seed, shop.merchant, "looks")),
        carted,
        *_at_the_till(site, checkouts),
    ]
    columns = _columns(shop, site, visits, session_ids, seed, _in_time(marks), first_product_id)
    return Traffic(
        events=[event for event in map(Event, *columns) if event.timestamp <= now],
        checkouts=[_until(checkout, now) for checkout in checkouts if checkout.started_at <= now],
    )


def _looks(seen: Seen, site: Site, rng: np.random.Generator) -> _Marks:
    """Products looked at for some seconds, and before the next page is opened."""
    share = np.where(seen.first & seen.last, _LOOKS_ONCE, _LOOKS)
    looked = (seen.kind == Kind.PRODUCT) & (rng.random(len(share)) < share)
    until_next = np.where(seen.last, 2 * max(_LOOK_S) * SECOND, np.diff(seen.time, append=0))
    after = np.minimum(rng.uniform(*_LOOK_S, len(share)) * SECOND, until_next / 2).astype(np.int64)
    page = seen.page[looked]
    product = page - site.starts[Kind.PRODUCT]
    return _Marks(
        "product_viewed", seen.visit[looked], (seen.time + after)[looked], page, product, np.ones(len(page), int)
    )


def _carted(seen: Seen, site: Site, rng: np.random.Generator) -> _Marks:
    """Products put into the cart: the cart comes after their page."""
    added = (seen.kind == Kind.CART) & ~seen.first & (np.roll(seen.kind, 1) == Kind.PRODUCT)
    page = np.roll(seen.page, 1)[added]
    product = page - site.starts[Kind.PRODUCT]
    quantity = pick(rng, _QUANTITIES, len(page)) + 1
    return _Marks("cart_updated", seen.visit[added], seen.time[added] - SECOND // 2, page, product, quantity)


def _checkouts(
    seen: Seen, carted: _Marks, visits: Visits, session_ids: Sequence[str], rng: np.random.Generator
) -> Iterator[Checkout]:
    """The visits that saw the till, with what was in the cart at the end."""
    carts: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for visit, product, quantity in zip(
        *(column.tolist() for column in (carted.visit, carted.product, carted.quantity)), strict=True
    ):
        carts[visit][product] = quantity
    started, done = (_first_times(seen, kind) for kind in (Kind.CHECKOUT, Kind.DONE))
    paid = rng.random(len(started)) >= _UNPAID
    for (visit, time), at_once in zip(started.items(), paid.tolist(), strict=True):
        yield Checkout(
            visit=visit,
            visitor=int(visits.visitor[visit]),
            session_id=session_ids[visit],
            cart=tuple(carts[visit].items()),
            started_at=moment(time),
            done_at=moment(done[visit]) if visit in done else None,
            paid=at_once,
        )


def _at_the_till(site: Site, checkouts: Sequence[Checkout]) -> Iterator[_Marks]:
    """One event per product in the cart, when checkout starts and when it is paid."""
    begun = [(checkout, checkout.started_at) for checkout in checkouts]
    paid = [(checkout, checkout.done_at) for checkout in checkouts if checkout.done_at and checkout.paid]
    for name, kind, times in (("checkout_started", Kind.CHECKOUT, begun), ("payment_completed", Kind.DONE, paid)):
        rows = [
            (checkout.visit, microseconds(time) + (1 + number) * SECOND // 4, product, quantity)
            for checkout, time in times
            for number, (product, quantity) in enumerate(checkout.cart)
        ]
        visit, time, product, quantity = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        yield _Marks(name, visit, time, np.full(len(rows), site.starts[kind]), product, quantity)


def _pageviews(seen: Seen) -> _Marks:
    none = np.full(len(seen.visit), -1)
    return _Marks(None, seen.visit, seen.time, seen.page, none, none)


def _in_time(marks: Sequence[_Marks]) -> tuple[list[str | None], _Marks]:
    """All marks as one, in time, with the name of each."""
    order = np.argsort(np.concatenate([mark.time for mark in marks]), kind="stable")
    names = np.repeat(np.arange(len(marks)), [len(mark.time) for mark in marks])[order]
    columns = (
        np.concatenate([getattr(mark, name) for mark in marks])[order]
        for name in ("visit", "time", "page", "product", "quantity")
    )
    return taken([mark.name for mark in marks], names), _Marks(None, *columns)


def _columns(
    shop: Shop,
    site: Site,
    visits: Visits,
    session_ids: Sequence[str],
    seed: int,
    named: tuple[list[str | None], _Marks],
    first_product_id: int,
) -> list[Iterable[Any]]:
    """The values of the events, by field of `Event`."""
    names, marks = named
    rng = stream(seed, shop.merchant, "visitors")
    visitors = int(visits.visitor.max(initial=-1)) + 1
    visitor = visits.visitor[marks.visit]
    device = pick(rng, [device.weight for device in devices()], visitors)[visitor]
    country = pick(rng, list(shop.countries.values()), visitors)[visitor]
    origin = visits.origin[marks.visit]
    visitor_ids = hex_ids(np.arange(visitors), salt=salt(seed, shop.website_id, "visitor"), words=2)
    columns: dict[str, Iterable[Any]] = {
        "website_id": repeat(shop.website_id),
        "event_id": _event_ids(marks.time, salt(seed, shop.website_id, "event")),
        "session_id": taken(session_ids, marks.visit),
        "visitor_id": taken(visitor_ids, visitor),
        "event_type": ["custom_event" if name else "pageview" for name in names],
        "event_name": names,
        "pathname": taken(site.paths, marks.page),
        "timestamp": list(map(moment, (marks.time // 1000 * 1000).tolist())),
        "country": taken(list(shop.countries), country),
        "metadata": _properties(shop, marks, first_product_id),
        **{name: taken(values, device) for name, values in _by_device().items()},
        **{name: taken(values, origin) for name, values in _by_origin(shop).items()},
    }
    return [columns[field.name] for field in fields(Event)]


def _event_ids(times: Ints, salted: int) -> list[str]:
    """Time first, as in a ULID: new ids stand together in the index."""
    tails = hex_ids(np.arange(len(times)), salt=salted, words=1)
    return [f"{time:012x}{tail}" for time, tail in zip((times // 1000).tolist(), tails, strict=True)]


def _by_device() -> dict[str, list[Any]]:
    known = devices()
    return {
        "user_agent": [device.user_agent for device in known],
        "browser": [device.agent.browser for device in known],
        "os": [device.agent.os for device in known],
        "device_type": [device.agent.device_type for device in known],
    }


def _by_origin(shop: Shop) -> dict[str, list[Any]]:
    known = origins(shop)
    return {
        "referrer": [origin.source.referrer for origin in known],
        "referrer_source": [origin.source.source for origin in known],
        "referrer_medium": [origin.source.medium for origin in known],
        "utm_source": [origin.utm_source for origin in known],
        "utm_medium": [origin.utm_medium for origin in known],
        "utm_campaign": [origin.campaign for origin in known],
    }


def _properties(shop: Shop, marks: _Marks, first_product_id: int) -> list[dict[str, Any]]:
    """What custom events say: which product, how many, at which price."""
    about = [
        {"product_id": first_product_id + number, "sku": product.sku, "price_cents": product.price_cents}
        for number, product in enumerate(shop.products)
    ]
    nothing: dict[str, Any] = {}
    pairs = zip(marks.product.tolist(), marks.quantity.tolist(), strict=True)
    return [{**about[product], "quantity": quantity} if product >= 0 else nothing for product, quantity in pairs]


def _first_times(seen: Seen, kind: Kind) -> dict[int, int]:
    """When each visit first saw a page of this kind."""
    here = seen.kind == kind
    visits, places = np.unique(seen.visit[here], return_index=True)
    return dict(zip(visits.tolist(), seen.time[here][places].tolist(), strict=True))


def _until(checkout: Checkout, now: datetime) -> Checkout:
    """What is known of it at `now`."""
    placed = checkout.done_at is not None and checkout.done_at <= now
    return checkout if placed else replace(checkout, done_at=None)
