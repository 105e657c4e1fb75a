"""`migrate`, and how commands meet a database that is not as it should be."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stats_core.database import Database
from stats_core.database.schema import check_schema


def test_migrate_makes_the_tables_and_does_nothing_the_second_time(workbench, tmp_path):
    url = f"sqlite:///{tmp_path}/new/stats.db"
    first, second = workbench("migrate", "--database", url), workbench("migrate", "--database", url)
    assert (first.code, second.code) == (0, 0)
    assert first.out != ""
    assert second.out == ""
    assert second.err == f"{url} is up to date.\n"
    with Database(url) as database:
        check_schema(database)


def test_migrate_makes_the_tables_on_postgresql_and_shows_no_password(workbench, postgresql_url):
    first = workbench("migrate", "--database", postgresql_url)
    assert first.code == 0
    with Database(postgresql_url) as database:
        check_schema(database)


def test_a_database_without_tables_is_one_line_with_the_way_out(workbench, tmp_path):
    answer = workbench("website", "list", "--database", f"sqlite:///{tmp_path}/empty.db")
    assert (answer.code, answer.out) == (2, "")
    named = f"The database sqlite:///{tmp_path}/empty.db"
    assert answer.err == f"error: {named} has no tables of the workbench yet. Run `workbench migrate`.\n"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:hunter2@127.0.0.1:1/nothing",
        "postgresql://reader:hunter2@no-such-host.invalid/nothing",
        "mysql://reader:hunter2@127.0.0.1/nothing",
        "hunter2",
        "postgresql://reader:hunter2@[/nothing",
    ],
)
def test_a_database_that_cannot_be_opened_is_an_expected_error_without_its_password(workbench, url):
    answer = workbench("website", "list", "--database", url)
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert len(answer.err.splitlines()) == 1
    assert "hunter2" not in answer.out + answer.err


def test_wrong_settings_name_the_key_and_end_with_2(workbench, tmp_path):
    (tmp_path / "workbench.toml").write_text('timezone = "Europe/Atlantis"\ncolour = "red"\n')
    answer = workbench("check")
    assert answer.code == 2
    lines = answer.err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["timezone", "colour"]


def test_a_command_that_is_misspelt_is_answered_with_the_nearest(workbench):
    answer = workbench("migrat")
    assert answer.code == 2
    assert "migrate" in answer.err


def test_a_bug_ends_with_1_and_a_traceback(tmp_path):
    script = (
        "import sys, stats_core.settings as s; s.Settings.load = classmethod(lambda *a, **k: 1 / 0);"
        "from workbench.cli import main; main(['migrate'])"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "ZeroDivisionError" in answer.stderr
    assert "Traceback" in answer.stderr


def test_the_installed_command_and_the_module_are_the_same(tmp_path):
    script = subprocess.run(
        [sys.executable, "-m", "workbench", "website", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "workbench website" in script.stdout
