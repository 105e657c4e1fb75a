"""Figures for print: SVG, PNG and HTML with title, words and source, the same bytes each time."""

from __future__ import annotations

import json
import re
import struct
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from stats_core.errors import ConfigurationError, InvalidOptionsError
from workbench.publishing.answered import answered
from workbench.publishing.browser import Browser, find_browser
from workbench.publishing.embed import Embed
from workbench.publishing.exporting import figure_bytes
from workbench.publishing.page import figure_page
from workbench.publishing.sheet import read_size, wrapped

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def found(sqlite_desk):
    """The answer of a panel of the desk, as a figure."""

    def build(name="per_day", **fields):
        fields = {"panel_id": getattr(sqlite_desk, name), "mode": "figure"} | fields
        return answered(Embed(**fields), sqlite_desk.workbench)

    return build


def words(svg):
    return [item.text for item in ET.fromstring(svg).findall(f"{SVG}text")]


def test_an_svg_has_title_words_and_source_and_is_the_same_each_time(found, browser):
    first, again = (figure_bytes(found(), ".svg", browser) for _ in range(2))
    with Browser() as another:
        assert figure_bytes(found(), ".svg", another) == first == again
    root = ET.fromstring(first)
    assert (root.get("width"), root.get("height"), root.get("role")) == ("720", "420", "img")
    assert root.find(f"{SVG}title").text == "Per day"
    assert root.find(f"{SVG}desc").text.startswith("Line chart: Per day. 9 Jun 2026 to 15 Jun 2026, the last not over.")
    hash_ = found().asked.hash[:8]
    source = f"Source: Partners (workbench) · 9–15 Jun 2026 · resolved 15 Jun 2026, 12:00 UTC · call {hash_}"  # noqa: RUF001
    assert words(first) == ["Per day", source]
    assert re.findall(rb"https?://(?!www\.w3\.org)", first) == []


def test_ids_of_two_figures_in_one_post_differ(found, browser):
    drawn = [figure_bytes(found(), ".svg", browser, theme=theme).decode() for theme in ("light", "dark")]
    drawn.append(figure_bytes(found("by_status"), ".svg", browser).decode())
    ids = [name for svg in drawn for name in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)) > 6
    used = {name for svg in drawn for name in re.findall(r"url\(#([^)]+)\)", svg)}
    assert used <= set(ids)


def test_letters_can_come_along(found, browser):
    plain, embedded = (figure_bytes(found(), ".svg", browser, embedded=wanted) for wanted in (False, True))
    assert b"@font-face" not in plain
    assert b"font/woff2;base64," in embedded
    assert len(embedded) > len(plain) + 200_000


def test_a_png_has_the_pixels_that_are_asked_for(found, browser):
    for size, scale, expected in (("post", 2, (1440, 840)), ("social", 1, (1200, 630)), ("300x200", 1.5, (450, 300))):
        png = figure_bytes(found(size=size), ".png", browser, scale=scale)
        assert (png[:4], struct.unpack(">II", png[16:24])) == (b"\x89PNG", expected)
        assert png == figure_bytes(found(size=size), ".png", browser, scale=scale)


def test_a_number_needs_no_browser(found, hostile):
    svg = figure_bytes(found("count", title=hostile), ".svg", Browser())
    assert words(svg)[-2] == "3"
    assert hostile in ET.fromstring(svg).find(f"{SVG}title").text


class Page(HTMLParser):
    """What elements a page has, and the JSON in it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.json, self._inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._inside = ("type", "application/json") in attrs

    def handle_data(self, data):
        if self._inside:
            self.json.append(json.loads(data))
            self._inside = False


def test_a_page_stands_alone_in_both_themes_and_needs_no_browser_to_be_made(found):
    page = figure_page(found())
    assert page == figure_page(found())
    assert "plotly.js v" in page
    (figures,) = Page(page).json
    colours = [figures[theme]["data"][0]["line"]["color"] for theme in ("light", "dark")]
    assert colours == ["#3b5bdb", "#8ea2ff"]
    assert 'role="img" aria-label="Line chart: Per day.' in page


def test_nothing_in_a_page_ends_its_script(found, sqlite_desk, hostile):
    sqlite_desk.workbench.dashboards.update_panel(sqlite_desk.by_status, name=hostile, display={"label": hostile})
    page = Page(figure_page(found("by_status", alt=hostile), script="plotly.min.js"))
    assert page.tags.count("script") == 3
    assert "alert" in json.dumps(page.json)


@pytest.mark.parametrize("name", ["by_status", "count"])
def test_tables_and_numbers_are_pages_without_scripts(found, name):
    page = figure_page(found(name, mode="table"))
    assert ("<table>" in page, "<script" in page) == (True, False)


def test_a_table_is_no_picture_and_other_formats_are_refused(found, sqlite_desk):
    with pytest.raises(InvalidOptionsError, match="Export it as HTML"):
        figure_bytes(
            answered(Embed(panel_id=sqlite_desk.by_status, mode="table"), sqlite_desk.workbench), ".svg", Browser()
        )
    with pytest.raises(InvalidOptionsError, match=r"Take one of \.svg, \.png, \.html"):
        figure_bytes(found(), ".gif", Browser())


def test_where_no_browser_is_the_message_says_how_to_get_one(found, monkeypatch, tmp_path):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    with pytest.raises(ConfigurationError, match=r"Install Chromium or Chrome .* HTML needs none"):
        figure_bytes(found(), ".svg", Browser())
    monkeypatch.delenv("BROWSER_PATH")
    monkeypatch.setattr("choreographer.browsers.chromium.Chromium.find_browser", lambda **_: None)
    with pytest.raises(ConfigurationError, match="there is none here"):
        figure_bytes(found(), ".png", Browser())
    monkeypatch.setitem(__import__("sys").modules, "choreographer.browsers.chromium", None)
    with pytest.raises(ConfigurationError, match=r'pip install "stats-workbench\[figures\]"'):
        find_browser()


def test_a_browser_that_does_not_start_is_an_expected_error(found, monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with pytest.raises(ConfigurationError, match="does not start"):
        figure_bytes(found(), ".svg", Browser())


def test_sizes_are_named_or_written():
    assert (read_size("social").width_px, read_size("800x450").height_px) == (1200, 450)
    for wrong in ("big", "0x0", "800", "99999x100", "800x"):
        with pytest.raises(InvalidOptionsError):
            read_size(wrong)


def test_titles_are_wrapped_and_cut():
    assert wrapped("", 100, 10) == ()
    assert wrapped("one two three", 40, 10) == ("one two", "three")
    assert wrapped("a" * 99, 40, 10) == ("a" * 7 + "…",)  # as many letters as fit, at least eight
    assert wrapped("one two three four five six", 50, 10, most=2) == ("one two", "three fo…")
