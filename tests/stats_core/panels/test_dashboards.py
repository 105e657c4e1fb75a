"""Stored dashboards and panels."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from stats_core.errors import ConflictError, ExpectedError, InvalidOptionsError, NotFoundError, Problem
from stats_core.models import StatsPanel
from stats_core.operations.registry import Registry
from stats_core.panels.dashboard import DashboardSummary
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.display import Display
from stats_core.panels.layout import Box
from stats_core.panels.panel import PanelSpec

METADATA = {
    "variables": {
        "website": {"type": "website", "label": "Website", "default": None},
        "range": {"type": "range", "label": "Range", "default": {"preset": "30d"}},
    },
    "timezone": None,
    "audience": "tenant",
}
ACTIVE = {"entity": "partner", "filters": {"status": "active"}}


def make_panel(name="Partners", **fields):
    given = {
        "operation_type": "tally",
        "operation_options": ACTIVE,
        "type": "metric",
        "width": 3,
        "height": 3,
        **fields,
    }
    return PanelSpec(name=name, **given)


def box_of(panel):
    return Box(panel.x, panel.y, panel.width, panel.height)


def problems_of(call, *args, **kwargs):
    with pytest.raises(ExpectedError) as caught:
        call(*args, **kwargs)
    return caught.value.problems


def paths_of(call, *args, **kwargs):
    return [problem.path for problem in problems_of(call, *args, **kwargs)]


def test_a_new_dashboard_has_what_was_given_and_an_id_that_says_what_it_is(dashboards, hand_clock):
    made = dashboards.create("Traffic", description="Who came", icon="show_chart", color="#00aa88", metadata=METADATA)
    assert made.id.startswith("dash_")
    assert made == dashboards.get(made.id)
    assert (made.name, made.description, made.icon, made.color) == ("Traffic", "Who came", "show_chart", "#00aa88")
    assert (made.metadata, made.panels) == (METADATA, ())
    assert made.created_at == made.updated_at == hand_clock()
    assert list(made.variables) == ["website", "range"]


def test_a_dashboard_is_made_with_its_panels_in_one_go(dashboards):
    made = dashboards.create("Partners", panels=[make_panel("One"), make_panel("Two", x=3), make_panel("Three", y=9)])
    assert [panel.name for panel in made.panels] == ["One", "Two", "Three"]
    assert all(panel.id.startswith("panel_") and panel.dashboard_id == made.id for panel in made.panels)
    assert {panel.operation_version for panel in made.panels} == {2}
    assert dashboards.panel(made.panels[1].id) == made.panels[1]


def test_a_fault_in_any_panel_leaves_nothing_behind(dashboards):
    bad = [make_panel(), make_panel(operation_options={"entity": "partnr"}), make_panel(operation_options={"limit": 0})]
    assert paths_of(dashboards.create, "Bad", panels=bad) == [
        "panels[1].operation_options.entity",
        "panels[2].operation_options.entity",
        "panels[2].operation_options.limit",
    ]
    assert dashboards.list().total == 0


def test_an_update_of_what_somebody_else_changed_meanwhile_is_refused(dashboards, hand_clock):
    panel = dashboards.create("Board", panels=[PanelSpec(type="label", name="One")]).panels[0]
    hand_clock.move(seconds=1)
    theirs = dashboards.update_panel(panel.id, seen=panel.updated_at, name="Theirs")
    with pytest.raises(ConflictError, match="The panel 'Theirs' was changed meanwhile"):
        dashboards.update_panel(panel.id, seen=panel.updated_at, name="Mine")
    assert dashboards.panel(panel.id) == theirs
    assert dashboards.update_panel(panel.id, seen=theirs.updated_at, name="Mine").name == "Mine"


def test_an_update_changes_what_is_given_and_when_it_was(dashboards, hand_clock):
    made = dashboards.create("Traffic", description="Who came", metadata=METADATA)
    later = hand_clock.move(minutes=1)
    changed = dashboards.update(made.id, name="Visits", description=None)
    assert changed == made.model_copy(update={"name": "Visits", "description": None, "updated_at": later})
    assert dashboards.get(made.id) == changed


def test_the_range_of_the_metadata_is_the_variables_default_where_none_is_declared(dashboards, resolver, executions):
    options = {"entity": "partner", "range": {"$var": "range"}}
    week, month = {"last_days": 7}, {"type": "range", "default": {"last_days": 30}}
    seen = []
    for metadata in ({"range": week}, {"range": week, "variables": {"range": month}}):
        made = dashboards.create("A", metadata=metadata, panels=[make_panel(operation_options=options)])
        resolver.resolve_panel(made.panels[0])
        seen.append(made.context.variables["range"].default)
    assert seen == [week, month["default"]]


def test_a_variable_that_a_panel_reads_cannot_be_taken_away(dashboards):
    options = {"entity": "analytics_event", "filters": {"website_id": {"$var": "website"}}}
    made = dashboards.create("Traffic", metadata=METADATA, panels=[make_panel("Events", operation_options=options)])
    assert problems_of(dashboards.update, made.id, metadata={"variables": {"range": {"type": "range"}}}) == (
        Problem(
            "metadata.variables.website",
            "The panel 'Events' reads the variable 'website'.",
            "Keep the variable, or change the panel first.",
        ),
    )


def test_deleting_a_dashboard_takes_its_panels_along(dashboards, filled):
    made = dashboards.create("Gone", panels=[make_panel(), make_panel()])
    kept = dashboards.create("Kept", panels=[make_panel()])
    dashboards.delete(made.id)
    assert dashboards.list().items[0].id == kept.id
    with filled.read() as session:
        assert session.scalar(select(func.count()).select_from(StatsPanel)) == 1


def test_what_is_not_there_is_said_with_its_id(dashboards):
    for call, kind in (
        (dashboards.get, "dashboard"),
        (dashboards.update, "dashboard"),
        (dashboards.delete, "dashboard"),
        (dashboards.duplicate, "dashboard"),
        (dashboards.export_yaml, "dashboard"),
        (dashboards.panel, "panel"),
        (dashboards.update_panel, "panel"),
        (dashboards.delete_panel, "panel"),
    ):
        with pytest.raises(NotFoundError, match=f"There is no {kind} 'x'"):
            call("x")
    with pytest.raises(NotFoundError):
        dashboards.add_panel("x", make_panel())
    with pytest.raises(NotFoundError):
        dashboards.arrange(dashboards.create("A").id, {"x": Box(0, 0, 1, 1)})


def test_a_copy_is_deep_and_has_ids_of_its_own(dashboards):
    made = dashboards.create("Traffic", metadata=METADATA, panels=[make_panel("One"), make_panel("Two", y=8)])
    copied = dashboards.duplicate(made.id)
    assert copied.name == "Traffic (copy)"
    assert not {copied.id, *(panel.id for panel in copied.panels)} & {made.id, *(panel.id for panel in made.panels)}
    own = {"id", "dashboard_id"}
    assert [p.model_dump(exclude=own) for p in copied.panels] == [p.model_dump(exclude=own) for p in made.panels]
    dashboards.update_panel(copied.panels[0].id, name="Changed", operation_options={"entity": "design"})
    dashboards.update(copied.id, metadata={})
    assert dashboards.get(made.id) == made


def test_a_copy_of_a_long_name_still_says_that_it_is_one(dashboards):
    made = dashboards.create("x" * 200)
    assert dashboards.duplicate(made.id).name == "x" * 193 + " (copy)"


# Lists


def test_a_list_is_sorted_by_name_and_counts_panels(dashboards):
    dashboards.create("beta", panels=[make_panel(), make_panel()])
    dashboards.create("Alpha", description="First")
    page = dashboards.list()
    assert [(item.name, item.panel_count) for item in page.items] == [("Alpha", 0), ("beta", 2)]
    assert isinstance(page.items[0], DashboardSummary)
    assert (page.total, page.limit, page.offset) == (2, 50, 0)


def test_a_search_takes_every_character_for_itself_in_whatever_case(dashboards):
    dashboards.create("100% traffic")
    dashboards.create("Traffic_shop")
    dashboards.create("Ärzte", description="Who CAME")
    everything = ["100% traffic", "Traffic_shop", "Ärzte"]
    expected = {
        "TRAFFIC": ["100% traffic", "Traffic_shop"],
        "äRZTE": ["Ärzte"],
        "%": ["100% traffic"],
        "_": ["Traffic_shop"],
        "who": ["Ärzte"],
        "\\": [],
        "'; DROP TABLE stats_dashboard; --": [],
        None: everything,
        "": everything,
    }
    assert {q: [item.name for item in dashboards.list(q).items] for q in expected} == expected


def test_pages_of_a_list_are_its_parts(dashboards):
    for i in range(7):
        dashboards.create(f"Dashboard {i}")
    pages = [dashboards.list("dashboard", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [[item.name[-1] for item in page.items] for page in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"], []]
    assert {page.total for page in pages} == {7}


# Panels


def test_a_panel_goes_below_the_others_unless_it_says_where(dashboards):
    made = dashboards.create("A", panels=[make_panel("One")])
    below = dashboards.add_panel(made.id, make_panel("Below"))
    beside = dashboards.add_panel(made.id, make_panel("Beside", x=3))
    assert (box_of(below), box_of(beside)) == (Box(0, 3, 3, 3), Box(3, 0, 3, 3))


def test_a_panel_that_is_put_on_another_one_pushes_it_down(dashboards):
    made = dashboards.create("A", panels=[make_panel("One")])
    added = dashboards.add_panel(made.id, make_panel("New", x=0, y=0))
    assert [(panel.name, panel.y) for panel in dashboards.get(made.id).panels] == [("New", 0), ("One", 3)]
    assert added.y == 0


def test_stored_boxes_are_always_drawable(dashboards):
    made = dashboards.create("A", panels=[make_panel(x=11, y=-4, width=40, height=1), make_panel(x=-3, width=1)])
    dashboards.update_panel(made.panels[0].id, width=7, x=9, y=10**12, height=10**9)
    panels = dashboards.get(made.id).panels
    assert all(p.x >= 0 and p.x + p.width <= 12 and p.width >= 2 and 3 <= p.height <= 40 for p in panels)
    assert max(p.y for p in panels) < 100
    assert not any(box_of(a).overlaps(box_of(b)) for a, b in itertools.combinations(panels, 2))


def test_a_panel_stands_on_its_dashboard_with_the_variables(dashboards, resolver):
    options = {"entity": "website", "filters": {"id": {"$var": "website"}}}
    made = dashboards.create("Sites", metadata=METADATA, panels=[make_panel(operation_options=options)])
    panel = dashboards.panel(made.panels[0].id)
    assert panel.context == made.context
    given = [{}, {"website": "site_tokyo"}, {"website": None}]
    assert [resolver.resolve_panel(panel, variables=v).data["value"] for v in given] == [2, 1, 2]


def test_a_draft_is_put_on_a_dashboard_by_hand(dashboards, resolver):
    made = dashboards.create("Sites", metadata=METADATA)
    draft = make_panel(operation_options={"entity": "website", "filters": {"id": {"$var": "website"}}})
    assert resolver.resolve_panel(draft.on(made.context)).data["value"] == 2
    assert problems_of(resolver.resolve_panel, draft)[0].message == "No variable named 'website'."


def test_a_changed_panel_is_newer_than_the_answers_that_are_kept(dashboards, resolver, hand_clock):
    panel = dashboards.create("A", panels=[make_panel(cache_ttl_seconds=3600)]).panels[0]
    resolver.resolve_panel(panel)
    later = hand_clock.move(minutes=1)
    changed = dashboards.update_panel(panel.id, name="New", display={"label": "Partners", "conditionalFormatting": []})
    assert changed == panel.model_copy(
        update={"name": "New", "display": Display(label="Partners"), "updated_at": later}
    )
    assert dashboards.get(panel.dashboard_id).updated_at == later
    assert not resolver.resolve_panel(changed).cache_hit
    assert resolver.resolve_panel(dashboards.panel(panel.id)).cache_hit


def test_moving_panels_makes_no_answer_old(dashboards, resolver, hand_clock):
    made = dashboards.create("A", panels=[make_panel("One", cache_ttl_seconds=3600), make_panel("Two", y=3)])
    one, two = made.panels
    resolver.resolve_panel(one)
    later = hand_clock.move(minutes=1)
    moved = dashboards.arrange(made.id, {one.id: Box(6, 3, 4, 4), two.id: Box(0, 0, 3, 3)})
    assert [(p.name, box_of(p), p.updated_at) for p in moved.panels] == [
        ("Two", Box(0, 0, 3, 3), two.updated_at),
        ("One", Box(6, 3, 4, 4), one.updated_at),
    ]
    assert moved.updated_at == later
    assert moved == dashboards.get(made.id)
    assert resolver.resolve_panel(dashboards.panel(one.id)).cache_hit


def test_an_arrangement_of_what_was_seen_is_stored_whole_and_without_overlaps(dashboards):
    made = dashboards.create("A", panels=[make_panel("One"), make_panel("Two", x=4), make_panel("Three", x=8)])
    one, two, three = made.panels
    seen = {panel.id: box_of(panel) for panel in made.panels}
    wished = {one.id: Box(0, 0, 12, 3), two.id: Box(20, 1, 1, 1), three.id: Box(0, 10**12, 4, 10**6)}
    arranged = dashboards.arrange(made.id, wished, seen=seen)
    assert {panel.id: box_of(panel) for panel in arranged.panels} == {
        one.id: Box(0, 0, 12, 3),
        two.id: Box(10, 3, 2, 3),
        three.id: Box(0, 6 + 24, 4, 40),
    }
    assert arranged == dashboards.get(made.id)


def test_an_arrangement_of_what_has_changed_meanwhile_is_refused(dashboards):
    made = dashboards.create("A", panels=[make_panel("One"), make_panel("Two", y=3)])
    one, two = made.panels
    seen = {panel.id: box_of(panel) for panel in made.panels}
    wished = {one.id: Box(6, 0, 4, 3)}
    dashboards.update_panel(two.id, name="Renamed")
    dashboards.arrange(made.id, wished, seen=seen)  # a new name moves nothing
    dashboards.arrange(made.id, {one.id: Box(0, 0, 4, 3)})
    for change in (
        lambda: dashboards.arrange(made.id, {two.id: Box(0, 9, 4, 3)}),
        lambda: dashboards.add_panel(made.id, make_panel("Three")),
        lambda: dashboards.delete_panel(two.id),
    ):
        seen = {panel.id: box_of(panel) for panel in dashboards.get(made.id).panels}
        change()
        before = dashboards.get(made.id)
        with pytest.raises(ConflictError, match="'A' were moved, added or deleted meanwhile"):
            dashboards.arrange(made.id, wished, seen=seen)
        assert dashboards.get(made.id) == before


def test_a_pushed_panel_keeps_its_answers(dashboards, hand_clock):
    made = dashboards.create("A", panels=[make_panel("One")])
    hand_clock.move(minutes=1)
    dashboards.add_panel(made.id, make_panel("New", x=0, y=0))
    pushed = dashboards.panel(made.panels[0].id)
    assert (pushed.y, pushed.updated_at) == (3, made.panels[0].updated_at)


def test_deleting_a_panel_leaves_the_others_where_they_are(dashboards, hand_clock):
    made = dashboards.create("A", panels=[make_panel("One"), make_panel("Two", y=3)])
    later = hand_clock.move(minutes=1)
    dashboards.delete_panel(made.panels[0].id)
    left = dashboards.get(made.id)
    assert left.panels == made.panels[1:]
    assert left.updated_at == later


def test_a_label_keeps_its_text_and_no_operation(dashboards):
    label = PanelSpec(name="Note", type="label", width=12, height=1, display=Display(text="# Hello\n\nworld"))
    made = dashboards.create("A", panels=[label])
    assert (made.panels[0].operation_version, made.panels[0].display.text) == (None, "# Hello\n\nworld")


def test_a_panel_becomes_a_label_when_its_operation_goes(dashboards):
    panel = dashboards.create("A", panels=[make_panel()]).panels[0]
    changed = dashboards.update_panel(panel.id, type="label", operation_type=None, operation_options={})
    assert (changed.type, changed.operation_type, changed.operation_version) == ("label", None, None)


def test_options_keep_the_version_they_were_written_for(dashboards, resolver):
    old = make_panel(operation_options={"table": "partner"}, operation_version=1)
    panel = dashboards.create("A", panels=[old]).panels[0]
    assert (panel.operation_version, panel.operation_options) == (1, {"table": "partner"})
    assert resolver.resolve_panel(panel).data["value"] == 3
    assert dashboards.update_panel(panel.id, name="Renamed").operation_version == 1
    changed = dashboards.update_panel(panel.id, operation_options={"entity": "partner"})
    assert changed.operation_version == 2


def test_dates_of_a_notebook_are_stored_as_text(dashboards, hand_clock):
    options = {"entity": "partner", "range": {"from": hand_clock().date(), "to": None}}
    panel = dashboards.create("A", panels=[make_panel(operation_options=options)]).panels[0]
    assert panel.operation_options == {"entity": "partner", "range": {"from": "2026-06-15", "to": None}}


def test_writers_at_once_lose_nothing_and_leave_no_overlap(dashboards):
    made = dashboards.create("A")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: dashboards.add_panel(made.id, make_panel(f"Panel {i}", x=i % 3, y=0)), range(16)))
    panels = dashboards.get(made.id).panels
    assert {panel.name for panel in panels} == {f"Panel {i}" for i in range(16)}
    assert not any(box_of(a).overlaps(box_of(b)) for a, b in itertools.combinations(panels, 2))


def test_what_is_ensured_at_once_is_made_once(dashboards):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: dashboards.ensure("Only one", panels=[make_panel()]), range(8)))
    assert sum(each is not None for each in made) == 1
    assert dashboards.list().total == 1


# What no longer validates


def test_a_check_of_good_dashboards_finds_nothing(dashboards):
    dashboards.create("A", metadata=METADATA, panels=[make_panel(), PanelSpec(type="label")])
    assert dashboards.check() == ()


def test_a_check_names_every_stored_panel_that_no_longer_validates(
    dashboards, filled, resolver, executions, hand_clock
):
    made = dashboards.create("Orders", metadata=METADATA, panels=[make_panel("One"), make_panel("Two", y=3)])
    one, two = made.panels
    with filled.write() as session:
        session.execute(text("UPDATE stats_panel SET operation_type = 'tallly' WHERE id = :id"), {"id": one.id})
        session.execute(text("""UPDATE stats_panel SET display = '{"formt": 1}' WHERE id = :id"""), {"id": two.id})
        session.execute(text("""UPDATE stats_dashboard SET metadata = '{"timezone": "Mars"}'"""))
    found = dashboards.check()
    assert [(p.dashboard_name, p.panel_name, p.problem.path) for p in found] == [
        ("Orders", None, "metadata.timezone"),
        ("Orders", "One", "operation_type"),
        ("Orders", "Two", "display.formt"),
    ]
    assert str(found[1]) == (
        f"Dashboard 'Orders' ({made.id}), panel 'One' ({one.id}): "
        "operation_type: No operation named 'tallly'. Did you mean 'tally'?"
    )


def test_one_bad_key_hides_neither_panel_nor_dashboard(dashboards, filled):
    made = dashboards.create("A", metadata=METADATA, panels=[make_panel(display=Display(label="Kept"))])
    with filled.write() as session:
        session.execute(text("""UPDATE stats_panel SET display = '{"formt": 1, "label": "Kept"}'"""))
        session.execute(text("""UPDATE stats_dashboard SET metadata = '{"variables": {"a": 5}, "timezone": 7}'"""))
    read = dashboards.get(made.id)
    assert read.panels[0].display == Display(label="Kept")
    assert (read.context.variables, read.context.timezone) == ({}, None)


def test_a_check_says_that_an_operation_is_gone(dashboards, filled, resolver, hand_clock):
    dashboards.create("A", panels=[make_panel()])
    resolver.registry = Registry("operation", [], name=lambda operation: operation.type)
    resolver._questions.clear()
    (problem,) = Dashboards(filled, resolver, hand_clock).check()
    assert problem.problem == Problem("operation_type", "No operation named 'tally'.", "There are none.")


def test_invalid_options_come_as_such(dashboards):
    with pytest.raises(InvalidOptionsError):
        dashboards.create("A", panels=[make_panel(operation_options={"entity": "partnr"})])
