"""Workbenches of several processes that share their answers by a real Valkey server."""

from __future__ import annotations

import gc
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from stats_core.composition import open_workbench
from stats_core.models import Partner
from stats_core.panels import cache as cache_module
from stats_core.panels.cache import EXPIRE_S, RETRY_AFTER
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings

PARTNERS = PanelSpec(
    name="Partners",
    type="metric",
    operation_type="aggregate_data",
    operation_options={"entity": "partner", "aggregate": {"fn": "count"}},
    cache_ttl_seconds=3600,
)


@pytest.fixture
def database(sqlite_database):
    """One engine: what is shared are answers."""
    return sqlite_database


@pytest.fixture
def opened(filled, tmp_path, hand_clock):
    """Opens workbenches over one database, as several processes do."""
    with ExitStack() as stack:

        def open_another(cache_url, **settings):
            given = {"database_url": filled.url, "home": tmp_path / "home", "cache_url": cache_url, **settings}
            return stack.enter_context(open_workbench(Settings(**given), clock=hand_clock))

        yield open_another


@pytest.fixture
def pair(opened, valkey):
    return opened(valkey.connection_url), opened(valkey.connection_url)


@pytest.fixture
def panel_id(pair):
    return pair[0].dashboards.create("Shared", panels=[PARTNERS]).panels[0].id


def add_partner(database):
    with database.write() as session:
        session.add(Partner(name="New", status="active", verified=True))


def shown(workbench, panel_id, **how):
    """What a process shows that reads the panel now: the number, and whether it was kept."""
    result = workbench.resolver.resolve_panel(workbench.dashboards.panel(panel_id), **how)
    return result.data["value"], result.cache_hit


def test_one_process_computes_and_the_others_show_it(filled, pair, panel_id):
    one, other = pair
    assert shown(one, panel_id) == (3, False)
    add_partner(filled)
    assert shown(other, panel_id) == (3, True)
    assert shown(one, panel_id) == (3, True)


def test_all_of_an_answer_comes_over(pair, panel_id):
    one, other = pair
    computed, kept = (each.resolver.resolve_panel(each.dashboards.panel(panel_id)) for each in (one, other))
    assert (computed.cache_hit, kept.cache_hit) == (False, True)
    for part in ("data", "display", "resolved_at", "row_count", "truncated", "statement", "meta"):
        assert getattr(kept, part) == getattr(computed, part)


def test_changing_a_panel_busts_its_answer_in_every_process(filled, pair, panel_id, hand_clock):
    one, other = pair
    assert shown(one, panel_id) == (3, False)
    add_partner(filled)
    hand_clock.move(seconds=1)
    other.dashboards.update_panel(panel_id, name="All partners")
    assert shown(one, panel_id) == (4, False)
    assert shown(other, panel_id) == (4, True)


def test_recomputing_in_one_process_is_for_all(filled, pair, panel_id):
    one, other = pair
    shown(one, panel_id)
    add_partner(filled)
    assert shown(other, panel_id, skip_cache=True) == (4, False)
    assert shown(one, panel_id) == (4, True)


def test_an_answer_grows_old_by_the_panels_ttl_and_leaves_the_server_in_a_day(pair, panel_id, hand_clock, valkey):
    one, other = pair
    shown(one, panel_id)
    with valkey.client() as server:
        (key,) = server.keys()
        assert EXPIRE_S - 60 < server.ttl(key) <= EXPIRE_S
        assert json.loads(server.get(key).partition(b"|")[2])["data"]["value"] == 3  # JSON: reading it runs no code
    hand_clock.move(seconds=3600)
    assert shown(other, panel_id) == (3, False)


def test_a_server_that_was_emptied_costs_an_execution(pair, panel_id, valkey):
    one, other = pair
    shown(one, panel_id)
    with valkey.client() as server:
        server.flushall()
    assert shown(other, panel_id) == (3, False)


def test_workbenches_over_other_data_do_not_meet(pair, panel_id, opened, valkey, tmp_path, filled):
    shown(pair[0], panel_id)
    sources = {"shop": {"url": f"sqlite:///{tmp_path / 'shop.db'}", "tables": []}}
    stranger = opened(valkey.connection_url, sources=sources)
    assert shown(stranger, panel_id) == (3, False)


@pytest.fixture
def littered() -> Iterator[None]:
    """What hangs in a circle stays, such as the frames in the tracebacks of a client that cannot connect."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("littered")
def test_while_the_server_is_away_every_process_answers_and_then_they_share_again(
    filled, pair, panel_id, hand_clock, valkey, caplog
):
    one, other = pair
    shown(one, panel_id)
    valkey.stop()
    add_partner(filled)
    with caplog.at_level(logging.INFO, logger=cache_module.__name__):
        assert shown(one, panel_id) == (4, False)
        assert shown(other, panel_id) == (4, False)
        assert shown(one, panel_id) == (4, False)
        valkey.start()
        hand_clock.move(seconds=RETRY_AFTER.total_seconds())
        assert shown(one, panel_id, skip_cache=True) == (4, False)
        add_partner(filled)
        hand_clock.move(seconds=RETRY_AFTER.total_seconds())
        shown(one, panel_id)
        assert shown(other, panel_id)[1]
    assert [record.levelname for record in caplog.records].count("WARNING") == 2  # once in each process


def test_a_server_that_takes_connections_and_never_answers_holds_nobody_up_for_long(
    opened, filled, monkeypatch, caplog
):
    monkeypatch.setattr(cache_module, "SOCKET_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        workbench = opened(f"valkey://127.0.0.1:{mute.getsockname()[1]}")
        panel_id = workbench.dashboards.create("Shared", panels=[PARTNERS]).panels[0].id
        assert [shown(workbench, panel_id) for _ in range(3)] == [(3, False)] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_server_that_restarts_between_two_questions_is_not_away(pair, panel_id, valkey, caplog):
    one, other = pair
    shown(one, panel_id)
    valkey.stop()
    valkey.start()
    assert shown(one, panel_id) == (3, False)
    assert shown(other, panel_id) == (3, True)
    assert caplog.records == []


def test_a_full_server_that_refuses_writes_costs_answers_and_no_errors(pair, panel_id, valkey, caplog):
    with valkey.client() as server:
        server.config_set("maxmemory", "1")
    assert shown(pair[0], panel_id) == (3, False)
    assert "The cache server is away" in caplog.text
