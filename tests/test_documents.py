"""What the documents tell a reader to type does what they say."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.arrivals import Reason
from ingest.payload import MAX_BODY, Payload
from ingest.referrers import classify
from stats_core.models import AnalyticsEvent, AnalyticsSession
from stats_core.settings import Settings
from workbench.jobs import JOBS

ROOT = Path(__file__).parents[1]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SHOP = """
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_date TEXT, ship_country TEXT, ship_address TEXT, status TEXT);
CREATE TABLE order_details (order_id INTEGER, unit_price NUMERIC, quantity INTEGER, discount NUMERIC);
CREATE TABLE products (product_id INTEGER PRIMARY KEY);
INSERT INTO orders VALUES (1, '1996-07-04', 'France', 'Rue 1', 'PAID'), (2, '1996-08-05', 'Brazil', 'Rua 2', 'PAID'),
    (3, '1996-08-06', 'Brazil', 'Rua 3', 'OPEN');
INSERT INTO order_details VALUES (1, 10, 2, 0), (2, 10, 1, 0.5), (3, 20, 1, 0.25);
"""


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.fixture
def shell(tmp_path, sqlite_template):
    """Runs a block of a document in an empty folder, where `workbench` has a database with tables."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "workbench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workbench "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".workbench").mkdir()
    (tmp_path / ".workbench" / "workbench.db").write_bytes(sqlite_template.read_bytes())
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    environment = {**plain, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def run(script):
        command = ["bash", "-euo", "pipefail", "-c", script]
        answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    return run


@pytest.fixture
def shop(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(SHOP)
        connection.commit()


def test_attaching_a_database(shell, shop, tmp_path):
    document = "docs/attaching-a-database.md"
    minimal, fuller = blocks(document, "toml")
    ask_and_check, by_month = blocks(document, "sh")

    (tmp_path / "workbench.toml").write_text(re.sub('url = ".*"', 'url = "sqlite:///shop.db"', minimal))
    assert [line.split() for line in shell(ask_and_check).splitlines()] == [
        ["ship_country", "value"],
        ["Brazil", "2"],
        ["France", "1"],
    ]

    (tmp_path / "workbench.toml").write_text(fuller)
    assert shell(by_month).splitlines() == [
        "date,value",
        *("1996-07-01,20.0", "1996-08-01,20.0", "1996-09-01,0", "1996-10-01,0", "1996-11-01,0", "1996-12-01,0"),
    ]
    ask = "workbench operation run aggregate_data - --csv"
    discounts = '{"entity": "order_details", "aggregate": {"measure": "discounts"}, "group_by": "order.ship_country"}'
    answer = shell(f"echo '{discounts}' | {ask}")
    assert answer.splitlines() == ["order.ship_country,value", "Brazil,10.0", "France,0.0"]


def test_importing_logs(shell, tmp_path):
    line = f'203.0.113.7 - - [17/May/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "{FIREFOX}"\n'
    (tmp_path / "access.log").write_text(line)
    (tmp_path / "access.log.1").write_text(line.replace("17/May", "16/May"))
    first, again = blocks("docs/importing-logs.md", "sh")
    shell("workbench seed")
    assert re.search(r"^stored +2$", shell(first), re.MULTILINE)
    answer = shell(again)
    assert re.search(r"^stored +0$", answer, re.MULTILINE)
    assert answer.splitlines()[-1].endswith("range=2026-05-16..2026-05-17")


def test_dashboards_as_files_and_from_python(shell, tmp_path):
    document = "docs/dashboards.md"
    files, _ = blocks(document, "sh")
    shell("workbench seed")
    assert "keep    Website Traffic" in shell(files)
    (tmp_path / "shop.yaml").write_text(blocks(document, "yaml")[0])
    assert shell("workbench dashboards import shop.yaml").endswith("  Shop\n")
    (tmp_path / "script.py").write_text(blocks(document, "python")[0])
    assert shell(f"'{sys.executable}' script.py") == "[]\n"


def test_the_readme_from_a_shell_and_from_python(shell, shop, tmp_path):
    minimal = blocks("README.md", "toml")[0]
    (tmp_path / "workbench.toml").write_text(re.sub('url = ".*"', 'url = "sqlite:///shop.db"', minimal))
    *_, ask = blocks("README.md", "sh")
    assert [line.split() for line in shell(ask).splitlines()] == [["status", "value"], ["PAID", "2"], ["OPEN", "1"]]
    (tmp_path / "script.py").write_text(blocks("README.md", "python")[0])
    assert "sales_order" in shell(f"'{sys.executable}' script.py")


# Tracking and operating

SOURCE_COLUMNS = ("`referrer`", "`referrer_source`", "`referrer_medium`")


def tables(document):
    """Its tables, as lists of rows of cells; the first row is the head."""
    found = re.findall(r"(?:^\|.*\|\n)+", (ROOT / document).read_text(), re.MULTILINE)
    rows = [[[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()] for table in found]
    return [[head, *body] for head, _, *body in rows]


def names(table, column=0):
    """What stands in backticks in a column."""
    return [name for row in table[1:] for name in re.findall(r"`([^`]+)`", row[column])]


def under(document, *head):
    """The tables with this head."""
    return [table for table in tables(document) if table[0] == list(head)]


@pytest.fixture
def tools(tmp_path, shell):
    """The programs beside `workbench` that the documents call."""
    programs = {"uvicorn": f"'{sys.executable}' -m uvicorn"}
    if shutil.which("sqlite3") is None:
        run = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])"
        programs["sqlite3"] = f"'{sys.executable}' -c '{run}'"
    for name, call in programs.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    return shell


def while_serving(start, then, port):
    """A script that starts a server in the background, waits for it, goes on, and stops it."""
    return f"""
        {start} >server.log 2>&1 &
        server=$!
        trap 'kill $server 2>/dev/null; wait $server || true' EXIT
        curl --silent --show-error --retry 100 --retry-delay 1 --retry-connrefused http://127.0.0.1:{port}/healthz
        {then}
    """


def test_tracking_in_a_minute_and_without_a_browser(tools, tmp_path, free_port):
    document = "docs/tracking.md"
    minute, _, proxies, rejected, curl = blocks(document, "sh")
    assert tools(minute).splitlines()[-2:] == ["website_example", blocks(document, "html")[0].strip()]
    start = f"{proxies}\nuvicorn ingest.app:app --port {free_port}"
    answer = tools(while_serving(start, curl.replace("8501", str(free_port)), free_port))
    assert answer == '{"status":"ok"}{"success": true, "message": "Event tracked"}'
    with closing(sqlite3.connect(tmp_path / ".workbench" / "workbench.db")) as connection:
        stored = connection.execute("SELECT event_name, pathname, event_id, metadata FROM analytics_event").fetchall()
    assert stored == [("ticket_sold", "/box-office", "ticket-20260615-0001", '{"film":"Metropolis","seats":2}')]
    assert "replayed: 0" in tools(rejected)


def test_tracking_defines_every_field_that_is_stored():
    events, sessions = under("docs/tracking.md", "field", "what it is")
    assert sorted(names(events)) == sorted(AnalyticsEvent.__table__.columns.keys())
    assert set(names(sessions)) == set(AnalyticsSession.__table__.columns.keys())


def test_tracking_names_every_reason_and_key():
    (reasons,) = under("docs/tracking.md", "reason", "means", "what to do")
    assert sorted(names(reasons)) == sorted(Reason)
    (keys,) = under("docs/tracking.md", "key", "", "meaning")
    assert sorted(names(keys)) == sorted(Payload.model_fields)
    required = {name for name, field in Payload.model_fields.items() if field.is_required()}
    assert {row[0].strip("`") for row in keys[1:] if row[1] == "required"} == required


def test_tracking_names_the_limits_as_they_are():
    (limits,) = under("docs/tracking.md", "what", "at most")
    most = {what: int(re.match(r"[\d ]*\d", words)[0].replace(" ", "")) for what, words in limits[1:]}
    assert most.pop("the body of a request") * 1024 == MAX_BODY
    assert most.pop("events of one client") == Settings.model_fields["rate_limit_client"].default
    assert most.pop("events of one website") == Settings.model_fields["rate_limit_website"].default
    event = {"website_id": "w", "event_type": "custom_event", "pathname": "/", "event_name": "e"}

    def is_taken(**fields):
        try:
            return bool(Payload.model_validate(event | fields))
        except ValidationError:
            return False

    at_limit = {
        "`metadata`": lambda size: {"metadata": {str(number): 1 for number in range(size)}},
        "a key of `metadata`": lambda size: {"metadata": {"k" * size: 1}},
        "a text in `metadata`": lambda size: {"metadata": {"k": "v" * size}},
        "`age_ms`": lambda size: {"age_ms": size},
        "`pathname`": lambda size: {"pathname": "/" + "p" * (size - 1)},
    }
    for what, size in most.items():
        for name in re.findall(r"`(\w+)`", what):
            make = at_limit.get(what, lambda size, name=name: {name: "x" * size})
            assert (what, is_taken(**make(size)), is_taken(**make(size + 1))) == (what, True, False)


def test_tracking_tells_sources_as_they_are():
    (sources,) = under("docs/tracking.md", "the page before", "the page's query", *SOURCE_COLUMNS)
    for before, query, *expected in sources[1:]:
        found = classify(before.partition(" ")[0].strip("`"), {"example.com"}, query.strip("`"))
        assert [value or "null" for value in found] == [value.strip("`") for value in expected]


def test_operating_names_the_settings_and_their_defaults():
    (settings,) = under("docs/operating.md", "variable", "default", "meaning")
    told = {
        name.removeprefix("WORKBENCH_").lower(): row[1].strip("`") for row in settings[1:] for name in names([[], row])
    }
    known = {name: field.default for name, field in Settings.model_fields.items()}
    assert set(known) - set(told) == {"sources", "analytics"}  # tables of the file, which have pages of their own
    for name, value in told.items():
        if not value.startswith(("none", "that in")):
            assert value == str(int(known[name]) if isinstance(known[name], float) else known[name])


def test_operating_lists_the_jobs():
    (jobs,) = under("docs/operating.md", "job", "when", "does")
    assert names(jobs) == list(JOBS)


def test_operating_ingest_apart_from_the_screens(tools, free_port):
    (start,) = [block for block in blocks("docs/operating.md", "sh") if block.startswith("uvicorn")]
    then = f"curl --silent --output /dev/null --write-out '%{{http_code}}' http://127.0.0.1:{free_port}/analytics.js"
    assert tools(while_serving(start.strip().replace("8502", str(free_port)), then, free_port)) == '{"status":"ok"}200'


def test_operating_backup_and_restore(tools, tmp_path):
    backup, _, restore, _ = [block for block in blocks("docs/operating.md", "sh") if "workbench-backup" in block]
    home = tmp_path / ".workbench"

    def add_website(domain):
        with closing(sqlite3.connect(home / "workbench.db")) as connection, connection:
            row = (domain, domain, domain, "2026-01-01 00:00:00", "2026-01-01 00:00:00")
            connection.execute(
                "INSERT INTO website (id, name, domain, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", row
            )

    add_website("before.example")
    (home / "secret").write_text("the secret of this test")
    tools(backup)
    add_website("after.example")
    (home / "secret").write_text("another")
    tools(restore)
    with closing(sqlite3.connect(home / "workbench.db")) as connection:
        assert connection.execute("SELECT id FROM website").fetchall() == [("before.example",)]
    assert (home / "secret").read_text() == "the secret of this test"
