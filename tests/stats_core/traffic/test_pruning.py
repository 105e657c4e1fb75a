"""Events and sessions that are older than a website keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, select, update

from ingest.dirty import mark_days
from ingest.store import store_events, verify
from stats_core.models import AnalyticsDailyStats, AnalyticsEvent, AnalyticsSession, Website
from stats_core.traffic import pruning
from stats_core.traffic.dirty import roll_up_dirty
from stats_core.traffic.pruning import Pruned, PruneReport, prune
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.rollups import RollupReport, roll_up, roll_up_days
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

TODAY = date(2026, 6, 15)  # the clock's, at noon UTC
MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_IDS = count()


def pageview(at: datetime, **fields) -> Event:
    number = next(_IDS)
    plain = Event(
        website_id="site_a",
        event_id=f"e{number}",
        session_id=f"s{number}",
        visitor_id="A",
        event_type="pageview",
        pathname="/",
        timestamp=at,
    )
    return replace(plain, **fields)


def store(database, *events: Event) -> None:
    with database.write() as session:
        mark_days(session, store_events(session, events).days, writer="writer")


def moments(database, moment, website_id: str = "site_a") -> list[datetime]:
    rows = select(moment).where(moment.class_.website_id == website_id).order_by(moment)
    with database.read() as session:
        return list(session.scalars(rows))


def events(database, website_id: str = "site_a") -> list[datetime]:
    return moments(database, AnalyticsEvent.timestamp, website_id)


def rolled(database) -> list[tuple[date, int, int]]:
    daily = AnalyticsDailyStats
    rows = select(daily.date, daily.pageviews, daily.sessions).order_by(daily.website_id, daily.date)
    with database.read() as session:
        return [tuple(row) for row in session.execute(rows)]


def keep(database, website_id: str, days: int | None) -> None:
    with database.write() as session:
        session.execute(update(Website).where(Website.id == website_id).values(retention_days=days))


@pytest.fixture
def site(database) -> str:
    return add_website(database, "example.com", website_id="site_a").id


def test_days_longer_ago_than_the_retention_go_and_their_figures_stay(database, site, clock):
    days = [MIDNIGHT - DAY * number for number in range(5)]
    store(database, *(pageview(day) for day in days), *(pageview(day + HOUR) for day in days))
    report = prune(database, retention_days=2, clock=clock)
    assert report == PruneReport((Pruned("site_a", TODAY - 2 * DAY, events=4, sessions=4),))
    kept = [MIDNIGHT - 2 * DAY, MIDNIGHT - 2 * DAY + HOUR, MIDNIGHT - DAY, MIDNIGHT - DAY + HOUR, MIDNIGHT]
    assert events(database) == [*kept, MIDNIGHT + HOUR]
    assert moments(database, AnalyticsSession.started_at) == events(database)
    assert rolled(database) == [(TODAY - 4 * DAY, 2, 2), (TODAY - 3 * DAY, 2, 2)]  # counted before they went
    roll_up_dirty(database, clock=clock)
    assert rolled(database) == [(TODAY - number * DAY, 2, 2) for number in (4, 3, 2, 1, 0)]
    assert (reconcile(database), list(verify(database))) == ([], [])


def test_pruning_again_deletes_nothing_and_pruned_days_are_never_rolled_again(database, site, clock):
    store(database, *(pageview(MIDNIGHT - DAY * number) for number in range(5)))
    prune(database, retention_days=2, clock=clock)
    roll_up(database, clock=clock)
    before = rolled(database)
    assert prune(database, retention_days=2, clock=clock).websites == (Pruned("site_a", TODAY - 2 * DAY, 0, 0),)
    assert roll_up(database, first=TODAY - 9 * DAY, clock=clock) == RollupReport(1, 3)
    assert roll_up(database, last=TODAY - 3 * DAY, clock=clock) == RollupReport(1, 0)
    roll_up_days(database, [("site_a", TODAY - number * DAY) for number in range(9)], clock=clock)
    assert rolled(database) == before
    assert reconcile(database, first=TODAY - 9 * DAY) == reconcile(database) == []


def test_a_late_event_of_a_pruned_day_goes_uncounted_with_the_next_pruning(database, site, clock):
    store(database, pageview(MIDNIGHT - 5 * DAY), pageview(MIDNIGHT))
    prune(database, retention_days=2, clock=clock)
    store(database, pageview(MIDNIGHT - 5 * DAY))
    roll_up_dirty(database, clock=clock)
    assert (rolled(database)[0], reconcile(database)) == ((TODAY - 5 * DAY, 1, 1), [])
    assert prune(database, retention_days=2, clock=clock).websites[0].events == 1
    assert (events(database), list(verify(database))) == ([MIDNIGHT], [])


def test_a_visit_over_the_first_kept_midnight_stays_whole_until_all_of_it_is_old(database, site, clock):
    cut = MIDNIGHT - 2 * DAY
    minutes = [timedelta(minutes=number) for number in (-70, -20, -5, 5, 20)]  # the first one is a visit of its own
    store(database, *(pageview(cut + minute, session_id="s") for minute in minutes), pageview(cut - HOUR))
    assert prune(database, retention_days=2, clock=clock).websites[0] == Pruned("site_a", cut.date(), 2, 2)
    assert events(database) == [cut + minute for minute in minutes[1:]]
    assert moments(database, AnalyticsSession.started_at) == [cut + minutes[1]]
    roll_up_dirty(database, clock=clock)
    assert rolled(database) == [(cut.date() - DAY, 4, 3), (cut.date(), 2, 0)]
    assert (reconcile(database), list(verify(database))) == ([], [])
    assert prune(database, retention_days=1, clock=clock).websites[0] == Pruned("site_a", TODAY - DAY, 4, 1)
    assert (events(database), reconcile(database)) == ([], [])


def test_a_website_keeps_as_long_as_it_says_itself(database, site, clock):
    for website_id, days in (("site_b", 0), ("site_c", 4), ("site_d", 400)):
        add_website(database, "example.com", website_id=website_id)
        keep(database, website_id, days)
    sites = ("site_a", "site_b", "site_c", "site_d")
    store(database, *(pageview(MIDNIGHT - DAY * number, website_id=name) for number in range(6) for name in sites))
    report = prune(database, retention_days=2, clock=clock)
    assert [(pruned.website_id, pruned.events) for pruned in report.websites] == [
        ("site_a", 3),
        ("site_c", 1),
        ("site_d", 0),
    ]
    assert [len(events(database, name)) for name in sites] == [3, 6, 5, 6]


@pytest.mark.parametrize("days", [None, 0])
def test_where_nobody_says_how_long_everything_is_kept(database, site, clock, days):
    store(database, pageview(MIDNIGHT - 4000 * DAY))
    assert prune(database, retention_days=days, clock=clock) == PruneReport(())
    assert len(events(database)) == 1


def test_days_are_those_of_the_websites_zone(database, clock):
    add_website(database, "example.com", website_id="site_a", timezone="Pacific/Auckland")  # noon UTC is midnight there
    midnight = datetime(2026, 6, 14, 12, tzinfo=UTC)
    store(database, pageview(midnight - DAY - timedelta(seconds=1)), pageview(midnight - DAY), pageview(midnight))
    assert prune(database, retention_days=2, clock=clock).websites == (Pruned("site_a", date(2026, 6, 14), 1, 1),)
    assert events(database) == [midnight - DAY, midnight]


def test_a_longer_retention_brings_nothing_back_and_leaves_pruned_days_alone(database, site, clock):
    store(database, *(pageview(MIDNIGHT - DAY * number) for number in range(5)))
    prune(database, retention_days=2, clock=clock)
    assert prune(database, retention_days=400, clock=clock).websites == (Pruned("site_a", TODAY - 2 * DAY, 0, 0),)


def test_a_dry_run_counts_and_changes_nothing(database, site, clock):
    store(database, *(pageview(MIDNIGHT - DAY * number) for number in range(5)))
    planned = prune(database, retention_days=2, clock=clock, dry_run=True)
    assert planned == PruneReport((Pruned("site_a", TODAY - 2 * DAY, 2, 2),))
    assert (len(events(database)), rolled(database)) == (5, [])
    with database.read() as session:
        assert session.scalar(select(Website.pruned_before)) is None
    assert prune(database, retention_days=2, clock=clock) == planned


def test_pruning_that_was_broken_off_is_finished_by_the_next_run(database, site, clock, monkeypatch):
    monkeypatch.setattr(pruning, "VISITS", 3)
    store(database, *(pageview(MIDNIGHT - 3 * DAY + number * HOUR) for number in range(10)), pageview(MIDNIGHT))
    answers = iter([False, False, False, True])  # the website, its days, one step of visits
    report = prune(database, retention_days=2, clock=clock, stopping=lambda: next(answers, True))
    assert report.websites == (Pruned("site_a", TODAY - 2 * DAY, 3, 3),)
    assert (rolled(database), len(events(database))) == ([(TODAY - 3 * DAY, 10, 10)], 8)
    roll_up(database, clock=clock)
    assert (reconcile(database), list(verify(database))) == ([], [])
    assert prune(database, retention_days=2, clock=clock).websites == (Pruned("site_a", TODAY - 2 * DAY, 7, 7),)
    assert rolled(database) == [(TODAY - 3 * DAY, 10, 10), (TODAY, 1, 1)]
    assert (reconcile(database), list(verify(database))) == ([], [])


def test_a_website_that_fails_spoils_no_other(database, site, clock):
    add_website(database, "example.com", website_id="site_b")
    with database.write() as session:
        session.execute(update(Website).where(Website.id == "site_a").values(timezone="Europe/Atlantis"))
    report = prune(database, retention_days=2, clock=clock)
    assert [pruned.website_id for pruned in report.websites] == ["site_b"]
    assert [failure.website_id for failure in report.failures] == ["site_a"]


def test_daily_rows_without_traffic_behind_them_stay(database, site, clock):
    store(database, pageview(MIDNIGHT - 9 * DAY), pageview(MIDNIGHT))
    roll_up(database, clock=clock)
    with database.write() as session:
        session.execute(update(AnalyticsDailyStats).values(pageviews=7).where(AnalyticsDailyStats.date < TODAY - DAY))
        session.execute(
            update(AnalyticsDailyStats).values(date=TODAY - 12 * DAY).where(AnalyticsDailyStats.date < TODAY - DAY)
        )
    prune(database, retention_days=2, clock=clock)
    assert rolled(database) == [(TODAY - 12 * DAY, 7, 1), (TODAY - 9 * DAY, 1, 1), (TODAY, 1, 1)]


def test_events_without_a_visit_go_too(database, site, clock):
    store(database, pageview(MIDNIGHT - 5 * DAY), pageview(MIDNIGHT))
    with database.write() as session:
        session.execute(delete(AnalyticsSession))
    assert prune(database, retention_days=2, clock=clock).websites == (Pruned("site_a", TODAY - 2 * DAY, 1, 0),)
    assert events(database) == [MIDNIGHT]


def test_a_visit_that_is_being_written_is_left_to_the_next_run(postgresql_database, clock):
    add_website(postgresql_database, "example.com", website_id="site_a")
    store(postgresql_database, *(pageview(MIDNIGHT - 5 * DAY) for _ in range(2)))
    with postgresql_database.write() as session:
        session.execute(select(AnalyticsSession).limit(1).with_for_update())
        assert prune(postgresql_database, retention_days=2, clock=clock).websites[0].sessions == 1  # does not wait
    assert prune(postgresql_database, retention_days=2, clock=clock).websites[0].sessions == 1
