"""`workbench serve` as a process of its own, and the parts of it that need no process."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from stats_core.database import Database
from stats_core.errors import ConfigurationError
from workbench.server import address_of, listen, why_not_ready


@contextmanager
def serving(database, folder, *options):
    """The process and the address it says; started in a folder that knows nothing of the project."""
    command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--database", database.url, *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            found = re.search(r"Workbench is ready: (http://\S+)", line)
            assert found, line + process.stderr.read()
            yield process, found[1]
        finally:
            process.kill()


def get(url, **headers):
    with urlopen(Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})) as answer:
        return answer.status, answer.headers, answer.read()


def test_it_serves_pages_health_and_streamlit_and_stops_when_told(sqlite_database, tmp_path):
    with serving(sqlite_database, tmp_path) as (process, url):
        status, headers, body = get(f"{url}/healthz")
        assert (status, json.loads(body)) == (200, {"status": "ok"})
        assert headers["x-content-type-options"] == "nosniff"

        status, headers, body = get(f"{url}/dashboard", accept="text/html", accept_encoding="gzip")
        assert b"<title>Workbench</title>" in gzip.decompress(body)

        assert get(f"{url}/_stcore/health")[2] == b"ok"
        with pytest.raises(HTTPError, match="400"):
            get(f"{url}/", host="evil.example")

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors.strip()) == (0, "Stopped.")


def test_sources_that_do_not_work_are_told_at_start(sqlite_database, tmp_path):
    (tmp_path / "workbench.toml").write_text('[sources.shop]\nurl = "sqlite:///none.db"\ntables = ["orders"]\n')
    command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--database", sqlite_database.url]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stderr.readline() for _ in range(2)]
        finally:
            process.kill()
    said = f"sources.shop.url: The source 'shop' is off. There is no file {tmp_path / 'none.db'}."
    assert lines[0] == f"warning: {said} Check the path in the source's url.\n"
    assert lines[1].startswith("Workbench is ready: ")


def test_health_says_why_it_is_not_ready(sqlite_database):
    assert why_not_ready(sqlite_database) is None
    with sqlite_database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'none'")
    assert "is at revision none" in why_not_ready(sqlite_database)


def test_a_server_whose_database_goes_away_answers_503(postgresql, postgresql_template, tmp_path):
    with postgresql.database(template=postgresql_template) as url:
        database = Database(url)
        try:
            assert why_not_ready(database) is None
        finally:
            database.close()
    assert "cannot be reached" in why_not_ready(database)


def test_a_host_that_is_not_ours_is_an_expected_error():
    with pytest.raises(ConfigurationError, match=r"Cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", r"http://127\.0\.0\.1:\d+"),
        ("0.0.0.0", r"http://127\.0\.0\.1:\d+"),
        ("::1", r"http://\[::1\]:\d+"),
    ],
)
def test_the_printed_address_is_one_a_browser_can_open(host, expected):
    with listen(host, 0) as bound:
        assert re.fullmatch(expected, address_of(bound))
