"""Referrers and campaigns into sources and mediums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.referrers import DIRECT, MAX_REFERRER, Campaign, Source, classify, read_campaign
from stats_core.models.traffic import REFERRER_MEDIUMS


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("https://facebook.com", Source("facebook.com", "facebook", "social")),
        ("https://facebook.com/page/", Source("facebook.com/page", "facebook", "social")),
        (
            "https://www.indiehackers.com/page?query=param#hash",
            Source("indiehackers.com/page", "indiehackers.com", "referral"),
        ),
        ("https://www.google.co.uk/", Source("google.co.uk", "google", "search")),
        ("https://news.google.com/x", Source("news.google.com/x", "google", "search")),
        ("https://docs.google.com/document/1", Source("docs.google.com/document/1", "docs.google.com", "referral")),
        ("https://mail.google.com/mail/u/0/", Source("mail.google.com/mail/u/0", "gmail", "email")),
        ("https://gemini.google.com/app", Source("gemini.google.com/app", "gemini", "ai")),
        ("https://duckduckgo.com/", Source("duckduckgo.com", "duckduckgo", "search")),
        ("https://chatgpt.com/", Source("chatgpt.com", "chatgpt", "ai")),
        ("https://t.co/abc", Source("t.co/abc", "twitter", "social")),
        ("https://l.instagram.com/?u=x", Source("l.instagram.com", "instagram", "social")),
        ("https://webmail.example.org/inbox", Source("webmail.example.org/inbox", "webmail.example.org", "email")),
        ("https://suche.web.de/web", Source("suche.web.de/web", "web.de", "search")),
        ("android-app://com.google.android.gm/", Source("com.google.android.gm", "gmail", "email")),
        ("HTTPS://User:Pass@Example.COM.:8080/a//?q#f", Source("example.com/a", "example.com", "referral")),
        ("http://8.8.8.8/x", Source("8.8.8.8/x", "8.8.8.8", "referral")),
        ("google.com", Source("google.com", "google", "search")),
        ("https://x.com/i/grok?conversation=1", Source("x.com/i/grok", "grok", "ai")),
        ("https://x.com/i/grokking", Source("x.com/i/grokking", "twitter", "social")),
        ("https://www.bing.com/chat", Source("bing.com/chat", "copilot", "ai")),
        ("https://notfacebook.com/", Source("notfacebook.com", "notfacebook.com", "referral")),
        (
            "https://facebook.com.evil.example/",
            Source("facebook.com.evil.example", "facebook.com.evil.example", "referral"),
        ),
    ],
)
def test_a_referrer_has_a_name_and_a_medium(referrer, expected):
    assert classify(referrer) == expected


@pytest.mark.parametrize(
    "referrer",
    [
        None, "", "-", " ", "foo", "https:://twitter.com", "javascript:alert(1)", "file:///etc/passwd", "about:blank",
        "http://localhost:4000/", "http://127.0.0.1/", "http://192.168.1.2/", "http://[::1]/", "http://[::zz/", "http:///x",
        "http://printer.local/", "https://\x00.com/", "//", "http://a b.com/", "\ud800",
        "https://" + "a." * 127 + "com/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_direct(referrer):
    assert classify(referrer) == DIRECT


def test_the_sites_own_hosts_are_direct_and_their_subdomains_are_not():
    assert classify("https://www.gigride.live/a", {"gigride.live"}) == DIRECT
    blog = Source("blog.gigride.live", "blog.gigride.live", "referral")
    assert classify("https://blog.gigride.live", {"gigride.live"}) == blog
    assert classify("https://blog.gigride.live", {"gigride.live", "*.gigride.live"}) == DIRECT


@pytest.mark.parametrize(
    ("query", "source", "medium"),
    [
        ("utm_source=betalist", "betalist", "campaign"),
        ("utm_source=GOOGLE", "google", "search"),
        ("utm_source=google&utm_medium=cpc", "google", "campaign"),
        ("utm_source=chatgpt.com", "chatgpt", "ai"),
        ("utm_source=fb&utm_medium=social", "facebook", "social"),
        ("utm_source=letter&utm_medium=email&utm_campaign=may", "letter", "email"),
        ("utm_campaign=spring", "direct", "campaign"),
        ("ref=producthunt", "producthunt", "social"),
        ("source=Some%20Friend", "some friend", "referral"),
        ("utm_source=&ref=%00", "direct", "direct"),
        ("page=2", "direct", "direct"),
    ],
)
def test_the_pages_query_names_the_source(query, source, medium):
    assert classify(None, query=query) == Source(None, source, medium)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("chatgpt.com", "chatgpt"), ("chat.openai.com", "chatgpt"), ("www.perplexity.ai", "perplexity"),
        ("claude.ai", "claude"), ("gemini.google.com", "gemini"), ("copilot.microsoft.com", "copilot"),
        ("chat.deepseek.com", "deepseek"), ("chat.mistral.ai", "mistral"), ("grok.com", "grok"),
        ("www.meta.ai", "meta-ai"), ("you.com", "you"), ("www.phind.com", "phind"), ("poe.com", "poe"),
        ("notebooklm.google.com", "notebooklm"),
        ("chat.qwen.ai", "qwen"), ("duck.ai", "duckai"),
    ],
)  # fmt: skip
def test_assistants_are_known_by_name(host, name):
    assert classify(f"https://{host}/") == Source(host.removeprefix("www."), name, "ai")


def test_a_campaign_wins_over_the_referrer_which_is_kept():
    assert classify("https://t.co/x", query="utm_source=betalist") == Source("t.co/x", "betalist", "campaign")


def test_a_campaign_is_read_once_per_key_and_cut():
    query = "UTM_Source=a%20b&utm_source=c&utm_medium=x%00y&utm_campaign=" + "n" * 300
    assert read_campaign(query) == Campaign("a b", "xy", "n" * 255, None)


@given(st.text(), st.text())
def test_any_text_gives_a_source_that_can_be_stored(referrer, query):
    for found in (
        classify(referrer, {"example.com"}, query),
        classify("https://" + referrer, (), "utm_source=" + query),
    ):
        assert found.medium in REFERRER_MEDIUMS
        assert found.source
        assert found.referrer is None or 0 < len(found.referrer) <= MAX_REFERRER
        stored = f"{found.referrer}{found.source}"
        assert stored.encode()
        assert "\x00" not in stored
