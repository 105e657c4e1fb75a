"""One panel in the app, a notebook, a shell, over HTTP and in a post, each a process of its own over one Valkey server.

After the first answer the database is changed: whoever computed again would show another number.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest
import valkey as valkey_client
from playwright.sync_api import expect

from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens
from stats_core.composition import open_workbench
from stats_core.models import Partner
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings

pytestmark = pytest.mark.browser

COUNT = {"entity": "partner", "aggregate": {"fn": "count"}}
BY_STATUS = PanelSpec(
    name="By status",
    type="bar",
    operation_type="aggregate_data",
    operation_options={**COUNT, "group_by": "status"},
    cache_ttl_seconds=86_400,
)
HOW_MANY = PanelSpec(
    name="How many", type="metric", operation_type="aggregate_data", operation_options=COUNT, cache_ttl_seconds=86_400
)
IN_A_NOTEBOOK = """
import json
from workbench.notebook import wb
panel = wb.panel("By status")
result = panel.result
print(json.dumps({"data": json.loads(result.model_dump_json())["data"], "cache_hit": result.cache_hit,
    "resolved_at": result.resolved_at.isoformat(), "hash": panel.asked.hash}))
"""


@pytest.fixture
def address(valkey, sqlite_database, monkeypatch):
    """Every process is told by its environment where the answers are shared, and where the tables are."""
    address = f"valkey://127.0.0.1:{valkey.port}"
    monkeypatch.setenv("WORKBENCH_CACHE_URL", address)
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", sqlite_database.url)
    return address


@pytest.fixture
def app(address, running, tmp_path):
    with running("serve", "--no-sign-in", "--port", "0", folder=tmp_path) as url:
        yield url


@pytest.fixture
def stored(sqlite_database, tmp_path):
    """Stores a panel on a dashboard of its own over three partners; gives the dashboard."""
    add_partners(sqlite_database, 3)

    def store(panel):
        with open_workbench(Settings(database_url=sqlite_database.url, cache_url=None, home=tmp_path)) as workbench:
            return workbench.dashboards.create("Board", panels=[panel])

    return store


@pytest.fixture
def over_http(app, sqlite_database, clock):
    """What the API of the running app answers."""
    token = Tokens(sqlite_database, clock).create("t", (ADMIN_ACCESS,))

    def ask(panel):
        request = Request(f"{app}/admin/stats/panels/{panel.id}/data", headers={"authorization": f"Bearer {token}"})
        with urlopen(request, data=b"") as answer:
            return json.load(answer)

    return ask


@pytest.fixture
def shell(address, tmp_path):
    """`python …` in a process of its own."""

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    return run


def add_partners(database, number):
    with database.write() as session:
        session.add_all(Partner(name="Ann", status="active", verified=True) for _ in range(number))


def keys_at(address):
    with valkey_client.Valkey.from_url(address) as client:
        return [key.decode() for key in client.scan_iter()]


def test_processes_of_all_kinds_show_one_answer_and_keep_it_once(
    stored, over_http, shell, sqlite_database, address, tmp_path
):
    (panel,) = stored(BY_STATUS).panels
    first = over_http(panel)
    assert (first["cache_hit"], [group["value"] for group in first["data"]["groups"]]) == (False, [3])
    add_partners(sqlite_database, 4)

    again = over_http(panel)
    in_a_shell = json.loads(shell("-m", "workbench", "panel", "resolve", panel.id, "--json"))
    in_a_notebook = json.loads(shell("-c", IN_A_NOTEBOOK))
    (tmp_path / "post.md").write_text(f"{{{{ panel {panel.id} table }}}}\n")
    shell("-m", "workbench", "publish", "post.md")
    (in_a_post,) = json.loads((tmp_path / "post.md.panels.json").read_text())["panels"].values()

    assert [answer["data"] for answer in (again, in_a_shell, in_a_notebook, in_a_post)] == [first["data"]] * 4
    assert [answer["cache_hit"] for answer in (again, in_a_shell, in_a_notebook)] == [True] * 3
    resolved_at = first["resolved_at"].replace("Z", "+00:00")
    assert (in_a_notebook["resolved_at"], in_a_post["resolved_at"]) == (resolved_at,) * 2
    assert in_a_notebook["hash"] == in_a_post["hash"]
    assert [key[-64:] for key in keys_at(address)] == [in_a_notebook["hash"]]


def test_the_page_shows_the_answer_that_others_got_before_it(
    stored, over_http, chromium, app, sqlite_database, address
):
    board = stored(HOW_MANY)
    first = over_http(board.panels[0])
    assert (first["cache_hit"], first["data"]["value"]) == (False, 3)
    keys = keys_at(address)
    add_partners(sqlite_database, 4)

    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{app}/dashboard?id={board.id}")
        expect(page.locator(".wb-metric-value")).to_have_text("3")
    assert (len(keys), keys_at(address)) == (1, keys)
