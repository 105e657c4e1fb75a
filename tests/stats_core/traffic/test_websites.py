"""Adding and finding websites."""

from __future__ import annotations

import re

import pytest

from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, UnknownNameError
from stats_core.models import Merchant, Store
from stats_core.traffic.websites import add_website, clean_domain, get_website, list_websites, website_zones


def test_a_website_needs_only_its_domain(database):
    website = add_website(database, "shop.example.com")
    assert re.fullmatch(r"site_[0-9A-Z]{26}", website.id)
    found = get_website(database, website.id)
    assert (found.domain, found.name, found.timezone, found.store_id) == (
        "shop.example.com",
        "shop.example.com",
        "UTC",
        None,
    )
    assert (found.allowed_hostnames, found.retention_days) == ([], None)


def test_everything_can_be_given(database):
    with database.write() as session:
        session.add(Merchant(id=1, name="Tea"))
        session.flush()
        session.add(Store(id=7, merchant_id=1, name="Tea"))
    add_website(database, "tea.example", website_id="tea", name=" Tea ", timezone="Asia/Kolkata", store_id=7)
    found = get_website(database, "tea")
    assert (found.domain, found.name, found.timezone, found.store_id) == ("tea.example", "Tea", "Asia/Kolkata", 7)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Müller.example/shop?x=1", "xn--mller-kva.example"),
        (" Example.COM. ", "example.com"),
        ("//cdn.example.com:8443/x", "cdn.example.com"),
        ("localhost:3000", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_domain_is_what_is_left_of_an_address(text, domain):
    assert clean_domain(text) == domain


@pytest.mark.parametrize(
    "text", ["", "  ", "https://", "a b", "-a.example", "a..b", "exa_mple.com", "x" * 64, "a." * 127 + "aa"]
)
def test_what_is_no_domain_is_refused(text):
    with pytest.raises(InvalidOptionsError) as caught:
        clean_domain(text)
    assert caught.value.path == "domain"


@pytest.mark.parametrize(
    ("options", "error", "path"),
    [
        ({"timezone": "Europe/Berlino"}, UnknownNameError, "timezone"),
        ({"website_id": "a b"}, InvalidOptionsError, "id"),
        ({"website_id": ""}, InvalidOptionsError, "id"),
        ({"website_id": "taken"}, ConflictError, "id"),
        ({"store_id": 99}, NotFoundError, "store_id"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_added(database, options, error, path):
    add_website(database, "first.example", website_id="taken")
    with pytest.raises(error) as caught:
        add_website(database, "second.example", **options)
    assert caught.value.path == path
    assert [website.id for website in list_websites(database)] == ["taken"]


def test_websites_are_listed_by_name(database):
    for name in ("beta", "Alpha", "alpha"):
        add_website(database, "example.com", website_id=f"id-{name}", name=name)
    assert [website.id for website in list_websites(database)] == ["id-Alpha", "id-alpha", "id-beta"]


def test_an_unknown_website_is_answered_with_the_nearest_or_the_way_to_add_one(database):
    with pytest.raises(NotFoundError, match="workbench website add DOMAIN"):
        get_website(database, "site_b")
    add_website(database, "example.com", website_id="site_a", timezone="Europe/Berlin")
    with pytest.raises(NotFoundError, match="Did you mean 'site_a'"):
        get_website(database, "site_b")
    with pytest.raises(NotFoundError, match="Did you mean 'site_a'"):
        website_zones(database, ["site_b"])
    assert {website_id: zone.key for website_id, zone in website_zones(database).items()} == {"site_a": "Europe/Berlin"}
