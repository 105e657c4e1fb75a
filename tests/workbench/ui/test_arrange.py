from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.composition import Workbench
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.layout import COLUMNS, MAX_HEIGHT, MIN_SIZES, Box
from stats_core.panels.panel import PanelSpec
from workbench.ui.arrange.draft import Draft, Message, boxes_of, placed, read_messages, settled
from workbench.ui.arrange.editor import SCRIPT

LABELS = [
    PanelSpec(name=name, type="label", x=x, y=0, width=4, height=2, display={"text": name})
    for name, x in (("One", 0), ("Two", 4), ("Three", 8))
]
START = {"One": Box(0, 0, 4, 2), "Two": Box(4, 0, 4, 2), "Three": Box(8, 0, 4, 2)}
SWAPPED = {"One": Box(4, 0, 4, 2), "Two": Box(0, 0, 4, 2), "Three": Box(8, 0, 4, 2)}


@pytest.fixture
def labels(bench: Workbench) -> Dashboard:
    return bench.dashboards.create("Labels", panels=LABELS)


def where(panels) -> dict[str, Box]:
    return {panel.name: Box(panel.x, panel.y, panel.width, panel.height) for panel in panels}


def stored(bench: Workbench, made: Dashboard) -> dict[str, Box]:
    return where(bench.dashboards.get(made.id).panels)


def shown(app) -> dict[str, Box]:
    """What the page tells the editor, which is where the panels are drawn."""
    (component,) = [item for item in app.get("bidi_component") if item.proto.component_name == "workbench_arrange"]
    return {panel["name"]: Box(*panel["box"]) for panel in json.loads(component.proto.json)["panels"]}


def spans(app) -> list[tuple[int, int]]:
    return [(cell.proto.grid_cell.column_span, cell.proto.grid_cell.row_span) for cell in app.grid[0].children.values()]


class Hand:
    """Says to the page what the editor in the browser would."""

    def __init__(self, app, made: Dashboard) -> None:
        self.app, self.made, self.number = app, made, 0
        self.ids = {panel.name: panel.id for panel in made.panels}

    def message(self, did: str, **boxes: Box) -> dict:
        self.number += 1
        fours = {self.ids[name]: [box.x, box.y, box.width, box.height] for name, box in boxes.items()}
        return {"number": self.number, "did": did, "boxes": fours}

    def say(self, *messages) -> None:
        self.app.session_state[f"arrange_{self.made.id}"] = {"messages": list(messages)}
        self.app.run()
        assert not self.app.exception

    def move(self, **boxes: Box) -> None:
        self.say(self.message("move", **boxes))


@pytest.fixture
def hand(dashboard, labels) -> Hand:
    app = dashboard(labels.id, arrange="1")
    assert not app.exception
    return Hand(app, labels)


def test_the_menu_opens_arrange_mode_and_done_leaves_it(dashboard, labels):
    app = dashboard(labels.id, range="7d")
    app.button(key="arrange").click().run()
    assert app.query_params["arrange"] == "1"
    assert shown(app) == START
    assert (app.button(key="arrange_undo").disabled, app.button(key="arrange_redo").disabled) == (True, True)
    assert app.button(key="arrange_save").disabled
    assert app.button(key="arrange_leave").label == "Done"
    app.button(key="arrange_leave").click().run()
    assert app.query_params == {"id": labels.id, "range": "7d"}


def test_a_move_is_drawn_and_stored_only_when_it_is_saved(hand, bench, labels):
    hand.move(**SWAPPED)
    assert shown(hand.app) == SWAPPED
    assert stored(bench, labels) == START
    assert hand.app.button(key="arrange_leave").label == "Discard"
    hand.app.button(key="arrange_save").click().run()
    assert stored(bench, labels) == SWAPPED
    assert "arrange" not in hand.app.query_params
    assert hand.app.toast[0].value == "Saved where the panels stand"


def test_discard_stores_nothing(hand, bench, labels):
    hand.move(**SWAPPED)
    hand.app.button(key="arrange_leave").click().run()
    assert stored(bench, labels) == START
    assert "arrange" not in hand.app.query_params
    hand.app.button(key="arrange").click().run()
    assert shown(hand.app) == START


def test_steps_are_undone_and_done_again_one_by_one(hand):
    places = [START, {**START, "One": Box(0, 5, 4, 2)}, {**START, "One": Box(0, 9, 6, 2)}]
    hand.move(**places[1])
    hand.move(**places[2])
    seen = []
    for key in ("arrange_undo", "arrange_undo", "arrange_redo", "arrange_redo", "arrange_undo"):
        hand.app.button(key=key).click().run()
        seen.append(places.index(shown(hand.app)))
    assert seen == [1, 0, 1, 2, 1]
    hand.move(**SWAPPED)
    assert hand.app.button(key="arrange_redo").disabled


def test_keys_undo_and_redo_too(hand):
    hand.say(hand.message("move", **SWAPPED), hand.message("undo"))
    assert shown(hand.app) == START
    hand.say(hand.message("redo"))
    assert shown(hand.app) == SWAPPED


def test_a_message_that_is_repeated_counts_once(hand):
    first = hand.message("move", One=Box(0, 5, 4, 2))
    hand.say(first)
    hand.say(first, hand.message("move", One=Box(0, 9, 4, 2)))
    hand.app.button(key="arrange_undo").click().run()
    assert shown(hand.app)["One"] == Box(0, 5, 4, 2)
    hand.app.button(key="arrange_undo").click().run()
    assert shown(hand.app) == START


def test_what_overlaps_is_pushed_down_before_it_is_drawn(hand, bench, labels):
    hand.move(One=Box(2, 0, 6, 3))
    drawn = shown(hand.app)
    assert drawn == {"One": Box(2, 0, 6, 3), "Two": Box(4, 3, 4, 2), "Three": Box(8, 0, 4, 2)}
    hand.app.button(key="arrange_save").click().run()
    assert stored(bench, labels) == drawn


def test_escape_leaves_and_the_draft_waits(hand, bench, labels):
    hand.say(hand.message("move", **SWAPPED), hand.message("leave"))
    assert "arrange" not in hand.app.query_params
    assert stored(bench, labels) == START
    hand.app.button(key="arrange_resume").click().run()
    assert hand.app.query_params["arrange"] == "1"
    assert shown(hand.app) == SWAPPED
    hand.say(hand.message("leave"))
    hand.app.button(key="arrange_forget").click().run()
    assert [button.key for button in hand.app.button if button.key == "arrange_resume"] == []


def test_somebody_else_who_was_faster_is_not_overwritten_unasked(hand, bench, labels):
    hand.move(**SWAPPED)
    bench.dashboards.arrange(labels.id, {hand.ids["Three"]: Box(8, 4, 4, 2)})
    theirs = stored(bench, labels)
    hand.app.button(key="arrange_save").click().run()
    assert stored(bench, labels) == theirs
    assert hand.app.button(key="arrange_save").disabled
    hand.app.button(key="arrange_rebase").click().run()
    assert shown(hand.app) == SWAPPED
    hand.app.button(key="arrange_undo").click().run()
    assert shown(hand.app) == theirs
    hand.app.button(key="arrange_redo").click().run()
    hand.app.button(key="arrange_save").click().run()
    assert stored(bench, labels) == SWAPPED


def test_one_can_start_anew_from_what_somebody_else_stored(hand, bench, labels):
    hand.move(**SWAPPED)
    bench.dashboards.delete_panel(hand.ids["Three"])
    hand.app.run()
    hand.app.button(key="arrange_anew").click().run()
    assert shown(hand.app) == {"One": START["One"], "Two": START["Two"]}
    assert hand.app.button(key="arrange_save").disabled


def test_a_draft_without_changes_follows_what_is_stored(hand, bench, labels):
    bench.dashboards.arrange(labels.id, {hand.ids["Three"]: Box(8, 4, 4, 2)})
    hand.app.run()
    assert shown(hand.app) == stored(bench, labels)
    assert [button.key for button in hand.app.button if button.key == "arrange_rebase"] == []


@pytest.mark.parametrize(
    "state",
    [
        {"messages": "<script>"},
        {"messages": [{"number": 1}]},
        {"messages": [{"number": 1, "did": "drop tables", "boxes": {}}]},
        {"messages": [{"number": 1, "did": "move", "boxes": {"panel_other": [0, 0, 1, 1]}}]},
        {"messages": [{"number": 1, "did": "move", "boxes": {"panel_other": [0.5, "0", None, 1]}}]},
        "nothing",
    ],
)
def test_what_our_editor_does_not_send_changes_nothing(hand, state):
    hand.app.session_state[f"arrange_{hand.made.id}"] = state
    hand.app.run()
    assert not hand.app.exception
    assert shown(hand.app) == START


def test_boxes_out_of_all_bounds_are_clamped(hand):
    hand.move(One=Box(10**12, -5, 10**9, 10**9))
    assert shown(hand.app)["One"] == Box(0, 0, COLUMNS, MAX_HEIGHT)


def test_the_grid_beneath_has_the_same_boxes_as_the_editor(hand):
    hand.move(One=Box(0, 2, 12, 3))
    assert spans(hand.app) == [(4, 0), (4, 2), (4, 2), (4, 0), (12, 3)]  # empty slots are one row high


def test_there_is_nothing_to_arrange_without_panels_and_in_the_kiosk(dashboard, bench, labels):
    empty = bench.dashboards.create("Empty")
    assert dashboard(empty.id).button(key="arrange").disabled
    for dashboard_id, query in ((empty.id, {}), (labels.id, {"kiosk": "1"})):
        app = dashboard(dashboard_id, arrange="1", **query)
        assert not app.exception
        assert [button.key for button in app.button if button.key == "arrange_save"] == []


BOXES = st.builds(Box, st.integers(-3, 15), st.integers(-3, 90), st.integers(-1, 15), st.integers(-1, 60))
PANELS = [
    PanelSpec(id=f"panel_{kind}", name=kind, type=kind, x=0, y=0, width=4, height=4) for kind in sorted(MIN_SIZES)
]


@given(st.fixed_dictionaries({panel.id: BOXES for panel in PANELS}))
def test_what_is_drawn_is_what_would_be_stored(boxes):
    once = settled(PANELS, boxes)
    assert settled(PANELS, once) == once
    assert boxes_of(placed(PANELS, boxes)) == once


@given(st.lists(st.sampled_from(["move", "undo", "redo"]), max_size=12), st.data())
def test_undo_and_redo_walk_a_line_of_steps(deeds, data):
    draft = Draft((settled(PANELS, {}),))
    line, at = [draft.stored], 0
    for number, did in enumerate(deeds, 1):
        box = data.draw(BOXES)
        moved = settled(PANELS, {**draft.boxes, PANELS[0].id: box})
        message = {"number": number, "did": did, "boxes": {}}
        if did == "move":
            message["boxes"] = {PANELS[0].id: [box.x, box.y, box.width, box.height]}
            if moved != line[at]:
                line[at + 1 :] = [moved]
                at += 1
        else:
            at = max(at - 1, 0) if did == "undo" else min(at + 1, len(line) - 1)
        draft = draft.heard(read_messages([message]), PANELS)
        assert (draft.boxes, draft.taken) == (line[at], number)
        assert draft.can_redo == (at < len(line) - 1)


def test_messages_are_read_as_they_come_from_json():
    sent = json.loads('[{"number": 3, "did": "move", "boxes": {"panel_a": [0, 1, 2, 3]}}]')
    assert read_messages(sent) == [Message(number=3, did="move", boxes={"panel_a": [0, 1, 2, 3]})]
    assert read_messages(None) == []


def test_the_script_is_made_of_the_source_beside_it_and_fetches_nothing():
    script = SCRIPT.read_text(encoding="utf-8")
    source = SCRIPT.parent / "frontend"
    made_of = b"".join((source / name).read_bytes() for name in ("editor.css", "editor.js", "package.json"))
    assert f"frontend/editor.js ({sha256(made_of).hexdigest()}) with gridstack 14.1.0" in script.partition("\n")[0]
    assert "MIT License" in SCRIPT.with_name("gridstack.LICENSE").read_text(encoding="utf-8")
    assert not any(word in script for word in ("import(", "fetch(", "@import", "XMLHttpRequest", "https://"))
