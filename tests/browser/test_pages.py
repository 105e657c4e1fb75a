"""The pages as a browser draws them: what AppTest cannot see."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from stats_core.panels.panel import PanelSpec
from workbench.ui.grid import GAP_PX, ROW_PX

if TYPE_CHECKING:
    from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

SEEDED = ("JYT Overview", "Partners & Production", "Website Traffic")
DRAWN = ".js-plotly-plot .trace, .js-plotly-plot .point, .wb-metric-value"
TROUBLE = ".wb-error, .wb-empty, [data-testid=stException]"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "[x](javascript:alert(4)) ![x](https://outside.example/p.png)",
    "</style><iframe src=javascript:alert(5)>",
    ":material/delete: $\\href{javascript:alert(6)}{x}$ **b** `c`",
)


def panels_of(served: Served, name: str) -> tuple[PanelSpec, ...]:
    found = next(item for item in served.workbench.dashboards.list().items if item.name == name)
    return served.workbench.dashboards.get(found.id).panels


def box(page: Page, panel: PanelSpec) -> dict[str, float]:
    found = page.locator(f".st-key-panel_{panel.id}").bounding_box()
    assert found is not None
    return found


def test_every_seeded_dashboard_has_data_and_asks_nobody_else(watch, served):
    for scheme in ("light", "dark"):
        watched = watch(scheme=scheme)
        watched.open(f"{served.url}/")
        expect(watched.page.locator("[class*='st-key-card_']")).to_have_count(
            len(served.workbench.dashboards.list().items)
        )
        for name in SEEDED:
            page = watched.open(served.dashboard(name))
            expect(page).to_have_title(name)
            assert page.locator(TROUBLE).all_inner_texts() == []
            for panel in panels_of(served, name):
                expect(page.locator(f".st-key-panel_{panel.id}").locator(DRAWN).first).to_be_visible()
        assert watched.outside == []
        assert watched.errors == []


def test_panels_stand_to_the_pixel_where_they_are_stored(watch, served):
    watched = watch()
    page = watched.open(served.dashboard("JYT Overview"))
    grid = page.locator(".st-key-grid").bounding_box()
    assert grid is not None
    column = (grid["width"] - 11 * GAP_PX) / 12
    for panel in panels_of(served, "JYT Overview"):
        expected = {
            "x": grid["x"] + panel.x * (column + GAP_PX),
            "y": grid["y"] + panel.y * (ROW_PX + GAP_PX),
            "width": panel.width * column + (panel.width - 1) * GAP_PX,
            "height": panel.height * ROW_PX + (panel.height - 1) * GAP_PX,
        }
        assert box(page, panel) == pytest.approx(expected, abs=2)


def test_a_narrow_screen_has_one_column_in_reading_order(watch, served):
    page = watch(width=400).open(served.dashboard("JYT Overview"))
    panels = panels_of(served, "JYT Overview")
    assert page.locator(TROUBLE).all_inner_texts() == []
    expect(page.locator(".wb-age")).to_have_count(len(panels))
    boxes = [box(page, panel) for panel in panels]
    assert {round(found["x"]) for found in boxes} == {14}
    assert {round(found["width"]) for found in boxes} == {400 - 2 * 14}
    tops = [found["y"] for found in boxes]
    assert tops == sorted(tops)
    assert all(below["y"] >= above["y"] + above["height"] for above, below in pairwise(boxes))
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_the_range_in_the_url_survives_reload_and_back(watch, served):
    watched = watch()
    address = served.dashboard("Website Traffic")
    page = watched.open(address)
    visitors = page.locator(".wb-metric-value").first
    month = visitors.get_attribute("title")
    page.get_by_role("radio", name="7d").click()
    page.wait_for_url(re.compile("range=7d"))
    expect(visitors).not_to_have_attribute("title", month)
    week = visitors.get_attribute("title")
    page.reload()
    watched.settle()
    expect(visitors).to_have_attribute("title", week)
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    page.get_by_role("radio", name="30d").click()
    page.wait_for_url(address)
    expect(visitors).to_have_attribute("title", month)
    page.go_back()
    page.wait_for_url(re.compile("range=7d"))
    expect(visitors).to_have_attribute("title", week)


def test_a_panel_refreshes_alone_and_ages_go_on(watch, served):
    watched = watch()
    page = watched.open(served.dashboard("Partners & Production"))
    page.reload()
    watched.settle()
    ages = page.locator(".wb-age")
    expect(ages.first).to_have_text(re.compile(r"\d+ (s|min) ago"))  # nothing was done but waiting
    page.get_by_role("button", name="Refresh Verified partners").first.click()
    expect(ages.first).to_have_text("just now")
    expect(ages.nth(1)).to_have_text(re.compile(r"cached \d+ (s|min) ago"))


def test_no_stored_text_runs_or_breaks_out(watch, served):
    texts = [
        PanelSpec(name=text, type="label", x=0, y=3 * at, width=6, height=3, display={"text": text})
        for at, text in enumerate(HOSTILE)
    ]
    rows = [
        PanelSpec(
            name=text,
            type=panel_type,
            x=6,
            y=6 * at,
            width=6,
            height=6,
            operation_type="aggregate_data",
            operation_options={
                "entity": "partner",
                "aggregate": {"fn": "count"},
                "group_by": "status",
                "filters": {"name": {"$ne": text}},
            },
            display={"label": text, "suffix": text, "x_axis": text, "description": text},
        )
        for at, (text, panel_type) in enumerate(
            zip(HOSTILE, ("bar", "list", "metric", "table", "line", "area"), strict=True)
        )
    ]
    made = served.workbench.dashboards.create(HOSTILE[0], panels=[*texts, *rows], description=HOSTILE[1])
    watched = watch()
    watched.open(f"{served.url}/stats")
    page = watched.open(f"{served.url}/dashboard?id={made.id}")
    expect(page.locator(".wb-label").first).to_have_text(HOSTILE[0])
    expect(page.locator("h1")).to_have_text(HOSTILE[0])
    page.locator(".wb-age").first.hover()
    assert page.locator("iframe, .wb-label img, .wb-label script, a[href^='javascript']").count() == 0
    served.workbench.dashboards.delete(made.id)
    assert watched.errors == []
    assert watched.outside == []
