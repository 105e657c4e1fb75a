"""The pages of a demo website, and how people walk over them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from workbench.demo.drawing import Floats, Ints, by_rank, place
from workbench.demo.shops import Shop, slug


class Kind(IntEnum):
    """What a page is for."""

    HOME = 0
    CATEGORY = 1
    PRODUCT = 2
    BLOG = 3
    POST = 4
    INFO = 5
    CART = 6
    CHECKOUT = 7
    DONE = 8
    ACCOUNT = 9


LEAVE = len(Kind)
"""The step out of the site, beside the kinds of pages."""

_SINGLE = {
    Kind.HOME: ("/",),
    Kind.BLOG: ("/blog",),
    Kind.INFO: (
        "/about",
        "/shipping",
        "/faq",
        "/contact",
        "/returns",
        "/gift-cards",
        "/wholesale",
        "/imprint",
        "/privacy",
    ),
    Kind.CART: ("/cart",),
    Kind.CHECKOUT: ("/checkout",),
    Kind.DONE: ("/order-confirmed",),
    Kind.ACCOUNT: ("/account/orders",),
}

_NEXT: dict[Kind, dict[int, float]] = {
    Kind.HOME: {Kind.CATEGORY: 38, Kind.PRODUCT: 18, Kind.BLOG: 9, Kind.POST: 5, Kind.INFO: 7, LEAVE: 23},
    Kind.CATEGORY: {Kind.PRODUCT: 56, Kind.CATEGORY: 12, Kind.HOME: 4, Kind.INFO: 2, LEAVE: 26},
    Kind.PRODUCT: {
        Kind.PRODUCT: 24,
        Kind.CATEGORY: 18,
        Kind.CART: 11,
        Kind.HOME: 4,
        Kind.INFO: 5,
        Kind.POST: 3,
        LEAVE: 35,
    },
    Kind.BLOG: {Kind.POST: 64, Kind.HOME: 8, LEAVE: 28},
    Kind.POST: {Kind.POST: 22, Kind.PRODUCT: 12, Kind.CATEGORY: 8, Kind.BLOG: 9, Kind.HOME: 8, LEAVE: 41},
    Kind.INFO: {Kind.HOME: 14, Kind.CATEGORY: 18, Kind.PRODUCT: 14, LEAVE: 54},
    Kind.CART: {Kind.CHECKOUT: 44, Kind.PRODUCT: 15, Kind.CATEGORY: 8, LEAVE: 33},
    Kind.CHECKOUT: {Kind.DONE: 56, Kind.CART: 7, LEAVE: 37},
    Kind.DONE: {Kind.ACCOUNT: 12, LEAVE: 88},
    Kind.ACCOUNT: {LEAVE: 100},
}


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of a shop's website.

    Attributes:
        paths: All pages; those of one kind stand together.
        kinds: Of each page.
        starts: Per kind, where its pages begin; a last entry closes them.
        popularity: Per kind, the cumulated weights of its pages.
    """

    paths: tuple[str, ...]
    kinds: Ints
    starts: tuple[int, ...]
    popularity: tuple[Floats, ...]

    def draw_pages(self, kinds: Ints, rng: np.random.Generator) -> Ints:
        """A page of each of these kinds."""
        pages: Ints = np.zeros(len(kinds), dtype=np.int64)
        for kind in Kind:
            here = kinds == kind
            pages[here] = self.starts[kind] + place(rng.random(int(here.sum())), self.popularity[kind])
        return pages

    def other_page(self, page: Ints) -> Ints:
        """The next page of the same kind; the same where a kind has one page."""
        start, end = np.array(self.starts)[self.kinds[page]], np.array(self.starts)[self.kinds[page] + 1]
        following: Ints = np.where(page + 1 < end, page + 1, start)
        return following


def build_site(shop: Shop, rng: np.random.Generator) -> Site:
    """The shop's pages; which of them are popular follows from `rng`."""
    paths = {
        **_SINGLE,
        Kind.CATEGORY: ("/shop", *(f"/shop/{slug(category)}" for category in shop.categories)),
        Kind.PRODUCT: tuple(product.path for product in shop.products),
        Kind.POST: tuple(f"/blog/{slug(post)}" for post in shop.posts),
    }
    counts = [len(paths[kind]) for kind in Kind]
    return Site(
        paths=tuple(path for kind in Kind for path in paths[kind]),
        kinds=np.repeat(np.arange(len(Kind)), counts),
        starts=(0, *np.cumsum(counts).tolist()),
        popularity=tuple(np.cumsum(rng.permutation(by_rank(count, 0.8))) for count in counts),
    )


def steps() -> Floats:
    """Cumulated weights of the step after a page of each kind (rows); the last column is leaving."""
    weights = np.zeros((len(Kind), len(Kind) + 1))
    for kind, following in _NEXT.items():
        for target, weight in following.items():
            weights[kind, target] = weight
    return np.cumsum(weights, axis=1)
