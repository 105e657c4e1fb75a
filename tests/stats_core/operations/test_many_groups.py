from __future__ import annotations

import sqlite3

from stats_core.composition import open_workbench
from stats_core.settings import Settings, SourceSettings

MILLION = 1_000_000
MOST = 10_000


def test_of_a_million_groups_ten_thousand_come_back_and_all_are_counted(tmp_path, clock):
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER)")
        shop.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO sale SELECT i, i, i % 1000 FROM n",
            [MILLION],
        )
    shop.close()
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/workbench.db",
        home=tmp_path,
        sources={"shop": SourceSettings(url=f"sqlite:///{tmp_path}/shop.db", tables=("sale",))},
    )
    options = {"entity": "sale", "aggregate": {"fn": "sum", "field": "amount"}, "group_by": "customer"}
    with open_workbench(settings, migrate=True, clock=clock) as workbench:
        data = workbench.resolver.run("aggregate_data", options).data
    assert (len(data["groups"]), data["group_count"], data["row_count"], data["truncated"]) == (
        MOST,
        MILLION,
        MILLION,
        True,
    )
    best = [999 + 1000 * place for place in range(MILLION // 1000)]  # the thousand customers of 999, least id first
    assert [group["keys"]["customer"] for group in data["groups"][: len(best)]] == best
