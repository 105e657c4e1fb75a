"""The demo's merchants as `shops.toml` describes them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Product:
    """What a shop sells. `price_cents` is in minor units of the shop's currency."""

    name: str
    category: str
    sku: str
    price_cents: int

    @property
    def path(self) -> str:
        """Its page."""
        return f"/products/{slug(self.name)}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the merchant pays for; `ended` is 0 while it runs. Both ends are days before today."""

    plan: str
    status: str
    price_cents: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with two stores: the first sells on the website, the second to other businesses.

    Attributes:
        weekdays: Weight of each day of the week, Monday first.
        peak_day: Day of the year around which most is sold.
        peak_weight: How much more that is, as a share.
        countries: Share of visitors by country.
        referrers: Hosts that link here.
    """

    merchant: str
    zone: ZoneInfo
    currency: str
    website_id: str
    domain: str
    website_name: str
    stores: tuple[str, str]
    visits_per_day: float
    weekdays: tuple[float, ...]
    peak_day: int
    peak_weight: float
    countries: Mapping[str, float]
    referrers: tuple[str, ...]
    campaigns: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    team: tuple[tuple[str, str], ...]
    subscriptions: tuple[Subscription, ...]
    products: tuple[Product, ...]
    posts: tuple[str, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """Names in the order of the shop."""
        return tuple(dict.fromkeys(product.category for product in self.products))


@dataclass(frozen=True, slots=True)
class Workshop:
    """Who produces, and what designs are called."""

    partners: tuple[str, ...]
    motifs: tuple[str, ...]
    pieces: tuple[str, ...]


def slug(title: str) -> str:
    """`"Milk Oolong, 50 g"` → `"milk-oolong-50-g"`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def shops() -> tuple[Shop, ...]:
    """The three merchants."""
    return tuple(map(_shop, _document()["shop"]))


def workshop() -> Workshop:
    """The production side, which belongs to no merchant."""
    made = _document()["production"]
    return Workshop(tuple(made["partners"]), tuple(made["motifs"]), tuple(made["pieces"]))


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files("workbench.demo").joinpath("shops.toml").read_text("utf-8"))


def _shop(entry: Mapping[str, Any]) -> Shop:
    website = entry["website"]
    return Shop(
        merchant=entry["merchant"],
        zone=ZoneInfo(entry["timezone"]),
        currency=entry["currency"],
        website_id=website["id"],
        domain=website["domain"],
        website_name=website["name"],
        stores=(entry["stores"][0], entry["stores"][1]),
        visits_per_day=entry["visits_per_day"],
        weekdays=tuple(entry["weekdays"]),
        peak_day=entry["peak"]["day_of_year"],
        peak_weight=entry["peak"]["weight"],
        countries=entry["countries"],
        referrers=tuple(entry["referrers"]),
        campaigns=tuple(entry["campaigns"]),
        first_names=tuple(entry["first_names"]),
        last_names=tuple(entry["last_names"]),
        team=tuple((name, role) for name, role in entry["team"]),
        subscriptions=tuple(Subscription(*values) for values in entry["subscriptions"]),
        products=tuple(_products(entry["merchant"], entry["products"])),
        posts=tuple(entry["posts"]),
    )


def _products(merchant: str, by_category: Mapping[str, list[tuple[str, int]]]) -> list[Product]:
    letters = "".join(word[0] for word in merchant.split()[:2]).upper()
    return [
        Product(name, category, f"{letters}-{slug(category)[:3].upper()}-{number:02}", price)
        for category, items in by_category.items()
        for number, (name, price) in enumerate(items, 1)
    ]
