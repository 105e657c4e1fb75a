"""What the demo is invented from."""

from __future__ import annotations

import re

from stats_core.traffic.websites import clean_domain
from workbench.demo.audience import LANDING, LEAVES_AT_ONCE, devices, origins
from workbench.demo.drawing import stream
from workbench.demo.shops import shops, slug, workshop
from workbench.demo.site import LEAVE, Kind, build_site, steps


def test_three_merchants_in_three_time_zones_and_currencies():
    assert [(shop.zone.key, shop.currency) for shop in shops()] == [
        ("Europe/Berlin", "EUR"),
        ("America/New_York", "USD"),
        ("Asia/Kolkata", "INR"),
    ]
    assert len({shop.website_id for shop in shops()}) == 3
    for shop in shops():
        assert clean_domain(shop.domain) == shop.domain
        assert shop.domain.endswith(".example")
        assert len(shop.weekdays) == 7
        assert all(host.endswith(".example") for host in shop.referrers)


def test_a_few_hundred_pages_with_paths_of_their_own():
    sites = [build_site(shop, stream(1, shop.merchant)) for shop in shops()]
    assert all(len(set(site.paths)) == len(site.paths) for site in sites)
    assert sum(len(site.paths) for site in sites) > 200
    assert all(re.fullmatch(r"/[a-z0-9/-]*", path) for site in sites for path in site.paths)


def test_articles_have_numbers_of_their_own_and_a_price():
    for shop in shops():
        assert len({product.sku for product in shop.products}) == len(shop.products)
        assert all(product.price_cents > 0 for product in shop.products)
    assert len(set(workshop().partners)) == len(workshop().partners)


def test_a_slug_is_plain():
    assert slug("Müller's “Milk” Oolong, 50 g!") == "mullers-milk-oolong-50-g"


def test_agents_are_people_of_every_device_type():
    assert not any(device.agent.is_bot for device in devices())
    assert {device.agent.device_type for device in devices()} == {"desktop", "mobile", "tablet", "other"}
    assert {device.agent.browser for device in devices()} == {"Chrome", "Safari", "Firefox", "Edge", "Samsung Internet"}


def test_every_medium_has_landing_pages_and_a_share_of_bounces():
    mediums = {origin.source.medium for shop in shops() for origin in origins(shop)}
    assert mediums == set(LANDING) == set(LEAVES_AT_ONCE)


def test_from_every_page_one_can_leave_and_every_kind_is_reached():
    weights = steps()
    assert all(weights[kind, LEAVE] > weights[kind, LEAVE - 1] for kind in Kind)
    landed = {kind for kinds in LANDING.values() for kind in kinds}
    reached = {
        kind for kind in Kind if any(weights[other, kind] > (weights[other, kind - 1] if kind else 0) for other in Kind)
    }
    assert landed | reached == set(Kind)
