"""Dashboards as YAML files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from stats_core.errors import ConflictError, InvalidOptionsError, Problem
from stats_core.models import StatsDashboard
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.dashboard_file import MAX_CHARACTERS, from_yaml, to_yaml
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.display import Condition, ConditionalFormat, Display
from stats_core.panels.panel import PanelSpec

METADATA = {
    "variables": {
        "range": {"type": "range", "label": "Range", "default": {"preset": "30d"}},
        "status": {"type": "text", "default": None},
    },
    "timezone": "Europe/Berlin",
}
COUNT = PanelSpec(
    name="Active partners",
    type="metric",
    width=3,
    height=3,
    operation_type="tally",
    operation_options={"entity": "partner", "filters": {"status": {"$var": "status"}}},
    display=Display(
        label="partners",
        format="integer",
        conditional_formatting=(ConditionalFormat(when=Condition(op=">=", value=10), color="green", label="good"),),
    ),
    cache_ttl_seconds=300,
)
NOTE = PanelSpec(name="Note", type="label", y=3, width=12, height=2, display=Display(text="# Hello\n\n- a: b\n- `c`\n"))
FILE = """\
kind: dashboard
version: 1
id: dash_01TEST
name: Partners
description: Who works with us
metadata:
  timezone: Europe/Berlin
  variables:
    range:
      default:
        preset: 30d
      label: Range
      type: range
    status:
      default: null
      type: text
panels:
- id: panel_01A
  name: Active partners
  type: metric
  x: 0
  y: 0
  width: 3
  height: 3
  operation_type: tally
  operation_version: 2
  operation_options:
    entity: partner
    filters:
      status:
        $var: status
  display:
    label: partners
    format: integer
    conditional_formatting:
    - when:
        op: '>='
        value: 10.0
      color: green
      label: good
  cache_ttl_seconds: 300
- id: panel_01B
  name: Note
  type: label
  x: 0
  y: 3
  width: 12
  height: 2
  display:
    text: |
      # Hello

      - a: b
      - `c`
"""


def problems_of(call, *args):
    with pytest.raises(InvalidOptionsError) as caught:
        call(*args)
    return caught.value.problems


def test_a_file_is_what_a_person_would_write(dashboards):
    made = dashboards.import_yaml(FILE)
    assert (made.id, made.description, made.metadata) == ("dash_01TEST", "Who works with us", METADATA)
    assert [panel.id for panel in made.panels] == ["panel_01A", "panel_01B"]
    assert made.panels[0].display == COUNT.display
    assert dashboards.export_yaml(made.id) == FILE


def test_a_file_moves_a_dashboard_to_another_workbench_as_it_was(dashboards, filled):
    made = dashboards.create("Partners", metadata=METADATA, icon="group", color="#123456", panels=[COUNT, NOTE])
    text = dashboards.export_yaml(made.id)
    with filled.write() as session:
        session.execute(delete(StatsDashboard))
    assert dashboards.import_yaml(text) == made
    assert dashboards.export_yaml(made.id) == text


def test_the_same_file_again_changes_nothing_and_makes_nothing_twice(dashboards, hand_clock):
    made = dashboards.import_yaml(FILE)
    later = hand_clock.move(minutes=1)
    again = dashboards.import_yaml(FILE)
    assert again == made.model_copy(update={"updated_at": later})
    assert [panel.updated_at for panel in again.panels] == [panel.updated_at for panel in made.panels]
    assert dashboards.list().total == 1


def test_a_changed_file_updates_in_place(dashboards, hand_clock):
    made = dashboards.import_yaml(FILE)
    later = hand_clock.move(minutes=1)
    changed = FILE.replace("name: Active partners", "name: Active").replace("width: 3", "width: 4")
    changed = changed[: changed.index("- id: panel_01B")] + "- name: New\n  type: label\n  y: 9\n"
    updated = dashboards.import_yaml(changed)
    assert [(panel.name, panel.width, panel.y) for panel in updated.panels] == [("Active", 4, 0), ("New", 6, 9)]
    assert updated.panels[0].id == made.panels[0].id
    assert updated.panels[0].updated_at == later
    assert updated == dashboards.get(made.id)


def test_a_moved_panel_keeps_its_answers(dashboards, hand_clock):
    made = dashboards.import_yaml(FILE)
    hand_clock.move(minutes=1)
    moved = dashboards.import_yaml(FILE.replace("  x: 0\n  y: 0\n", "  x: 5\n  y: 0\n"))
    assert (moved.panels[0].x, moved.panels[0].updated_at) == (5, made.panels[0].updated_at)


def test_a_file_without_ids_makes_a_new_dashboard_each_time(dashboards):
    text = "kind: dashboard\nversion: 1\nname: Fresh\npanels:\n- {type: label, display: {text: Hi}}\n"
    one, other = dashboards.import_yaml(text), dashboards.import_yaml(text)
    assert one.id != other.id
    assert one.panels[0].id != other.panels[0].id


def test_camel_case_dates_and_boxes_of_a_hand_written_file_are_understood(dashboards):
    text = FILE.replace("conditional_formatting", "conditionalFormatting").replace("width: 12", "width: 50")
    text = text.replace("entity: partner\n", "entity: partner\n    range: {from: 2026-01-01, to: 2026-02-01}\n")
    made = dashboards.import_yaml(text)
    assert made.panels[0].display == COUNT.display
    assert made.panels[0].operation_options["range"] == {"from": "2026-01-01", "to": "2026-02-01"}
    assert made.panels[1].width == 12


def test_every_fault_is_named_with_its_place_and_nothing_changes(dashboards):
    made = dashboards.import_yaml(FILE)
    bad = FILE.replace("entity: partner\n", "entity: partnr\n").replace("tally", "tally")
    bad += "- operation_type: tallly\n- type: metric\n- operation_type: tally\n  operation_options: {limit: 0}\n"
    assert problems_of(dashboards.import_yaml, bad) == (
        Problem("panels[0].operation_options.entity", "No entity named 'partnr'.", "Did you mean 'partner'?"),
        Problem("panels[2].operation_type", "No operation named 'tallly'.", "Did you mean 'tally'?"),
        Problem("panels[3].operation_type", "A metric panel needs an operation.", "Choose one, or make it a label."),
        Problem("panels[4].operation_options.entity", "The option 'entity' is missing.", "Add it."),
        Problem("panels[4].operation_options.limit", "Input should be greater than or equal to 1."),
    )
    assert dashboards.get(made.id) == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file holds no dashboard."),
        ("[]", "The file holds no dashboard."),
        ("a: [", "The file is no YAML in line 1, column 5: expected the node content, but found '<stream end>'."),
        ("a: &x [1]\nb: *x", "The file is no YAML in line 2, column 4: aliases (*name) are not read here."),
        ("a: 1\na: 2", "The file is no YAML in line 1, column 1: a key stands here twice."),
        ("kind: dashboard\n---\nkind: dashboard", None),
        ("!!python/object/apply:os.system ['true']", None),
        ("name: !!python/name:os.system", None),
        ("a: \x00", None),
        ("? [1, 2]\n: 3", None),
        ("a: 2026-13-45", "The file cannot be read: month must be in 1..12."),
        ("[" * 5_000, "The file cannot be read: maximum recursion depth exceeded"),
        ("x" * (MAX_CHARACTERS + 1), f"The file is longer than {MAX_CHARACTERS} characters."),
    ],
    ids=["empty", "list", "open", "alias", "twice", "two", "call", "name", "NUL", "key", "date", "deep", "long"],
)
def test_what_is_no_dashboard_file_is_refused(text, message):
    (problem,) = problems_of(from_yaml, text)
    assert problem.path == ""
    assert problem.message.startswith(message or "The file is no YAML")


def test_a_panel_of_another_dashboard_is_not_taken_away(dashboards):
    dashboards.import_yaml(FILE)
    with pytest.raises(ConflictError) as caught:
        dashboards.import_yaml(FILE.replace("dash_01TEST", "dash_01OTHER"))
    assert caught.value.path == "panels[0].id"
    assert caught.value.hint == "Remove the ids of the panels to import copies."
    assert dashboards.list().total == 1


AWKWARD = st.sampled_from(
    [
        *("yes", "null", "~", "1e3", "0x1f", "1_000", "2026-01-01", "12:30:45", "=", "<<", "?", "-", "---", "..."),
        *("- a", "a: b", "# c", "&a", "*a", "!a", "|", ">", "%", "@", "`", "'", '"', "\\", "{a}", "[a]", "a #b"),
        *(" lead", "trail ", "a\nb", "a\n b\n", "\n\n", "a\tb", "\r\n", "\r", " \n ", "a\n\n\n", "\ta\n\tb"),
        *("\x85", "\u2028", "\ufeff", "\x7f", "\x1b", "é", "🦊"),
    ]
)
TEXT = AWKWARD | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(SCALARS | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=6)
DOCUMENTS = st.dictionaries(TEXT, JSON, max_size=3)
NAMES = TEXT.map(str.strip).filter(bool)


def make_label(name, text, metadata):
    return PanelSpec(name=name[:100], type="label", display=Display(text=text, alt_text=name), metadata=metadata)


@settings(deadline=None)
@given(name=NAMES, text=TEXT, metadata=DOCUMENTS)
@example(name="null", text="# a\n  b: |\n", metadata={"yes": ["no", 1.0, 1e300, -0.0, {"~": "2026-01-01"}]})
@example(name="x" * 200, text="a " * 900, metadata={"k" * 300: {}})
def test_a_file_holds_what_was_written_whatever_it_is(name, text, metadata):
    label = make_label(name, text, metadata)
    now = datetime(2026, 6, 15, tzinfo=UTC)
    dashboard = Dashboard(
        id="dash_1", name=name, description=text, metadata=metadata, panels=(label,), created_at=now, updated_at=now
    )
    written = to_yaml(dashboard)
    file = from_yaml(written)
    assert (file.name, file.description or "", file.metadata, file.panels) == (dashboard.name, text, metadata, (label,))
    read = Dashboard(**file.model_dump(exclude={"kind", "version"}), created_at=now, updated_at=now)
    assert to_yaml(read) == written
    assert yaml.safe_load(written)["name"] == dashboard.name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(name=NAMES, text=TEXT, metadata=DOCUMENTS)
@example(name="null", text="# a\n  b: |\n", metadata={"yes": ["no", 1.0, 1e300, -0.0, {"~": "2026-01-01"}]})
@example(name="a\x85 b\u2028c", text="\x85", metadata={"\ufeff": "\r"})
def test_export_import_export_gives_the_same_bytes(dashboards, name, text, metadata):
    metadata = {key: value for key, value in metadata.items() if key not in {"variables", "range", "timezone"}}
    made = dashboards.create(name, description=text, metadata=metadata, panels=[make_label(name, text, metadata)])
    exported = dashboards.export_yaml(made.id)
    dashboards.import_yaml(exported)
    assert dashboards.export_yaml(made.id) == exported
    dashboards.delete(made.id)
    dashboards.import_yaml(exported)
    assert dashboards.export_yaml(made.id) == exported


@settings(deadline=None)
@given(st.text() | st.text(alphabet="kind: dashboard\nversion: 1\nname: x[]{}&*!|>'\"#%-?,"))
def test_any_text_is_a_dashboard_or_refused(text):
    try:
        file = from_yaml(text)
    except InvalidOptionsError as error:
        problems = error.problems
    else:
        problems = (Problem("", file.name),)
    assert all(problem.message for problem in problems)


def test_both_engines_write_the_same_bytes(sqlite_database, postgresql_database, resolver, hand_clock):
    for database in (sqlite_database, postgresql_database):
        stored = Dashboards(database, resolver, hand_clock)
        stored.import_yaml(FILE)
        assert stored.export_yaml("dash_01TEST") == FILE


def test_a_dashboard_without_anything_is_three_lines_and_a_name(dashboards):
    made = dashboards.create("Bare")
    assert to_yaml(made) == f"kind: dashboard\nversion: 1\nid: {made.id}\nname: Bare\n"
