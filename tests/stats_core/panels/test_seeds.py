"""The three dashboards of a new workbench, over real rows and the real operations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from stats_core.catalog.catalog import build_catalog
from stats_core.models import (
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    Design,
    Merchant,
    Partner,
    ProductionRun,
    SalesOrder,
    Store,
    Website,
)
from stats_core.panels.cache import memory_cache
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.layout import Box, arrange
from stats_core.panels.operations import build_registry
from stats_core.panels.resolver import Resolver
from stats_core.panels.seeds import SEEDS, seed
from stats_core.panels.zones import WebsiteZones
from stats_core.settings import Settings

TODAY = date(2026, 6, 15)  # of hand_clock
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def resolver(database, hand_clock):
    return Resolver(
        catalog=build_catalog(Settings(), database),
        registry=build_registry(),
        cache=memory_cache(clock=hand_clock, entries=100, megabytes=1),
        clock=hand_clock,
        zone_of=WebsiteZones(database, hand_clock),
    )


@pytest.fixture
def dashboards(database, resolver, hand_clock):
    return Dashboards(database, resolver, hand_clock)


@pytest.fixture
def demo(database):
    """Two websites with a few days of traffic, and a small shop."""
    with database.write() as session:
        session.add_all(Website(id=site, name=site, domain=f"{site}.example") for site in ("site_a", "site_b"))
        session.add_all(
            Partner(name=name, status=status, verified=verified)
            for name, status, verified in (("Ann", "active", True), ("Bob", "active", False), ("Cleo", "pending", True))
        )
        session.add(Merchant(id=1, name="One"))
        session.flush()
        session.add(Store(id=1, merchant_id=1, name="Shop"))
        session.add_all(Design(name=f"Design {i}", partner_id=1, status="draft") for i in range(4))
        session.flush()
        session.add_all(
            ProductionRun(partner_id=1, design_id=1, status=status, quantity=5, created_at=NOON - timedelta(days=days))
            for status, days in (("planned", 0), ("planned", 1), ("completed", 1), ("completed", 90))
        )
        session.add_all(
            SalesOrder(store_id=1, status=status, customer_name="A", total_cents=100, currency="USD", refunded_cents=0)
            for status in ("PAID", "PAID", "REFUNDED")
        )
        for site, visitors in (("site_a", 3), ("site_b", 1)):
            for visitor in range(visitors):
                add_visit(session, site, f"{site}-{visitor}", NOON - timedelta(days=visitor))
            add_days(session, site, visitors)
    return database


def add_visit(session, site, visitor, at):
    """One session of one pageview, whose visitor came 40 days before, too."""
    for number, moment in enumerate((at, at - timedelta(days=40))):
        session.add(
            AnalyticsEvent(
                website_id=site,
                event_type="pageview",
                pathname="/",
                visitor_id=visitor,
                session_id=f"{visitor}-{number}",
                timestamp=moment,
                event_id=f"{visitor}-{number}",
            )
        )
        session.add(
            AnalyticsSession(
                website_id=site,
                session_id=f"{visitor}-{number}",
                visitor_id=visitor,
                pageviews=1,
                events=1,
                duration_seconds=0,
                is_bounce=visitor.endswith("0"),
                started_at=moment,
                last_activity_at=moment,
            )
        )


def add_days(session, site, sessions):
    for days in (0, 1, 40):
        session.add(
            AnalyticsDailyStats(
                website_id=site,
                date=TODAY - timedelta(days=days),
                pageviews=10 * sessions,
                unique_visitors=sessions,
                sessions=sessions,
                bounces=1,
                duration_seconds_total=0,
                desktop_visitors=sessions,
                mobile_visitors=0,
                tablet_visitors=0,
                other_visitors=0,
                rolled_at=NOON,
            )
        )


def figures(resolver, dashboard, **variables):
    """By panel: the value, the groups or the buckets that are not 0."""
    found = {}
    for panel in dashboard.panels:
        data = resolver.resolve_panel(panel, variables=variables).data
        if "groups" in data:
            found[panel.name] = {group["key"]: group["value"] for group in data["groups"]}
        elif "buckets" in data:
            found[panel.name] = {item["date"]: item["value"] for item in data["buckets"] if item["value"]}
        else:
            found[panel.name] = data["value"]
    return found


def seeded(dashboards):
    return {dashboard.name: dashboard for dashboard in seed(dashboards)}


def test_a_new_workbench_has_three_dashboards(dashboards):
    made = seed(dashboards)
    assert [(dashboard.name, len(dashboard.panels)) for dashboard in made] == [
        ("JYT Overview", 7),
        ("Partners & Production", 4),
        ("Website Traffic", 5),
    ]
    assert [dashboards.get(dashboard.id) for dashboard in made] == made
    assert list(made[2].variables) == ["website", "range"]
    assert dashboards.check() == ()


def test_seeding_again_makes_what_is_missing_and_nothing_else(dashboards):
    first = seeded(dashboards)
    assert seed(dashboards) == []
    dashboards.delete(first["Website Traffic"].id)
    renamed = dashboards.update(first["JYT Overview"].id, name="Ours")
    assert [dashboard.name for dashboard in seed(dashboards)] == ["JYT Overview", "Website Traffic"]
    assert dashboards.get(renamed.id) == renamed


def test_the_overview_counts_partners_designs_orders_and_sessions(dashboards, resolver, demo):
    assert figures(resolver, seeded(dashboards)["JYT Overview"]) == {
        "Total partners": 3,
        "Total designs": 4,
        "Total orders": 3,
        "Partners by status": {"active": 2, "pending": 1},
        "Designs by status": {"draft": 4},
        "Orders by status": {"PAID": 2, "REFUNDED": 1},
        "Daily sessions": {"2026-06-14": 4, "2026-06-15": 4},
    }


def test_production_counts_runs(dashboards, resolver, demo):
    assert figures(resolver, seeded(dashboards)["Partners & Production"]) == {
        "Verified partners": 2,
        "Production runs": 4,
        "Runs by status": {"completed": 2, "planned": 2},
        "Runs per day": {"2026-06-14": 2, "2026-06-15": 1},
    }


CHOICES = {
    "all websites, 30 days": (
        {},
        (4, 4, 0.5, {"2026-06-14": 40, "2026-06-15": 40}, {"2026-06-14": 4, "2026-06-15": 4}),
    ),
    "one website": (
        {"website": "site_a"},
        (3, 3, 0.333333333333, {"2026-06-14": 30, "2026-06-15": 30}, {"2026-06-14": 3, "2026-06-15": 3}),
    ),
    "today": (
        {"website": "site_b", "range": {"preset": "today"}},
        (1, 1, 1, {"2026-06-15": 10}, {"2026-06-15": 1}),
    ),
    "both websites, a day": (
        {"website": ["site_a", "site_b"], "range": {"from": "2026-06-14", "to": "2026-06-14"}},
        (1, 1, 0, {"2026-06-14": 40}, {"2026-06-14": 4}),
    ),
    "unknown website": ({"website": "site_gone"}, (0, 0, None, {}, {})),
}


def test_traffic_follows_the_chosen_website_and_range(dashboards, resolver, demo):
    traffic = seeded(dashboards)["Website Traffic"]
    found = {choice: figures(resolver, traffic, **variables) for choice, (variables, _) in CHOICES.items()}
    names = ("Visitors", "Pageviews", "Bounce rate", "Daily pageviews", "Daily sessions")
    assert found == {choice: dict(zip(names, values, strict=True)) for choice, (_, values) in CHOICES.items()}


def test_all_of_time_is_a_range_too(dashboards, resolver, demo):
    found = figures(resolver, seeded(dashboards)["Website Traffic"], range={"preset": "all"})
    assert (found["Visitors"], found["Pageviews"], list(found["Daily sessions"])) == (
        4,
        8,
        ["2026-05-06", "2026-06-14", "2026-06-15"],
    )


def test_figures_say_what_they_mean(dashboards, resolver, demo):
    panels = {panel.name: panel for panel in seeded(dashboards)["Website Traffic"].panels}
    visitors = resolver.resolve_panel(panels["Visitors"]).meta
    assert (visitors.unit, visitors.definition, visitors.exactness) == ("visitors", "Different visitors.", "exact")
    assert resolver.resolve_panel(panels["Bounce rate"]).meta.unit == "ratio"
    assert resolver.resolve_panel(panels["Daily sessions"]).meta.exactness == "exact"


@pytest.mark.parametrize("item", SEEDS, ids=lambda item: item.name)
def test_seeds_stand_where_they_say_and_speak_to_screen_readers(item):
    wished = [Box(panel.x, panel.y, panel.width, panel.height) for panel in item.panels]
    types = [panel.type for panel in item.panels]
    assert arrange(list(zip(types, wished, strict=True))) == wished
    assert item.panels == tuple(sorted(item.panels, key=lambda panel: (panel.y, panel.x))) or item.icon == "factory"
    charts = [panel for panel in item.panels if panel.type in {"bar", "line", "area"}]
    assert all(panel.display.alt_text for panel in charts)
    assert all(panel.display.format and panel.cache_ttl_seconds for panel in item.panels)
