"""`/admin/analytics-events` over both engines."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from ingest.store import store_events, verify
from stats_core.models import AnalyticsSession, DirtyDay, Website
from stats_core.traffic.sessions import Event

EVENTS = "/admin/analytics-events"
JSON = {"content-type": "application/json"}
EVENT = {
    "website_id": "a",
    "event_type": "pageview",
    "pathname": "/",
    "visitor_id": "V",
    "session_id": "S",
    "timestamp": "2026-03-02T09:00:00Z",
}
NAMES = {"event_name", "referrer", "referrer_source", "referrer_medium", "user_agent", "browser", "os", "device_type"}
EMPTY = dict.fromkeys(NAMES | {"country", "utm_source", "utm_medium", "utm_campaign"})


def create(client, **fields):
    answer = client.post(EVENTS, json={**EVENT, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def paths(answer):
    assert answer.status_code == 422, answer.text
    return [fault["path"] for fault in answer.json()["errors"]]


def test_an_event_is_created_read_changed_and_taken_away(client, bench):
    answer = client.post(EVENTS, json={**EVENT, "event_id": "e1", "metadata": {"price": 1.5}})
    created = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{EVENTS}/{created['id']}")
    assert created == {
        **EVENT,
        **EMPTY,
        "id": created["id"],
        "event_id": "e1",
        "metadata": {"price": 1.5},
        "created_at": created["created_at"],
    }
    one = f"{EVENTS}/{created['id']}"
    assert client.get(one).json() == created

    answer = client.put(one, json={"timestamp": "2026-03-02T10:30:00.000001+01:00", "country": "DE"})
    changed = {**created, "timestamp": "2026-03-02T09:30:00.000001Z", "country": "DE"}
    assert (answer.status_code, answer.json()) == (200, changed)
    assert client.put(one, json={}).json() == client.get(one).json() == changed
    assert list(verify(bench.database)) == []

    answer = client.delete(one)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (client.get(one), client.put(one, json={}), client.delete(one)):
        assert gone.status_code == 404
        assert gone.json() == {"errors": [{"message": f"There is no event {created['id']}."}]}
    with bench.database.read() as session:
        assert session.scalars(select(AnalyticsSession)).all() == []
        assert [row.date.isoformat() for row in session.scalars(select(DirtyDay))] == ["2026-03-02"]


def test_a_number_that_no_event_has_is_no_bug(client):
    missing, impossible = ("1", str(2**63 - 1)), (str(2**63), "9" * 5_000, "0", "-1", "x", "1.5", "%00", "%ff", "1%3B")
    for number in (*missing, *impossible):
        one, status = f"{EVENTS}/{number}", 404 if number in missing else 422
        assert client.get(one).status_code == status
        assert client.put(one, json={}).status_code == status
        assert client.delete(one).status_code == status


IMPOSSIBLE = [
    ("pathname", "/\x00"),
    ("pathname", "/\ud800"),
    ("pathname", "no slash"),
    ("pathname", "/" + "é" * 1_024),
    ("pathname", None),
    ("visitor_id", ""),
    ("visitor_id", "\x00"),
    ("visitor_id", 7),
    ("session_id", "x" * 129),
    ("website_id", "\udfff"),
    ("event_name", "x" * 121),
    ("event_type", "click"),
    ("country", "Germany"),
    ("country", "de"),
    ("device_type", "watch"),
    ("referrer_medium", "fax"),
    ("metadata", {"a": {"b": 1}}),
    ("metadata", {"a": "\x00"}),
    ("metadata", {"\x00": 1}),
    ("metadata", {"a": 2**63}),
    ("metadata", []),
    ("timestamp", "2026-03-02T09:00:00"),
    ("timestamp", "2026-03-02"),
    ("timestamp", "0001-01-01T00:00:00+14:00"),
    ("timestamp", "9999-12-31T23:59:59-14:00"),
    ("timestamp", "2026-06-03T00:00:00Z"),
    ("timestamp", 1_772_442_000),
    ("timestamp", "1772442000"),
    ("timestamp", True),
]


def test_a_value_that_cannot_be_is_refused_with_its_path(client):
    one = f"{EVENTS}/{create(client)['id']}"
    for name, value in IMPOSSIBLE:
        # As bytes: the client would not send lone surrogates.
        for method, path, document in (("POST", EVENTS, {**EVENT, name: value}), ("PUT", one, {name: value})):
            answer = client.request(method, path, content=json.dumps(document), headers=JSON)
            assert paths(answer) == [name], (name, value)
    assert client.get(EVENTS).json()["total"] == 1


def test_a_naive_moment_is_told_how_to_say_its_zone(sqlite_client):
    [fault] = sqlite_client.post(EVENTS, json={**EVENT, "timestamp": "2026-03-02T09:00:00"}).json()["errors"]
    assert fault == {
        "path": "timestamp",
        "message": "This moment has no time zone, so it does not say when it was.",
        "hint": "Write it like 2026-03-01T09:30:00Z or 2026-03-01T10:30:00+01:00 (in an address, + is %2B).",
    }


def test_hostile_text_that_can_be_stored_comes_back_as_it_was(client):
    naughty = "\u202e\u0001'\"; DROP TABLE--<script>\U0001f4a9\ufffe{{x}}"
    created = create(client, browser=naughty, metadata={naughty[:60]: naughty, "n": 5e-324, "m": -(2**63) + 1})
    assert (created["browser"], created["metadata"]) == (
        naughty,
        {naughty[:60]: naughty, "n": 5e-324, "m": -(2**63) + 1},
    )
    assert client.get(f"{EVENTS}/{created['id']}").json() == created


def test_an_event_id_that_is_taken_is_a_conflict(client):
    create(client, event_id="e1")
    other = create(client, event_id="e2")
    for answer in (
        client.post(EVENTS, json={**EVENT, "event_id": "e1"}),
        client.put(f"{EVENTS}/{other['id']}", json={"event_id": "e1"}),
    ):
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["path"] == "event_id"


def test_a_list_is_filtered_counted_and_comes_in_parts(client, bench):
    start = bench.clock() - timedelta(days=10)
    with bench.database.write() as session:
        events = [
            Event(
                website_id="ab"[n % 2],
                event_id=f"e{n}",
                session_id=f"s{n % 5}",
                visitor_id=f"v{n % 3}",
                event_type="custom_event" if n % 4 == 0 else "pageview",
                event_name="signup",
                pathname="/",
                timestamp=start + timedelta(hours=n),
            )
            for n in range(60)
        ]
        store_events(session, events)

    def listed(**query):
        answer = client.get(EVENTS, params=query)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        return (
            [int(item["event_id"][1:]) for item in document["items"]],
            document["total"],
            document["limit"],
            document["offset"],
        )

    def wanted(condition):
        found = [n for n in reversed(range(60)) if condition(n)]
        return found[:50], len(found), 50, 0

    assert listed() == wanted(lambda _: True)
    assert listed(limit=7, offset=55) == ([4, 3, 2, 1, 0], 60, 7, 55)
    assert listed(limit=500, offset=10**12) == ([], 60, 500, 10**12)
    assert listed(website_id="b") == wanted(lambda n: n % 2)
    assert listed(event_type="custom_event") == wanted(lambda n: n % 4 == 0)
    assert listed(visitor_id="v1", session_id="s2") == wanted(lambda n: n % 3 == 1 and n % 5 == 2)
    assert listed(visitor_id="'; --") == ([], 0, 50, 0)
    # The first event is of May 22, noon.
    assert listed(**{"from": "2026-05-23", "to": "2026-05-23"}) == wanted(lambda n: 12 <= n < 36)
    assert listed(**{"from": "2026-05-23T01:00:00+02:00", "to": "2026-05-23T02:00:00Z"}) == wanted(
        lambda n: 11 <= n < 14
    )
    assert listed(**{"from": "2026-05-24", "to": "2026-05-22"}) == ([], 0, 50, 0)


UNASKABLE = [
    {"limit": 0},
    {"limit": 501},
    {"limit": "x"},
    {"offset": -1},
    {"offset": 2**63},
    {"from": "2026-05-23T01:00:00"},
    {"from": "2026-02-30"},
    {"to": "9999-12-31"},
    {"to": "0001-01-01T00:00:00+14:00"},
    {"to": "yesterday"},
    {"event_type": "click"},
    {"website_id": "\x00"},
    {"visitor_id": ""},
]


def test_a_filter_that_cannot_be_is_refused_with_its_name(client):
    for query in UNASKABLE:
        assert paths(client.get(EVENTS, params=query)) == list(query), query


def test_a_merchants_token_sees_and_changes_their_own_websites_alone(bench, client_of):
    platform, anna, bob, nobody = (client_of(bench, merchant=number) for number in (None, 1, 2, None))
    of = {site: create(platform, website_id=site) for site in "abc"}
    for client, own in ((anna, "a"), (bob, "b")):
        assert client.get(EVENTS).json()["items"] == [of[own]]
        assert client.get(EVENTS).json()["total"] == 1
        for other in of.keys() - {own}:
            one = f"{EVENTS}/{of[other]['id']}"
            assert client.get(EVENTS, params={"website_id": other}).json()["total"] == 0
            for answer in (client.get(one), client.put(one, json={"pathname": "/x"}), client.delete(one)):
                assert (answer.status_code, answer.json()) == (
                    404,
                    {"errors": [{"message": f"There is no event {of[other]['id']}."}]},
                )
            [fault] = client.post(EVENTS, json={**EVENT, "website_id": other}).json()["errors"]
            assert fault == {
                "path": "website_id",
                "message": f"There is no website '{other}'.",
                "hint": f"Known: {own}.",
            }
            assert paths(client.put(f"{EVENTS}/{of[own]['id']}", json={"website_id": other})) == ["website_id"]
    assert nobody.get(EVENTS).json()["total"] == 3
    assert create(anna)["website_id"] == "a"


def test_a_website_that_changes_hands_takes_its_events_along(bench, client_of):
    anna, bob = client_of(bench, merchant=1), client_of(bench, merchant=2)
    create(anna)
    with bench.database.write() as session:
        session.get(Website, "a").store_id = 2
    assert (anna.get(EVENTS).json()["total"], bob.get(EVENTS).json()["total"]) == (0, 1)
    with bench.database.write() as session:
        session.get(Website, "a").store_id = None
    assert (anna.get(EVENTS).json()["total"], bob.get(EVENTS).json()["total"]) == (0, 0)
