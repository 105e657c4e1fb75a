"""Maven's page views, stored as events through our session code, give the published traffic figures."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.store import store_events
from stats_core.composition import Workbench, open_workbench
from stats_core.database import Database
from stats_core.models import Website
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event

SITE = "site_maven"
PAGE_VIEWS = "commerce-maven-fuzzy/website_pageviews_2012-03-19_to_06-30.csv.gz"
BATCH = 5000


def page_views(file: Path) -> list[Event]:
    """One event per page view; visitor and session are Maven's website session."""
    with gzip.open(file, "rt", newline="") as opened:
        return [
            Event(
                website_id=SITE,
                event_id=f"maven-{row['website_pageview_id']}",
                session_id=row["website_session_id"].zfill(32),
                visitor_id=row["website_session_id"].zfill(32),
                event_type="pageview",
                pathname=row["pageview_url"],
                timestamp=datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC),
            )
            for row in csv.DictReader(opened)
        ]


@pytest.fixture
def maven(database: Database, shared_data: Path, tmp_path: Path) -> Iterator[Workbench]:
    events = page_views(shared_data / PAGE_VIEWS)
    with database.write() as session:
        session.add(Website(id=SITE, name="Maven", domain="maven.example", timezone="UTC"))
    for start in range(0, len(events), BATCH):
        with database.write() as session:
            store_events(session, events[start : start + BATCH])
    settings = Settings.load(database_url=database.url, home=tmp_path)
    with open_workbench(settings) as workbench:
        yield workbench


def aggregate(workbench: Workbench, **options: Any) -> dict[str, Any]:
    return workbench.resolver.run("aggregate_data", options).data


def test_sessions_per_page_bounce_rate_and_quarters_are_the_published_ones(maven: Workbench) -> None:
    pages = aggregate(
        maven,
        entity="analytics_event",
        filters={"website_id": SITE, "timestamp": {"$lt": "2012-06-09T00:00:00Z"}},
        aggregate={"fn": "count_distinct", "field": "session_id"},
        group_by="pathname",
    )
    assert {group["key"]: group["value"] for group in pages["groups"]} == {
        "/home": 10403,
        "/products": 4239,
        "/the-original-mr-fuzzy": 3037,
        "/cart": 1306,
        "/shipping": 869,
        "/billing": 716,
        "/thank-you-for-your-order": 306,
    }
    before_the_test = {"website_id": SITE, "started_at": {"$lt": "2012-06-14T00:00:00Z"}}
    landing = aggregate(
        maven, entity="analytics_session", filters=before_the_test, aggregate={"fn": "count"}, group_by="entry_page"
    )
    assert [(group["key"], group["value"]) for group in landing["groups"]] == [("/home", 11048)]
    bounce_rate = aggregate(
        maven, entity="analytics_session", filters=before_the_test, aggregate={"measure": "bounce_rate"}
    )
    assert round(bounce_rate["value"] * 100, 2) == 59.18
    quarters = maven.resolver.run(
        "time_series",
        {
            "entity": "analytics_session",
            "date_field": "started_at",
            "filters": {"website_id": SITE},
            "aggregate": {"fn": "count"},
            "precision": "quarter",
            "range": {"from": "2012-01-01", "to": "2012-06-30"},
        },
    ).data["buckets"]
    assert [bucket["value"] for bucket in quarters] == [1879, 11433]
