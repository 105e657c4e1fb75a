"""The cases of ../shared/data/sessions-cases, sent to the endpoint at their times, and counted in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from stats_core.models import AnalyticsEvent, AnalyticsSession

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
GOOGLE, DUCKDUCKGO = "https://www.google.com/", "https://duckduckgo.com/?q=a"


class Clock:
    """Stands where it is set."""

    now = MIDNIGHT

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        hours, minutes, seconds = ([*map(int, text.split(":")), 0])[:3]
        self.now = MIDNIGHT + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def send(browser, clock: Clock, pageviews: list[tuple[str, dict[str, Any]]]) -> None:
    """Send pageviews, `A 00:15` with what the page says of each."""
    for pageview, given in pageviews:
        visitor, _, at = pageview.partition(" ")
        clock.set(at)
        browser.track(visitor_id=visitor, session_id=None, **given)


def visits_of(event_app, website_id: str = "site_a") -> list[AnalyticsSession]:
    table = AnalyticsSession
    with event_app.database.read() as session:
        return list(session.scalars(select(table).where(table.website_id == website_id).order_by(table.started_at)))


def sent(event_app, *pageviews: tuple[str, dict[str, Any]]) -> list[AnalyticsSession]:
    """The sessions that came of these pageviews."""
    clock = Clock()
    with event_app.running(clock=clock) as browser:
        send(browser, clock, list(pageviews))
    return visits_of(event_app)


def figures(sessions: list[AnalyticsSession]) -> tuple[int, int, int, float, float]:
    """Visitors, visits, page views, bounce rate, average duration."""
    count = len(sessions)
    return (
        len({session.visitor_id for session in sessions}),
        count,
        sum(session.pageviews for session in sessions),
        sum(session.is_bounce for session in sessions) / count,
        sum(session.duration_seconds for session in sessions) / count,
    )


VISITS = {
    "D1": ("A 00:00:00, A 00:00:20, B 00:00:40", (2, 2, 3, 0.5, 10)),
    "D2": ("A 00:00, A 00:01, A 10:00, B 15:00", (2, 3, 4, 2 / 3, 20)),
    "D3": ("A 00:00, A 00:01, B 00:02, C 15:00", (3, 3, 4, 2 / 3, 20)),
    "D4": ("A 00:00, A 00:15, B 00:15", (2, 2, 3, 0.5, 450)),
    "D6": ("A 00:00:00, A 00:00:10", (1, 1, 2, 0, 10)),
    "D7": ("A 00:00:00, A 00:29:59", (1, 1, 2, 0, 1799)),
    "D8": ("A 00:00:00, A 00:30:01", (1, 2, 2, 1, 0)),
    "D9": ("A 00:00, A 00:20, A 00:40, A 01:00", (1, 1, 4, 0, 3600)),
}


def test_visits_are_those_of_the_cases(event_app):
    clock = Clock()
    for case in VISITS:
        event_app.add_website(case, "example.com")
    with event_app.running(clock=clock) as browser:
        for case, (pageviews, _) in VISITS.items():
            send(browser, clock, [(pageview, {"website_id": case}) for pageview in pageviews.split(", ")])
    for case, (_, expected) in VISITS.items():
        assert (case, figures(visits_of(event_app, case))) == (case, pytest.approx(expected))


def test_a_single_page_is_a_bounce_that_enters_and_leaves_there(sqlite_event_app):  # D5
    (visit,) = sent(sqlite_event_app, ("A 00:00", {"pathname": "/x"}))
    found = (visit.entry_page, visit.exit_page, visit.is_bounce, visit.duration_seconds, visit.pageviews)
    assert found == ("/x", "/x", True, 0, 1)


def test_sources_are_counted_as_in_the_cases(sqlite_event_app):  # D11
    referrers = [GOOGLE] * 3 + [DUCKDUCKGO] * 2 + [None]
    visits = sent(sqlite_event_app, *((f"{number} 00:00", {"referrer": one}) for number, one in enumerate(referrers)))
    sources = sorted(visit.referrer_source for visit in visits)
    assert sources == ["direct", "duckduckgo", "duckduckgo", "google", "google", "google"]


def test_bounces_and_durations_belong_to_the_source_of_the_visit(sqlite_event_app):  # D12
    own = "https://example.com/"
    pageviews = [("A 00:00", GOOGLE), ("B 00:00", DUCKDUCKGO), ("A 00:15", own)]
    visits = sent(sqlite_event_app, *((pageview, {"referrer": referrer}) for pageview, referrer in pageviews))
    found = {visit.referrer_source: (visit.is_bounce, visit.duration_seconds) for visit in visits}
    assert found == {"google": (False, 900), "duckduckgo": (True, 0)}


def test_visits_that_saw_a_page_count_by_the_source_of_the_visit(event_app):  # D13
    visits = sent(
        event_app,
        ("A 00:00", {"pathname": "/page1", "referrer": GOOGLE}),
        ("B 00:00", {"pathname": "/page1", "referrer": GOOGLE}),
        ("C 00:00", {"pathname": "/page2", "referrer": DUCKDUCKGO}),
        ("C 00:01", {"pathname": "/page1", "referrer": "https://example.com/page2"}),
    )
    with event_app.database.read() as session:
        saw = set(session.scalars(select(AnalyticsEvent.session_id).where(AnalyticsEvent.pathname == "/page1")))
    sources = sorted(visit.referrer_source for visit in visits if visit.session_id in saw)
    assert sources == ["duckduckgo", "google", "google"]
