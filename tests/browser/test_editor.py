"""A dashboard from nothing to gone, as somebody would make it by hand: the whole of the editor in one story."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from stats_core.panels.panel import PanelSpec
    from tests.browser.conftest import Served, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "Orders <b>by</b> *status*"
DRAWN = {
    "metric": ".wb-metric-value",
    "list": "ol.wb-list li",
    "bar": ".js-plotly-plot",
    "line": ".js-plotly-plot",
    "area": ".js-plotly-plot",
    "table": "[data-testid=stDataFrame]",
    "label": ".wb-label",
}
TEMPLATES = {
    "Number": "metric",
    "Top list": "list",
    "Bar by": "bar",
    "Line over time": "line",
    "Table": "table",
    "Note": "label",
}


class Story:
    """A page on one dashboard, and what is stored of that."""

    def __init__(self, served: Served, watched: Watched) -> None:
        self.dashboards, self.watched, self.page = served.workbench.dashboards, watched, watched.page

    @property
    def drawer(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def preview(self) -> Locator:
        return self.drawer.locator(".st-key-panel_draft")

    @property
    def id(self) -> str:
        return re.search(r"id=(dash_\w+)", self.page.url)[1]

    @property
    def panels(self) -> dict[str, PanelSpec]:
        return {panel.name: panel for panel in self.dashboards.get(self.id).panels}

    def card(self, name: str) -> Locator:
        return self.page.locator(f".st-key-panel_{self.panels[name].id}")

    def begin(self, template: str) -> None:
        self.page.get_by_role("button", name="Add panel").click()
        expect(self.drawer).to_contain_text("New panel")
        self.watched.settle()
        self.drawer.get_by_role("button", name=template).click()
        self.watched.settle()

    def fill(self, label: str, text: str) -> None:
        """Into a field, once the run that what was chosen before has begun is over: it would set the field back."""
        self.watched.settle()
        field = self.drawer.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")

    def choose(self, label: str, choice: str) -> None:
        self.drawer.get_by_role("combobox", name=label, exact=True).click()
        self.page.get_by_role("option", name=choice, exact=True).click()
        self.watched.settle()

    def write(self, text: str) -> None:
        """Into the JSON tab, whose text the server may be putting in order just now."""
        self.watched.settle()
        field = self.drawer.get_by_label("The panel as JSON")
        field.fill(text)
        field.press("Control+Enter")

    def save(self) -> None:
        self.watched.settle()
        self.drawer.get_by_role("button", name="Save").click()
        expect(self.drawer).to_have_count(0)
        self.watched.settle()

    def menu(self, name: str, entry: str) -> None:
        self.page.get_by_role("button", name=f"More for {name}", exact=True).click()
        self.page.get_by_role("option", name=entry).or_(self.page.get_by_role("menuitem", name=entry)).click()


def figures(page: Page) -> list[str]:
    """What a visitor reads of metrics and lists."""
    return page.locator(".wb-metric-value, ol.wb-list li").all_inner_texts()


def test_a_dashboard_is_made_filled_arranged_shared_and_deleted_by_hand(watch, served):
    story = Story(served, watch())
    page = story.watched.open(f"{served.url}/stats")
    page.get_by_role("button", name="New dashboard").click()
    story.drawer.get_by_label("Name").fill("Made by hand")
    story.drawer.get_by_role("button", name="Create").click()
    expect(page.locator("h1.wb-h1")).to_have_text("Made by hand")
    story.watched.settle()
    expect(page.get_by_text("No panels yet")).to_be_visible()

    for template, panel_type in TEMPLATES.items():  # each type by the form
        story.begin(template)
        expect(story.preview.locator(DRAWN[panel_type]).first).to_be_visible()
        story.fill("Name", panel_type)
        expect(story.preview.locator(".wb-title")).to_have_text(panel_type)
        story.save()
        expect(story.card(panel_type).locator(DRAWN[panel_type]).first).to_be_visible()
    story.begin("Line over time")
    story.choose("Type", "Area")
    story.fill("Name", "area")
    expect(story.preview.locator(".wb-title")).to_have_text("area")
    story.save()
    assert {name: panel.type for name, panel in story.panels.items()} == {name: name for name in DRAWN}

    _edits_as_json(story)
    _arranges(story)

    story.menu("list", "Duplicate")
    expect(page.locator("ol.wb-list")).to_have_count(2)
    page.get_by_role("radio", name="7d").click()
    page.wait_for_url(re.compile("range=7d"))
    story.watched.settle()
    fresh = watch(scheme="dark")
    fresh.open(page.url)
    assert figures(fresh.page) == figures(page) != []
    expect(fresh.page.get_by_role("radio", name="7d")).to_be_checked()

    story.menu("list (copy)", "Delete")
    story.drawer.get_by_role("button", name="Delete").click()
    expect(page.locator("ol.wb-list")).to_have_count(1)
    assert len(story.panels) == len(DRAWN)
    made = story.id
    story.watched.open(f"{served.url}/stats")
    page.get_by_role("button", name="More for Made by hand").click()
    page.get_by_role("option", name="Delete").or_(page.get_by_role("menuitem", name="Delete")).click()
    story.drawer.get_by_role("button", name="Delete").click()
    expect(page.locator(f"[class*='st-key-card_{made}']")).to_have_count(0)
    for watched in (story.watched, fresh):
        assert watched.outside == []
        assert watched.errors == []


def _edits_as_json(story: Story) -> None:
    story.menu("bar", "Edit")
    drawer = story.drawer
    expect(drawer).to_contain_text("Edit bar")
    drawer.get_by_role("tab", name="JSON").click()
    text = drawer.get_by_label("The panel as JSON")
    expect(text).to_have_value(re.compile('"name": "bar"'))
    document = json.loads(text.input_value())
    story.write('{"name": ')
    expect(drawer.locator(".wb-fault").first).to_contain_text("Line 1, column 10")
    expect(drawer.get_by_role("button", name="Save")).to_be_disabled()
    document["name"] = HOSTILE
    document["operation_options"] = {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "statsu"}
    story.write(json.dumps(document))
    expect(story.preview).to_contain_text("Did you mean 'status'?")
    document["operation_options"]["group_by"] = "status"
    story.write(json.dumps(document))
    expect(story.preview).to_contain_text("active")
    story.save()
    card = story.card(HOSTILE)
    expect(card.locator(".wb-title")).to_have_text(HOSTILE)
    expect(card).to_contain_text("active")
    assert story.panels[HOSTILE].operation_options == document["operation_options"]


def _arranges(story: Story) -> None:
    """By the keys, with an undo; `test_arrange.py` has the mouse and all the rest."""
    page, before = story.page, story.panels["metric"].x
    page.get_by_role("button", name="More for this dashboard").click()
    page.get_by_role("button", name="Arrange panels").click()
    tile = page.locator(".wb-tile[data-name='metric']")
    tile.focus()
    page.keyboard.press("ArrowRight")
    state = page.locator(".wb-state")
    expect(state).to_have_text("1 change, not saved")
    expect(page.locator(".wb-arrange.wb-ahead")).to_have_count(0)
    page.keyboard.press("Shift+ArrowDown")
    expect(state).to_have_text("2 changes, not saved")
    expect(page.locator(".wb-arrange.wb-ahead")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(state).to_have_text("1 change, not saved")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"id=dash_\w+$"))
    expect(tile).to_have_count(0)
    story.watched.settle()
    page.reload()
    story.watched.settle()
    assert story.panels["metric"].x == before + 1
