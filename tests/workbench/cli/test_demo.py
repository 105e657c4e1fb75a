"""`workbench demo`: data and dashboards once, and what was imported stays."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest

from stats_core.database import Database
from stats_core.models import AnalyticsEvent, StatsDashboard
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.websites import add_website
from workbench.demo import load_demo


def count(database, model, **conditions):
    with database.read() as session:
        return session.query(model).filter_by(**conditions).count()


@pytest.fixture
def week_old_demo(sqlite_database):
    """A small demo that ended a week ago."""
    load_demo(sqlite_database, now=datetime.now(UTC) - timedelta(days=7), days=3, scale=0.05)
    return sqlite_database


def test_a_second_run_keeps_everything_and_says_when_the_data_is_old(workbench, week_old_demo):
    add_website(week_old_demo, "example.com", website_id="site_1")
    events = count(week_old_demo, AnalyticsEvent)
    answer = workbench("demo", "--data-only", "--database", week_old_demo.url)
    assert answer.code == 0
    assert "`workbench demo --reset` makes it anew, up to today." in answer.err
    assert count(week_old_demo, AnalyticsEvent) == events
    assert count(week_old_demo, StatsDashboard) == 3
    listed = workbench("website", "list", "--database", week_old_demo.url)
    assert "site_1" in listed.out


def test_a_taken_port_is_said_before_any_data_is_made(workbench, sqlite_database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        answer = workbench("demo", "--port", other.getsockname()[1], "--database", sqlite_database.url)
    assert answer.code == 2
    assert "Address already in use" in answer.err
    assert count(sqlite_database, AnalyticsEvent) == 0


@pytest.mark.slow
def test_the_whole_demo_fills_every_seeded_panel_and_can_be_made_anew(workbench, tmp_path):
    url = f"sqlite:///{tmp_path}/demo.db"
    first = workbench("demo", "--data-only", "--database", url)
    assert first.code == 0
    assert "events and" in first.err
    with Database(url) as database:
        assert count(database, AnalyticsEvent) >= 200_000
        assert reconcile(database) == []
        add_website(database, "example.com", website_id="site_1")

        files = workbench("dashboards", "export", "--database", url).out
        panels = [line.split("id: ")[1] for line in files.splitlines() if "id: panel_" in line]
        assert len(panels) == 16
        for panel in panels:
            data = json.loads(workbench("panel", "resolve", panel, "--json", "--database", url).out)["data"]
            assert data.get("value") or data.get("groups") or any(b["value"] for b in data.get("buckets", ())), panel

        events = count(database, AnalyticsEvent)
        again = workbench("demo", "--data-only", "--reset", "--database", url)
        assert again.code == 0
        assert abs(count(database, AnalyticsEvent) - events) < events // 100
        assert "site_1" in workbench("website", "list", "--database", url).out
        assert reconcile(database) == []
