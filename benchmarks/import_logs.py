"""How fast a web server's log is imported, as a ratio to reading its lines, and how much memory it takes.

    .venv/bin/python benchmarks/import_logs.py [--lines 200000] [FILE]

Without FILE a log is made: combined format, in time order with some lines late, 20 000 visitors with 300 agents,
who read three or four pages a visit; a third of the lines are assets and a fifth come from bots, as in the real logs of
our tests. Each import runs in a process of its own, so that its peak memory is its own, and then again, when it finds
nothing new.
"""

from __future__ import annotations

import sys

sys.path.append(sys.path.pop(0))  # this folder comes last: else `ingest` would be the benchmark of that name

import argparse
import json
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.log_import import import_logs
from stats_core.database import Database
from stats_core.database.schema import migrate
from stats_core.traffic.websites import add_website

SEED = 20260701
SITE = "site_bench"
BOT_SHARE, ASSET_SHARE, DIRECT_SHARE, LATE_SHARE, LEAVING_SHARE = 0.2, 0.33, 0.4, 0.05, 0.15
ENGINE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
REFERRERS = (
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://news.ycombinator.com/",
    "https://chatgpt.com/",
)


def log_lines(count: int) -> Iterator[str]:
    rng = random.Random(SEED)
    agents = [f"{ENGINE} Chrome/{version}.0.0.0 Safari/537.36" for version in range(100, 400)]
    visitors = [(".".join(str(rng.randrange(1, 255)) for _ in range(4)), rng.choice(agents)) for _ in range(20_000)]
    reading = rng.sample(visitors, 100)  # those who are on a visit now
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    for _ in range(count):
        moment += timedelta(seconds=rng.expovariate(1.5))
        shown = moment - timedelta(seconds=rng.randrange(60)) if rng.random() < LATE_SHARE else moment
        asset, place = rng.random() < ASSET_SHARE, rng.randrange(len(reading))
        path = f"/static/app.{rng.randrange(40)}.css" if asset else f"/blog/article-{rng.randrange(800)}"
        address, agent = reading[place] if rng.random() >= BOT_SHARE else (rng.choice(visitors)[0], BOT)
        if rng.random() < LEAVING_SHARE:
            reading[place] = rng.choice(visitors)
        referrer = "-" if rng.random() < DIRECT_SHARE else rng.choice(REFERRERS)
        when = shown.strftime("%d/%b/%Y:%H:%M:%S +0000")
        yield f'{address} - - [{when}] "GET {path} HTTP/1.1" 200 5123 "{referrer}" "{agent}"\n'


def reading_s(file: Path) -> float:
    """Seconds of `for line in f`, best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        with file.open("rb") as lines:
            for _line in lines:
                pass
        times.append(time.perf_counter() - start)
    return min(times)


def one_import(url: str, file: str) -> None:
    """In a process of its own: import, and print what it took."""
    with Database(url) as database:
        report = import_logs(database, SITE, [file], secret=b"benchmark")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"lines": report.lines, "stored": report.stored, "seconds": report.seconds, "peak_mb": peak}))


def imported(url: str, file: Path) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, __file__, "--one", url, str(file)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", nargs="?", type=Path)
    arguments.add_argument("--lines", type=int, default=200_000)
    arguments.add_argument("--one", nargs=2, metavar=("URL", "FILE"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        one_import(*given.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        print("| log | lines | stored | lines/s | times `for line in f` | peak memory MB |")
        print("|---|---:|---:|---:|---:|---:|")
        files = {"given": given.file} if given.file else made(Path(folder), given.lines)
        for name, file in files.items():
            url = f"sqlite:///{folder}/{name}.db"
            with Database(url) as database:
                migrate(database)
                add_website(database, "bench.example", website_id=SITE)
            base = reading_s(file)
            for run in (name, f"{name}, again"):
                took = imported(url, file)
                speed, ratio = took["lines"] / took["seconds"], took["seconds"] / base
                counts = f"{took['lines']:,} | {took['stored']:,}"
                print(f"| {run} | {counts} | {speed:,.0f} | {ratio:.0f} | {took['peak_mb']} |", flush=True)


def made(folder: Path, lines: int) -> dict[str, Path]:
    """Two logs, one four times as long: flat memory shows as two equal peaks."""
    files = {"short": folder / "short.log", "long": folder / "long.log"}
    for file, count in zip(files.values(), (lines, lines * 4), strict=True):
        with file.open("w") as log:
            log.writelines(log_lines(count))
    return files


if __name__ == "__main__":
    main()
