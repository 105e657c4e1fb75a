"""Referrer spam."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.spam import is_spam

SPAM = [
    "semalt.com",
    "semalt.semalt.com",
    "darodar.com",
    "forum.topic57384.darodar.com",
    "ilovevitaly.co",
    "o-o-8-o-o.com",
    "d.adcash.com",
    "buttons-for-website.com",
    "www1.free-share-buttons.com",
    "free-social-buttons7.xyz",
    "7-best-seo.com",
    "99-reasons-for-seo.com",
    "best-seo-offer.com",
    "get-free-traffic-now.com",
    "bottraffic143.xyz",
    "trafficbot.life",
    "cookie-law-enforcement-ff.xyz",
    "compliance-alex.xyz",
    "1xslot-casino.online",
    "hydra2020market.com",
    "buy-meds24.com",
    "kabinet-tinkoff.ru",
]
SITES = [
    "example.org",
    "google.com",
    "adcash.com",
    "dadcash.com",
    "notsemalt.com",
    "semalt.com.example.org",
    "free-share-buttons.com.example.org",
    "seo.com",
    "searchengineland.com",
    "addtoany.com",
    "traffic.gov.example",
    "casino.org",
    "groupe-casino.fr",
    "hydrogen.energy.gov",
    "sussex.ac.uk",
    "pharmacy.example.co.uk",
    "xyz",
    "co.uk",
    "",
    ".",
    "..",
]


@pytest.mark.parametrize("host", SPAM)
def test_a_spam_host_and_everything_below_it_is_spam(host):
    assert is_spam(host)
    assert is_spam(f"below.{host}")
    assert is_spam(f"{host.upper()}.")


@pytest.mark.parametrize("host", SITES)
def test_other_sites_are_not_taken_for_spam(host):
    assert not is_spam(host)


@pytest.mark.parametrize("host", ["semalt.com", "d.adcash.com", "free-social-buttons7.xyz", "7-best-seo.com"])
def test_a_host_that_merely_looks_like_spam_is_none(host):
    assert not is_spam(f"not{host}")
    assert not is_spam(f"{host}.example.org")


@given(st.text() | st.text(alphabet="abc-.0123xé\x00\ud800", max_size=400))
def test_any_text_gives_an_answer(host):
    assert is_spam(host) in {True, False}
