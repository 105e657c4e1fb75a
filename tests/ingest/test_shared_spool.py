"""Several processes that share a spool, some of them killed: whatever one of them has answered for is stored once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ingest.store import verify
from ingest.writer import EventWriter, Pace
from stats_core.database import Database
from stats_core.models import AnalyticsEvent, Website

PROGRAM = Path(__file__).with_name("programs") / "store_events.py"
EACH = 100_000  # events of a process at most: it is killed before
ROUNDS = 3


@contextmanager
def stuck(database: Database) -> Iterator[None]:
    """Another process has the database locked, so that events go to the spool."""
    with Database(database.url) as other, other.write() as session:
        if database.dialect == "postgresql":
            session.execute(text("LOCK TABLE analytics_event IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spool"


@pytest.mark.slow
def test_processes_that_share_a_spool_lose_nothing_when_some_are_killed(database, folder, under_load):
    with database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    firsts = count(0, EACH)

    def started():
        first = next(firsts)
        program = under_load(PROGRAM, database.url, folder, 5, first, first + EACH)
        program.begin()
        return program

    ended, living = [], [started(), started()]
    for _ in range(ROUNDS):
        with stuck(database):
            living.append(started())
            for one in living:
                one.read(64)
            ended.append(living.pop(0))
            ended[-1].kill()  # what it has in the spool is for the others
        for one in living:
            one.read(200)  # they store it, while they answer for what is new
        ended.append(living.pop(0))
        ended[-1].kill()  # perhaps in the middle of a file
        living.append(started())
    for one in living:
        one.kill()
    outcomes = [line.split() for one in (*ended, *living) for line in one.answered]
    assert {outcome for _, outcome in outcomes} == {"stored", "spooled"}

    with EventWriter(database, folder, pace=Pace(rescan_s=0.05)):
        eventually_empty(folder)
    with database.read() as session:
        stored = list(session.scalars(select(AnalyticsEvent.event_id)))
    assert len(stored) == len(set(stored))
    assert {event_id for event_id, _ in outcomes} - set(stored) == set()
    assert list(verify(database)) == []


def eventually_empty(folder: Path) -> None:
    for _ in range(600):
        if not any(folder.iterdir()):
            return
        threading.Event().wait(0.05)
    pytest.fail(f"left in the spool: {sorted(path.name for path in folder.iterdir())}")
