"""A dashboard of sixteen charts in Chromium, against a bare Streamlit page with sixteen static Plotly charts.

Measured is the time from the navigation to the moment when the last chart has its marks. Cold: a browser that has
never been there, and questions that were never asked. Cached: the same browser again, the same questions. Both
pages are opened in turn in each round, so the ratios of a round share its load.
"""

from __future__ import annotations

import sys

sys.path.append(sys.path.pop(0))  # this folder comes last: else `ingest` would be the benchmark of that name

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from stats_core.composition import open_workbench
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings
from workbench.demo import load_demo

CHARTS = 16
TIMEOUT_MS = 120_000
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Says once a frame whether every chart has marks; `performance.now()` counts from the navigation.
WATCH = f"""
(() => {{
  const look = () => {{
    const charts = [...document.querySelectorAll(".js-plotly-plot")];
    const drawn = charts.filter((chart) => chart.querySelector(".trace path, .point path, .points path")).length;
    if (drawn >= {CHARTS}) document.documentElement.dataset.drawnAt = performance.now();
    else requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}})();
"""
BARE = """
import plotly.graph_objects as go
import streamlit as st

st.set_page_config(layout="wide")
kinds = (
    lambda x, y: go.Bar(x=x, y=y),
    lambda x, y: go.Scatter(x=x, y=y, mode="lines"),
    lambda x, y: go.Scatter(x=x, y=y, mode="lines", fill="tozeroy"),
)
columns = st.columns(4)
for at in range(16):
    y = [(at + 7) * day % 31 for day in range(30)]
    figure = go.Figure(kinds[at % 3](list(range(30)), y))
    figure.update_layout(height=300, margin={"l": 40, "r": 10, "t": 10, "b": 30})
    columns[at % 4].plotly_chart(figure, key=f"chart_{at}", theme=None, config={"displayModeBar": False})
"""
MEASURES = (
    ("analytics_daily_stats", "date", "pageviews"),
    ("analytics_daily_stats", "date", "sessions"),
    ("analytics_session", "started_at", "bounces"),
    ("analytics_session", "started_at", "bounce_rate"),
)
BY = (("pathname", "pageviews"), ("browser", "visitors"), ("os", "visitors"), ("device_type", "events"))


@dataclass
class Times:
    """Milliseconds until the last chart, by what was opened."""

    cold: list[float] = field(default_factory=list)
    cached: list[float] = field(default_factory=list)


def panels() -> list[PanelSpec]:
    """Twelve series by day and four bars by group, 4 to a row."""
    chosen = {"range": {"$var": "range"}}
    series = [
        (
            "time_series",
            {"entity": entity, "date_field": day, "aggregate": {"measure": measure}, "precision": "day"},
            kind,
        )
        for entity, day, measure in MEASURES
        for kind in ("bar", "line", "area")
    ]
    groups = [
        ("aggregate_data", {"entity": "analytics_event", "aggregate": {"measure": measure}, "group_by": by}, "bar")
        for by, measure in BY
    ]
    return [
        PanelSpec(
            name=f"Chart {at + 1}",
            type=kind,
            x=3 * (at % 4),
            y=5 * (at // 4),
            width=3,
            height=5,
            operation_type=operation,
            operation_options=options | chosen,
            cache_ttl_seconds=3600,
        )
        for at, (operation, options, kind) in enumerate([*series, *groups])
    ]


def prepared(folder: Path, scale: float) -> tuple[str, str, date]:
    """A workbench with demo data and the dashboard: its database, the dashboard's id, and today."""
    url = f"sqlite:///{folder}/workbench.db"
    with open_workbench(Settings(database_url=url, home=folder), migrate=True) as workbench:
        load_demo(workbench.database, now=workbench.clock(), scale=scale)
        metadata = {"variables": {"range": {"type": "range", "label": "Range", "default": {"preset": "30d"}}}}
        made = workbench.dashboards.create("Sixteen charts", panels=panels(), metadata=metadata)
    return url, made.id, datetime.now(UTC).date()


@contextmanager
def running(command: list[str], folder: Path, health: str) -> Iterator[None]:
    """A server, until the block ends."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "STREAMLIT_"))
    }
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(health, process)
            yield
        finally:
            process.terminate()


def wait_for(address: str, process: subprocess.Popen[bytes], *, seconds: float = 120) -> None:
    """Until it answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    msg = f"No server at {address}."
    raise SystemExit(msg)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opened(context: BrowserContext, address: str) -> float:
    """Milliseconds from the navigation to the last chart."""
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address, wait_until="commit")
    drawn = page.wait_for_selector("html[data-drawn-at]", state="attached", timeout=TIMEOUT_MS)
    drawn_at = float((drawn and drawn.get_attribute("data-drawn-at")) or "nan")
    page.close()
    return drawn_at


def visit(browser: Browser, address: str, into: Times) -> None:
    """A browser that was never there, then the same again."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    into.cold.append(opened(context, address))
    into.cached.append(opened(context, address))
    context.close()


def report(ours: Times, bare: Times) -> None:
    """Medians, and the median of the ratios of each round."""
    print(f"{'':8} {'ours ms':>9} {'bare ms':>9} {'ratio':>7} {'from':>7} {'to':>7}")
    for name in ("cold", "cached"):
        mine, other = getattr(ours, name), getattr(bare, name)
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        figures = f"{statistics.median(mine):9.0f} {statistics.median(other):9.0f} {statistics.median(ratios):7.2f}"
        print(f"{name:8} {figures} {min(ratios):7.2f} {max(ratios):7.2f}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {len(ours.cold)} rounds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="visits to each page")
    parser.add_argument("--scale", type=float, default=0.25, help="part of the demo data")
    asked = parser.parse_args()
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise SystemExit(f"No Chromium here: none of {', '.join(NAMES)} is installed.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url, dashboard_id, today = prepared(folder, asked.scale)
        (folder / "bare").mkdir()
        (folder / "bare" / "page.py").write_text(BARE)
        port, bare_port = free_port(), free_port()
        serve = ["workbench", "serve", "--no-sign-in", "--port", str(port), "--database", url]
        options = ("headless=true", "address=127.0.0.1", f"port={bare_port}", "fileWatcherType=none")
        plain = ["streamlit", "run", "page.py", *(f"--server.{option}" for option in options)]
        ours, bare = Times(), Times()
        with (
            running(serve, folder, f"http://127.0.0.1:{port}/healthz"),
            running([*plain, "--browser.gatherUsageStats=false"], folder / "bare", f"http://127.0.0.1:{bare_port}/"),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=executable, args=list(ARGS))
            for at in range(asked.rounds + 1):
                last = today - timedelta(days=at)  # a range that nobody has asked for yet
                chosen = f"range={last - timedelta(days=29)}..{last}"
                round_ours, round_bare = (Times(), Times()) if at == 0 else (ours, bare)  # the first one is for imports
                visit(browser, f"http://127.0.0.1:{port}/dashboard?id={dashboard_id}&{chosen}", round_ours)
                visit(browser, f"http://127.0.0.1:{bare_port}/", round_bare)
            browser.close()
        report(ours, bare)


if __name__ == "__main__":
    main()
