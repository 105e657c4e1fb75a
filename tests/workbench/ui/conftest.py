"""A workbench over a small real database, handed to the pages as the server does it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

import workbench.ui
from stats_core import models
from stats_core.composition import Workbench, open_workbench
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.ui.shared import HANDOVER

APP = Path(workbench.ui.__file__).with_name("app.py")
FIRST = date(2026, 4, 1)
DAYS = 76  # up to the clock of these tests: 15 June 2026


@pytest.fixture
def bench(sqlite_template: Path, tmp_path: Path, clock: Callable[[], datetime]) -> Iterator[Workbench]:
    """An empty workbench; the pages show it."""
    yield from _shown(sqlite_template, tmp_path, clock)


@pytest.fixture
def filled(filled_template: Path, tmp_path: Path, clock: Callable[[], datetime]) -> Iterator[Workbench]:
    """With two websites, a business and the three seeded dashboards."""
    yield from _shown(filled_template, tmp_path, clock)


@pytest.fixture(scope="session")
def filled_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("filled") / "filled.db"))
    settings = Settings(database_url=f"sqlite:///{file}", home=file.parent)
    with open_workbench(settings, clock=lambda: datetime(2026, 6, 15, 11, tzinfo=UTC)) as bench:
        with bench.database.write() as session:
            _websites(session)
            _business(session)
        seed(bench.dashboards)
    return file


def _shown(template: Path, folder: Path, clock: Callable[[], datetime]) -> Iterator[Workbench]:
    """A copy of the database, opened, and handed to the pages."""
    file = shutil.copy(template, folder / "workbench.db")
    with open_workbench(Settings(database_url=f"sqlite:///{file}", home=folder), clock=clock) as opened:
        HANDOVER.give(opened)
        yield opened
        HANDOVER.give(None)


@pytest.fixture
def app() -> AppTest:
    """The app, not yet run."""
    st.cache_resource.clear()
    return AppTest.from_file(APP, default_timeout=30)


@pytest.fixture
def dashboard(app: AppTest) -> Callable[..., AppTest]:
    """The page of a dashboard with this query."""

    def show(dashboard_id: str, **query: str) -> AppTest:
        app.run()
        app.switch_page("views/dashboard.py")
        for name, value in {"id": dashboard_id, **query}.items():
            app.query_params[name] = value
        return app.run()

    return show


def _websites(session: Session) -> None:
    session.add_all(
        [
            models.Website(id="site_a", name="Atelier", domain="atelier.example", timezone="Europe/Berlin"),
            models.Website(id="site_b", name="Blog", domain="blog.example"),
        ]
    )
    session.flush()
    for at in range(DAYS):
        day = FIRST + timedelta(days=at)
        for website_id, size in (("site_a", 3), ("site_b", 1)):
            session.add(_day(website_id, day, sessions=size * (10 + at % 7)))
            session.add_all(_visits(website_id, day, size))


def _day(website_id: str, day: date, *, sessions: int) -> models.AnalyticsDailyStats:
    counts: dict[str, Any] = {
        "pageviews": sessions * 3,
        "unique_visitors": sessions,
        "sessions": sessions,
        "bounces": sessions // 2,
        "bounce_rate": 0.5,
        "duration_seconds_total": sessions * 60,
        "avg_session_duration": 60.0,
        "desktop_visitors": sessions,
        "mobile_visitors": 0,
        "tablet_visitors": 0,
        "other_visitors": 0,
    }
    return models.AnalyticsDailyStats(
        website_id=website_id, date=day, rolled_at=datetime(2026, 6, 15, tzinfo=UTC), **counts
    )


def _visits(website_id: str, day: date, count: int) -> Iterator[models.Base]:
    for number in range(count):
        start = datetime(day.year, day.month, day.day, 9, number, tzinfo=UTC)
        visitor = f"{website_id}-{day}-{number}"
        for page, path in enumerate(("/", "/about")[: 1 + number % 2]):
            yield models.AnalyticsEvent(
                website_id=website_id,
                event_type="pageview",
                pathname=path,
                visitor_id=visitor,
                session_id=visitor,
                timestamp=start + timedelta(seconds=page),
                event_id=f"{visitor}-{page}",
            )
        yield models.AnalyticsSession(
            website_id=website_id,
            session_id=visitor,
            visitor_id=visitor,
            entry_page="/",
            exit_page="/",
            pageviews=1 + number % 2,
            events=1 + number % 2,
            duration_seconds=number % 2,
            is_bounce=number % 2 == 0,
            started_at=start,
            last_activity_at=start,
        )


def _business(session: Session) -> None:
    statuses = ("active", "active", "pending", "inactive")
    partners = [models.Partner(name=f"Partner {at}", status=statuses[at % 4], verified=at % 2 == 0) for at in range(12)]
    merchant = models.Merchant(name="Fern")
    session.add_all([*partners, merchant])
    session.flush()
    store = models.Store(merchant_id=merchant.id, name="Fern's")
    designs = [models.Design(name=f"Design {at}", partner_id=partners[at % 12].id, status="draft") for at in range(5)]
    session.add_all([store, *designs])
    session.flush()
    session.add_all(
        models.ProductionRun(
            partner_id=partners[0].id,
            design_id=designs[0].id,
            status=("planned", "in_progress", "completed")[at % 3],
            quantity=at,
            created_at=datetime(2026, 6, 1 + at % 14, tzinfo=UTC),
        )
        for at in range(40)
    )
    session.add_all(
        models.SalesOrder(store_id=store.id, status=status, customer_name="Ann", total_cents=1000 * at)
        for at, status in enumerate(("PAID", "PAID", "SHIPPED", "REFUNDED"))
    )
