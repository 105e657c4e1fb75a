"""The last versions of a dashboard: each change is one, and each can be gone back to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError
from stats_core.models import StatsDashboard, StatsDashboardVersion, StatsPanel
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.history import KEPT, Version
from stats_core.panels.layout import Box
from stats_core.panels.panel import PanelSpec

ACTIVE = {"entity": "partner", "filters": {"status": "active"}}


def make_panel(name="Partners", **fields):
    given = {"operation_type": "tally", "operation_options": ACTIVE, "type": "metric", "width": 3, "height": 3}
    return PanelSpec(name=name, **{**given, **fields})


def told(dashboards, dashboard_id):
    return [version.action for version in dashboards.history(dashboard_id)][::-1]


def content(dashboard):
    """What a person wrote: no times."""
    panels = tuple(panel.model_copy(update={"updated_at": None}) for panel in dashboard.panels)
    return dashboard.model_copy(update={"panels": panels, "updated_at": dashboard.created_at})


def test_every_change_is_a_version_with_who_when_and_what(dashboards, hand_clock):
    began = hand_clock()
    made = dashboards.create("Partners", panels=[make_panel("One"), make_panel("Two", x=3)])
    one, two = made.panels
    ann = dashboards.by("Ann")
    steps = (
        lambda: ann.update(made.id, name="All partners", description="Who works with us"),
        lambda: ann.update_panel(one.id, name="First", cache_ttl_seconds=60),
        lambda: ann.update_panel(one.id, operation_options={"entity": "partner", "filters": {"status": "pending"}}),
        lambda: ann.arrange(made.id, {two.id: Box(6, 0, 3, 3)}),
        lambda: ann.add_panel(made.id, make_panel("", type="label", operation_type=None, operation_options={})),
        lambda: ann.delete_panel(two.id),
        lambda: ann.import_yaml(ann.export_yaml(made.id).replace("name: First", "name: 1st")),
    )
    for step in steps:
        hand_clock.move(minutes=1)
        step()
    actions = [
        "Created.",
        "Changed name, description.",
        "Changed 'First' (name, cache_ttl_seconds).",
        "Changed 'First' (operation_options.filters).",
        "Moved 'Two'.",
        "Added a label.",
        "Removed 'Two'.",
        "Imported from a file. Changed '1st' (name).",
    ]
    assert sorted(dashboards.history(made.id), key=lambda version: version.number) == [
        Version(i + 1, "Ann" if i else None, action, began + timedelta(minutes=i)) for i, action in enumerate(actions)
    ]


def test_what_changes_nothing_is_no_version(dashboards, hand_clock):
    made = dashboards.create("Partners", panels=[make_panel()])
    hand_clock.move(minutes=1)
    dashboards.update(made.id, name="Partners")
    dashboards.update_panel(made.panels[0].id, operation_options=ACTIVE)
    dashboards.arrange(made.id, {})
    dashboards.import_yaml(dashboards.export_yaml(made.id))
    dashboards.restore(made.id, 1)
    with pytest.raises(InvalidOptionsError):
        dashboards.update(made.id, name="")
    assert told(dashboards, made.id) == ["Created."]


def test_each_version_can_be_gone_back_to_and_that_is_a_version_too(dashboards, hand_clock):
    states = [dashboards.create("Partners", panels=[make_panel("One"), make_panel("Two", x=3)])]
    dashboard_id, gone = states[0].id, states[0].panels[1].id
    for change in (
        lambda: dashboards.update(dashboard_id, name="Renamed", metadata={"timezone": "Europe/Berlin"}),
        lambda: dashboards.delete_panel(gone),
        lambda: dashboards.add_panel(dashboard_id, make_panel("Three")),
    ):
        hand_clock.move(minutes=1)
        change()
        states.append(dashboards.get(dashboard_id))
    for number in (1, 4, 2, 3):
        later = hand_clock.move(minutes=1)
        restored = dashboards.restore(dashboard_id, number)
        assert content(restored) == content(states[number - 1])
        assert (restored.updated_at, restored) == (later, dashboards.get(dashboard_id))
    assert told(dashboards, dashboard_id)[4:] == [f"Restored version {number}." for number in (1, 4, 2, 3)]


def test_a_panel_that_stays_as_it_is_keeps_its_answers_when_another_version_is_restored(dashboards, hand_clock):
    made = dashboards.create("Partners", panels=[make_panel("One"), make_panel("Two", x=3)])
    hand_clock.move(minutes=1)
    dashboards.update_panel(made.panels[1].id, name="Changed")
    later = hand_clock.move(minutes=1)
    restored = dashboards.restore(made.id, 1)
    assert [panel.updated_at for panel in restored.panels] == [made.panels[0].updated_at, later]


def test_what_restoring_would_change_is_known_before(dashboards):
    made = dashboards.create("Partners", panels=[make_panel("One")])
    dashboards.update(made.id, name="Renamed")
    dashboards.delete_panel(made.panels[0].id)
    assert str(dashboards.compare(made.id, 1)) == "Changed name. Added 'One'."
    assert str(dashboards.compare(made.id, 1, since=True)) == "Changed name. Removed 'One'."
    assert str(dashboards.compare(made.id, 2)) == "Added 'One'."
    assert not dashboards.compare(made.id, 3)
    assert dashboards.version_yaml(made.id, 3) == dashboards.export_yaml(made.id)


def test_who_restores_without_having_seen_the_newest_version_is_told(dashboards):
    made = dashboards.create("Partners")
    dashboards.update(made.id, name="Renamed")
    dashboards.by("Bob").update(made.id, name="Renamed again")
    with pytest.raises(ConflictError) as caught:
        dashboards.restore(made.id, 1, seen=2)
    assert caught.value.message == "The dashboard 'Renamed again' was changed meanwhile: version 3 is new."
    assert dashboards.get(made.id).name == "Renamed again"
    assert dashboards.restore(made.id, 1, seen=3).name == "Partners"


def test_a_version_that_is_not_there_is_said(dashboards):
    made = dashboards.create("Partners")
    for call in (dashboards.restore, dashboards.compare, dashboards.version_yaml):
        with pytest.raises(NotFoundError, match="There is no version 7"):
            call(made.id, 7)
        with pytest.raises(NotFoundError, match="There is no dashboard 'x'"):
            call("x", 1)
    with pytest.raises(NotFoundError, match="There is no dashboard 'x'"):
        dashboards.history("x")


def test_the_last_versions_are_kept(dashboards):
    made = dashboards.create("Partners 0")
    other = dashboards.create("Other")
    for number in range(1, KEPT + 5):
        dashboards.update(made.id, name=f"Partners {number}")
    kept = [version.number for version in dashboards.history(made.id)]
    assert kept == list(range(KEPT + 5, 5, -1))
    assert dashboards.restore(made.id, 6).name == "Partners 5"
    assert told(dashboards, other.id) == ["Created."]


def test_a_deleted_dashboard_takes_its_history_along(dashboards, filled):
    made = dashboards.create("Gone", panels=[make_panel()])
    kept = dashboards.create("Kept")
    dashboards.delete(made.id)
    with filled.read() as session:
        assert session.scalars(select(StatsDashboardVersion.dashboard_id)).all() == [kept.id]


def test_copies_and_seeds_begin_a_history_of_their_own(dashboards):
    made = dashboards.create("Partners", panels=[make_panel()])
    dashboards.update(made.id, name="Renamed")
    copy = dashboards.duplicate(made.id)
    assert told(dashboards, copy.id) == ["Duplicated from 'Renamed'."]
    assert told(dashboards, dashboards.ensure("Seed").id) == ["Created."]
    assert told(dashboards, dashboards.import_yaml("kind: dashboard\nversion: 1\nname: F\n").id) == [
        "Imported from a file."
    ]


def test_what_was_stored_before_versions_were_or_changed_by_other_means_is_not_lost(dashboards, filled):
    made = dashboards.create("Partners", panels=[make_panel()])
    with filled.write() as session:
        session.execute(StatsDashboardVersion.__table__.delete())
    assert dashboards.history(made.id) == ()
    dashboards.update(made.id, name="Renamed")
    with filled.write() as session:
        session.execute(update(StatsDashboard).values(name="By hand"))
    dashboards.update(made.id, name="Renamed again")
    assert told(dashboards, made.id) == [
        "As it was stored",
        "Changed name.",
        "As it was stored",
        "Changed name.",
    ]
    assert [dashboards.restore(made.id, number).name for number in (1, 3)] == ["Partners", "By hand"]


def test_what_no_longer_validates_comes_back_and_is_named_by_check(dashboards, resolver, filled):
    made = dashboards.create("Partners", panels=[make_panel("One"), make_panel("Two", x=3)])
    dashboards.delete_panel(made.panels[0].id)
    with filled.write() as session:
        version = session.get(StatsDashboardVersion, (made.id, 1))
        panels = [{**panel, "operation_options": {"entity": "away"}} for panel in version.document["panels"]]
        version.document = {**version.document, "panels": panels}
    restored = dashboards.restore(made.id, 1)
    assert [panel.name for panel in restored.panels] == ["One", "Two"]
    assert [(found.panel_name, found.problem.path) for found in dashboards.check()] == [
        ("One", "operation_options.entity"),
        ("Two", "operation_options.entity"),
    ]


def test_a_panel_whose_id_belongs_to_another_dashboard_by_now_is_not_taken_away(dashboards, filled):
    made = dashboards.create("Partners", panels=[make_panel("One")])
    file = dashboards.export_yaml(made.id)
    dashboards.delete_panel(made.panels[0].id)
    other = dashboards.import_yaml(file.replace(f"id: {made.id}", "id: dash_01OTHER", 1))
    with pytest.raises(ConflictError, match="belongs to the dashboard 'dash_01OTHER'"):
        dashboards.restore(made.id, 1)
    assert dashboards.get(other.id) == other
    assert dashboards.get(made.id).panels == ()


def test_a_change_and_its_version_are_committed_together_or_not_at_all(dashboards, filled):
    made = dashboards.create("Partners", panels=[make_panel()])
    with filled.write() as session:
        session.execute(text("ALTER TABLE stats_dashboard_version RENAME TO away"))
    for change in (
        lambda: dashboards.update(made.id, name="Renamed"),
        lambda: dashboards.delete_panel(made.panels[0].id),
        lambda: dashboards.create("Another"),
    ):
        with pytest.raises(SQLAlchemyError):
            change()
    assert dashboards.get(made.id) == made
    assert dashboards.list().total == 1


def test_changes_at_once_lose_nothing(dashboards, filled):
    made = dashboards.create("Partners", panels=[make_panel(f"Panel {i}", x=3 * i) for i in range(4)])
    names = [f"{panel} by {who}" for panel in range(4) for who in range(3)]

    def rename(name):
        dashboards.by(name[-1]).update_panel(made.panels[int(name[0])].id, name=name)

    def restore(_):
        dashboards.restore(made.id, 1)

    with ThreadPoolExecutor(6) as pool:
        done = [*pool.map(rename, names[:6]), *pool.map(restore, range(2)), *pool.map(rename, names[6:])]
    assert len(done) == 14
    with filled.read() as session:
        rows = session.scalars(select(StatsDashboardVersion).order_by(StatsDashboardVersion.number)).all()
        stored = sorted(session.scalars(select(StatsPanel.name)))
        assert session.scalar(select(func.count()).select_from(StatsPanel)) == 4
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    titles = [[panel["name"] for panel in row.document["panels"]] for row in rows]
    for name in names:  # each change is in the version it made, and differs from the one before by it alone
        (at,) = [i for i, row in enumerate(rows) if row.action == f"Changed {name!r} (name)."]
        expected = [name if i == int(name[0]) else before for i, before in enumerate(titles[at - 1])]
        assert (titles[at], rows[at].author) == (expected, name[-1])
    assert sorted(titles[-1]) == stored


def test_both_engines_keep_the_same_versions(sqlite_database, postgresql_database, resolver, hand_clock):
    kept = []
    for database in (sqlite_database, postgresql_database):
        stored = Dashboards(database, resolver, hand_clock)
        made = stored.import_yaml("kind: dashboard\nversion: 1\nid: dash_01A\nname: A\nmetadata: {b: 1.0, a: {z: 1}}\n")
        stored.update(made.id, metadata={"a": {"z": 1, "y": [1.5, None, "é\u2028"]}})
        kept.append((stored.history(made.id), [stored.version_yaml(made.id, number) for number in (1, 2)]))
    assert kept[0] == kept[1]
