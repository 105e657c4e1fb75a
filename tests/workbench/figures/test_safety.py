"""Whatever stands in a name, key, label or Markdown text: it is shown, and is never markup."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stats_core.errors import Problem
from workbench.figures.html import empty_html, error_html, label_html, list_html, metric_html
from workbench.figures.label import label
from workbench.figures.theme import LIGHT
from workbench.figures.views import Canvas, ChartView, EmptyView, ErrorView, ListView, MetricView, TableView

OURS = {"div", "span", "ol", "li", "ul", "p", "strong", "code", "svg", "polygon", "polyline"}
OUR_ATTRIBUTES = {"class", "title", "style", "role", "aria-hidden"}
MARKDOWN = OURS | {"a", "em", "s", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "br", "hr", "table"}
MARKDOWN |= {"thead", "tbody", "tr", "th", "td"}
LINK = {"href", "title", "target", "rel"}
SAFE = ("https://", "http://", "mailto:", "/", "#")


class Tags(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.fixture(scope="module")
def hostile(request: pytest.FixtureRequest) -> list[str]:
    folder: Path = request.getfixturevalue("shared_data")
    payloads = gzip.decompress((folder / "xss-payloads" / "xss.dev.txt.gz").read_bytes()).decode().splitlines()
    naughty = json.loads(gzip.decompress((folder / "naughty-strings" / "blns.json.gz").read_bytes()))
    return [*payloads, *naughty, "\ud800", "\x00", "%{customdata}", "$x^2$"]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def test_no_text_is_markup_in_a_chart(shown, groups, buckets, hostile):
    for start in range(0, len(hostile), 500):
        some = hostile[start : start + 500]
        bars = shown("bar", groups(dict.fromkeys(some, 1)), canvas=Canvas(LIGHT, 400, 24 * 500), name=some[0])
        lines = shown("line", buckets({"2026-11-01": dict.fromkeys(some[:10], 1), "2026-11-02": {}}))
        titled = [shown("bar", groups({"a": 1}), {"x_axis": text, "label": text, "suffix": text}) for text in some[:50]]
        for chart in (bars, lines, *titled):
            assert isinstance(chart, ChartView)
            texts = [text for text in strings(chart.figure) if text != "%H:%M<br>%-d %b"]
            assert not [text for text in texts if "<" in text or ">" in text]
            json.dumps(chart.figure).encode()
            chart.alt.encode()


def test_no_text_is_markup_in_html(shown, groups, hostile):
    for text in hostile:
        rules = [{"when": {"op": ">", "value": 0}, "color": text, "label": text, "icon": text}]
        metric = shown("metric", {"value": 1}, {"label": text, "prefix": text, "conditional_formatting": rules})
        listing = shown("list", groups({text: 1}), {"conditional_formatting": rules, "suffix": text})
        assert isinstance(metric, MetricView)
        assert isinstance(listing, ListView)
        html = metric_html(metric, LIGHT) + list_html(listing, LIGHT)
        html += empty_html(EmptyView(text, (text,), text)) + error_html(ErrorView(text, (Problem(text, text, text),)))
        tags = Tags(html)
        assert tags.names <= OURS
        assert tags.attributes <= OUR_ATTRIBUTES
        html.encode()


def test_no_text_is_markup_in_a_label(hostile):
    for text in hostile:
        tags = Tags(label_html(label(text)))
        assert tags.names <= MARKDOWN
        assert tags.attributes <= OUR_ATTRIBUTES | LINK
        assert all(link.lower().startswith(SAFE) and not link.startswith("//") for link in tags.links)


def test_a_table_holds_any_text(shown, hostile):
    table = shown("table", {"rows": [{"name": text, text: 1} for text in hostile[:300]]})
    assert isinstance(table, TableView)
    for row in table.rows:
        for cell in row:
            cell.text.encode()
    for column in table.columns:
        column.label.encode()
