"""What was refused: all of it counted, some of it kept, in bounded memory and bounded tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from ingest import rejections
from ingest.arrivals import Reason, Refusal
from ingest.rejections import Tally, prune, record
from stats_core.database import Database
from stats_core.models import EventRejectionCount, RejectedEvent, Website

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
REFUSAL = Refusal(NINE + timedelta(minutes=5), Reason.INVALID, "site_a", "pathname: too long.", {"payload": {"x": 1}})


@pytest.fixture
def database(database: Database) -> Database:
    with database.write() as session:
        session.add_all(Website(id=name, name=name, domain=f"{name}.example") for name in ("site_a", "site_b"))
    return database


def write(database: Database, *refusals: Refusal) -> None:
    with database.write() as session:
        record(session, refusals)


def counts(database: Database) -> dict[tuple[str, datetime, str], int]:
    table = EventRejectionCount
    with database.read() as session:
        rows = session.execute(select(table.website_id, table.hour, table.reason, table.count))
        return {(website_id, hour, reason): count for website_id, hour, reason, count in rows}


def kept(database: Database) -> list[tuple[Any, ...]]:
    table = RejectedEvent
    columns = (table.received_at, table.website_id, table.reason, table.detail, table.body)
    with database.read() as session:
        return list(map(tuple, session.execute(select(*columns).order_by(table.id))))


def test_refusals_are_counted_by_website_hour_and_reason(database):
    bot = Refusal(NINE, Reason.BOT, "site_a")
    late = replace(bot, received_at=datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC) - timedelta(hours=1))
    write(database, bot, bot, late, replace(bot, website_id="site_b"), replace(bot, reason=Reason.SPAM))
    write(database, bot)
    assert counts(database) == {
        ("site_a", NINE, "bot"): 3,
        ("site_a", NINE + timedelta(hours=1), "bot"): 1,
        ("site_b", NINE, "bot"): 1,
        ("site_a", NINE, "spam"): 1,
    }
    assert kept(database) == []


def test_hours_are_hours_of_utc(database):
    kolkata = NINE.astimezone(ZoneInfo("Asia/Kolkata"))
    write(database, Refusal(kolkata, Reason.BOT), Refusal(kolkata - timedelta(minutes=1), Reason.BOT))
    assert counts(database) == {("", NINE, "bot"): 1, ("", NINE - timedelta(hours=1), "bot"): 1}


def test_nothing_refused_writes_nothing(database):
    write(database)
    assert (counts(database), kept(database)) == ({}, [])


def test_a_body_is_kept_with_what_was_wrong(database):
    write(database, REFUSAL, replace(REFUSAL, detail=None, body={"payload": ["ü", None, 1.5]}))
    assert kept(database) == [
        (REFUSAL.received_at, "site_a", "invalid", "pathname: too long.", {"payload": {"x": 1}}),
        (REFUSAL.received_at, "site_a", "invalid", None, {"payload": ["ü", None, 1.5]}),
    ]


def test_websites_that_we_do_not_know_are_counted_as_one(database):
    names = ["", "site_c", "x" * 10_000, "\0", "\ud800", "'; DROP TABLE website; --"]
    write(database, *(replace(REFUSAL, website_id=name) for name in names))
    assert counts(database) == {("", NINE, "invalid"): 6}
    assert {website_id for _, website_id, *_ in kept(database)} == {None}


@pytest.mark.parametrize(
    "body",
    [{"x": "y" * 4_096}, {"x": float("nan")}, {"x": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": "ü" * 2_048}],
    ids=["too long", "no JSON number", "no JSON", "too long in bytes"],
)
def test_of_a_body_that_cannot_be_kept_the_rest_is(database, body):
    write(database, replace(REFUSAL, body=body))
    assert kept(database) == [(REFUSAL.received_at, "site_a", "invalid", "pathname: too long.", None)]


def test_a_body_of_just_the_longest_length_is_kept(database):
    body = {"x": "y" * (rejections.LARGEST - len('{"x":""}'))}
    write(database, replace(REFUSAL, body=body))
    assert kept(database)[0][-1] == body


def test_text_that_a_database_cannot_hold_is_replaced(database):
    write(database, replace(REFUSAL, detail="a\0b\ud800", body={"payload": "a\0b\ud800", "back\\u0000slash": 1}))
    *_, detail, body = kept(database)[0]
    assert (detail, body["payload"]) == ("a\ufffdb?", "a\ufffdb?")


def test_at_most_a_hundred_bodies_are_kept_per_reason_and_hour(database):
    many = [replace(REFUSAL, website_id=("site_a", "site_b")[number % 2]) for number in range(60)]
    later = [replace(item, received_at=item.received_at + timedelta(hours=1)) for item in many]
    spam = [replace(item, reason=Reason.SPAM) for item in many]
    write(database, *many)
    write(database, *many, *later, *spam)
    write(database, *many)
    assert sum(counts(database).values()) == 5 * 60
    with database.read() as session:
        hours = session.execute(
            select(RejectedEvent.reason, func.min(RejectedEvent.received_at), func.count())
            .group_by(RejectedEvent.reason, RejectedEvent.received_at)
            .order_by(RejectedEvent.reason, RejectedEvent.received_at)
        )
        assert list(map(tuple, hours)) == [
            ("invalid", REFUSAL.received_at, 100),
            ("invalid", later[0].received_at, 60),
            ("spam", REFUSAL.received_at, 60),
        ]


def test_processes_at_once_lose_no_count_and_keep_no_more(database):
    def write_some(seed: int) -> None:
        for _ in range(6):
            sites = ("site_a", "site_b") if seed % 2 else ("site_b", "site_a")
            write(database, *(replace(REFUSAL, website_id=site) for site in sites * 5))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_some, range(4)))
    assert counts(database) == {("site_a", NINE, "invalid"): 120, ("site_b", NINE, "invalid"): 120}
    assert len(kept(database)) == 100


def test_bodies_are_deleted_after_a_week_and_counts_stay(database):
    old = replace(REFUSAL, received_at=REFUSAL.received_at - rejections.KEPT - timedelta(seconds=1))
    write(database, REFUSAL, old, old)
    assert prune(database, before=REFUSAL.received_at - rejections.KEPT) == 2
    assert [received_at for received_at, *_ in kept(database)] == [REFUSAL.received_at]
    assert sum(counts(database).values()) == 3


def test_a_tally_stays_small_whatever_comes():
    tally = Tally(replace(REFUSAL, website_id=f"site_{number}") for number in range(30_000))
    assert tally.counts.total() == 30_000
    assert len(tally.counts) == rejections.MOST_COUNTS + 1
    assert len(tally.kept) == rejections.BODIES
    for hour in range(1, 40):
        for _ in range(200):
            tally.add(replace(REFUSAL, received_at=NINE + timedelta(hours=hour)))
    assert len(tally.kept) == rejections.MOST_BODIES


def test_tallies_are_merged_with_or_without_their_bodies():
    tally, other = Tally([REFUSAL] * 70), Tally([REFUSAL] * 70)
    tally.merge(other)
    assert (tally.counts.total(), len(tally.kept)) == (140, 100)
    empty = Tally()
    assert not empty
    empty.merge(other, bodies=False)
    assert (bool(empty), empty.counts, empty.kept) == (True, other.counts, [])
