"""Hostile and awkward strings in every text that is stored: none of them runs, links, loads or breaks the layout."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, insert

from stats_core.models import AnalyticsEvent, Website
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec
from workbench.ui.grid import height_px

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SITE = "website_hostile"
DAY = datetime(2020, 1, 1, tzinfo=UTC)  # where no other test looks
RANGE = "range=2020-01-01..2020-01-31"
TIMEOUT_MS = 60_000  # such pages are heavy: fonts for every script there is
ONE_COLUMN = 760  # and narrower: panels stand below each other, some as high as what they show
LABELS = 2
NAMES = 4
PART = 40  # every so-maniest is taken
LONG = "W" * 190
WORST = (
    "<script>alert(1)</script>",
    '"><svg onload=alert(2)>',
    "<img src=x onerror=alert(3)>",
    "[x](javascript:alert(4)) ![x](https://outside.example/p.png) <https://outside.example>",
    "</style><iframe src=javascript:alert(5)>",
    ":material/delete: :red[x] $\\href{javascript:alert(6)}{x}$ **b** `c`",
    "\u202ereversed \u0489\u0e47\u0e47\u0e47\u0e47 Z\u0351\u036b\u0343\u036a\u0342\u036b",
    LONG,
)
# What no text may have become, anywhere on the page below Streamlit's own head.
ALIVE = """() => [...document.querySelectorAll("#root *, [data-react-aria-top-layer] *")].flatMap((element) => {
  const bad = [];
  if (/^(script|iframe|object|embed|base|meta|link)$/i.test(element.tagName)) bad.push(element.tagName);
  for (const {name, value} of element.attributes) {
    if (name.startsWith("on")) bad.push(name);
    if (["href", "src", "action", "formaction", "xlink:href"].includes(name)
        && /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text)/i.test(value)) bad.push(value);
  }
  return bad;
})"""


@pytest.fixture(scope="module")
def hostile(shared_data: Path) -> list[str]:
    """What a database can hold of two corpora; of each a part, since `test_safety` renders all of it."""
    payloads = gzip.decompress((shared_data / "xss-payloads" / "xss.dev.txt.gz").read_bytes()).decode().splitlines()
    naughty = json.loads(gzip.decompress((shared_data / "naughty-strings" / "blns.json.gz").read_bytes()))
    texts = [text for text in [*WORST, *payloads[::PART], *naughty[::5]] if text.strip() and "\0" not in text]
    return [text for text in dict.fromkeys(texts) if text.encode("utf-8", "replace").decode() == text]


@pytest.fixture(scope="module")
def stored(served: Served, hostile: list[str]) -> Iterator[Dashboard]:
    """A website whose every visit is one of them, and a dashboard that is made of them."""
    with served.workbench.database.write() as session:
        session.add(Website(id=SITE, name=WORST[0], domain="hostile.example"))
        session.flush()
        session.execute(insert(AnalyticsEvent), [_event(at, text) for at, text in enumerate(hostile)])
    dashboards = served.workbench.dashboards.by(WORST[1])
    metadata = {"variables": {"range": {"type": "range", "label": WORST[2], "default": {"preset": "30d"}}}}
    metadata["variables"]["website"] = {"type": "website", "label": WORST[3], "default": SITE}
    made = dashboards.create(WORST[0], description=WORST[1], metadata=metadata, panels=_panels(hostile))
    dashboards.update_panel(made.panels[0].id, name=WORST[4])
    others = [dashboards.create(text[:200].strip() or "x", description=text) for text in (*WORST, *hostile[::50])]
    yield dashboards.get(made.id)
    for each in (made, *others):
        dashboards.delete(each.id)
    with served.workbench.database.write() as session:
        session.execute(delete(AnalyticsEvent).where(AnalyticsEvent.website_id == SITE))
        session.execute(delete(Website).where(Website.id == SITE))


def _event(at: int, text: str) -> dict[str, object]:
    texts = dict.fromkeys(("pathname", "referrer", "referrer_source", "browser", "event_name", "utm_campaign"), text)
    return {
        "website_id": SITE,
        "event_type": "custom_event",
        "visitor_id": f"v{at}",
        "session_id": f"s{at}",
        "event_id": f"hostile-{at}",
        "timestamp": DAY + timedelta(minutes=at),
        **texts,
    }


def _panels(hostile: list[str]) -> list[PanelSpec]:
    """Labels with all of them as Markdown; each type of panel with them as groups; small ones with them as names."""
    size = -(-len(hostile) // LABELS)
    labels = [
        PanelSpec(name=WORST[0], type="label", x=6 * at, width=6, height=6, display={"text": "\n\n".join(chunk)})
        for at, chunk in enumerate(hostile[start : start + size] for start in range(0, len(hostile), size))
    ]
    asked = {
        "entity": "analytics_event",
        "filters": {"website_id": {"$var": "website"}},
        "range": {"$var": "range"},
        "date_field": "timestamp",
    }
    counted = asked | {"aggregate": {"fn": "count"}}
    daily = counted | {"precision": "day"}
    calls = [
        ("list", "aggregate_data", counted | {"group_by": "pathname", "limit": 60}),
        ("bar", "aggregate_data", counted | {"group_by": "referrer", "limit": 20}),
        ("table", "aggregate_data", counted | {"group_by": "browser", "limit": 60}),
        ("metric", "aggregate_data", counted),
        ("line", "time_series", daily),
        ("area", "time_series", daily),
    ]
    figures = [
        PanelSpec(
            name=WORST[at],
            type=kind,
            x=6 * (at % 2),
            y=6 + 6 * (at // 2),
            width=6,
            height=6,
            operation_type=operation,
            operation_options=options,
            display={
                **dict.fromkeys(
                    ("label", "prefix", "suffix", "x_axis", "y_axis", "description", "alt_text"), WORST[at]
                ),
                "conditional_formatting": [{"when": {"op": ">=", "value": 0}, "color": "red", "label": WORST[at]}],
            },
        )
        for at, (kind, operation, options) in enumerate(calls)
    ]
    step = len(hostile) // NAMES
    named = [
        PanelSpec(name=hostile[at * step][:200], type="label", x=3 * at, y=24, width=3, height=2) for at in range(NAMES)
    ]
    return [*labels, *figures, *named]


def check(page: Page) -> None:
    assert page.evaluate(ALIVE) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1400, 400])
def test_a_dashboard_of_hostile_texts_shows_them_and_stands_where_it_should(watch, served: Served, stored, width):
    watched = watch(width)
    watched.page.set_default_timeout(TIMEOUT_MS)
    page = watched.open(f"{served.url}/dashboard?id={stored.id}&{RANGE}")
    expect(page.locator("h1")).to_have_text(WORST[0])
    expect(page.locator(".wb-list .wb-name").first).to_be_visible()
    expect(page.locator(".js-plotly-plot .point").first).to_be_attached()
    assert page.locator(".wb-error, [data-testid=stException]").all_inner_texts() == []
    check(page)
    for panel in stored.panels:
        box = page.locator(f".st-key-panel_{panel.id}").bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        if width > ONE_COLUMN:
            assert box["height"] == pytest.approx(height_px(panel.height), abs=2)
    for tooltip in (".wb-age", ".js-plotly-plot .nsewdrag"):
        page.locator(tooltip).first.hover()
    check(page)
    assert watched.errors == []
    assert watched.outside == []


@pytest.mark.parametrize("width", [1400, 400])
def test_drawers_of_hostile_panels_run_nothing(watch, served: Served, stored, width):
    watched = watch(width)
    watched.page.set_default_timeout(TIMEOUT_MS)
    for kind in ("list", "bar", "table"):
        panel = next(panel for panel in stored.panels if panel.type == kind)
        for drawer in ("panel", "edit"):
            page = watched.open(f"{served.url}/dashboard?id={stored.id}&{RANGE}&{drawer}={panel.id}")
            dialog = page.get_by_role("dialog")
            expect(dialog.get_by_role("tab").first).to_be_visible()
            for tab in dialog.get_by_role("tab").all():
                tab.click()
                watched.settle()
                assert dialog.locator(".wb-error, [data-testid=stException]").all_inner_texts() == []
                check(page)
    assert watched.errors == []
    assert watched.outside == []


def test_settings_of_a_hostile_dashboard_run_nothing(watch, served: Served, stored):
    watched = watch()
    watched.page.set_default_timeout(TIMEOUT_MS)
    page = watched.open(f"{served.url}/dashboard?id={stored.id}&{RANGE}")
    page.get_by_role("button", name="More for this dashboard").click()
    page.get_by_role("button", name="Settings", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value(WORST[0])
    dialog.get_by_label("Name in panels").first.fill(WORST[1])
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".wb-unsaved")).to_be_visible()
    check(page)
    assert watched.errors == []
    assert watched.outside == []


def test_lists_and_dialogs_of_hostile_texts_run_nothing(watch, served: Served, stored, tmp_path):
    watched = watch()
    watched.page.set_default_timeout(TIMEOUT_MS)
    page = watched.open(f"{served.url}/stats")
    expect(page.locator("[class*='st-key-card_']").first).to_be_visible()
    check(page)
    page = watched.open(f"{served.url}/dashboard?id={stored.id}&{RANGE}")
    page.get_by_role("button", name="More for this dashboard").click()
    page.get_by_role("button", name="History", exact=True).click()
    page.get_by_role("dialog").get_by_text("Created.").click()
    expect(page.locator(".wb-changes")).to_be_visible()
    check(page)

    file = tmp_path / "<img src=x onerror=alert(7)>.yaml"
    file.write_text(
        served.workbench.dashboards.export_yaml(stored.id).replace("name: ", "name: '<b onclick=alert(8)>' #")
    )
    page = watched.open(f"{served.url}/stats")
    page.get_by_role("button", name="Import").click()
    page.locator("[data-testid=stFileUploader] input").set_input_files(file)
    expect(page.locator(".wb-changes")).to_be_visible()
    check(page)
    file = tmp_path / "<svg onload=alert(9)>.yaml"
    file.write_text(f"kind: dashboard\nversion: 1\nname: x\n{json.dumps(WORST[1])}: 1\n")
    page.locator("[data-testid=stFileUploader] input").set_input_files(file)
    expect(page.locator(".wb-error")).to_be_visible()
    check(page)
    assert watched.errors == []
    assert watched.outside == []
