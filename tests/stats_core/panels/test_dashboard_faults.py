"""What dashboards, panels and their files are refused for: each fault with its path, and nothing stored."""

from __future__ import annotations

import pytest

from stats_core.errors import ExpectedError
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelSpec

METADATA = {"variables": {"website": {"type": "website"}, "range": {"type": "range", "default": {"preset": "30d"}}}}
ACTIVE = {"entity": "partner", "filters": {"status": "active"}}
FILE = """\
kind: dashboard
version: 1
id: dash_01TEST
name: Partners
metadata:
  timezone: Europe/Berlin
  variables:
    range:
      default: {preset: 30d}
      type: range
    status: {type: text}
panels:
- id: panel_01A
  type: metric
  x: 0
  y: 0
  operation_type: tally
  operation_options:
    entity: partner
    filters:
      status:
        $var: status
  display:
    format: integer
  cache_ttl_seconds: 300
- id: panel_01B
  type: label
"""


@pytest.fixture
def database(sqlite_database):
    """One engine: faults are found before anything is stored."""
    return sqlite_database


def make_panel(**fields):
    return PanelSpec(**{"operation_type": "tally", "operation_options": ACTIVE, "type": "metric", **fields})


def paths_of(call, *args, **kwargs):
    with pytest.raises(ExpectedError) as caught:
        call(*args, **kwargs)
    return [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": 5}, "name"),
        ({"nmae": "x"}, "nmae"),
        ({"description": "x" * 2001}, "description"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"timezone": "Europe/Berln"}}, "metadata.timezone"),
        ({"metadata": {"range": {"$gt": 1}}}, "metadata.range"),
        ({"metadata": {"range": "7d"}}, "metadata.range"),
        ({"metadata": {"variables": {"a b": {"type": "text"}}}}, "metadata.variables.a b"),
        ({"metadata": {"variables": {"a": {"type": "txt"}}}}, "metadata.variables.a.type"),
        ({"metadata": {"variables": {"a": {"type": "text", "x": 1}}}}, "metadata.variables.a.x"),
        ({"metadata": {"variables": {"a": {"type": "range", "default": "7d"}}}}, "metadata.variables.a.default"),
        ({"metadata": {"variables": {"a": {"type": "text", "default": {"$ne": 1}}}}}, "metadata.variables.a.default"),
        (
            {"metadata": {"variables": {"a": {"type": "text", "default": {"$var": "b"}}}}},
            "metadata.variables.a.default",
        ),
        (
            {"metadata": {"variables": {"a": {"type": "text", "default": {"$var": "a"}}}}},
            "metadata.variables.a.default",
        ),
        ({"metadata": {"x": float("nan")}}, "metadata.x"),
    ],
    ids=str,
)
def test_fields_that_do_not_validate_are_refused_with_their_path(dashboards, fields, path):
    made = dashboards.create("Good")
    assert paths_of(dashboards.update, made.id, **fields) == [path]
    assert paths_of(dashboards.create, **{"name": "Bad", **fields}) == [path]
    assert dashboards.get(made.id) == made
    assert dashboards.list().total == 1


@pytest.mark.parametrize(("limit", "offset", "paths"), [(0, 0, ["limit"]), (501, -1, ["limit", "offset"])])
def test_a_page_has_bounds(dashboards, limit, offset, paths):
    assert paths_of(dashboards.list, limit=limit, offset=offset) == paths


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"operation_type": "tallly"}, "operation_type"),
        ({"operation_type": None}, "operation_type"),
        ({"type": "label"}, "operation_type"),
        ({"operation_version": 9}, "operation_version"),
        ({"operation_options": {"entity": "partnr"}}, "operation_options.entity"),
        ({"operation_options": {**ACTIVE, "limit": "x"}}, "operation_options.limit"),
        ({"operation_options": {**ACTIVE, "group_by": "{{ x }}"}}, "operation_options.group_by"),
        ({"operation_options": {**ACTIVE, "filters": {"a": {"$var": "wbsite"}}}}, "operation_options.filters.a"),
        ({"operation_options": {**ACTIVE, "filters": {"a": float("inf")}}}, "operation_options.filters.a"),
        ({"metadata": {"a": float("nan")}}, "metadata.a"),
        ({"display": Display(text="a\0b")}, "display.text"),
        ({"name": "a\0b"}, "name"),
    ],
    ids=str,
)
def test_a_panel_that_does_not_validate_is_refused_with_its_path(dashboards, fields, path):
    made = dashboards.create("A", metadata=METADATA, panels=[make_panel()])
    assert paths_of(dashboards.add_panel, made.id, make_panel(**fields)) == [path]
    assert paths_of(dashboards.update_panel, made.panels[0].id, **fields) == [path]
    assert dashboards.get(made.id) == made


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": "panel_x"}, "id"),
        ({"dashboard_id": "dash_x"}, "dashboard_id"),
        ({"nmae": "x"}, "nmae"),
        ({"type": "pie"}, "type"),
        ({"cache_ttl_seconds": -1}, "cache_ttl_seconds"),
        ({"cache_ttl_seconds": 2**31}, "cache_ttl_seconds"),
        ({"name": "x" * 201}, "name"),
        ({"display": {"formt": "percent"}}, "display.formt"),
        (
            {"display": {"conditionalFormatting": [{"when": {"op": "~", "value": 1}}]}},
            "display.conditionalFormatting[0]",
        ),
    ],
    ids=str,
)
def test_a_change_that_does_not_validate_is_refused_with_its_path(dashboards, changes, path):
    panel = dashboards.create("A", panels=[make_panel()]).panels[0]
    assert paths_of(dashboards.update_panel, panel.id, **changes)[0].startswith(path)
    assert dashboards.panel(panel.id) == panel


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (("kind: dashboard", "kind: report"), "kind"),
        (("version: 1", "version: 2"), "version"),
        (("version: 1\n", ""), "version"),
        (("id: dash_01TEST", "id: dash_'; DROP"), "id"),
        (("name: Partners\n", ""), "name"),
        (("name: Partners", "nam: Partners\nname: x"), "nam"),
        (("timezone: Europe/Berlin", "timezone: Mars"), "metadata.timezone"),
        (("type: range", "type: rnge"), "metadata.variables.range.type"),
        (("id: panel_01A", "id: dash_01A"), "panels[0].id"),
        (("id: panel_01B", "id: panel_01A"), "panels[1].id"),
        (("type: metric", "type: pie"), "panels[0].type"),
        (("x: 0\n  y: 0", "x: zero\n  y: 0"), "panels[0].x"),
        (("x: 0\n  y: 0", "x: 0\n  dashboard_id: dash_2"), "panels[0].dashboard_id"),
        (("x: 0\n  y: 0", "x: 0\n  updated_at: 2026-01-01T00:00:00Z"), "panels[0].updated_at"),
        (("format: integer", "format: intger"), "panels[0].display.format"),
        (("$var: status", "$var: stauts"), "panels[0].operation_options.filters.status"),
        (("$var: status", "$in: ['{{ x }}']"), "panels[0].operation_options.filters.status.$in[0]"),
        (("cache_ttl_seconds: 300", "cache_ttl_seconds: .inf"), "panels[0].cache_ttl_seconds"),
    ],
    ids=str,
)
def test_a_fault_of_the_file_has_its_place(dashboards, change, path):
    text = FILE.replace(*change, 1)
    assert text != FILE
    assert paths_of(dashboards.import_yaml, text) == [path]
    assert dashboards.list().total == 0
