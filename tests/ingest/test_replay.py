"""Refused events once more, after what kept them out is mended."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from ingest.arrivals import Arrival, Reason, pack
from ingest.refused import kept_bodies, refused_counts
from ingest.replay import ReplayReport, replay
from ingest.store import store_events, verify
from stats_core.models import AnalyticsEvent, AnalyticsSession, DirtyDay, RejectedEvent, Website
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)  # the clock's
EARLIER = NOON - timedelta(days=3)
PLAIN = Event(
    website_id="site_a",
    event_id="e1",
    session_id="S",
    visitor_id="V",
    event_type="pageview",
    pathname="/",
    timestamp=EARLIER,
    referrer_source="direct",
    referrer_medium="direct",
)


def report(replayed: int = 0, duplicates: int = 0, **refused: int) -> ReplayReport:
    return ReplayReport(replayed, duplicates, Counter({Reason(name): number for name, number in refused.items()}))


@pytest.fixture
def add_refused(database):
    """Keep refused events with these fields; on a website that is there."""
    add_website(database, "example.com", website_id="site_a")

    def add(reason: str = "unknown_website", *, website_id: str | None = None, body=None, hostname=None, **fields):
        if body is None:
            body = {"arrival": pack(Arrival(replace(PLAIN, **fields)))}
            body |= {} if hostname is None else {"hostname": hostname}
        row = {"received_at": NOON, "reason": reason, "website_id": website_id, "body": body}
        with database.write() as session:
            session.execute(insert(RejectedEvent).values(**row))

    return add


def stored(database, *columns):
    columns = columns or (AnalyticsEvent.event_id,)
    with database.read() as session:
        rows = session.execute(select(*columns).order_by(AnalyticsEvent.event_id)).all()
    return [row[0] if len(columns) == 1 else tuple(row) for row in rows]


def kept(database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(RejectedEvent))


def set_hostnames(database, *hostnames: str) -> None:
    with database.write() as session:
        session.execute(update(Website).values(allowed_hostnames=list(hostnames)))


def test_events_of_a_website_that_was_added_late_are_stored_as_of_then(event_app, clock):
    with event_app.running(clock=lambda: EARLIER) as visitor:
        for number in range(3):
            visitor.track(website_id="late", pathname=f"/{number}", event_id=f"e{number}", hostname="late.example")
        visitor.track(website_id="later", event_id="x")
    database = event_app.database
    assert replay(database, clock=clock) == report(unknown_website=4)
    event_app.add_website("late", "late.example")
    assert replay(database, clock=clock) == report(replayed=3, unknown_website=1)
    assert [(event.event_id, event.pathname, event.timestamp) for event in event_app.events()] == [
        (f"e{number}", f"/{number}", EARLIER) for number in range(3)
    ]
    with database.read() as session:
        assert session.execute(select(AnalyticsSession.website_id, AnalyticsSession.pageviews)).all() == [("late", 3)]
        assert session.execute(select(DirtyDay.website_id, DirtyDay.date)).all() == [("late", date(2026, 6, 12))]
    assert (list(verify(database)), kept(database)) == ([], 1)
    assert replay(database, clock=clock) == report(unknown_website=1)


def test_events_of_a_hostname_that_is_allowed_by_now_are_stored(event_app, clock):
    event_app.add_website("strict", "strict.example", allowed=("strict.example",))
    with event_app.running() as visitor:
        for host in ("shop.strict.example", "evil.example", None):
            visitor.track(website_id="strict", event_id=host or "nobody", hostname=host)
    database = event_app.database
    assert replay(database, clock=clock) == report(foreign_hostname=3)
    with database.write() as session:
        session.execute(update(Website).where(Website.id == "strict").values(allowed_hostnames=["*.strict.example"]))
    assert replay(database, clock=clock) == report(replayed=1, foreign_hostname=2)
    set_hostnames(database)
    assert replay(database, clock=clock) == report(replayed=2)
    assert {event.event_id for event in event_app.events()} == {"shop.strict.example", "evil.example", "nobody"}


def test_a_website_that_was_added_late_has_its_rule_of_hostnames_kept(database, add_refused, clock):
    set_hostnames(database, "example.com")
    add_refused(hostname="example.com", event_id="good")
    add_refused(hostname="evil.example", event_id="foreign")
    add_refused(event_id="of a website that was deleted, so its hostname was good")
    assert replay(database, clock=clock) == report(replayed=2, foreign_hostname=1)


def test_a_second_replay_stores_nothing_twice(database, add_refused, clock):
    for _ in range(2):
        add_refused(event_id="twice")
    with database.write() as session:
        store_events(session, [replace(PLAIN, event_id="known")])
    add_refused(event_id="known")
    assert replay(database, clock=clock) == report(replayed=1, duplicates=2)
    assert (stored(database), kept(database)) == (["known", "twice"], 0)
    assert replay(database, clock=clock) == report()


def test_a_dry_run_says_the_same_and_changes_nothing(database, add_refused, clock):
    add_refused(event_id="a")
    add_refused(event_id="b", website_id="gone")
    planned = replay(database, clock=clock, dry_run=True)
    assert (stored(database), kept(database)) == ([], 2)
    assert replay(database, clock=clock) == planned


def test_only_what_is_asked_for_is_replayed(database, add_refused, clock):
    add_website(database, "other.example", website_id="site_b")
    for site in ("site_a", "site_b"):
        add_refused("unknown_website", website_id=None, event_id=f"{site} unknown")
        add_refused("spam", website_id=site, event_id=f"{site} spam")
    with database.write() as session:
        of_b = select(RejectedEvent.id).order_by(RejectedEvent.id).offset(2)
        for number in session.scalars(of_b).all():
            arrival = pack(Arrival(replace(PLAIN, website_id="site_b", event_id=f"site_b {number}")))
            session.execute(update(RejectedEvent).filter_by(id=number).values(body={"arrival": arrival}))
    assert replay(database, clock=clock, website_id="site_b", reason=Reason.SPAM, dry_run=True) == report(replayed=1)
    assert replay(database, clock=clock, website_id="site_b") == report(replayed=2)
    assert replay(database, clock=clock, reason=Reason.SPAM) == report(replayed=1)
    assert stored(database, AnalyticsEvent.website_id) == ["site_a", "site_b", "site_b"]
    assert kept(database) == 1


def test_what_went_over_a_limit_is_replayed_only_where_its_reason_is_named(database, add_refused, clock):
    add_refused("client_rate_limit", website_id="site_a", event_id="a")
    add_refused("website_rate_limit", website_id="site_a", event_id="b")
    assert replay(database, clock=clock) == report(client_rate_limit=1, website_rate_limit=1)
    assert replay(database, clock=clock, reason=Reason.CLIENT_LIMIT) == report(replayed=1)
    assert stored(database) == ["a"]


def test_referrer_spam_stays_out(database, add_refused, clock):
    add_refused("spam", referrer="semalt.com", referrer_source="semalt.com", referrer_medium="referral")
    assert replay(database, clock=clock, reason=Reason.SPAM) == report(spam=1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("shop.example/a", "shop.example", "referral"), (None, "direct", "direct")),
        (("example.com/a", "example.com", "referral"), (None, "direct", "direct")),
        (("shop.example/a", "newsletter", "email"), (None, "newsletter", "email")),  # the link's campaign says so
        (("google.com", "google", "search"), ("google.com", "google", "search")),
        ((None, "direct", "direct"), (None, "direct", "direct")),
    ],
)
def test_visits_from_what_is_an_own_host_by_now_are_direct(database, add_refused, clock, given, expected):
    set_hostnames(database, "shop.example")
    names = ("referrer", "referrer_source", "referrer_medium")
    add_refused(hostname="shop.example", **dict(zip(names, given, strict=True)))
    assert replay(database, clock=clock) == report(replayed=1)
    assert stored(database, *(getattr(AnalyticsEvent, name) for name in names)) == [expected]


def test_an_event_without_a_session_gets_one(database, add_refused, clock):
    for number in range(2):
        add_refused(session_id="", event_id=f"e{number}", timestamp=EARLIER + timedelta(seconds=number))
    assert replay(database, clock=clock) == report(replayed=2)
    assert len(set(stored(database, AnalyticsEvent.session_id))) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"payload": {"website_id": "site_a"}},
        {"arrival": {"website_id": "site_a"}},
        {"arrival": {**pack(Arrival(PLAIN)), "timestamp": "yesterday"}},
        {"arrival": {**pack(Arrival(PLAIN)), "color": "red"}},
        {"arrival": 7},
        [],
        None,
    ],
)
def test_what_is_no_event_stays_to_be_looked_at(sqlite_database, clock, body):
    add_website(sqlite_database, "example.com", website_id="site_a")
    row = {"received_at": NOON, "reason": "invalid", "website_id": "site_a", "body": body}
    with sqlite_database.write() as session:
        session.execute(insert(RejectedEvent).values(**row))
    assert replay(sqlite_database, clock=clock) == report(invalid=1)
    assert kept(sqlite_database) == 1


def test_an_event_that_cannot_be_stored_spoils_no_other(database, add_refused, clock):
    for number in range(5):
        add_refused(event_id=f"e{number}", event_type="click" if number == 3 else "pageview")  # the table refuses it
    assert replay(database, clock=clock) == report(replayed=4, unstorable=1)
    assert (stored(database), kept(database)) == (["e0", "e1", "e2", "e4"], 1)


def test_two_replays_at_once_store_each_event_once(postgresql_database, clock):
    add_website(postgresql_database, "example.com", website_id="site_a")
    rows = [
        {"received_at": NOON, "reason": "unknown_website", "body": {"arrival": pack(Arrival(PLAIN))}} for _ in range(2)
    ]
    with postgresql_database.write() as session:
        session.execute(insert(RejectedEvent), rows)
    with postgresql_database.write() as other:
        other.execute(select(RejectedEvent).limit(1).with_for_update())
        assert replay(postgresql_database, clock=clock) == report(replayed=1)  # waits for nobody
    assert replay(postgresql_database, clock=clock) == report(duplicates=1)


def test_refused_events_are_counted_and_listed(event_app):
    with event_app.running(clock=lambda: NOON) as visitor:
        for number in range(3):
            visitor.track(website_id="late", event_id=f"e{number}")
        visitor.track(event_type="click")
    with event_app.running(clock=lambda: NOON - timedelta(days=2)) as visitor:
        visitor.track(website_id="late", event_id="old")
    with event_app.running(clock=lambda: NOON - timedelta(days=8)) as visitor:
        visitor.track(website_id="late", event_id="older")
    database = event_app.database
    counts = refused_counts(database, now=NOON)
    assert [(count.reason, count.website_id, count.last_day, count.last_week) for count in counts] == [
        ("unknown_website", "", 3, 4),
        ("invalid", "site_a", 1, 1),
    ]
    assert {count.newest for count in counts} == {NOON}
    assert refused_counts(database, now=NOON, reason=Reason.INVALID, website_id="site_a") == counts[1:]
    bodies = kept_bodies(database, limit=3)
    assert [(body.reason, body.website_id) for body in bodies] == [
        ("invalid", "site_a"),
        ("unknown_website", "late"),
        ("unknown_website", "late"),
    ]
    assert len(kept_bodies(database, website_id="late", limit=9)) == 5
    (newest,) = kept_bodies(database, reason=Reason.UNKNOWN_WEBSITE, limit=1)
    assert newest.body["arrival"]["event_id"] == "e2"
