"""Bots and clients that are no browsers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.agents import parse_agent
from ingest.bots import is_bot, is_browser

BOTS = [
    "",
    "-",
    "  ",
    "Mozilla/5.0",
    "'Mozilla/5.0",
    "kmdjdheyytgebfghehhenegsdfsdf",
    "generic crawler",
    "curl/7.54.0",
    "Wget/1.20.3 (linux-gnu)",
    "python-requests/2.28.1",
    "Python-urllib/3.12",
    "libwww-perl/6.05",
    "Go-http-client/1.1",
    "okhttp/4.9.0",
    "Java/1.8.0_141",
    "localhost.localdomain/go-network-v2.0.1",
    "Debian APT-HTTP/1.3 (0.8.16~exp12ubuntu10.21)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96 Safari/537.36 PTST/211202.211915",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (compatible; Feedly/1.0; theoldreader.com)",
    "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
    "WhatsApp/2.19.308 A",
    "DreamHost SiteMonitor 1.0",
    "Mozilla/5.0 zgrab/0.x",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
]

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = [
    f"Mozilla/5.0 (Linux; Android 4.2.2; CUBOT C11 Build/JDQ39) {WEBKIT} Chrome/31.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 7.0; M bot 54) {WEBKIT} Chrome/78.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; Spider 8) {WEBKIT} Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Mobile/21F79 Instagram 330.0 (iPhone14,3; en_IR@calendar=gregorian)",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0; chromeframe/19.0.1084.52)",
    "Mozilla/5.0 (compatible; Konqueror/4.3; Linux) KHTML/4.3.4 (like Gecko)",
    "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.5",
    "SonyEricssonW810i/R46EA Browser/NetFront/3.3 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Link/6.3.0.0.0",
    "Mozilla/5.0 (Nintendo 3DS; U; ; en) Version/1.7412.EU",
]


@pytest.mark.parametrize("agent", BOTS)
def test_a_bot_is_known_as_one(agent):
    assert is_bot(agent)


@pytest.mark.parametrize("agent", BROWSERS)
def test_a_browser_is_not_taken_for_a_bot(agent):
    assert not is_bot(agent)
    assert not parse_agent(agent).is_bot


@pytest.mark.parametrize(
    "agent",
    ["Linux Gnu (cow)", "AppName/1 CFNetwork/758.1.2 Darwin/15.0.0", "GOGGalaxyClient/2.0 (win10 x64)", "x (y)"],
)
def test_an_app_is_no_browser(agent):
    assert not is_browser(agent)


@given(st.text())
def test_any_text_gives_an_answer(agent):
    assert is_bot(agent) in {True, False}
    assert is_browser(agent) in {True, False}
