"""The composition root."""

from __future__ import annotations

import sqlite3

import pytest

from stats_core.composition import _namespace, open_workbench, utc_now
from stats_core.errors import ConfigurationError, SourceUnavailableError
from stats_core.panels.seeds import seed
from stats_core.settings import Settings, SourceSettings


@pytest.fixture
def shop(tmp_path):
    """A user's database."""
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER); INSERT INTO orders (total) VALUES (5), (7);"
        )
    connection.close()
    return SourceSettings(url=f"sqlite:///{file}", tables=("orders",))


def count(workbench, entity):
    return workbench.resolver.run("aggregate_data", {"entity": entity, "aggregate": {"fn": "count"}}).data["value"]


def test_a_workbench_answers_panels_over_its_own_tables(database, clock):
    with open_workbench(Settings(database_url=database.url), clock=clock) as workbench:
        seed(workbench.dashboards)
        traffic = workbench.dashboards.list("traffic").items[0]
        results = [
            workbench.resolver.resolve_panel(panel, variables={"website": "site_x"})
            for panel in workbench.dashboards.get(traffic.id).panels
        ]
    assert [result.data.get("value", len(result.data.get("buckets", ()))) for result in results] == [0, 0, None, 30, 30]
    assert {result.resolved_at for result in results} == {clock()}


def test_a_new_database_is_migrated_where_that_is_asked(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new/workbench.db")
    with pytest.raises(ConfigurationError, match="workbench migrate"):
        open_workbench(settings)
    with open_workbench(settings, migrate=True) as workbench:
        assert count(workbench, "partner") == 0
    with open_workbench(settings) as workbench:
        assert count(workbench, "partner") == 0


def test_a_users_database_is_asked_in_the_same_way(sqlite_database, shop):
    settings = Settings(database_url=sqlite_database.url, sources={"shop": shop})
    with open_workbench(settings) as workbench:
        assert count(workbench, "orders") == 2
        assert workbench.catalog.problems() == ()


def test_a_source_that_is_away_costs_its_entities_and_nothing_else(sqlite_database, tmp_path):
    gone = SourceSettings(url=f"sqlite:///{tmp_path}/gone.db", tables=("orders",), entities={"orders": {}})
    with open_workbench(Settings(database_url=sqlite_database.url, sources={"shop": gone})) as workbench:
        assert count(workbench, "partner") == 0
        assert len(workbench.catalog.problems()) == 1
        with pytest.raises(SourceUnavailableError):
            count(workbench, "orders")


def test_closing_twice_is_closing(sqlite_database, shop):
    workbench = open_workbench(Settings(database_url=sqlite_database.url, sources={"shop": shop}))
    count(workbench, "orders")
    workbench.close()
    workbench.close()


def test_the_clock_and_the_zone_of_the_settings_cut_days(sqlite_database, clock):
    settings = Settings(database_url=sqlite_database.url, timezone="Asia/Tokyo")
    options = {
        "entity": "partner",
        "aggregate": {"fn": "count"},
        "date_field": "created_at",
        "range": {"preset": "today"},
        "precision": "hour",
    }
    with open_workbench(settings, clock=clock) as workbench:
        data = workbench.resolver.run("time_series", options).data
    assert (data["from"], data["buckets"][0]["date"]) == ("2026-06-15", "2026-06-15T00:00+09:00")


def test_processes_share_a_cache_server_only_over_the_same_data(sqlite_database, postgresql_database, shop):
    own = Settings(database_url=sqlite_database.url)
    with_shop = own.model_copy(update={"sources": {"shop": shop}})
    assert _namespace(own, sqlite_database) == _namespace(own, sqlite_database)
    assert (
        len(
            {
                _namespace(own, sqlite_database),
                _namespace(with_shop, sqlite_database),
                _namespace(own, postgresql_database),
            }
        )
        == 3
    )


def test_a_cache_server_that_is_away_does_not_keep_the_workbench_from_opening(sqlite_database):
    settings = Settings(database_url=sqlite_database.url, cache_url="valkey://127.0.0.1:1")
    with open_workbench(settings) as workbench:
        assert count(workbench, "partner") == 0


def test_now_is_aware():
    assert utc_now().utcoffset().total_seconds() == 0
