"""The demo's traffic."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ingest.agents import parse_agent
from stats_core.traffic.sessions import fold
from workbench.demo.audience import devices
from workbench.demo.shops import Shop, shops
from workbench.demo.traffic import Traffic, make_traffic

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
NEW_YORK = shops()[1]


def traffic(shop: Shop = NEW_YORK, **options) -> Traffic:
    return make_traffic(shop, **{"seed": 3, "now": NOW, "days": 60, "first_product_id": 101, "scale": 0.4, **options})


@pytest.fixture(scope="module")
def made() -> Traffic:
    return traffic()


def test_the_same_seed_and_moment_give_the_same_traffic(made):
    assert traffic() == made


def test_another_seed_gives_other_traffic(made):
    assert [event.event_id for event in traffic(seed=4).events[:50]] != [event.event_id for event in made.events[:50]]


def test_later_in_the_day_there_is_more_of_the_same(made):
    later = traffic(now=NOW + timedelta(hours=5)).events
    assert len(later) > len(made.events)
    assert later[: len(made.events)] == made.events


def test_events_lie_in_the_days_asked_for_in_time_and_not_after_now(made):
    times = [event.timestamp for event in made.events]
    assert times == sorted(times)
    days = {time.astimezone(NEW_YORK.zone).date() for time in times}
    assert (max(times) <= NOW, len(days), max(days)) == (True, 60, NOW.date())
    assert len({event.event_id for event in made.events}) == len(made.events)


@pytest.mark.parametrize("shop", shops(), ids=lambda shop: shop.website_id)
def test_bounces_and_pages_are_those_of_a_real_shop(shop):
    sessions = fold(traffic(shop).events)
    assert 0.40 < sum(session.is_bounce for session in sessions) / len(sessions) < 0.55
    assert 2 < sum(session.pageviews for session in sessions) / len(sessions) < 4
    assert 45 < sum(session.duration_seconds for session in sessions) / len(sessions) < 180
    sources = Counter(session.referrer_source for session in sessions)
    assert {"google", "direct", "newsletter", "chatgpt", "instagram", shop.referrers[0]} <= sources.keys()
    assert [source for source, _ in sources.most_common(2)] == ["google", "direct"]
    assert {session.country for session in sessions} <= shop.countries.keys()


def test_a_tab_left_open_comes_back_as_a_second_session(made):
    sessions = Counter(session.session_id for session in fold(made.events))
    assert 0.005 < sum(count > 1 for count in sessions.values()) / len(sessions) < 0.05


def test_browser_system_and_device_are_those_of_the_agent(made):
    agents = {
        (event.user_agent, event.browser, event.os, event.device_type) for event in made.events if event.user_agent
    }
    assert len(agents) > 10
    for user_agent, *said in agents:
        known = parse_agent(user_agent)
        assert said == [known.browser, known.os, known.device_type]
    assert {user_agent for user_agent, *_ in agents} <= {device.user_agent for device in devices()}


def test_a_visitor_keeps_device_and_country(made):
    seen = {(event.visitor_id, event.user_agent, event.country) for event in made.events}
    assert len(seen) == len({event.visitor_id for event in made.events})


def test_visits_follow_the_day_the_newsletter_and_growth():
    events = traffic(days=196, scale=1).events
    local = [event.timestamp.astimezone(NEW_YORK.zone) for event in events]
    hours = Counter(time.hour for time in local)
    assert hours[20] > 5 * hours[3]
    days = Counter(time.date() for time in local)
    ordered = [days[day] for day in sorted(days)]
    assert sum(ordered[-29:-1]) > 1.15 * sum(ordered[:28])
    weekdays = Counter(time.weekday() for time in local)
    assert weekdays[1] > 1.15 * weekdays[5]  # Tuesday, Saturday
    mails = Counter(event.timestamp.toordinal() % 14 for event in events if event.utm_source == "newsletter")
    assert mails[0] > 4 * mails[10]


def test_custom_events_name_products_and_follow_the_way_to_the_till(made):
    custom = [event for event in made.events if event.event_type == "custom_event"]
    names = Counter(event.event_name for event in custom)
    assert names["product_viewed"] > names["cart_updated"] > names["checkout_started"] > names["payment_completed"] > 0
    ids = range(101, 101 + len(NEW_YORK.products))
    for event in custom:
        assert event.metadata["product_id"] in ids
        assert event.metadata["sku"] == NEW_YORK.products[event.metadata["product_id"] - 101].sku
    looks = [event for event in custom if event.event_name == "product_viewed"]
    assert all(NEW_YORK.products[event.metadata["product_id"] - 101].path == event.pathname for event in looks)
    assert not any(event.metadata for event in made.events if event.event_type == "pageview")


def test_checkouts_are_what_the_events_say(made):
    lines = Counter(
        (event.event_name, event.session_id, event.metadata["product_id"] - 101, event.metadata["quantity"])
        for event in made.events
        if event.event_name in {"checkout_started", "payment_completed"}
    )
    paid = [checkout for checkout in made.checkouts if checkout.done_at and checkout.paid]
    assert lines == Counter(
        (name, item.session_id, *line)
        for name, checkouts in (("checkout_started", made.checkouts), ("payment_completed", paid))
        for item in checkouts
        for line in item.cart
    )
    assert all(checkout.cart for checkout in made.checkouts)
    assert all(checkout.done_at is None or checkout.done_at > checkout.started_at for checkout in made.checkouts)
