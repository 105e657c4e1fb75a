"""Two servers that share their answers by a real Valkey server, asked by people of two merchants and the platform."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import valkey as valkey_client

from stats_core.catalog.scope import Scope
from stats_core.composition import open_workbench
from stats_core.models import SalesOrder
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings

ORDERS = PanelSpec(
    name="Orders",
    type="metric",
    operation_type="aggregate_data",
    operation_options={"entity": "sales_order", "aggregate": {"fn": "count"}},
    cache_ttl_seconds=3600,
)


@pytest.fixture
def address(valkey):
    return f"valkey://127.0.0.1:{valkey.port}"


@pytest.fixture
def pair(sqlite_bench, address, tmp_path):
    """Two workbenches over the database of `bench`, as two processes open them."""
    settings = Settings(database_url=sqlite_bench.database.url, cache_url=address, home=tmp_path)
    with ExitStack() as stack:
        yield [stack.enter_context(open_workbench(settings, clock=sqlite_bench.clock)) for _ in range(2)]


@pytest.fixture
def panel(sqlite_bench):
    """Counts orders: merchant 1 has two, merchant 2 has three."""
    add_orders(sqlite_bench.database, {1: 2, 2: 3})
    board = sqlite_bench.dashboards.create("Yours", panels=[ORDERS], metadata={"audience": "tenant"})
    return board.panels[0]


@pytest.fixture
def ask_of(pair, client_of):
    """`ask_of(server, merchant)`: asks as one person for as long as the test lasts."""

    def person(server, merchant):
        client = client_of(pair[server], merchant=merchant)

        def ask(panel, **query):
            answer = client.post(f"/admin/stats/panels/{panel.id}/data", params=query).json()
            return answer["data"]["value"], answer["cache_hit"]

        return ask

    return person


def add_orders(database, by_store):
    with database.write() as session:
        for store, number in by_store.items():
            session.add_all(
                SalesOrder(store_id=store, status="PAID", customer_name="x", total_cents=1, currency="USD")
                for _ in range(number)
            )


def keys_at(address):
    with valkey_client.Valkey.from_url(address) as client:
        return {key.decode() for key in client.scan_iter()}


def test_people_of_different_merchants_never_get_each_others_answer(pair, panel, ask_of, address):
    people = {merchant: [ask_of(server, merchant) for server in (0, 1)] for merchant in (1, 2, None)}
    seen, own = set(), []
    for asks in people.values():
        own.append(asks[0](panel))
        (new,) = keys_at(address) - seen
        seen.add(new)
    assert own == [(2, False), (3, False), (5, False)]

    add_orders(pair[0].database, {1: 10, 2: 20})
    assert [[ask(panel) for ask in asks] for asks in people.values()] == [
        [(2, True)] * 2,
        [(3, True)] * 2,
        [(5, True)] * 2,
    ]
    anna, bob, platform = people.values()
    assert anna[1](panel, skip_cache=True) == (12, False)
    assert (anna[0](panel), bob[0](panel), platform[0](panel)) == ((12, True), (3, True), (5, True))
    assert keys_at(address) == seen


def test_who_is_in_front_of_the_screen_decides_with_every_question_which_entry_is_read(pair, panel, address):
    whose = [Scope("merchant", 1)]
    both = [workbench.resolver.under(lambda: whose[0]) for workbench in pair]

    def seen():
        answers = [resolver.resolve_panel(panel) for resolver in both]
        return [(answer.data["value"], answer.cache_hit) for answer in answers]

    assert seen() == [(2, False), (2, True)]
    whose[0] = Scope("merchant", 2)
    assert seen() == [(3, False), (3, True)]
    assert len(keys_at(address)) == 2
