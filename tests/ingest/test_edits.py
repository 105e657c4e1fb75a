"""Stored events that an admin changes: the event, its sessions and its days move together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from ingest.arrivals import Arrival
from ingest.edits import EventEdits, EventFilters
from ingest.event_fields import NewEvent, StoredEvent
from ingest.store import store_arrivals, store_events, verify
from stats_core.database import Database
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError
from stats_core.models import AnalyticsSession, DirtyDay, Merchant, Store, Website
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.rollups import roll_up_days
from stats_core.traffic.sessions import Event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2026, 3, 2)
ANNA, BOB = 1, 2
ALL = {"merchant_id": None}


@pytest.fixture
def sites(database):
    """Website a is Anna's, b is Bob's (its days begin at 18:30 UTC), c nobody's."""
    add_sites(database)


def add_sites(database, suffix=""):
    with database.write() as session:
        for merchant, name in ((ANNA, "a"), (BOB, "b")):
            if session.get(Merchant, merchant) is None:
                session.add(Merchant(id=merchant, name=name, timezone="UTC", currency="USD"))
                session.add(Store(id=merchant, merchant_id=merchant, name=name, currency="USD"))
                session.flush()
            zone = "UTC" if name == "a" else "Asia/Kolkata"
            session.add(Website(id=name + suffix, name=name, domain="a.example", timezone=zone, store_id=merchant))
        session.add(Website(id=f"c{suffix}", name="c", domain="c.example"))


@pytest.fixture
def edits(database, sites):
    return EventEdits(database, lambda: NOW)


def new(event_id, minutes=0, **fields):
    """A pageview of session A on website a, so many minutes after nine."""
    plain = {
        "website_id": "a",
        "event_id": event_id,
        "session_id": "A",
        "visitor_id": "V",
        "event_type": "pageview",
        "pathname": f"/{event_id}",
        "timestamp": (START + timedelta(minutes=minutes)).isoformat(),
    }
    return NewEvent(**{**plain, **fields})


def sessions(database, website_id="a"):
    """Session id, minutes from nine to its first and last event, and its number of events."""
    row = AnalyticsSession
    rows = select(row).where(row.website_id == website_id).order_by(row.session_id, row.started_at)
    with database.read() as session:
        return [
            (
                found.session_id,
                *((at - START) // timedelta(minutes=1) for at in (found.started_at, found.last_activity_at)),
                found.events,
            )
            for found in session.scalars(rows)
        ]


def marked(database):
    """The days that wait for the rollup; they do not wait any more."""
    with database.write() as session:
        days = {tuple(row) for row in session.execute(select(DirtyDay.website_id, DirtyDay.date))}
        session.execute(delete(DirtyDay))
    return days


def minutes(number):
    return START + timedelta(minutes=number)


def test_a_created_event_is_read_as_it_was_given(edits, database):
    given = new(
        "e1",
        event_type="custom_event",
        event_name="signup",
        pathname="/ünï/'; --",
        timestamp="2026-03-02T10:00:00.000007+01:00",
        referrer="google.com/",
        referrer_source="google",
        referrer_medium="search",
        country="DE",
        device_type="mobile",
        browser="Firefox",
        os="Android",
        user_agent="Mozilla/5.0",
        utm_source="newsletter",
        utm_medium="email",
        utm_campaign="spring",
        metadata={"id": 7, "price": 12.5, "name": "Tee, grün", "gift": True, "note": None, "big": 2**63 - 1},
    )
    stored = edits.create(given, **ALL)
    assert stored == StoredEvent(
        **{**given.model_dump(), "timestamp": START + timedelta(microseconds=7)},
        id=stored.id,
        created_at=stored.created_at,
    )
    assert edits.get(stored.id, **ALL) == stored
    assert sessions(database) == [("A", 0, 0, 1)]
    assert marked(database) == {("a", DAY)}
    assert list(verify(database)) == []


def test_time_and_id_are_made_where_they_are_not_given(edits):
    first, second = (edits.create(new(None, timestamp=None), **ALL) for _ in range(2))
    assert first.timestamp == second.timestamp == NOW
    assert len(first.event_id) == 26
    assert first.event_id != second.event_id


def test_a_created_event_joins_two_sessions(edits, database):
    for event in (new("e1"), new("e2", 40)):
        edits.create(event, **ALL)
    assert sessions(database) == [("A", 0, 0, 1), ("A", 40, 40, 1)]
    edits.create(new("e3", 20), **ALL)
    assert sessions(database) == [("A", 0, 40, 3)]


def test_a_deleted_event_leaves_two_sessions_or_none(edits, database):
    first, middle, last = (edits.create(new(f"e{at}", at), **ALL) for at in (0, 20, 40))
    edits.delete(middle.id, **ALL)
    assert sessions(database) == [("A", 0, 0, 1), ("A", 40, 40, 1)]
    edits.delete(first.id, **ALL)
    edits.delete(last.id, **ALL)
    assert sessions(database) == []
    with pytest.raises(NotFoundError, match=f"There is no event {last.id}"):
        edits.get(last.id, **ALL)


def test_an_event_moves_in_time_within_its_session_out_of_it_and_into_another(edits, database):
    for at in (0, 10, 20, 100):
        edits.create(new(f"e{at}", at), **ALL)
    moving = edits.list(EventFilters(end=minutes(11), start=minutes(9)), **ALL).items[0]
    for at, expected in (
        (15, [("A", 0, 20, 3), ("A", 100, 100, 1)]),
        (60, [("A", 0, 20, 2), ("A", 60, 60, 1), ("A", 100, 100, 1)]),
        (130, [("A", 0, 20, 2), ("A", 100, 130, 2)]),
        (-20, [("A", -20, 20, 3), ("A", 100, 100, 1)]),
    ):
        assert edits.update(moving.id, {"timestamp": minutes(at)}, **ALL).timestamp == minutes(at)
        assert sessions(database) == expected
        assert list(verify(database)) == []


def test_an_event_moves_to_another_session_and_website_and_their_days_are_marked(edits, database):
    edits.create(new("e1"), **ALL)
    moving = edits.create(new("e2", 10 * 60), **ALL)  # 19:00 UTC: half past midnight in Kolkata
    marked(database)
    edits.update(moving.id, {"session_id": "B"}, **ALL)
    assert sessions(database) == [("A", 0, 0, 1), ("B", 600, 600, 1)]
    assert marked(database) == {("a", DAY)}
    edits.update(moving.id, {"website_id": "b"}, **ALL)
    assert (sessions(database), sessions(database, "b")) == ([("A", 0, 0, 1)], [("B", 600, 600, 1)])
    assert marked(database) == {("a", DAY), ("b", date(2026, 3, 3))}


def test_the_day_on_which_a_session_began_is_marked_with_the_events_own(edits, database):
    before, after = (edits.create(new(f"e{at}", at, website_id="b"), **ALL) for at in (9 * 60 + 20, 9 * 60 + 40))
    marked(database)
    edits.delete(after.id, **ALL)  # after midnight there, in a session that began before it
    assert marked(database) == {("b", DAY), ("b", date(2026, 3, 3))}
    edits.update(before.id, {"browser": "Firefox"}, **ALL)
    assert marked(database) == {("b", DAY)}


def test_a_session_that_begins_on_another_day_than_before_changes_both(edits, database):
    late, early = 9 * 60 + 40, 9 * 60 + 20  # minutes: around midnight there
    edits.create(new("e1", late, website_id="b"), **ALL)
    marked(database)
    first = edits.create(new("e2", early, website_id="b"), **ALL)
    assert marked(database) == {("b", DAY), ("b", date(2026, 3, 3))}
    edits.delete(first.id, **ALL)
    assert marked(database) == {("b", DAY), ("b", date(2026, 3, 3))}


def test_only_the_fields_given_change(edits, database):
    stored = edits.create(new("e1", browser="Firefox", metadata={"a": 1}), **ALL)
    changed = edits.update(stored.id, {"browser": None, "pathname": "/new"}, **ALL)
    assert changed == stored.model_copy(update={"browser": None, "pathname": "/new"})
    assert edits.update(stored.id, {}, **ALL) == changed
    with database.read() as session:
        assert session.scalars(select(AnalyticsSession.entry_page)).all() == ["/new"]


def test_a_session_whose_end_stays_is_not_opened_again(edits, database):
    first = edits.create(new("e1"), **ALL)
    last = edits.create(new("e2", 10), **ALL)
    with database.write() as session:
        session.execute(update(AnalyticsSession).values(ended_at=minutes(10)))
        row = session.scalar(select(AnalyticsSession.id))

    def ends():
        with database.read() as session:
            return session.execute(select(AnalyticsSession.id, AnalyticsSession.ended_at)).one()

    edits.update(first.id, {"pathname": "/other"}, **ALL)
    assert ends() == (row, minutes(10))
    edits.delete(last.id, **ALL)
    assert ends() == (row, None)


def test_an_event_id_is_taken_once_per_website(edits):
    taken, other = edits.create(new("e1"), **ALL), edits.create(new("e2"), **ALL)
    with pytest.raises(ConflictError) as caught:
        edits.create(new("e1", 5), **ALL)
    assert str(caught.value) == (
        f"event_id: The website 'a' has an event 'e1' already: number {taken.id}. "
        "Leave the id out to have a new one made."
    )
    with pytest.raises(ConflictError):
        edits.update(other.id, {"event_id": "e1"}, **ALL)
    elsewhere = edits.create(new("e1", website_id="b"), **ALL)
    with pytest.raises(ConflictError):
        edits.update(elsewhere.id, {"website_id": "a"}, **ALL)
    assert edits.get(other.id, **ALL).event_id == "e2"


def test_what_does_not_go_together_is_refused_and_changes_nothing(edits, database):
    stored = edits.create(new("e1"), **ALL)

    def refused(work):
        with pytest.raises(InvalidOptionsError) as caught:
            work()
        return str(caught.value)

    unnamed = "event_name: A custom event needs a name. Say what happened: signup."
    assert refused(lambda: edits.create(new("e2", event_type="custom_event"), **ALL)) == unnamed
    assert refused(lambda: edits.update(stored.id, {"event_type": "custom_event"}, **ALL)) == unnamed
    assert refused(lambda: edits.update(stored.id, {"timestamp": NOW + timedelta(days=2)}, **ALL)) == (
        "timestamp: 2026-06-03T00:00:00+00:00 is still to come."
    )
    assert refused(lambda: edits.create(new("e2", website_id="aa"), **ALL)) == (
        "website_id: There is no website 'aa'. Did you mean 'a'?"
    )
    assert refused(lambda: edits.update(stored.id, {"website_id": "x"}, **ALL)).startswith("website_id: There is no")
    assert edits.list(EventFilters(), **ALL).items == (stored,)


def test_pruned_days_take_no_event(edits, database):
    stored = edits.create(new("e1", 24 * 60), **ALL)
    with database.write() as session:
        session.execute(update(Website).where(Website.id == "a").values(pruned_before=date(2026, 3, 3)))
    for work in (
        lambda: edits.create(new("e2"), **ALL),
        lambda: edits.update(stored.id, {"timestamp": START}, **ALL),
    ):
        with pytest.raises(InvalidOptionsError, match="The days of 'a' before 2026-03-03 are pruned"):
            work()
    assert edits.update(stored.id, {"pathname": "/new"}, **ALL).pathname == "/new"


def test_an_event_that_came_without_a_name_can_be_changed_elsewhere(edits, database):
    with database.write() as session:
        store_events(session, [Event("a", "e1", "A", "V", "custom_event", "/", START)])
    [stored] = edits.list(EventFilters(), **ALL).items
    assert edits.update(stored.id, {"country": "DE"}, **ALL).country == "DE"


def test_a_merchant_sees_and_changes_the_events_of_their_own_websites_alone(edits, database):
    of = {site: edits.create(new("e1", website_id=site), **ALL) for site in "abc"}
    for merchant, site in ((ANNA, "a"), (BOB, "b"), (3, None)):
        page = edits.list(EventFilters(), merchant_id=merchant)
        assert (page.items, page.total) == (((of[site],), 1) if site else ((), 0))
        for other in of.keys() - {site}:
            assert edits.list(EventFilters(website_id=other), merchant_id=merchant).total == 0
            for work in (
                lambda: edits.get(of[other].id, merchant_id=merchant),  # noqa: B023 - called at once
                lambda: edits.update(of[other].id, {"pathname": "/x"}, merchant_id=merchant),  # noqa: B023 - the same
                lambda: edits.delete(of[other].id, merchant_id=merchant),  # noqa: B023 - the same
            ):
                with pytest.raises(NotFoundError):
                    work()
    with pytest.raises(InvalidOptionsError) as caught:
        edits.update(of["a"].id, {"website_id": "b"}, merchant_id=ANNA)
    assert str(caught.value) == "website_id: There is no website 'b'. Known: a."
    with pytest.raises(InvalidOptionsError):
        edits.create(new("e2", website_id="c"), merchant_id=ANNA)
    assert edits.list(EventFilters(), **ALL).total == 3
    assert edits.update(of["a"].id, {"pathname": "/mine"}, merchant_id=ANNA).pathname == "/mine"
    edits.delete(of["a"].id, merchant_id=ANNA)


def test_lists_are_newest_first_stable_and_counted(edits, database):
    rng = Random(2)
    with database.write() as session:
        store_events(
            session,
            [
                Event("a", f"e{n}", f"s{n % 7}", f"v{n % 3}", "pageview", "/", minutes(rng.randrange(40)))
                for n in range(100)
            ],
        )
    pages = [edits.list(EventFilters(), limit=33, offset=at, **ALL) for at in (0, 33, 66, 99, 132)]
    assert [len(page.items) for page in pages] == [33, 33, 33, 1, 0]
    assert {page.total for page in pages} == {100}
    listed = [event for page in pages for event in page.items]
    assert listed == sorted(listed, key=lambda event: (event.timestamp, event.id), reverse=True)

    def filtered(**wanted):
        return edits.list(EventFilters(**wanted), limit=500, **ALL)

    for wanted in ({"visitor_id": "v1"}, {"session_id": "s3"}, {"website_id": "a", "event_type": "pageview"}):
        expected = tuple(
            event for event in listed if all(getattr(event, name) == value for name, value in wanted.items())
        )
        assert filtered(**wanted).items == expected
        assert filtered(**wanted).total == len(expected) > 0
    inside = [event for event in listed if minutes(10) <= event.timestamp < minutes(20)]
    assert list(filtered(start=minutes(10), end=minutes(20)).items) == inside
    assert filtered(website_id="b").total == filtered(event_type="custom_event").total == 0


_RUNS = count()
_EVENING = 8 * 60  # minutes after nine: a hundred before midnight in Kolkata
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "website_id": st.sampled_from("ab"),
        "session_id": st.sampled_from("AB"),
        "event_id": st.integers(0, 12).map("e{}".format),
        "visitor_id": st.sampled_from("VW"),
        "pathname": st.sampled_from(["/x", "/y"]),
        "event_type": st.sampled_from(["pageview", "custom_event"]),
        "timestamp": st.integers(0, 20).map(lambda tens: minutes(_EVENING + tens * 10)),
    },
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), _CHANGES),
        st.tuples(st.just("update"), _CHANGES, st.integers(0, 100)),
        st.tuples(st.just("delete"), st.just({}), st.integers(0, 100)),
    ),
    min_size=3,
    max_size=14,
)


_BOUNDED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


@settings(_BOUNDED, max_examples=10)
@given(_STEPS)
def test_sessions_and_days_are_right_after_any_edits(database, steps):
    edit_and_check(database, steps)


@pytest.mark.slow
@settings(_BOUNDED, max_examples=150)
@given(_STEPS)
def test_sessions_and_days_are_right_after_very_many_edits(database, steps):
    edit_and_check(database, steps)


def edit_and_check(database, steps):
    run = f"_{next(_RUNS)}"
    add_sites(database, run)
    edits = EventEdits(database, lambda: NOW)
    ids = []
    for number, (kind, fields, *which) in enumerate(steps):
        changes = {**fields, "website_id": fields["website_id"] + run} if "website_id" in fields else dict(fields)
        if changes.get("event_type") == "custom_event":
            changes["event_name"] = "signup"
        try:
            if kind == "create":
                given = new(
                    **{"event_id": f"n{number}", "website_id": f"b{run}", "timestamp": minutes(_EVENING), **changes}
                )
                ids.append(edits.create(given, **ALL).id)
            elif ids and kind == "update":
                edits.update(ids[which[0] % len(ids)], changes, **ALL)
            elif ids:
                edits.delete(ids.pop(which[0] % len(ids)), **ALL)
        except ConflictError:
            assert marked(database) == set()
        roll_up_days(database, marked(database), clock=lambda: NOW)
    assert list(verify(database)) == []
    assert reconcile(database, website_ids=[f"a{run}", f"b{run}"]) == []


def test_edits_and_a_writer_at_once_leave_every_session_right(database):
    """Several threads at once on the same few sessions, each with a database of its own as processes have."""
    add_sites(database)
    with database.write() as session:
        store_events(session, [Event("a", f"e{n}", f"s{n % 3}", "V", "pageview", "/", minutes(n)) for n in range(60)])

    def write(own, rng):
        events = [
            Event(
                "a",
                f"w{rng.getrandbits(60)}",
                f"s{rng.randrange(3)}",
                "V",
                "pageview",
                "/",
                minutes(rng.randrange(240)),
            )
            for _ in range(3)
        ]
        events[0] = replace(events[0], session_id="")  # the writer chooses its session
        with own.write() as session:
            store_arrivals(session, list(map(Arrival, events)), writer=f"{rng.random()}")

    def edit(own, rng):
        edits = EventEdits(own, lambda: NOW)
        page = edits.list(EventFilters(), limit=30, offset=rng.randrange(30), **ALL)
        event = rng.choice(page.items)
        with suppress(NotFoundError, ConflictError):  # another thread was first
            if rng.random() < 0.3:
                edits.delete(event.id, **ALL)
            else:
                moved = {"session_id": f"s{rng.randrange(3)}", "timestamp": minutes(rng.randrange(240))}
                edits.update(event.id, moved, **ALL)

    def work(seed):
        rng = Random(seed)
        with Database(database.url) as own:
            for _ in range(12):
                (write if seed % 2 else edit)(own, rng)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert list(verify(database)) == []
