"""`workbench serve --jobs` as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from sqlalchemy import select

from ingest.arrivals import Arrival
from ingest.store import store_arrivals
from stats_core.models import AnalyticsDailyStats
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

PATIENCE_S = 60


def test_a_served_workbench_keeps_its_figures_up_to_date_and_stops_when_told(sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_a")
    now = datetime.now(UTC)
    with sqlite_database.write() as session:
        store_arrivals(session, [Arrival(Event("site_a", "e", "S", "V", "pageview", "/", now))], writer="writer")
    command = [sys.executable, "-m", "workbench", "serve", "--jobs", "--port", "0", "--database", sqlite_database.url]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if line.startswith("Workbench is ready: "):
                    break
            give_up = time.monotonic() + PATIENCE_S
            while not (rows := daily(sqlite_database)) and time.monotonic() < give_up:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert rows == [(now.date(), 1)]
    assert (process.returncode, errors) == (0, "Stopped.\n")
    assert not any("Nobody runs the jobs" in line for line in said)


def daily(database):
    with database.read() as session:
        rows = session.execute(select(AnalyticsDailyStats.date, AnalyticsDailyStats.pageviews)).all()
    return [tuple(row) for row in rows]
