"""`workbench serve`: what it refuses. That it serves is shown in tests/workbench/test_server.py."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from stats_core.composition import open_workbench
from stats_core.settings import Settings
from workbench.cli.serve import has_jobs_elsewhere
from workbench.jobs.runs import Run, record


def test_a_taken_port_is_one_readable_line(workbench, sqlite_database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = workbench("serve", "--port", port, "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    said = f"Cannot listen on 127.0.0.1:{port}: Address already in use."
    assert answer.err == f"error: {said} Choose another with --port, or stop what uses it.\n"


def test_tables_of_another_version_are_refused(workbench, sqlite_database):
    with sqlite_database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = workbench("serve", "--port", 0, "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    assert "is at revision 0000" in answer.err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("WORKBENCH_GEOIP_DATABASE", "junk", "geoip_database: junk is no MaxMind DB file, or a damaged one. Let "),
        ("WORKBENCH_HOME", "junk", "home: The secret in junk/secret can be neither read nor made: File exists. Let "),
        ("WORKBENCH_CACHE_URL", "redis://localhost:99999/0", "cache_url: WORKBENCH_CACHE_URL is no address of a "),
        ("WORKBENCH_CACHE_URL", "http://localhost", "cache_url: WORKBENCH_CACHE_URL begins with none of redis://"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_settings_with_which_no_event_could_come_in_are_one_readable_line(
    workbench, sqlite_database, monkeypatch, command, variable, value, said
):
    Path("junk").write_text("junk")
    monkeypatch.setenv(variable, value)
    answer = workbench(command, "--port", 0, "--database", sqlite_database.url)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith(f"error: {said}")


def test_it_warns_where_nobody_runs_the_jobs(sqlite_database):
    with open_workbench(Settings(database_url=sqlite_database.url)) as opened:
        assert not has_jobs_elsewhere(opened)
        now = opened.clock()
        long_ago = now - timedelta(hours=2)
        record(opened.database, Run("rollup", long_ago, long_ago, "ok", "Nothing was to be done."))
        assert not has_jobs_elsewhere(opened)
        record(opened.database, Run("rollup", now, now, "failed", "The database is away."))
        assert has_jobs_elsewhere(opened)
