"""What becomes of an event: how it is enriched, why it is refused, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.arrivals import Arrival, unpack
from ingest.visitors import visitor_hash
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
PROXIES = {"trusted_proxies": ["10.0.0.0/8"]}
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SPAMMER = "https://semalt.com/x"


class Clock:
    def __init__(self, now: datetime = NOON):
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(sqlite_event_app):
    return sqlite_event_app


def secret(app) -> bytes:
    return Settings(home=app.home).secret()


def test_an_event_is_stored_with_all_that_was_found_out(event_app, clock):
    with event_app.running(clock=clock) as visitor:
        visitor.track(
            event_type="custom_event",
            event_name="signup",
            event_id="e1",
            pathname="/caf%C3%A9?utm_source=ignored",
            referrer="https://www.google.com/search?q=secret",
            query="?utm_source=newsletter&utm_medium=email&utm_campaign=spring&token=secret",
            timezone="Europe/Berlin",
            age_ms=90_500,
            metadata={"plan": "pro", "seats": 3, "trial": True, "price": 9.5, "coupon": None},
            headers={"user-agent": IPHONE},
        )
    expected = Event(
        website_id="site_a",
        event_id="e1",
        session_id="S",
        visitor_id=visitor_hash(secret(event_app), "site_a", "V"),
        event_type="custom_event",
        event_name="signup",
        pathname="/café",
        timestamp=NOON - timedelta(seconds=90.5),
        referrer="google.com/search",
        referrer_source="newsletter",
        referrer_medium="email",
        country="DE",
        device_type="mobile",
        browser="Safari",
        os="iOS",
        user_agent=None,
        utm_source="newsletter",
        utm_medium="email",
        utm_campaign="spring",
        metadata={"plan": "pro", "seats": 3, "trial": True, "price": 9.5, "coupon": None},
    )
    assert event_app.events() == [expected]
    assert event_app.refused() == {}


def test_ids_of_one_person_differ_between_websites_and_a_session_is_no_visitor(app):
    app.add_website("site_b", "b.example")
    with app.running() as visitor:
        for website_id in ("site_a", "site_b"):
            visitor.track(website_id=website_id, visitor_id="same", session_id="same")
    events = app.events()
    assert len({event.visitor_id for event in events} | {event.session_id for event in events}) == 4


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"dnt": "1"}, "dnt"),
        ({"sec-gpc": "1"}, "dnt"),
        ({"dnt": "1", "user-agent": GOOGLEBOT}, "dnt"),
        ({"user-agent": GOOGLEBOT}, "bot"),
        ({"user-agent": "generic crawler"}, "bot"),
        (
            {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0 Safari/537.36"},
            "bot",
        ),
        ({"user-agent": ""}, "bot"),
        ({"sec-purpose": "prefetch;prerender"}, "bot"),
        ({"purpose": "prefetch"}, "bot"),
        ({"x-moz": "Prefetch"}, "bot"),
    ],
)
def test_of_who_is_unwanted_nothing_is_kept_but_the_count(app, headers, reason):
    with app.running() as visitor:
        visitor.track(headers=headers)
        visitor.track(headers=headers, website_id="nobody")
        visitor.track(headers=headers, event_type="click")
    assert (app.events(), [body for _, _, body in app.kept() if body is not None]) == ([], [])
    assert app.refused() == {("site_a", reason): 1, ("", reason): 1, ("site_a", "invalid"): 1}


@pytest.mark.parametrize("headers", [{"dnt": "0"}, {"sec-gpc": "0"}, {"purpose": "navigate"}, {"dnt": "unspecified"}])
def test_who_does_not_object_is_stored(app, headers):
    with app.running() as visitor:
        visitor.track(headers=headers)
    assert len(app.events()) == 1


def kept_arrival(app) -> Arrival:
    [(_, _, body)] = app.kept()
    return unpack(body["arrival"])


def test_events_of_an_unknown_website_are_kept_whole_so_that_they_can_be_replayed(event_app, clock):
    with event_app.running(clock=clock) as visitor:
        visitor.track(website_id="site_b", referrer="https://b.example/x", metadata={"a": 1}, event_id="e1")
    event_app.add_website("site_b", "b.example")
    with event_app.running(clock=clock) as visitor:
        visitor.track(website_id="site_b", referrer="https://b.example/x", metadata={"a": 1}, event_id="e1")
    kept, [stored] = kept_arrival(event_app), event_app.events()
    session_id = visitor_hash(secret(event_app), "site_b", "session", "S")
    assert (stored.session_id, kept.event.session_id) == ("S", session_id)
    assert replace(kept.event, session_id="S") == replace(
        stored, referrer="b.example/x", referrer_source="b.example", referrer_medium="referral"
    )
    assert event_app.refused() == {("", "unknown_website"): 1}


@pytest.mark.parametrize(
    ("given", "origin", "is_stored"),
    [
        ({"hostname": "shop.example.com"}, None, True),
        ({"hostname": "WWW.Shop.Example.com:443"}, None, True),
        ({"hostname": "example.com"}, None, True),
        ({"hostname": "shop.example.com"}, "https://evil.example", True),
        ({"hostname": "evil.example"}, "https://shop.example.com", False),
        ({"pathname": "https://shop.example.com/a"}, None, True),
        ({"pathname": "https://evil.example/a"}, "https://shop.example.com", False),
        ({}, "https://www.shop.example.com:8443", True),
        ({}, "https://evil.example", False),
        ({}, "https://shop.example.com.evil.example", False),
        ({}, "null", False),
        ({}, "http://[::1", False),
        ({}, None, False),
    ],
)
def test_a_website_with_a_list_of_hostnames_takes_events_from_these(app, given, origin, is_stored):
    app.add_website("site_l", "example.com", allowed=("shop.example.com",))
    with app.running() as visitor:
        visitor.track(website_id="site_l", headers={} if origin is None else {"origin": origin}, **given)
    assert len(app.events()) == is_stored
    assert app.refused() == ({} if is_stored else {("site_l", "foreign_hostname"): 1})
    if not is_stored:
        assert kept_arrival(app).event.website_id == "site_l"


def test_a_website_without_a_list_takes_events_from_everywhere(app):
    with app.running() as visitor:
        visitor.track(hostname="anywhere.example", headers={"origin": "https://elsewhere.example"})
    assert len(app.events()) == 1


def test_referrer_spam_is_refused_and_kept_for_whoever_disagrees(app):
    with app.running() as visitor:
        visitor.track(referrer=SPAMMER)
        visitor.track(referrer="https://notsemalt.com/")
    assert [event.referrer_source for event in app.events()] == ["notsemalt.com"]
    assert app.refused() == {("site_a", "spam"): 1}
    assert kept_arrival(app).event.referrer_source == "semalt.com"


def test_over_the_limits_events_are_counted_and_kept_and_answered_all_the_same(app, clock):
    with app.running(clock=clock, rate_limit_client=3) as visitor:
        answers = {visitor.track(event_id=str(number)).status_code for number in range(5)}
    with app.running(clock=clock, rate_limit_website=2, **PROXIES, address="10.0.0.1") as visitor:
        for number in range(5, 10):
            visitor.track(event_id=str(number), headers={"x-forwarded-for": f"203.0.113.{number}"})
    assert answers == {200}
    assert [event.event_id for event in app.events()] == ["0", "1", "2", "5", "6"]
    assert app.refused() == {("site_a", "client_rate_limit"): 2, ("site_a", "website_rate_limit"): 3}
    assert [unpack(body["arrival"]).event.event_id for _, _, body in app.kept()] == ["3", "4", "7", "8", "9"]


def test_clients_behind_a_proxy_are_limited_each_and_one_ipv6_customer_is_one_client(app, clock):
    with app.running(clock=clock, rate_limit_client=1, **PROXIES, address="10.0.0.1") as visitor:
        for address in ("203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::2", "203.0.113.1"):
            visitor.track(pathname=f"/{address}", headers={"x-forwarded-for": address})
    assert [event.pathname for event in app.events()] == ["/203.0.113.1", "/203.0.113.2", "/2001:db8::1"]


def test_what_is_refused_for_another_reason_does_not_use_up_the_limits(app, clock):
    with app.running(clock=clock, rate_limit_client=1, rate_limit_website=1) as visitor:
        visitor.track(headers={"user-agent": GOOGLEBOT})
        visitor.track(referrer=SPAMMER)
        visitor.track(headers={"dnt": "1"})
        visitor.track()
    assert len(app.events()) == 1


def test_of_an_invalid_body_what_helps_is_kept(app):
    with app.running() as visitor:
        visitor.track(event_type="click", pathname="/a?token=secret", query="token=secret", email="me@example.com")
    [(reason, detail, body)] = app.kept()
    assert (reason, detail) == ("invalid", "event_type: Input should be 'pageview' or 'custom_event'")
    assert body == {
        "payload": {
            "website_id": "site_a",
            "event_type": "click",
            "pathname": "/a",
            "visitor_id": visitor_hash(secret(app), "site_a", "V"),
            "session_id": visitor_hash(secret(app), "site_a", "session", "S"),
        }
    }


def test_an_arrival_too_large_to_be_kept_is_counted(app):
    large = {f"{number}": "x" * 500 for number in range(25)}
    with app.running() as visitor:
        visitor.track(website_id="nobody", metadata=large)
    assert app.refused() == {("", "unknown_website"): 1}
    assert [body for _, _, body in app.kept() if body is not None] == []


def test_countries_come_from_a_trusted_proxy_and_from_nobody_else(app):
    headers = {"cf-ipcountry": "JP", "x-forwarded-for": "203.0.113.9"}
    with app.running(**PROXIES, address="10.0.0.1") as visitor:
        visitor.track(headers=headers, timezone="Europe/Berlin")
        visitor.track(headers={**headers, "cf-ipcountry": "XX"}, timezone="Europe/Berlin")
    with app.running(**PROXIES, address="203.0.113.7") as visitor:
        visitor.track(headers=headers, timezone="Europe/Berlin")
        visitor.track(headers=headers)
    with app.running(**PROXIES, country_header="X-Country", address="10.0.0.1") as visitor:
        visitor.track(headers={**headers, "x-country": "se"})
    assert [event.country for event in app.events()] == ["JP", "DE", "DE", None, "SE"]


# Visitors without an id of their own.


def cookieless(visitor, **given):
    return visitor.track(visitor_id=None, session_id=None, **given)


def test_without_an_id_a_visitor_is_its_address_and_agent_on_that_website_and_day(app, clock):
    app.add_website("site_b", "b.example")
    with app.running(clock=clock, **PROXIES, address="10.0.0.1") as visitor:
        first = {"x-forwarded-for": "203.0.113.1"}
        cookieless(visitor, headers=first)
        cookieless(visitor, headers=first, pathname="/b", hostname="app.example.com")  # the same site: the same visitor
        cookieless(visitor, headers={"x-forwarded-for": "203.0.113.2"})
        cookieless(visitor, headers={**first, "user-agent": IPHONE})
        cookieless(visitor, headers=first, website_id="site_b")
    one, again, *others = [event.visitor_id for event in app.events()]
    assert one == again
    assert len({one, *others}) == 4


def test_a_restart_does_not_change_visitors_and_the_second_day_after_does(app, clock):
    for day in range(3):
        clock.now = NOON + timedelta(days=day)
        for _ in range(2):
            with app.running(clock=clock) as visitor:
                cookieless(visitor)
    assert [len({event.visitor_id for event in app.events()[:count]}) for count in (2, 4, 6)] == [1, 2, 3]
    assert sorted(file.name for file in (app.home / "salts").iterdir()) == ["2026-06-16", "2026-06-17"]


def test_a_visit_over_midnight_is_one_session_of_one_visitor(event_app, clock):
    clock.now = datetime(2026, 6, 15, 23, 50, tzinfo=UTC)
    with event_app.running(clock=clock) as visitor:
        cookieless(visitor)
        clock.now += timedelta(minutes=20)
        cookieless(visitor)
        clock.now += timedelta(minutes=20)
        cookieless(visitor)
        clock.now += timedelta(hours=2)
        cookieless(visitor)
    events = event_app.events()
    assert len({(event.visitor_id, event.session_id) for event in events[:3]}) == 1
    assert events[3].visitor_id != events[0].visitor_id


def test_an_event_that_waited_over_midnight_belongs_to_the_visitor_of_its_day(app, clock):
    with app.running(clock=clock) as visitor:
        cookieless(visitor)
        clock.now += timedelta(hours=20)
        cookieless(visitor, age_ms=19.9 * 3_600_000)
    first, late = app.events()
    assert (late.visitor_id, late.session_id) == (first.visitor_id, first.session_id)


def test_an_id_alone_is_enough(app, clock):
    with app.running(clock=clock) as visitor:
        visitor.track(visitor_id="V", session_id=None)
        clock.now += timedelta(minutes=5)
        visitor.track(visitor_id="V", session_id="")
        visitor.track(visitor_id=None, session_id="S")
        visitor.track(visitor_id="", session_id="S")
    first, second, third, fourth = app.events()
    assert (first.visitor_id, first.session_id) == (second.visitor_id, second.session_id)
    assert (third.visitor_id, third.session_id) == (fourth.visitor_id, fourth.session_id)
    assert first.visitor_id != third.visitor_id
    assert third.session_id == "S"


# The cases of ../shared/data/sessions-cases that concern ingest; where they disagree with the specification it wins.

REFERRERS = [
    ("https://facebook.com", "facebook", "facebook.com"),
    ("https://facebook.com/page/", "facebook", "facebook.com/page"),
    ("https://www.indiehackers.com/page?query=param#hash", "indiehackers.com", "indiehackers.com/page"),
    ("https://gigride.live", "direct", None),
    ("https://blog.gigride.live", "blog.gigride.live", "blog.gigride.live"),
    ("http://localhost:4000/", "direct", None),
    ("https:://twitter.com", "direct", None),
    ("https://google.com", "google", "google.com"),
    ("https://x.com", "twitter", "x.com"),
    ("https://t.co", "twitter", "t.co"),
    ("https://en.m.wikipedia.org", "en.m.wikipedia.org", "en.m.wikipedia.org"),  # not of a kind that has names
    ("https://chatgpt.com", "chatgpt", "chatgpt.com"),
    ("https://chat.openai.com", "chatgpt", "chat.openai.com"),
]


def test_sources_are_those_of_the_cases(app):
    app.add_website("gigride", "gigride.live")
    with app.running() as visitor:
        for referrer, _, _ in REFERRERS:
            visitor.track(website_id="gigride", referrer=referrer, hostname="gigride.live")
        visitor.track(website_id="gigride", referrer="https://betalist.com/x", query="utm_source=betalist")
        visitor.track(website_id="gigride", query="utm_source=GOOGLE")
    found = [(event.referrer_source, event.referrer) for event in app.events()]
    assert found == [
        *((source, stored) for _, source, stored in REFERRERS),
        ("betalist", "betalist.com/x"),
        ("google", None),
    ]


def test_the_page_on_which_the_visitor_was_is_no_source(app):
    with app.running() as visitor:
        visitor.track(referrer="https://www.other.example/a", hostname="other.example")
        visitor.track(referrer="https://other.example/a", headers={"origin": "https://www.other.example"})
        visitor.track(referrer="https://example.com/a")
    assert [event.referrer_source for event in app.events()] == ["direct", "direct", "direct"]


def test_pages_and_agents_are_those_of_the_cases(app):
    mac = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_4) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/70.0.3538.110 Safari/537.36"
    )
    with app.running() as visitor:
        visitor.track(pathname="http://www.example.com", headers={"user-agent": mac})
        visitor.track(pathname="/blank ")
        visitor.track(pathname="/%D0%BF%D1%83%D1%82%D1%8C", timezone="Nowhere/ZZ")
    first, second, third = app.events()
    assert (first.pathname, first.browser, first.os, first.device_type) == ("/", "Chrome", "macOS", "desktop")
    assert (second.pathname, third.pathname, third.country) == ("/blank", "/путь", None)


def test_an_id_given_by_the_server_is_unique_and_sorted_by_time(app, clock):
    with app.running(clock=clock) as visitor:
        for _ in range(3):
            visitor.track()
            clock.now += timedelta(seconds=1)
    ids = [event.event_id for event in app.events()]
    assert len(set(ids)) == 3
    assert ids == sorted(ids)


def test_numbers_of_any_size_are_stored_as_they_were_in_the_browser(event_app):
    numbers = {"a": 2**63 - 1, "b": -(2**63), "c": 2.0**64, "d": 1e308, "e": -0.5, "f": 5e-324}
    with event_app.running() as visitor:
        visitor.track(metadata={**numbers, "c": 2**64})
    [event] = event_app.events()
    exact = {
        name: type(numbers[name])(value) for name, value in event.metadata.items()
    }  # 1e308 has 309 digits in JSONB
    assert exact == numbers
