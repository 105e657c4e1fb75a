"""After a run with known addresses, agents and ids, none of them is found anywhere: tables, files, logs."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import ExitStack

import pytest
from sqlalchemy import MetaData, select

from ingest.arrivals import Reason
from ingest.intake import Intake
from stats_core.database import Database
from stats_core.models import RejectedEvent

DIRECT, FORWARDED, FORWARDED_6 = "203.0.113.77", "198.51.100.88", "2001:db8:77:88::99"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 PrivateMark/77"
BOT = "PrivateCrawler/88 (+https://crawler.example)"
VISITOR, SESSION = "raw-visitor-4711", "raw-session-4712"
QUERY, EMAIL = "token=private-4713", "private-4714@example.com"
RAW = (  # the session's id is stored as it comes, but not with what is refused
    DIRECT,
    FORWARDED,
    FORWARDED_6,
    "2001:db8:77:88",
    "PrivateMark",
    "PrivateCrawler",
    VISITOR,
    "private-471",
)
HASHED = tuple(
    hashlib.new(kind, text.encode()).hexdigest()
    for kind in ("md5", "sha1", "sha256", "blake2b")
    for text in (DIRECT, FORWARDED, FORWARDED_6, VISITOR)
)
GIVEN = {"visitor_id": VISITOR, "session_id": SESSION, "query": QUERY, "email": EMAIL, "address": DIRECT}
KINDS = {
    "good": {},
    "without ids": {"visitor_id": None, "session_id": None},
    "with its query in the path": {"pathname": f"https://me:pw@example.com/a?{QUERY}"},
    "invalid": {"event_type": "click", "pathname": f"/a?{QUERY}", "referrer": f"https://a.example/?{QUERY}"},
    "invalid ids": {"visitor_id": [VISITOR], "session_id": {"raw": SESSION}},
    "invalid metadata": {"metadata": {"a": {"b": VISITOR}}},
    "unknown website": {"website_id": "nobody"},
    "unknown website and invalid": {"website_id": "nobody", "event_type": "click"},
    "foreign hostname": {"website_id": "site_l", "hostname": "evil.example"},
    "spam": {"referrer": f"https://semalt.com/?{QUERY}"},
}


def send_everything(visitor) -> int:
    """Every kind of event, directly and through the proxy, and faulty bodies."""
    ways = [{}, {"x-forwarded-for": FORWARDED}, {"x-forwarded-for": FORWARDED_6}, {"forwarded": f"for={FORWARDED}"}]
    for way in ways:
        for given in KINDS.values():
            visitor.track(**{**GIVEN, **given}, headers={"user-agent": AGENT, **way})
        visitor.track(**GIVEN, headers={"user-agent": BOT, **way})
        visitor.track(**GIVEN, headers={"user-agent": AGENT, "dnt": "1", **way})
        visitor.post("/web/analytics/track", content=json.dumps(GIVEN)[:-5], headers={"user-agent": AGENT, **way})
        visitor.post("/web/analytics/track", content=json.dumps(GIVEN).ljust(20_000), headers={"user-agent": AGENT})
    return len(ways) * (len(KINDS) + 4)


def table_texts(database):
    """All values of all tables, as text."""
    with database.read() as session:
        found = MetaData()
        found.reflect(session.connection())
        for table in found.sorted_tables:
            for row in session.execute(select(table)).all():
                yield from map(str, row)


def bodies(database):
    """What is kept of refused events, as text."""
    with database.read() as session:
        kept = [json.dumps(body) for body in session.scalars(select(RejectedEvent.body))]
    assert kept
    return kept


def file_contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def assert_nowhere(texts):
    text = "\n".join(texts).lower()
    assert text
    assert [raw for raw in (*RAW, *HASHED) if raw.lower() in text] == []


@pytest.fixture
def logs(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def test_no_address_no_agent_and_no_raw_id_reaches_tables_files_or_logs(event_app, tmp_path, logs):
    event_app.add_website("site_l", "example.com", allowed=("shop.example.com",))
    sent = 0
    with event_app.running(address=DIRECT) as visitor:
        sent += send_everything(visitor)
    with event_app.running(address="10.0.0.1", trusted_proxies=["10.0.0.0/8"], rate_limit_client=5) as visitor:
        sent += send_everything(visitor)
    event_app.database.close()  # SQLite's log goes into its file
    assert len(event_app.events()) + sum(event_app.refused().values()) == sent
    assert {reason for _, reason in event_app.refused()} == {*Reason} - {"website_rate_limit", "unstorable"}
    assert_nowhere(table_texts(event_app.database))
    assert not [text for text in bodies(event_app.database) if SESSION in text]
    assert_nowhere(content.decode("latin-1") for content in file_contents(tmp_path).values())
    assert_nowhere(record.getMessage() + str(record.args) + str(record.exc_info) for record in logs.records)


def test_not_in_the_spool_either(postgresql, postgresql_template, tmp_path, logs, event_app_over):
    with ExitStack() as there_is_a_database:
        database = Database(there_is_a_database.enter_context(postgresql.database(template=postgresql_template)))
        with event_app_over(database).running(address=DIRECT) as visitor:
            database.close()
            there_is_a_database.close()
            send_everything(visitor)
    spooled = file_contents(tmp_path / "home" / "spool")
    assert sum(content.count(b"\n") for content in spooled.values()) >= 8
    assert_nowhere(content.decode("latin-1") for content in file_contents(tmp_path).values())
    assert_nowhere(record.getMessage() + str(record.args) + str(record.exc_info) for record in logs.records)


def test_a_fault_of_ours_tells_nothing_either(sqlite_event_app, monkeypatch, logs):
    async def break_down(self, body, peer, headers):
        raise ValueError(peer, headers, body)

    monkeypatch.setattr(Intake, "take", break_down)
    with sqlite_event_app.running(address=DIRECT) as visitor:
        visitor.track(**GIVEN, headers={"user-agent": AGENT})
    assert "ValueError at " in logs.text
    assert_nowhere(logs.text.splitlines())
