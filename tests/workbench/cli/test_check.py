"""`workbench check`: faults fail, notes do not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from stats_core.models import StatsPanel

WAY_OUT = "Let WORKBENCH_GEOIP_DATABASE name a country or city .mmdb file, or unset it: then time zones must do."


@pytest.fixture
def check(workbench, sqlite_database):
    return lambda: workbench("check", "--database", sqlite_database.url)


def test_where_nothing_is_wrong_it_says_so(check):
    answer = check()
    assert (answer.code, answer.out, answer.err) == (0, "", "Nothing is wrong.\n")


def test_columns_that_are_left_out_are_notes(check):
    with closing(sqlite3.connect("shop.db")) as connection:
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, picture BLOB)")
    Path("workbench.toml").write_text('[sources.shop]\nurl = "sqlite:///shop.db"\ntables = ["item"]\n')
    answer = check()
    assert (answer.code, answer.err) == (0, "Nothing is wrong.\n")
    (note,) = answer.out.splitlines()
    assert note.startswith("note: sources.shop.entities.item.picture: The column is left out: ")


def test_faults_fail(check):
    Path("workbench.toml").write_text('[sources.shop]\nurl = "sqlite:///none.db"\ntables = ["item"]\n')
    answer = check()
    assert (answer.code, answer.err) == (2, "1 problem.\n")
    assert answer.out.startswith("sources.shop.url: The source 'shop' is off. There is no file ")


def test_a_panel_that_fits_no_more_fails(check, workbench, sqlite_database):
    workbench("seed", "--database", sqlite_database.url)
    with sqlite_database.write() as session:
        session.execute(update(StatsPanel).where(StatsPanel.type == "metric").values(operation_type="count_data"))
    assert check().code == 2


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("WORKBENCH_GEOIP_DATABASE", "none.mmdb", f"none.mmdb cannot be read: No such file or directory. {WAY_OUT}"),
        ("WORKBENCH_GEOIP_DATABASE", "junk.mmdb", f"junk.mmdb is no MaxMind DB file, or a damaged one. {WAY_OUT}"),
        ("WORKBENCH_HOME", "junk.mmdb", "The secret in junk.mmdb/secret can be neither read nor made"),
        ("WORKBENCH_ANALYTICS", '{"providers": ["segmnt"]}', "Did you mean 'segment'?"),
        ("WORKBENCH_ANALYTICS", '{"providers": ["posthog"]}', "analytics.posthog_key: The key is not set."),
        ("WORKBENCH_ANALYTICS", '{"website_id": "none"}', "analytics.website_id: There is no website 'none'."),
    ],
)
def test_what_keeps_events_out_fails(check, monkeypatch, variable, value, said):
    Path("junk.mmdb").write_text("junk")
    monkeypatch.setenv(variable, value)
    answer = check()
    assert (answer.code, answer.err) == (2, "1 problem.\n")
    (problem,) = answer.out.splitlines()
    assert said in problem
