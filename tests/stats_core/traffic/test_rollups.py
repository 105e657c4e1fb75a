"""Daily rows, and the proof that they are right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from ingest.store import store_events
from stats_core.errors import InvalidOptionsError, NotFoundError
from stats_core.models import AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.rollups import RollupReport, roll_up, roll_up_days
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH_2 = date(2026, 3, 2)
_IDS = count()


def event(at: datetime = NOON, **fields) -> Event:
    plain = Event(
        website_id="site_a",
        event_id=f"e{next(_IDS)}",
        session_id="A",
        visitor_id="A",
        event_type="pageview",
        pathname="/",
        timestamp=at,
        referrer_source="google",
        country="DE",
        device_type="desktop",
        browser="Firefox",
        os="Linux",
    )
    return replace(plain, **{"session_id": fields.get("visitor_id", "A"), **fields})


def store(database, *events: Event):
    with database.write() as session:
        return store_events(session, events)


def rolled(database, website_id: str = "site_a") -> dict[date, dict]:
    table = AnalyticsDailyStats.__table__
    left_out = {"website_id", "created_at", "updated_at"}
    columns = [column for column in table.c if column.name not in left_out]
    with database.read() as session:
        rows = session.execute(select(*columns).where(table.c.website_id == website_id)).mappings().all()
    return {row["date"]: dict(row) for row in rows}


@pytest.fixture
def site(database) -> str:
    return add_website(database, "example.com", website_id="site_a").id


def test_a_day_counted_by_hand(database, site, clock):
    minute = timedelta(minutes=1)
    store(
        database,
        event(NOON, pathname="/a"),
        event(NOON + 2 * minute, pathname="/b"),
        event(NOON + 3 * minute, pathname="/b", event_type="custom_event", event_name="signup"),
        event(NOON, visitor_id="B", pathname="/b", referrer_source=None, country=None, device_type="mobile"),
        event(NOON, visitor_id="C", session_id="C1", pathname="/c", browser="Chrome", os=None, device_type=None),
        event(NOON, visitor_id="C", session_id="C2", pathname="/a", browser="Chrome", os=None, device_type=None),
    )
    assert roll_up(database, clock=clock) == RollupReport(websites=1, days=1)
    assert rolled(database) == {
        MARCH_2: {
            "date": MARCH_2,
            "pageviews": 5,
            "unique_visitors": 3,
            "sessions": 4,
            "bounces": 3,
            "bounce_rate": 0.75,
            "duration_seconds_total": 180,
            "avg_session_duration": 45.0,
            "desktop_visitors": 1,
            "mobile_visitors": 1,
            "tablet_visitors": 0,
            "other_visitors": 1,
            "top_pages": [
                {"name": "/a", "pageviews": 2, "visitors": 2},
                {"name": "/b", "pageviews": 2, "visitors": 2},
                {"name": "/c", "pageviews": 1, "visitors": 1},
            ],
            "top_referrers": [
                {"name": "google", "sessions": 3, "visitors": 2},
                {"name": None, "sessions": 1, "visitors": 1},
            ],
            "top_countries": [
                {"name": "DE", "sessions": 3, "visitors": 2},
                {"name": None, "sessions": 1, "visitors": 1},
            ],
            "browser_stats": [
                {"name": "Chrome", "sessions": 2, "visitors": 1},
                {"name": "Firefox", "sessions": 2, "visitors": 2},
            ],
            "os_stats": [
                {"name": "Linux", "sessions": 2, "visitors": 2},
                {"name": None, "sessions": 2, "visitors": 1},
            ],
            "rolled_at": clock(),
        }
    }
    assert reconcile(database) == []


def test_lists_hold_the_ten_largest_and_break_ties_by_name(database, site, clock):
    names = ["/z", "/Z", "/é", "/10", "/9", "/a", "/b", "/c", "/d", "/e", "/f", "/g"]
    store(database, *(event(visitor_id=f"v{n}", pathname=name) for n, name in enumerate([*names, "/z"])))
    roll_up(database, clock=clock)
    pages = [entry["name"] for entry in rolled(database)[MARCH_2]["top_pages"]]
    assert pages == ["/z", "/10", "/9", "/Z", "/a", "/b", "/c", "/d", "/e", "/f"]
    assert reconcile(database) == []


def test_a_session_over_midnight_counts_where_it_began_and_its_pageviews_where_they_happened(database, clock):
    add_website(database, "example.com", website_id="site_a", timezone="Asia/Kolkata")
    midnight = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    store(database, event(midnight - timedelta(minutes=10)), event(midnight), event(midnight + timedelta(minutes=10)))
    roll_up(database, clock=clock)
    figures = {
        day: (
            row["pageviews"],
            row["unique_visitors"],
            row["sessions"],
            row["bounce_rate"],
            row["avg_session_duration"],
        )
        for day, row in rolled(database).items()
    }
    assert figures == {MARCH_2: (1, 1, 1, 0.0, 1200.0), date(2026, 3, 3): (2, 1, 0, None, None)}
    assert reconcile(database) == []


def test_rolling_again_changes_nothing(database, site, clock):
    store(database, *(event(NOON + timedelta(hours=7 * n), visitor_id=f"v{n % 3}") for n in range(20)))
    roll_up(database, clock=clock)
    before = rolled(database)
    assert roll_up(database, clock=clock) == RollupReport(1, len(before))
    assert rolled(database) == before


def test_a_day_whose_events_are_gone_loses_its_row(database, site, clock):
    store(database, event(NOON), event(NOON + timedelta(days=1)))
    roll_up(database, clock=clock)
    with database.write() as session:
        session.execute(delete(AnalyticsSession).where(AnalyticsSession.started_at == NOON))
        session.execute(delete(AnalyticsEvent).where(AnalyticsEvent.timestamp == NOON))
    assert [str(found) for found in reconcile(database)][:1] == [
        "site_a, 2026-03-02: rolled up, but there is no traffic"
    ]
    roll_up(database, clock=clock)
    assert list(rolled(database)) == [date(2026, 3, 3)]
    assert reconcile(database) == []


def test_only_the_days_and_websites_asked_for_are_rolled(database, site, clock):
    add_website(database, "other.example", website_id="site_b")
    for website_id in ("site_a", "site_b"):
        store(database, *(event(NOON + timedelta(days=n), website_id=website_id) for n in range(70)))
    first, last = date(2026, 3, 10), date(2026, 4, 20)
    assert roll_up(database, website_ids=["site_a"], first=first, last=last, clock=clock) == RollupReport(1, 42)
    assert (min(rolled(database)), max(rolled(database)), rolled(database, "site_b")) == (first, last, {})
    assert reconcile(database, website_ids=["site_a"], first=first, last=last) == []
    # Far ends cost nothing: only days with anything are looked at.
    assert roll_up(database, first=date.min, last=date.max, clock=clock) == RollupReport(2, 140)
    assert reconcile(database) == []


def test_late_events_are_rolled_by_the_days_that_storing_reports(database, clock):
    add_website(database, "example.com", website_id="site_a", timezone="America/New_York")
    store(database, *(event(NOON + timedelta(hours=n)) for n in range(0, 200, 2)))
    roll_up(database, clock=clock)
    late = store(database, *(event(NOON + timedelta(hours=n, minutes=20), visitor_id="B") for n in (1, 2, 15, 90)))
    joining = store(database, *(event(NOON + timedelta(hours=n, minutes=30)) for n in (15, 15.5, 16, 40)))
    assert reconcile(database) != []
    report = roll_up_days(database, late.days | joining.days, clock=clock)
    assert report == RollupReport(1, len(late.days | joining.days))
    assert reconcile(database) == []


def test_a_website_without_traffic_has_no_rows(database, site, clock):
    assert roll_up(database, clock=clock) == RollupReport(0, 0)
    assert roll_up_days(database, [("site_a", MARCH_2)], clock=clock) == RollupReport(1, 0)
    assert reconcile(database) == []


def test_wrong_options_are_refused(database, clock):
    with pytest.raises(NotFoundError):
        roll_up(database, website_ids=["nowhere"], clock=clock)
    with pytest.raises(InvalidOptionsError, match="2026-03-02 is after 2026-03-01"):
        roll_up(database, first=MARCH_2, last=date(2026, 3, 1), clock=clock)


def test_reconcile_names_what_is_wrong(database, site, clock):
    store(database, event(NOON), event(NOON + timedelta(days=1)), event(NOON + timedelta(days=2)))
    roll_up(database, clock=clock)
    daily = AnalyticsDailyStats
    with database.write() as session:
        session.execute(update(daily).where(daily.date == MARCH_2).values(pageviews=3, top_pages=[]))
        session.execute(delete(daily).where(daily.date == date(2026, 3, 3)))
        row = session.execute(select(daily.__table__).where(daily.date == date(2026, 3, 4))).mappings().one()
        session.execute(insert(daily.__table__), [{**row, "date": date(2026, 3, 9)}])
    home = {"name": "/", "pageviews": 1, "visitors": 1}
    assert [str(difference) for difference in reconcile(database)] == [
        f"site_a, 2026-03-02: pageviews is 3, counted 1, top_pages is [], counted {[home]}",
        "site_a, 2026-03-03: not rolled up",
        "site_a, 2026-03-09: rolled up, but there is no traffic",
        "site_a, all days: pageviews is 5, counted 3",
    ]


@st.composite
def traffic(draw: st.DrawFn) -> list[Event]:
    """Up to 25 events around changes of the clock, some of them a session's over several days."""
    starts = [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2011, 12, 29, tzinfo=UTC)]
    start = draw(st.sampled_from(starts))
    return [
        event(
            start + timedelta(minutes=draw(st.integers(0, 4 * 24 * 6)) * 10),
            visitor_id=draw(st.sampled_from("VWX")),
            session_id=draw(st.sampled_from("AB")),
            event_type=draw(st.sampled_from(["pageview", "pageview", "custom_event"])),
            pathname=draw(st.sampled_from(["/", "/a", "/b"])),
            device_type=draw(st.sampled_from(["desktop", "mobile", "tablet", "other", None])),
            country=draw(st.sampled_from(["DE", "US", None])),
        )
        for _ in range(draw(st.integers(1, 25)))
    ]


@given(
    events=traffic(),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]),
    late=st.integers(0, 25),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rows_of_any_traffic_in_any_zone_are_right(database, clock, events, zone, late):
    site = add_website(database, "example.com", timezone=zone).id
    events = [replace(item, website_id=site) for item in events]
    store(database, *events[late:])
    roll_up(database, website_ids=[site], clock=clock)
    report = store(database, *events)
    roll_up_days(database, report.days, clock=clock)
    assert reconcile(database, website_ids=[site]) == []
    assert set(rolled(database, site)) == {item.timestamp.astimezone(ZoneInfo(zone)).date() for item in events}
