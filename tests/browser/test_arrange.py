"""Arrange mode by mouse and by keys: what is stored after it, to the cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from stats_core.panels.layout import Box
from stats_core.panels.panel import PanelSpec
from workbench.ui.grid import GAP_PX, ROW_PX

if TYPE_CHECKING:
    from tests.browser.conftest import Served, Watched

pytestmark = pytest.mark.browser

CELL_PX = ROW_PX + GAP_PX
WARNS = "!window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"  # of changes that would be lost
START = {
    "One": Box(0, 0, 4, 3),
    "Two": Box(4, 0, 4, 3),
    "Three": Box(8, 0, 4, 3),
    "Four": Box(0, 3, 12, 4),
}


class Arranging:
    """A dashboard of four panels, its page in arrange mode, and what is stored of it."""

    def __init__(self, served: Served, watched: Watched) -> None:
        options = {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "status"}
        panels = [
            PanelSpec(
                name=name,
                type="bar" if name == "Four" else "label",
                operation_type="aggregate_data" if name == "Four" else None,
                operation_options=options if name == "Four" else {},
                display={} if name == "Four" else {"text": name},
                x=box.x,
                y=box.y,
                width=box.width,
                height=box.height,
            )
            for name, box in START.items()
        ]
        self.dashboards = served.workbench.dashboards
        self.made = self.dashboards.create("Arranged", panels=panels)
        self.address = f"{served.url}/dashboard?id={self.made.id}"
        self.watched, self.page = watched, watched.page

    def open(self) -> Page:
        self.watched.open(f"{self.address}&arrange=1")
        expect(self.page.locator(".wb-tile")).to_have_count(len(START))
        return self.page

    def tile(self, name: str) -> Locator:
        return self.page.locator(f".wb-tile[data-name='{name}']")

    def stored(self) -> dict[str, Box]:
        panels = self.dashboards.get(self.made.id).panels
        return {panel.name: Box(panel.x, panel.y, panel.width, panel.height) for panel in panels}

    def drawn(self) -> dict[str, Box]:
        """Where the live panels stand on the page, in cells."""
        grid = self.page.locator(".st-key-grid").bounding_box()
        column = (grid["width"] + GAP_PX) / 12
        found = {}
        for panel in self.made.panels:
            box = self.page.locator(f".st-key-panel_{panel.id}").bounding_box()
            found[panel.name] = Box(
                round((box["x"] - grid["x"]) / column),
                round((box["y"] - grid["y"]) / CELL_PX),
                round((box["width"] + GAP_PX) / column),
                round((box["height"] + GAP_PX) / CELL_PX),
            )
        return found

    def drag(self, x: float, y: float, columns: float, rows: float) -> None:
        """From a point of the page, by so many cells."""
        column = (self.page.locator(".st-key-grid").bounding_box()["width"] + GAP_PX) / 12
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 8, y + 8, steps=3)
        mouse.move(x + columns * column, y + rows * CELL_PX, steps=12)
        mouse.up()

    def state(self, text: str) -> None:
        """Wait until the server has heard of it, and the editor of the server."""
        expect(self.page.locator(".wb-state")).to_have_text(text)
        expect(self.page.locator(".wb-arrange.wb-ahead")).to_have_count(0)
        self.watched.settle()

    def save(self) -> None:
        self.page.get_by_role("button", name="Save").click()
        self.page.wait_for_url(self.address)
        self.watched.settle()
        expect(self.page.locator(".wb-tile")).to_have_count(0)  # the editor goes a moment later, and warns until then


@pytest.fixture
def arrange(served: Served, watch: Callable[..., Watched]) -> Iterator[Callable[..., Arranging]]:
    made = []

    def begin(**options: object) -> Arranging:
        made.append(Arranging(served, watch(**options)))
        return made[-1]

    yield begin
    for arranging in made:
        arranging.dashboards.delete(arranging.made.id)
        assert arranging.watched.outside == []
        assert arranging.watched.errors == []


def test_a_panel_is_dragged_and_another_resized_and_both_are_stored_to_the_cell(arrange):
    arranging = arrange()
    arranging.watched.open(arranging.address)
    page = arranging.page
    page.get_by_role("button", name="More for this dashboard").click()
    page.get_by_role("button", name="Arrange panels").click()
    expect(page.locator(".wb-tile")).to_have_count(len(START))
    arranging.state("Nothing changed yet")
    assert arranging.drawn() == START

    one = arranging.tile("One").bounding_box()
    arranging.drag(one["x"] + 40, one["y"] + 20, 4, 0)  # onto Two, which goes down, and Four with it
    arranging.state("1 change, not saved")
    moved = {**START, "One": Box(4, 0, 4, 3), "Two": Box(4, 3, 4, 3), "Four": Box(0, 6, 12, 4)}
    assert arranging.drawn() == moved

    three = arranging.tile("Three").bounding_box()
    arranging.drag(three["x"] + three["width"] - 12, three["y"] + three["height"] - 12, -1, 2)
    arranging.state("2 changes, not saved")
    resized = {**moved, "Three": Box(8, 0, 3, 5)}
    assert arranging.drawn() == resized
    assert arranging.stored() == START

    arranging.save()
    assert arranging.stored() == resized
    assert arranging.drawn() == resized
    page.reload()
    arranging.watched.settle()
    assert arranging.drawn() == resized


def test_keys_move_resize_undo_and_leave(arrange):
    arranging = arrange()
    page = arranging.open()
    said = page.locator(".wb-said[role=status]")
    one = arranging.tile("One")
    expect(one).to_have_attribute("aria-label", "One, column 1, row 1, 4 wide, 3 high")
    one.focus()
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text("One: no further.")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("One: column 2, row 1, 4 wide, 3 high; 2 panels pushed down.")
    arranging.state("1 change, not saved")
    expect(one).to_be_focused()
    assert page.evaluate(WARNS)
    right = {**START, "One": Box(1, 0, 4, 3), "Two": Box(4, 3, 4, 3), "Four": Box(0, 6, 12, 4)}
    assert arranging.drawn() == right

    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")  # at once: one step
    expect(said).to_have_text("One: column 2, row 1, 3 wide, 4 high.")
    arranging.state("2 changes, not saved")
    page.keyboard.press("Control+z")
    arranging.state("1 change, not saved")
    assert arranging.drawn() == right
    page.keyboard.press("Control+Shift+z")
    arranging.state("2 changes, not saved")
    smaller = arranging.drawn()
    assert smaller["One"] == Box(1, 0, 3, 4)
    page.get_by_role("button", name="Undo").click()
    arranging.state("1 change, not saved")
    assert arranging.drawn() == right
    page.get_by_role("button", name="Redo").click()
    arranging.state("2 changes, not saved")
    assert arranging.drawn() == smaller

    one.focus()
    page.keyboard.press("Escape")
    page.wait_for_url(arranging.address)
    arranging.watched.settle()
    assert arranging.drawn() == START
    page.get_by_role("button", name="Go on arranging").click()
    arranging.state("2 changes, not saved")
    assert arranging.drawn() == smaller
    arranging.save()
    assert arranging.stored() == smaller
    assert not page.evaluate(WARNS)


def test_discard_stores_nothing_and_a_quick_save_misses_nothing(arrange):
    arranging = arrange(scheme="dark")
    page = arranging.open()
    arranging.tile("Four").focus()
    page.keyboard.press("ArrowDown")
    arranging.state("1 change, not saved")
    page.get_by_role("button", name="Discard").click()
    page.wait_for_url(arranging.address)
    arranging.watched.settle()
    assert arranging.stored() == START
    assert arranging.drawn() == START

    arranging.open()
    arranging.tile("Four").focus()
    page.keyboard.press("ArrowDown")
    arranging.state("1 change, not saved")
    page.keyboard.press("ArrowDown")
    arranging.save()  # before the pause after which keys are told to the server
    assert arranging.stored() == {**START, "Four": Box(0, 5, 12, 4)}


def test_the_live_panels_beneath_cannot_be_reached_and_narrow_screens_say_why_not(arrange):
    arranging = arrange()
    page = arranging.open()
    arranging.watched.settle()
    focused = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("document.activeElement.closest('.st-key-grid') !== null"))
    assert focused == {False}
    for width in (700, 400):
        narrow = arrange(width=width)
        narrow.watched.open(f"{narrow.address}&arrange=1")
        expect(narrow.page.get_by_text(re.compile("arranged on a wider screen"))).to_be_visible()
        expect(narrow.page.locator(".st-key-arranger")).to_be_hidden()
        assert narrow.page.evaluate("document.scrollingElement.scrollWidth") <= width
