"""`operation run` and `panel resolve`: a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest

from stats_core.models import Partner

BY_STATUS = {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "status"}


@pytest.fixture
def partners(database):
    with database.write() as session:
        session.add_all(
            Partner(name=name, status=status, verified=True)
            for name, status in (("=cmd|'/C calc'!A0", "active"), ("[bold]Ann[/bold]", "active"), ("Bob", "inactive"))
        )
    return database.url


def test_an_operation_from_stdin_prints_a_table_and_what_it_means(workbench, partners):
    answer = workbench("operation", "run", "aggregate_data", "-", "--database", partners, stdin=json.dumps(BY_STATUS))
    assert answer.code == 0
    assert [row.split() for row in answer.out.splitlines()] == [["status", "value"], ["active", "2"], ["inactive", "1"]]
    assert "3 rows considered." in answer.err


def test_an_operation_from_a_file_prints_json(workbench, partners, tmp_path):
    (tmp_path / "options.json").write_text(json.dumps(BY_STATUS))
    answer = workbench("operation", "run", "aggregate_data", "options.json", "--json", "--database", partners)
    result = json.loads(answer.out)
    assert result["data"]["groups"] == [
        {"key": "active", "keys": {"status": "active"}, "value": 2},
        {"key": "inactive", "keys": {"status": "inactive"}, "value": 1},
    ]
    assert result["row_count"] == 3
    assert "partner" in result["statement"]


def test_csv_is_rfc_4180_and_disarms_formulas(workbench, partners):
    options = json.dumps({"entity": "partner", "fields": ["name", "verified"], "sort": [{"field": "name"}]})
    answer = workbench("operation", "run", "read_data", "-", "--csv", "--database", partners, stdin=options)
    assert list(csv.reader(io.StringIO(answer.out, newline=""))) == [
        ["name", "verified"],
        ["'=cmd|'/C calc'!A0", "true"],
        ["Bob", "true"],
        ["[bold]Ann[/bold]", "true"],
    ]


def test_markup_in_values_is_printed_as_it_is(workbench, partners):
    options = json.dumps({"entity": "partner", "fields": ["name"], "filters": {"status": "active"}})
    answer = workbench("operation", "run", "read_data", "-", "--database", partners, stdin=options)
    assert "[bold]Ann[/bold]" in answer.out


@pytest.mark.parametrize(
    ("operation", "options", "expected"),
    [
        ("agregate_data", "{}", "operation_type: No operation named 'agregate_data'. Did you mean 'aggregate_data'"),
        ("read_data", '{"entity": "partnr"}', "entity: No entity named 'partnr'. Did you mean 'partner'"),
        ("read_data", "[]", "Standard input holds no JSON object"),
        ("read_data", "{", "Standard input is no JSON"),
        ("read_data", '{"entity": "partner", "filters": {"name": "{{ x }}"}}', "filters.name"),
    ],
)
def test_a_question_that_is_wrong_is_one_line_with_its_place(workbench, sqlite_database, operation, options, expected):
    answer = workbench("operation", "run", operation, "-", "--database", sqlite_database.url, stdin=options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert expected in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_file_that_is_not_there_is_an_expected_error(workbench, sqlite_database):
    answer = workbench("operation", "run", "read_data", "missing.json", "--database", sqlite_database.url)
    assert answer.code == 2
    assert answer.err.startswith("error: missing.json cannot be read: No such file")


def test_json_and_csv_together_are_refused(workbench, partners):
    answer = workbench(
        "operation",
        "run",
        "aggregate_data",
        "-",
        "--json",
        "--csv",
        "--database",
        partners,
        stdin=json.dumps(BY_STATUS),
    )
    assert answer.code == 2
    assert "exclude each other" in answer.err


def test_every_seeded_panel_resolves_in_each_format(workbench, partners):
    workbench("seed", "--database", partners)
    files = workbench("dashboards", "export", "--database", partners).out
    panels = [line.split("id: ")[1] for line in files.splitlines() if "id: panel_" in line]
    assert len(panels) == 16
    for panel in panels:
        result = json.loads(workbench("panel", "resolve", panel, "--json", "--database", partners).out)
        assert result["data"].keys() & {"value", "groups", "buckets", "rows"}
    for options in ((), ("--csv",), ("--skip-cache",)):
        answer = workbench("panel", "resolve", panels[0], *options, "--database", partners)
        assert (answer.code, answer.out != "") == (0, True)


def test_long_cells_are_not_folded_where_no_terminal_shows_them(workbench, database):
    with database.write() as session:
        session.add(Partner(name="long " * 60, status="active", verified=True))
    options = json.dumps({"entity": "partner", "fields": ["name", "status"]})
    answer = workbench("operation", "run", "read_data", "-", "--database", database.url, stdin=options)
    assert [line.rstrip() for line in answer.out.splitlines()][1:] == [f"{'long ' * 60}  active"]


def test_a_panel_is_found_by_its_name_too(workbench, partners):
    workbench("seed", "--database", partners)
    listed = json.loads(workbench("panel", "list", "--json", "--database", partners).out)
    assert {panel["name"] for panel in listed if panel["dashboard"] == "Partners & Production"} >= {"Verified partners"}
    for name in ("verified partners", "Partners & Production / Verified partners"):
        answer = workbench("panel", "resolve", name, "--database", partners, "--json")
        assert json.loads(answer.out)["data"]["value"] == 3
    answer = workbench("panel", "resolve", "Verified partnrs", "--database", partners)
    assert (answer.code, answer.out) == (2, "")
    assert "Did you mean 'Verified partners'?" in answer.err


def test_an_unknown_panel_is_an_expected_error(workbench, sqlite_database):
    answer = workbench("panel", "resolve", "panel_nothing", "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    assert "There is no panel 'panel_nothing'." in answer.err
