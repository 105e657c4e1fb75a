"""What the documents tell a reader to type does what they say."""

from __future__ import annotations

import json
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
from stats_core.composition import open_workbench
from stats_core.models import AnalyticsEvent, AnalyticsSession
from stats_core.panels.seeds import seed
from stats_core.settings import AnalyticsSettings, Settings
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

GET = """\
import sys, time, urllib.error, urllib.request
for _ in range(600):  # until the server has started
    try:
        answer = urllib.request.urlopen(sys.argv[1])
    except urllib.error.URLError as error:
        if not isinstance(error.reason, ConnectionRefusedError):
            raise
        time.sleep(0.1)
    else:
        print(end=answer.read().decode())
        break
"""
SEND = """\
# What the documents use of curl, where there is none.
import argparse, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("--user-agent")
parser.add_argument("--header")
parser.add_argument("--data")
given = parser.parse_args()
name, _, value = given.header.partition(": ")
request = urllib.request.Request(given.address, given.data.encode(), {"User-Agent": given.user_agent, name: value})
print(end=urllib.request.urlopen(request).read().decode())
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


@pytest.mark.slow
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
    for name, program in {"get": GET, "send": SEND}.items():
        (tmp_path / f"{name}.py").write_text(program)
    programs = {
        "uvicorn": f"'{sys.executable}' -m uvicorn",
        "get": f"'{sys.executable}' '{tmp_path / 'get.py'}'",
    }
    if shutil.which("curl") is None:
        programs["curl"] = f"'{sys.executable}' '{tmp_path / 'send.py'}'"
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
        get http://127.0.0.1:{port}/healthz
        {then}
    """


@pytest.mark.slow
def test_tracking_in_a_minute_and_without_a_browser(tools, tmp_path, free_port):
    document = "docs/tracking.md"
    minute, _, proxies, hosts, rejected, curl = blocks(document, "sh")
    assert tools(minute).splitlines()[-2:] == ["website_example", blocks(document, "html")[0].strip()]
    start = f"{proxies}\nuvicorn ingest.app:app --port {free_port}"
    answer = tools(while_serving(start, curl.replace("8501", str(free_port)), free_port))
    assert answer == '{"status":"ok"}{"success": true, "message": "Event tracked"}'
    with closing(sqlite3.connect(tmp_path / ".workbench" / "workbench.db")) as connection:
        stored = connection.execute("SELECT event_name, pathname, event_id, metadata FROM analytics_event").fetchall()
    assert stored == [("ticket_sold", "/box-office", "ticket-20260615-0001", '{"film":"Metropolis","seats":2}')]
    assert "replayed: 0" in tools(rejected)
    assert "shop.example.net, *.example.com" in tools(hosts)


def test_tracking_names_every_key_of_the_browsers_storage():
    (kept,) = under("docs/tracking.md", "where", "key", "what it is")
    script = (ROOT / "ingest/tracker/tracker.js").read_text()
    comment, code = script.split("*/", 1)
    assert {name.removesuffix(" <id>") for name in names(kept, 1)} == set(re.findall(r"workbench_\w+", code))
    assert set(names(kept, 1)) == set(re.findall(r"workbench_\w+(?: <id>)?", comment))


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
    assert set(known) - set(told) == {"sources", "analytics", "login"}  # tables of the file
    for name, value in told.items():
        if not value.startswith(("none", "that in")):
            assert value == str(int(known[name]) if isinstance(known[name], float) else known[name])


def test_operating_lists_the_jobs():
    (jobs,) = under("docs/operating.md", "job", "when", "does")
    assert names(jobs) == list(JOBS)


def test_operating_names_the_settings_of_analytics_and_their_defaults():
    (settings,) = under("docs/operating.md", "setting under `[analytics]`", "default", "meaning")
    assert sorted(names(settings)) == sorted(AnalyticsSettings.model_fields)
    assert settings[1][1] == f"`{json.dumps(list(AnalyticsSettings().providers))}`"


@pytest.mark.slow
def test_operating_jobs_retention_and_refused_events(shell):
    document = (ROOT / "docs/operating.md").read_text()
    (cron,) = re.findall(r"^(\S+ \S+ \S+ \S+ \S+) (.*workbench jobs run)$", document, re.MULTILINE)
    assert cron[0] == "*/5 * * * *"
    shell("workbench website add example.com --id website_example")
    done = shell(cron[1].rpartition("/")[2])
    assert [line.partition(":")[0] for line in done.splitlines()] == list(JOBS)
    (retention,) = [block for block in blocks("docs/operating.md", "sh") if "--retention-days" in block]
    (website, plan) = (answer.splitlines()[1].split() for answer in map(shell, retention.splitlines()))
    assert (website[-2:], plan[0]) == (["365", "days"], "website_example")
    (refused,) = [block for block in blocks("docs/operating.md", "sh") if "rejected" in block]
    assert shell(refused).splitlines()[-1] == "there already: 0"


def test_operating_ingest_apart_from_the_screens(tools, free_port):
    (start,) = [block for block in blocks("docs/operating.md", "sh") if block.startswith("uvicorn")]
    then = f"get http://127.0.0.1:{free_port}/analytics.js"
    answer = tools(while_serving(start.strip().replace("8502", str(free_port)), then, free_port))
    assert answer.startswith('{"status":"ok"}(')


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


# Publishing and scripting

PANEL = "panel_01J9ZV5Y0R"


@pytest.fixture
def total_partners(shell, tmp_path):
    """The id of a seeded panel, for the one that documents name."""
    database = f"sqlite:///{tmp_path / '.workbench' / 'workbench.db'}"
    with open_workbench(Settings(database_url=database, home=tmp_path)) as workbench:
        return next(panel.id for made in seed(workbench.dashboards) for panel in made.panels if "Total" in panel.name)


@pytest.mark.slow
def test_publishing_a_post(shell, tmp_path, total_partners):
    document = "docs/publishing.md"
    tags, *_ = blocks(document, "markdown")
    fence = re.search(r"^```panel\n.*?^```$", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)[0]
    post = tmp_path / "post.md"
    post.write_text(
        tags.replace(PANEL, total_partners) + "\n" + fence.replace('"group_by": "status"', '"limit": 3') + "\n"
    )
    publish, figure = blocks(document, "sh")
    assert "post.md.panels.json\n" in shell(publish)
    assert ">0</data> partners work with us." in post.read_text()
    assert post.read_text().count("<!-- /panel -->") == 2
    assert shell(figure.replace(PANEL, total_partners)) == "figure.html\n"
    (tmp_path / "script.py").write_text(blocks(document, "python")[0])
    assert shell(f"'{sys.executable}' script.py") == "0\n"


@pytest.mark.slow
def test_scripting_from_a_shell_from_python_and_in_tests(shell, tmp_path, total_partners):
    document = "docs/scripting.md"
    calls, run_pytest = blocks(document, "sh")
    answers = shell(calls.replace(PANEL, total_partners))
    assert '"Total partners"' in answers
    assert '"value": 0' in answers
    assert (tmp_path / "numbers.csv").read_text() == "value\n0\n"
    script, numbers = blocks(document, "python")
    (tmp_path / "script.py").write_text(script.replace(PANEL, total_partners))
    assert shell(f"'{sys.executable}' script.py") == "Total partners 0 75019c56\n"
    (tmp_path / "test_numbers.py").write_text(numbers)
    assert "3 passed" in shell(run_pytest.replace("pytest", f"'{sys.executable}' -m pytest", 1))
