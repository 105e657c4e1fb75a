"""Visitor hashes."""

from __future__ import annotations

from ingest.visitors import VisitorHasher, visitor_hash

ADDRESS, AGENT = "203.0.113.7", "Mozilla/5.0"


def test_a_visitor_is_32_hexadecimal_characters_that_stay_the_same():
    assert visitor_hash(b"secret", "site_a", ADDRESS, AGENT) == "ff56c879589a30b3196024664f182911"


def test_another_secret_website_address_or_agent_is_another_visitor():
    visitors = {
        visitor_hash(b"secret", "site_a", ADDRESS, AGENT),
        visitor_hash(b"other", "site_a", ADDRESS, AGENT),
        visitor_hash(b"secret", "site_b", ADDRESS, AGENT),
        visitor_hash(b"secret", "site_a", "203.0.113.8", AGENT),
        visitor_hash(b"secret", "site_a", ADDRESS, "curl"),
        visitor_hash(b"secret", "site_a", ADDRESS),
    }
    assert len(visitors) == 6


def test_parts_do_not_run_into_each_other():
    assert visitor_hash(b"s", "w", "ab", "c") != visitor_hash(b"s", "w", "a", "bc")
    assert visitor_hash(b"s", "wa", "b") != visitor_hash(b"s", "w", "ab")


def test_a_hasher_gives_the_same_again_and_again():
    hasher = VisitorHasher(b"secret", "site_a")
    assert [hasher(ADDRESS, AGENT), hasher("x"), hasher(ADDRESS, AGENT)] == [
        visitor_hash(b"secret", "site_a", ADDRESS, AGENT),
        visitor_hash(b"secret", "site_a", "x"),
        visitor_hash(b"secret", "site_a", ADDRESS, AGENT),
    ]


def test_any_secret_and_any_text_can_be_hashed():
    assert len(visitor_hash(b"", "", "\ud800", "\x00" * 1000)) == len(visitor_hash(b"k" * 1000, "w")) == 32
