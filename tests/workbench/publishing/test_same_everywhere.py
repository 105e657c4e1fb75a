"""One panel asked in Python, over HTTP, from a shell and in posts: equal numbers, one entry in the shared cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import valkey as valkey_client
from starlette.testclient import TestClient

from stats_core.access.tokens import Tokens
from stats_core.composition import open_workbench
from stats_core.models import Partner
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings
from workbench.api import create_api
from workbench.publishing import inject_panel_data
from workbench.testing import Questions

PER_DAY = {
    "entity": "partner",
    "aggregate": {"fn": "count"},
    "date_field": "created_at",
    "range": {"preset": "30d"},
}


@pytest.fixture
def address(valkey):
    return f"valkey://127.0.0.1:{valkey.port}"


@pytest.fixture
def opened(database, address, tmp_path):
    settings = Settings(database_url=database.url, cache_url=address, home=tmp_path)
    with database.write() as session:
        session.add_all(Partner(name="Ann", status="active", verified=True) for _ in range(3))
    with open_workbench(settings) as workbench:
        yield workbench


@pytest.fixture
def shell(database, address, tmp_path):
    """`workbench …` in a process of its own."""

    def run(*arguments):
        environment = {**os.environ, "WORKBENCH_CACHE_URL": address, "WORKBENCH_DATABASE_URL": database.url}
        command = [sys.executable, "-m", "workbench", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    return run


def test_the_same_panel_is_the_same_number_and_one_cache_entry(opened, shell, address, tmp_path):
    spec = PanelSpec(
        name="Per day", type="line", operation_type="time_series", operation_options=PER_DAY, cache_ttl_seconds=86_400
    )
    (panel,) = opened.dashboards.create("Board", panels=[spec]).panels
    first = opened.resolver.resolve_panel(panel)
    assert (first.cache_hit, sum(bucket["value"] for bucket in first.data["buckets"])) == (False, 3)
    call_hash = opened.resolver.asked(panel).hash

    from_shell = json.loads(shell("panel", "resolve", panel.id, "--json"))
    with open_workbench(opened.settings) as another:
        headers = {"authorization": f"Bearer {Tokens(another.database, another.clock).create('t', ('admin.access',))}"}
        with TestClient(create_api(another), headers=headers) as client:
            over_http = client.post(f"/admin/stats/panels/{panel.id}/data").json()
        in_a_test = Questions(another).panel("Per day")
        node = {"type": "statsPanel", "attrs": {"panelId": panel.id}}
        in_tiptap = inject_panel_data(node, another)["attrs"]
        assert in_a_test.result.cache_hit
    (tmp_path / "post.md").write_text(f"{{{{ panel {panel.id} table }}}}\n")
    shell("publish", "post.md")
    (in_post,) = json.loads((tmp_path / "post.md.panels.json").read_text())["panels"].values()

    answers = (from_shell, over_http, in_tiptap, in_post)
    assert [answer["data"] for answer in answers] == [dict(first.data)] * 4
    assert in_a_test.result.data == first.data
    assert (from_shell["cache_hit"], over_http["cache_hit"]) == (True, True)
    assert (in_tiptap["hash"], in_post["hash"], in_a_test.hash) == (call_hash,) * 3
    assert in_post["resolved_at"] == in_tiptap["resolved_at"] == first.resolved_at.isoformat()
    keys = [key.decode() for key in valkey_client.Valkey.from_url(address).scan_iter()]
    assert [key[-64:] for key in keys] == [call_hash]
