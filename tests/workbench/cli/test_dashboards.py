"""`seed`, `check` and `dashboards export|import`."""

from __future__ import annotations

import pytest

from stats_core.database import Database
from stats_core.models import StatsPanel

NAMES = ["JYT Overview", "Partners & Production", "Website Traffic"]
FILE = """\
kind: dashboard
version: 1
name: Shop
panels:
- name: Partners
  type: metric
  operation_type: aggregate_data
  operation_options:
    aggregate: {fn: count}
    entity: partner
"""


@pytest.fixture
def seeded(workbench, database):
    seeded = workbench("seed", "--database", database.url)
    assert seeded.code == 0
    return seeded


def test_seed_creates_three_dashboards_once(workbench, database, seeded):
    assert sorted(line.split("  ")[1] for line in seeded.out.splitlines()) == NAMES
    again = workbench("seed", "--database", database.url)
    assert (again.code, again.out) == (0, "")
    assert "Nothing to do" in again.err


def test_the_seeded_dashboards_have_nothing_wrong(workbench, database, seeded):
    answer = workbench("check", "--database", database.url)
    assert (answer.code, answer.out, answer.err) == (0, "", "Nothing is wrong.\n")


def test_check_names_a_stored_panel_that_no_longer_validates(workbench, database, seeded):
    with database.write() as session:
        panel = session.query(StatsPanel).filter_by(operation_type="aggregate_data").first()
        panel.operation_options = {**panel.operation_options, "entity": "partnr"}
        name, panel_id = panel.name, panel.id
    answer = workbench("check", "--database", database.url)
    assert answer.code == 2
    (problem,) = answer.out.splitlines()
    assert name in problem
    assert panel_id in problem
    assert "Did you mean 'partner'" in problem
    assert answer.err == "1 problem.\n"


def test_check_names_an_attached_database_that_is_away(workbench, sqlite_database, tmp_path):
    (tmp_path / "workbench.toml").write_text(
        '[sources.shop]\nurl = "postgresql://reader:hunter2@127.0.0.1:1/shop"\ntables = ["orders"]\n'
    )
    answer = workbench("check", "--database", sqlite_database.url)
    assert answer.code == 2
    assert "shop" in answer.out
    assert "hunter2" not in answer.out + answer.err


def test_export_then_import_into_another_database_gives_the_same_files(workbench, database, seeded, tmp_path):
    exported = workbench("dashboards", "export", "-o", "first", "--database", database.url)
    files = exported.out.split()
    assert len(files) == len(NAMES)

    other = f"sqlite:///{tmp_path}/other.db"
    workbench("migrate", "--database", other)
    imported = workbench("dashboards", "import", *files, "--database", other)
    assert sorted(line.split("  ")[1] for line in imported.out.splitlines()) == NAMES
    workbench("dashboards", "export", "-o", "second", "--database", other)
    first, second = tmp_path / "first", tmp_path / "second"
    assert {f.name: f.read_bytes() for f in first.iterdir()} == {f.name: f.read_bytes() for f in second.iterdir()}


def test_export_of_one_dashboard_goes_to_stdout(workbench, database, seeded):
    dashboard_id = seeded.out.split()[0]
    answer = workbench("dashboards", "export", dashboard_id, "--database", database.url)
    assert answer.out.startswith(f"---\nkind: dashboard\nversion: 1\nid: {dashboard_id}\n")


def test_a_plan_says_what_would_change_and_changes_nothing(workbench, database, seeded, tmp_path):
    url = database.url
    files = workbench("dashboards", "export", "-o", "files", "--database", url).out.split()
    changed = tmp_path / next(file for file in files if "traffic" in file)
    changed.write_text(changed.read_text().replace("name: Website Traffic", "name: Our Traffic"))
    (tmp_path / "new.yaml").write_text(FILE)

    plan = workbench("dashboards", "import", *files, "new.yaml", "--plan", "--database", url)
    assert plan.code == 0
    assert sorted(line.split()[0] for line in plan.out.splitlines() if line[0].isalpha()) == [
        "change",
        "create",
        "keep",
        "keep",
    ]
    assert '  ~ name: "Website Traffic" -> "Our Traffic"\n' in plan.out
    listed = workbench("dashboards", "export", "--database", url).out
    assert "Our Traffic" not in listed
    assert "name: Shop" not in listed


def test_a_file_that_is_wrong_says_where_and_changes_nothing(workbench, sqlite_database, tmp_path):
    (tmp_path / "shop.yaml").write_text(FILE.replace("entity: partner", "entity: partnr"))
    for options in ((), ("--plan",)):
        answer = workbench("dashboards", "import", "shop.yaml", *options, "--database", sqlite_database.url)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err == (
            "error: shop.yaml: panels[0].operation_options.entity: No entity named 'partnr'. Did you mean 'partner'?\n"
        )


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[", b"- a", None])
def test_what_is_no_dashboard_is_an_expected_error(workbench, sqlite_database, tmp_path, content):
    if content is not None:
        (tmp_path / "shop.yaml").write_bytes(content)
    answer = workbench("dashboards", "import", "shop.yaml", "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert "shop.yaml" in answer.err
    with Database(sqlite_database.url) as database, database.read() as session:
        assert session.query(StatsPanel).count() == 0


def test_the_history_is_listed_and_a_version_comes_back(workbench, database, seeded, tmp_path):
    dashboard_id = next(line.split()[0] for line in seeded.out.splitlines() if "Traffic" in line)
    with Database(database.url) as other, other.write() as session:
        session.query(StatsPanel).filter_by(name="Bounce rate").delete()
    export = workbench("dashboards", "export", dashboard_id, "--database", database.url).out
    imported = export.removeprefix("---\n").replace("name: Website Traffic", "name: Our Traffic")
    (tmp_path / "ours.yaml").write_text(imported)
    workbench("dashboards", "import", "ours.yaml", "--database", database.url)

    listed = workbench("dashboards", "history", dashboard_id, "--database", database.url)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["version", "3", "2", "1"]
    newest, before, first = (line.rstrip() for line in listed.out.splitlines()[1:])
    assert newest.split("  ")[-2:] == ["shell", "Imported from a file. Changed name."]
    assert (before.endswith("As it was stored"), first.endswith("Created.")) == (True, True)

    told = workbench("dashboards", "history", dashboard_id, "1", "--database", database.url)
    assert told.out == '  ~ name: "Our Traffic" -> "Website Traffic"\n  + panels[2] \'Bounce rate\'\n'
    restored = workbench("dashboards", "restore", dashboard_id, "1", "--database", database.url)
    assert restored.out == f"{dashboard_id}  Website Traffic\n"
    assert workbench("dashboards", "history", dashboard_id, "1", "--database", database.url).out == (
        "Nothing is different.\n"
    )


def test_a_version_that_is_not_there_is_said(workbench, database, seeded):
    dashboard_id = seeded.out.split()[0]
    for command in ("history", "restore"):
        answer = workbench("dashboards", command, dashboard_id, "9", "--database", database.url)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: There is no version 9. The last 50 versions are kept")
