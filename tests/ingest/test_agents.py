"""User agents into browser, system and device type."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.agents import MAX_AGENT, Agent, parse_agent

CHROME_ON = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
SAMSUNG = "Mozilla/5.0 (Linux; Android 12; SAMSUNG SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/18.0"

AGENTS = [
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_4) {CHROME_ON} Safari/537.36", ("Chrome", "macOS", "desktop")),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME_ON} Safari/537.36 Edg/126.0", ("Edge", "Windows", "desktop")),
    (f"Mozilla/5.0 (X11; CrOS x86_64 13904.66.0) {CHROME_ON} Safari/537.36", ("Chrome", "ChromeOS", "desktop")),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:76.0) Gecko/20100101 Firefox/76.0", ("Firefox", "Linux", "desktop")),
    (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {CHROME_ON} Mobile Safari/537.36", ("Chrome", "Android", "mobile")),
    (f"Mozilla/5.0 (Linux; Android 13; SM-X906B) {CHROME_ON} Safari/537.36", ("Chrome", "Android", "tablet")),
    (f"Mozilla/5.0 (Linux; Android 13; SM-T738V) {CHROME_ON} Mobile Safari/537.36", ("Chrome", "Android", "tablet")),
    (f"{SAMSUNG} Chrome/99.0.0.0 Mobile Safari/537.36", ("Samsung Internet", "Android", "mobile")),
    (f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", ("Safari", "iOS", "mobile")),
    (f"{IPAD} Version/17.4 Mobile/15E148 Safari/604.1", ("Safari", "iOS", "tablet")),
    (f"{IPHONE} CriOS/126.0 Mobile/15E148 Safari/604.1", ("Chrome", "iOS", "mobile")),
    ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", ("Firefox", "Android", "mobile")),
    ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", ("Internet Explorer", "Windows", "desktop")),
    (
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54",
        ("Opera Mini", "Symbian", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME_ON} Safari/537.36 LG Browser/8.00.00 webOS.TV-2023",
        ("Chrome", "webOS", "other"),
    ),
    (f"Mozilla/5.0 (Linux; Android 9; AFTSSS) {CHROME_ON} Safari/537.36", ("Chrome", "Android", "other")),
    (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME_ON} Mobile Safari/537.36", ("Chrome", "Android", "mobile")),
    (
        f"Mozilla/5.0 (Linux; arm_64; Android 12; RMX3619) {CHROME_ON} YaSearchBrowser/23.99 Mobile Safari/537.36",
        ("Yandex Browser", "Android", "mobile"),
    ),
    (f"Mozilla/5.0 (Linux; Android 7.0; M bot 54) {CHROME_ON} Mobile Safari/537.36", ("Chrome", "Android", "mobile")),
    (f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/400.0;FBDV/iPhone14,2;FBSN/iOS]", ("Facebook", "iOS", "mobile")),
    (f"{IPHONE} Mobile/15E148 Instagram 300.0.0.0.0", ("Instagram", "iOS", "mobile")),
    (f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.42 NetType/WIFI", ("WeChat", "iOS", "mobile")),
]


@pytest.mark.parametrize(("text", "expected"), AGENTS)
def test_an_agent_is_called_as_people_call_it(text, expected):
    assert parse_agent(text)[:3] == expected


@pytest.mark.parametrize(("text", "expected"), AGENTS)
def test_a_browser_is_a_browser_and_no_bot(text, expected):
    assert parse_agent(text)[3:] == (False, True)


def test_an_agent_in_lower_case_is_still_known():
    text = f"Mozilla/5.0 (Linux; Android 10; aka-l29; wv) {CHROME_ON} Mobile Safari/537.36".lower()
    assert parse_agent(text) == Agent("Chrome", "Android", "mobile", is_bot=False, is_browser=True)


def test_nothing_is_known_of_an_empty_agent():
    assert parse_agent("") == parse_agent("-") == Agent(None, None, "other", is_bot=True, is_browser=False)


def test_control_characters_of_an_agent_reach_no_name():
    assert parse_agent("Evil\x00Browser/1.0 (X11; Linux) Gecko/1").browser != "Evil\x00Browser"


def test_only_the_beginning_of_a_long_agent_is_read():
    text = f"Mozilla/5.0 (X11; Linux x86_64) {CHROME_ON} Safari/537.36"
    assert parse_agent(text + " " * MAX_AGENT + "Googlebot/2.1") == parse_agent(text)


HOSTILE = """
import itertools
from ingest.agents import parse_agent
from ingest.referrers import classify
from ingest.spam import is_spam

pieces = ["a", "9", " ", "-", ".", "_", ";", "(", "/", "\\x00", "\\ud800", "é", "android ", "android 1; ", "; a build"]
pieces += ["fb4a;", "fb4a;fbdv/", "tab ", "tab_8.", "1010", "mid-", "bot", "a@", "www.", "-seo"]
pieces += ["free-", "google.", "a=b&"]
for one, other in itertools.product(pieces, pieces):
    text = (one + other) * 50_000
    for hostile in (text, "Mozilla/5.0 (Linux; Android 10; " + text, "https://" + text, "https://a.com/?" + text):
        parse_agent(hostile)
        classify(hostile, {"example.com"}, hostile)
        is_spam(hostile)
        is_spam(hostile[:250])
"""


def test_long_and_repetitive_text_costs_nothing():
    """3 600 texts of 100 000 characters and more; were a pattern to look back and forth, this would take hours."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=120)


@given(st.text() | st.text(alphabet="Mozila/50.( )Andrid;Tv\x00\ud800é", max_size=2000))
def test_any_text_gives_an_answer(text):
    agent = parse_agent(text)
    assert agent.device_type in {"desktop", "mobile", "tablet", "other"}
    assert agent.browser is None or 0 < len(agent.browser) <= 64
    assert "\x00" not in f"{agent.browser}{agent.os}"
