"""`workbench rejected list` and `replay`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ingest.arrivals import Arrival, Reason, Refusal, pack
from ingest.rejections import record
from stats_core.models import AnalyticsEvent
from stats_core.traffic.sessions import Event
from stats_core.traffic.websites import add_website


@pytest.fixture
def refused(database):
    """Two events of a website that is not there, and a body that is no event."""
    now = datetime.now(UTC)
    add_website(database, "example.com", website_id="site_a")
    bodies = [
        {"arrival": pack(Arrival(Event("late", f"e{number}", "S", "V", "pageview", "/[b]", now - timedelta(hours=1))))}
        for number in range(2)
    ]
    refusals = [
        Refusal(now, Reason.UNKNOWN_WEBSITE, detail="There is no website of this id.", body=body) for body in bodies
    ]
    refusals.append(Refusal(now, Reason.INVALID, "site_a", "pathname: missing.", {"payload": {"website_id": "site_a"}}))
    refusals.append(Refusal(now, Reason.BOT, "site_a"))
    with database.write() as session:
        record(session, refusals)
    return database


def test_refused_events_are_counted_and_shown(workbench, refused):
    answer = workbench("rejected", "list", "--database", refused.url)
    assert answer.code == 0
    counts, bodies = answer.out.split("\n\n")
    words = [line.split() for line in counts.splitlines()[1:]]
    assert [row[:4] for row in words] == [
        ["unknown_website", "(unknown)", "2", "2"],
        ["bot", "site_a", "1", "1"],
        ["invalid", "site_a", "1", "1"],
    ]
    assert ["pathname: missing." in line for line in bodies.splitlines()[1:]] == [True, False, False]
    assert "workbench rejected replay" in answer.err


def test_as_json_events_are_whole(workbench, refused):
    options = ("--reason", "unknown_website", "--limit", 1, "--json")
    document = json.loads(workbench("rejected", "list", *options, "--database", refused.url).out)
    assert [(count["reason"], count["last_week"]) for count in document["counts"]] == [("unknown_website", 2)]
    (event,) = document["events"]
    assert (event["website_id"], event["detail"]) == ("late", "There is no website of this id.")
    assert event["body"]["arrival"]["pathname"] == "/[b]"


def test_a_replay_says_what_became_of_what(workbench, refused):
    add_website(refused, "late.example", website_id="late")
    planned = workbench("rejected", "replay", "--dry-run", "--database", refused.url)
    assert planned.out == "would be replayed: 2\nthere already: 0\nrefused still, invalid: 1\n"
    done = workbench("rejected", "replay", "--database", refused.url)
    assert (done.code, done.out) == (0, "replayed: 2\nthere already: 0\nrefused still, invalid: 1\n")
    assert "workbench rollup --dirty" in done.err
    with refused.read() as session:
        assert session.scalar(select(func.count(AnalyticsEvent.id))) == 2
    assert workbench("rollup", "--dirty", "--database", refused.url).code == 0
    assert workbench("reconcile", "--database", refused.url).code == 0


def test_one_website_is_replayed_alone(workbench, refused):
    add_website(refused, "late.example", website_id="late")
    assert workbench("rejected", "replay", "--website", "site_a", "--database", refused.url).out.startswith(
        "replayed: 0"
    )
    assert workbench("rejected", "replay", "--website", "late", "--database", refused.url).out.startswith("replayed: 2")


def test_where_nothing_was_refused_that_is_said(workbench, sqlite_database):
    answer = workbench("rejected", "list", "--database", sqlite_database.url)
    assert (answer.code, answer.err) == (0, "Nothing was refused in the last 7 days.\n")


@pytest.mark.parametrize("command", ["list", "replay"])
@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--reason", "foreign_host"), "No reason named 'foreign_host'. Did you mean 'foreign_hostname'?"),
        (("--website", "site_b"), "There is no website 'site_b'. Did you mean 'site_a'?"),
    ],
)
def test_reasons_and_websites_that_are_not_there_are_refused(workbench, sqlite_database, command, option, said):
    add_website(sqlite_database, "example.com", website_id="site_a")
    answer = workbench("rejected", command, *option, "--database", sqlite_database.url)
    assert (answer.code, answer.out, said in answer.err) == (2, "", True)
