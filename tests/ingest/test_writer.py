"""The writer's promise: what it has answered for is stored once, with its session, whatever happens to the database."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, select, text
from sqlalchemy.engine import make_url

from ingest.arrivals import Arrival, Reason, Refusal
from ingest.spool import Spool
from ingest.store import verify
from ingest.writer import EventWriter, NowhereToStoreError, Outcome, Pace
from stats_core.database import Database
from stats_core.models import AnalyticsEvent, DirtyDay, EventRejectionCount, RejectedEvent, Website
from stats_core.traffic.sessions import Event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUICK = Pace(
    patience_s=0.2, full_s=0.05, check_s=0.01, spool_s=0.001, room_s=0.001,
    retry_s=0.01, longest_retry_s=0.05, refusals_s=0.01, rescan_s=0.05,
)  # fmt: skip
CALM = replace(QUICK, patience_s=30, full_s=30)  # for tests on a busy machine, where nothing is to be hurried

STORED, DUPLICATE, SPOOLED, REFUSED = Outcome.STORED, Outcome.DUPLICATE, Outcome.SPOOLED, Outcome.REFUSED


def arrival(event_id: str, minutes: float = 0, **fields) -> Arrival:
    """A pageview of session A, so many minutes after nine."""
    plain = Event(
        website_id="site_a",
        event_id=event_id,
        session_id="A",
        visitor_id="V",
        event_type="pageview",
        pathname=f"/{event_id}",
        timestamp=START + timedelta(minutes=minutes),
    )
    return Arrival(replace(plain, **fields))


def arrivals(number: int, prefix: str = "e") -> list[Arrival]:
    return [arrival(f"{prefix}{n}", n, session_id=f"s{n % 7}") for n in range(number)]


@pytest.fixture
def database(database: Database) -> Database:
    with database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    return database


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def open_writer(database: Database, spool_folder: Path, clock) -> Iterator[Callable[..., EventWriter]]:
    """Starts writers, which are closed when the test ends."""
    opened = []

    def open_one(**options) -> EventWriter:
        opened.append(EventWriter(database, spool_folder, **{"clock": clock, "pace": CALM, **options}))
        opened[-1].start()
        return opened[-1]

    yield open_one
    for writer in opened:
        writer.close()


def store(writer: EventWriter, *given: Arrival) -> list[Outcome]:
    """Store them at once, each by a caller of its own."""

    async def store_all() -> list[Outcome]:
        return list(await asyncio.gather(*(writer.store(one) for one in given)))

    return asyncio.run(store_all())


def event_ids(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.scalars(select(AnalyticsEvent.event_id)))


def ids(given: list[Arrival]) -> Counter[str]:
    return Counter(one.event.event_id for one in given)


def refused(database: Database) -> dict[tuple[str, str], int]:
    table = EventRejectionCount
    with database.read() as session:
        rows = session.execute(select(table.website_id, table.reason, table.count))
        return {(website_id, reason): count for website_id, reason, count in rows}


def kept(database: Database) -> list[tuple[str, str, object]]:
    table = RejectedEvent
    with database.read() as session:
        return list(map(tuple, session.execute(select(table.reason, table.detail, table.body).order_by(table.id))))


def eventually(holds: Callable[[], bool], within_s: float = 30) -> None:
    """Wait until another thread has brought it about."""
    give_up = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        threading.Event().wait(0.005)


@contextmanager
def away(database: Database) -> Iterator[None]:
    """The database answers, and cannot store events."""
    rename(database, "analytics_event", "elsewhere")
    yield
    rename(database, "elsewhere", "analytics_event")


def rename(database: Database, name: str, new_name: str) -> None:
    with database.write() as session:
        session.execute(text(f"ALTER TABLE {name} RENAME TO {new_name}"))


@contextmanager
def stuck(database: Database) -> Iterator[None]:
    """Another process has the database locked: statements wait."""
    with Database(database.url) as other, other.write() as session:
        if database.dialect == "postgresql":
            session.execute(text("LOCK TABLE analytics_event IN ACCESS EXCLUSIVE MODE"))
        yield


def spooled(folder: Path) -> list[str]:
    """The ids that lie in the spool."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        with suppress(FileNotFoundError):  # deleted meanwhile
            found += [line.partition('"event_id": "')[2].partition('"')[0] for line in file.read_text().splitlines()]
    return found


def is_back(writer: EventWriter, folder: Path) -> bool:
    """Whether the writer has stored what the spool held and gives events to the database again."""
    return not spooled(folder) and not writer._away.is_set()


# The ordinary way.


def test_an_event_that_is_answered_for_is_stored_with_its_session_and_its_day_is_marked(open_writer, database):
    assert store(open_writer(), arrival("e1")) == [STORED]
    assert event_ids(database) == {"e1": 1}
    assert list(verify(database)) == []
    with database.read() as session:
        assert session.scalars(select(DirtyDay.date)).all() == [START.date()]


def test_an_event_that_comes_again_is_a_duplicate(open_writer, database):
    writer = open_writer()
    assert store(writer, arrival("e1")) == [STORED]
    assert store(writer, arrival("e1"), arrival("e2"), arrival("e2")) == [DUPLICATE, STORED, DUPLICATE]
    assert event_ids(database) == {"e1": 1, "e2": 1}


def test_what_arrives_during_a_commit_is_committed_together(open_writer, database):
    commits = []
    event.listen(database.write_engine, "commit", commits.append)
    given = arrivals(500)
    assert store(open_writer(), *given) == [STORED] * 500
    assert len(commits) < 20
    assert list(verify(database)) == []


def test_a_batch_is_no_larger_than_it_may_be(open_writer, database):
    commits = []
    event.listen(database.write_engine, "commit", commits.append)
    store(open_writer(batch=10), *arrivals(100))
    assert len(commits) >= 10


def test_callers_of_any_thread_and_loop_are_answered(open_writer, database):
    writer = open_writer()
    given = arrivals(300)
    with ThreadPoolExecutor(3) as pool:
        loops = [pool.submit(store, writer, *given[part:200:2]) for part in range(2)]
        futures = [writer.store_soon(one) for one in given[200:]]
        assert [future.result(30) for future in futures] == [STORED] * 100
        assert [len(done.result()) for done in loops] == [100, 100]
    assert event_ids(database) == ids(given)


def test_a_caller_that_gives_up_leaves_its_event_to_be_stored(open_writer, database):
    writer = open_writer()

    async def give_up() -> None:
        waiting = asyncio.create_task(writer.store(arrival("e1")))
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert await writer.store(arrival("e2")) == STORED

    asyncio.run(give_up())
    assert event_ids(database) == {"e1": 1, "e2": 1}


def test_a_caller_whose_loop_is_gone_is_nobodys_trouble(open_writer, database):
    writer = open_writer()
    loop = asyncio.new_event_loop()
    with stuck(database):
        waiting = loop.create_task(writer.store(arrival("e1")))
        loop.run_until_complete(asyncio.sleep(0))
        waiting.cancel()
        loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
        loop.close()
    assert store(writer, arrival("e2")) == [STORED]
    assert event_ids(database) == {"e1": 1, "e2": 1}


def test_callers_of_a_full_queue_wait_until_there_is_room(open_writer, database):
    given = arrivals(200)
    writer = open_writer(capacity=3, batch=2)
    assert store(writer, *given[:100]) == [STORED] * 100
    assert [writer.store_soon(one).result(30) for one in given[100:]] == [STORED] * 100
    assert event_ids(database) == ids(given)


# What can never be stored.

UNSTORABLE = {
    "a broken constraint": arrival("bad", country="DEU"),
    "a value of no column's type": arrival("bad", pathname=object()),
    "no text": arrival("bad", pathname="/\ud800"),
    "no JSON": arrival("bad", metadata={"at": START}),
    "no JSON number": arrival("bad", metadata={"price": float("nan")}),
    "no time zone": arrival("bad", timestamp=datetime(2026, 3, 2)),  # noqa: DTZ001 - that is what is wrong
    "no time": arrival("bad", timestamp=None),
    "no path": arrival("bad", pathname=None),
    "a session id of no type": arrival("bad", session_id=object()),
    "no event id": arrival(None),
    "no visitor": arrival("bad", visitor_id=None, session_id=""),
}


@pytest.mark.parametrize("bad", UNSTORABLE.values(), ids=UNSTORABLE)
def test_one_event_that_cannot_be_stored_keeps_no_other_from_it(open_writer, database, bad):
    writer = open_writer()
    given = arrivals(20)
    assert store(writer, *given[:10], bad, *given[10:]) == [STORED] * 10 + [REFUSED] + [STORED] * 10
    assert store(writer, bad) == [REFUSED]
    assert event_ids(database) == ids(given)
    assert list(verify(database)) == []
    writer.close()
    assert refused(database) == {("site_a", "unstorable"): 2}
    assert all(detail.startswith("It cannot be stored: ") for _, detail, _ in kept(database))


@pytest.mark.parametrize(
    "fields",
    [
        {"pathname": "/\0"},
        {"metadata": {"name": "\0"}},
        {"pathname": "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2_048))},  # too long for an index
    ],
    ids=["NUL in a text", "NUL in a document", "a path that no index takes"],
)
def test_what_postgresql_cannot_hold_is_refused(postgresql_database, spool_folder, clock, fields):
    with postgresql_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    with EventWriter(postgresql_database, spool_folder, clock=clock, pace=CALM) as writer:
        assert store(writer, arrival("e1"), arrival("bad", **fields), arrival("e2")) == [STORED, REFUSED, STORED]
    assert refused(postgresql_database) == {("site_a", "unstorable"): 1}
    assert len(kept(postgresql_database)) == 1


def test_a_refused_event_is_kept_so_that_it_can_be_replayed(open_writer, database, clock):
    writer = open_writer()
    store(writer, arrival("bad", country="DEU"))
    writer.close()
    ((reason, _, body),) = kept(database)
    assert (reason, body["arrival"]["event_id"], body["arrival"]["country"]) == ("unstorable", "bad", "DEU")
    with database.read() as session:
        assert session.scalars(select(RejectedEvent.received_at)).all() == [clock()]


def test_events_of_a_website_that_is_gone_are_refused_and_the_others_stored(open_writer, database):
    writer = open_writer()
    gone = [arrival(f"g{n}", website_id=["site_b", "site_c", "", None, 5][n % 5]) for n in range(30)]
    given = arrivals(30)
    mixed = [one for pair in zip(gone, given, strict=True) for one in pair]
    assert store(writer, *mixed) == [REFUSED, STORED] * 30
    writer.close()
    assert event_ids(database) == ids(given)
    assert refused(database) == {("", "unknown_website"): 30}


def test_a_website_that_is_deleted_while_its_events_are_stored_takes_no_other_with_it(
    postgresql_database, spool_folder, clock
):
    database = postgresql_database
    with database.write() as session:
        session.add_all(Website(id=name, name=name, domain=f"{name}.example") for name in ("site_a", "site_b"))
    deleted = []

    @event.listens_for(database.write_engine, "before_cursor_execute")
    def delete_website(_connection, _cursor, statement, *_rest) -> None:
        if "INTO analytics_event" in statement and not deleted:
            deleted.append("site_b")
            with Database(database.url) as other, other.write() as session:
                session.execute(delete(Website).where(Website.id == "site_b"))

    with EventWriter(database, spool_folder, clock=clock, pace=CALM) as writer:
        assert store(writer, arrival("e1"), arrival("e2", website_id="site_b")) == [STORED, REFUSED]
    assert (event_ids(database), refused(database)) == ({"e1": 1}, {("", "unknown_website"): 1})


# Trouble that passes.


def test_a_transaction_that_others_are_in_the_way_of_is_tried_again(postgresql_database, spool_folder, clock):
    with postgresql_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
        session.execute(text("CREATE SEQUENCE attempts"))
        session.execute(
            text("""
                CREATE FUNCTION fail_at_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('attempts') < 3 THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF;
                    RETURN NULL;
                END $$
            """)
        )
        session.execute(
            text("CREATE TRIGGER t AFTER INSERT ON analytics_event FOR STATEMENT EXECUTE FUNCTION fail_at_first()")
        )
    with EventWriter(postgresql_database, spool_folder, clock=clock, pace=CALM) as writer:
        assert store(writer, *arrivals(5)) == [STORED] * 5
    assert not spool_folder.exists()


def test_a_connection_that_is_cut_costs_nothing(postgresql_database, spool_folder, clock):
    with postgresql_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    with EventWriter(postgresql_database, spool_folder, clock=clock, pace=CALM) as writer:
        store(writer, arrival("e1"))
        cut_connections(postgresql_database)
        assert store(writer, arrival("e2")) == [STORED]
    assert event_ids(postgresql_database) == {"e1": 1, "e2": 1}


def cut_connections(database: Database) -> None:
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with Database(database.url) as other, other.write() as session:
        session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))


class LosesTheAnswer:
    """A socket before the server's that cuts the connection when the answer to a COMMIT comes back."""

    def __init__(self, folder: Path, target: str) -> None:
        self.folder, self._target, self.cuts = folder, target, 1
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, server = self._listener.accept()[0], socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """A conversation in turns: what the client says, then all that the server answers."""
        threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
        with suppress(OSError):
            while said := client.recv(65_536):
                if b"COMMIT" in said and self.cuts:
                    self.cuts -= 1
                    self._silent = server
                server.sendall(said)
        server.close()

    _silent: socket.socket | None = None

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65_536):
                if self._silent is server:
                    self._silent = None
                    break
                client.sendall(answer)
        client.shutdown(socket.SHUT_RDWR)
        client.close()


def test_a_commit_whose_answer_is_lost_counts_once_and_as_stored(postgresql_database, spool_folder, clock, tmp_path):
    with postgresql_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    url = make_url(postgresql_database.url)
    target = Path(url.query.get("host") or url.host) / f".s.PGSQL.{url.port or 5432}"
    proxy = LosesTheAnswer(tmp_path, str(target))
    through = url.set(host=None, port=None).update_query_dict({"host": str(tmp_path)})
    with (
        Database(through.render_as_string(hide_password=False)) as database,
        EventWriter(database, spool_folder, clock=clock, pace=CALM) as writer,
    ):
        assert store(writer, *arrivals(3)) == [STORED] * 3
    proxy.close()
    assert proxy.cuts == 0
    assert event_ids(postgresql_database) == ids(arrivals(3))
    assert not spool_folder.exists()


# The database is away.


def test_while_the_database_is_away_events_are_kept_in_the_spool_and_stored_later(open_writer, database, spool_folder):
    writer = open_writer()
    given = arrivals(60)
    assert store(writer, *given[:20]) == [STORED] * 20
    with away(database):
        assert store(writer, *given[20:40]) == [SPOOLED] * 20
        assert store(writer, *given[40:50]) == [SPOOLED] * 10
    eventually(lambda: is_back(writer, spool_folder))
    assert store(writer, *given[50:]) == [STORED] * 10
    assert event_ids(database) == ids(given)
    assert list(verify(database)) == []


def test_what_the_spool_holds_is_stored_after_a_restart(open_writer, database, spool_folder):
    given = arrivals(30)
    with away(database):
        writer = open_writer()
        assert store(writer, *given) == [SPOOLED] * 30
        writer.close()
        assert spooled(spool_folder) == [one.event.event_id for one in given]
    open_writer()
    eventually(lambda: not list(spool_folder.iterdir()))
    assert event_ids(database) == ids(given)
    assert list(verify(database)) == []


def test_what_another_process_leaves_is_stored_by_those_that_live(open_writer, database, spool_folder, clock):
    open_writer()
    other = Spool(spool_folder, clock=clock)
    other.append(arrivals(5))
    other.close()
    eventually(lambda: event_ids(database) == ids(arrivals(5)))


def test_an_event_that_went_both_ways_is_stored_once(open_writer, database, spool_folder):
    writer = open_writer()
    store(writer, arrival("e1"))
    with away(database):
        assert store(writer, arrival("e1"), arrival("e2")) == [SPOOLED] * 2
        assert store(writer, arrival("e2")) == [SPOOLED]
    eventually(lambda: not spooled(spool_folder))
    assert event_ids(database) == {"e1": 1, "e2": 1}


def test_what_can_never_be_stored_does_not_stay_in_the_spool(open_writer, database, spool_folder):
    writer = open_writer()
    bad = [arrival("b1", country="DEU"), arrival("b2", website_id="gone"), arrival("b3", pathname="/\ud800")]
    with away(database):
        assert store(writer, arrival("e1"), *bad, arrival("e2")) == [SPOOLED] * 5
        assert store(writer, arrival("b4", metadata={"at": START}), arrival("e3")) == [REFUSED, SPOOLED]
    eventually(lambda: not spooled(spool_folder))
    writer.close()
    assert event_ids(database) == {"e1": 1, "e2": 1, "e3": 1}
    assert refused(database) == {("site_a", "unstorable"): 3, ("", "unknown_website"): 1}


def test_a_database_that_does_not_come_back_from_a_batch_keeps_nobody_waiting(open_writer, database, spool_folder):
    writer = open_writer(pace=QUICK)
    given = arrivals(30)
    with stuck(database):
        assert store(writer, *given[:10]) == [SPOOLED] * 10
        assert store(writer, *given[10:20]) == [SPOOLED] * 10
    eventually(lambda: not spooled(spool_folder))
    eventually(lambda: event_ids(database) == ids(given[:20]))
    eventually(lambda: store(writer, arrival("probe")) != [SPOOLED])
    assert event_ids(database) == ids(given[:20]) + Counter(["probe"])
    assert list(verify(database)) == []


def test_a_queue_that_does_not_move_goes_to_the_spool(open_writer, database, spool_folder):
    writer = open_writer(pace=replace(QUICK, patience_s=30), capacity=5, batch=1)
    given = arrivals(40)
    with ThreadPoolExecutor(1) as pool:
        with stuck(database):
            first = writer.store_soon(given[0])
            outcomes = pool.submit(store, writer, *given[1:])
            eventually(lambda: len(spooled(spool_folder)) >= 30)
            assert not first.done()
        assert first.result(30) == STORED
        assert Counter(outcomes.result(30))[SPOOLED] >= 30
    eventually(lambda: event_ids(database) == ids(given))


def test_a_full_disk_under_the_database_sends_events_to_the_spool(sqlite_database, spool_folder, clock):
    with sqlite_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    given = [arrival(f"e{n}", metadata={"text": "x" * 2_000}) for n in range(60)]
    limit_pages(sqlite_database, 10)
    with EventWriter(sqlite_database, spool_folder, clock=clock, pace=CALM) as writer:
        assert store(writer, *given) == [SPOOLED] * 60
        limit_pages(sqlite_database, 1_000_000)
        eventually(lambda: is_back(writer, spool_folder))
        assert store(writer, arrival("after")) == [STORED]
    assert event_ids(sqlite_database) == ids(given) + Counter(["after"])
    assert list(verify(sqlite_database)) == []


def limit_pages(database: Database, more: int) -> None:
    """Let the file grow by so many pages: then SQLite says that the disk is full."""
    with database.write() as session:  # the writers' only connection
        pages = session.scalar(text("SELECT page_count FROM pragma_page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages + more}"))


def test_without_database_and_spool_the_caller_is_told(open_writer, database, spool_folder):
    spool_folder.write_text("in the way")
    writer = open_writer()
    with away(database):
        for _ in range(2):
            with pytest.raises(NowhereToStoreError, match=r"The database is away, and the spool cannot keep the event"):
                store(writer, arrival("e1"))
        with pytest.raises(NowhereToStoreError):
            writer.store_soon(arrival("e1")).result(30)
    eventually(lambda: _stores(writer, arrival("e2")))
    assert event_ids(database) == {"e2": 1}


def _stores(writer: EventWriter, one: Arrival) -> bool:
    try:
        return store(writer, one) in ([STORED], [DUPLICATE])
    except NowhereToStoreError:
        return False


def test_callers_are_sent_away_only_where_there_is_neither_room_nor_database_nor_spool(
    open_writer, database, spool_folder
):
    spool_folder.write_text("in the way")
    writer = open_writer(pace=replace(QUICK, full_s=30), capacity=2, batch=1)
    with stuck(database):
        waiting = [writer.store_soon(one) for one in arrivals(6)]
        errors = [future.exception(30) for future in waiting]
    assert {type(error) for error in errors} == {NowhereToStoreError}


def test_a_server_that_ends_its_connections_and_takes_no_new_ones_loses_nothing(
    postgresql, postgresql_database, spool_folder, clock
):
    database = postgresql_database
    name = make_url(database.url).database
    with database.write() as session:
        session.add(Website(id="site_a", name="A", domain="a.example"))
    with EventWriter(database, spool_folder, clock=clock, pace=CALM) as writer:
        store(writer, arrival("before"))
        postgresql._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgresql._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert store(writer, *arrivals(20)) == [SPOOLED] * 20
        postgresql._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        eventually(lambda: is_back(writer, spool_folder))
        assert store(writer, arrival("after")) == [STORED]
    assert event_ids(database) == ids(arrivals(20)) + Counter(["before", "after"])


# Refusals.

REFUSAL = Refusal(START, Reason.INVALID, "site_a", "pathname: too long.", {"payload": {"x": 1}})


def test_refusals_are_counted_without_any_event(open_writer, database):
    writer = open_writer()
    writer.refuse(REFUSAL)
    writer.refuse(replace(REFUSAL, reason=Reason.BOT, body=None))
    eventually(lambda: refused(database) == {("site_a", "invalid"): 1, ("site_a", "bot"): 1})
    assert kept(database) == [("invalid", "pathname: too long.", {"payload": {"x": 1}})]


def test_refusals_are_written_when_the_writer_closes(open_writer, database):
    writer = open_writer(pace=replace(CALM, refusals_s=3_600))
    for _ in range(3):
        writer.refuse(REFUSAL)
    assert refused(database) == {}
    writer.close()
    assert refused(database) == {("site_a", "invalid"): 3}


def test_refusals_wait_for_the_database_and_never_go_to_the_spool(open_writer, database, spool_folder):
    writer = open_writer()
    rename(database, "event_rejection_count", "elsewhere")
    writer.refuse(REFUSAL)
    eventually(writer._away.is_set)
    writer.refuse(REFUSAL)
    rename(database, "elsewhere", "event_rejection_count")
    eventually(lambda: refused(database) == {("site_a", "invalid"): 2})
    assert not spool_folder.exists()
    assert len(kept(database)) == 2


def test_a_refusal_never_raises(open_writer, caplog):
    open_writer().refuse(replace(REFUSAL, received_at=None))
    assert "A refusal is not counted." in caplog.text


# Beginning and end.


def test_closing_stores_what_is_waiting(open_writer, database):
    writer = open_writer()
    waiting = [writer.store_soon(one) for one in arrivals(300)]
    writer.close()
    assert [future.result(0) for future in waiting] == [STORED] * 300
    assert event_ids(database) == ids(arrivals(300))


def test_closing_without_a_database_keeps_what_is_waiting_in_the_spool(open_writer, database, spool_folder):
    writer = open_writer(pace=QUICK)
    with stuck(database):
        waiting = [writer.store_soon(one) for one in arrivals(20)]
        writer.close()
        assert [future.result(0) for future in waiting] == [SPOOLED] * 20
    assert len(spooled(spool_folder)) == 20


def test_a_closed_writer_takes_nothing_in(open_writer):
    writer = open_writer()
    writer.close()
    writer.close()
    with pytest.raises(NowhereToStoreError, match=r"The writer is closed\. Send the event again in a moment\."):
        store(writer, arrival("e1"))
    with pytest.raises(NowhereToStoreError):
        writer.store_soon(arrival("e1")).result(0)


def test_a_writer_that_was_never_started_takes_nothing_in_and_can_be_closed(database, spool_folder):
    writer = EventWriter(database, spool_folder)
    with pytest.raises(NowhereToStoreError):
        store(writer, arrival("e1"))
    writer.close()


def test_an_idle_writer_asks_the_database_nothing(open_writer, database):
    writer = open_writer(pace=replace(CALM, rescan_s=0.001))
    store(writer, arrival("e1"))
    begun = []
    event.listen(database.write_engine, "begin", begun.append)
    threading.Event().wait(0.05)
    assert begun == []


def test_logs_name_no_visitor_and_no_values(open_writer, database, caplog):
    caplog.set_level("DEBUG", "ingest")
    writer = open_writer()
    secret = {"visitor_id": "visitor-of-ours", "pathname": "/private", "user_agent": "agent-of-ours"}
    store(writer, arrival("e1", **secret, country="DEU"), arrival("e2", **{**secret, "pathname": "/\ud800"}))
    with away(database):
        store(writer, arrival("e3", **secret))
    eventually(lambda: "to the database again" in caplog.text)
    for value in ("visitor-of-ours", "private", "agent-of-ours", "DEU"):
        assert value not in caplog.text


# Several processes.


def test_processes_at_once_store_every_event_once(database, spool_folder, under_load):
    program = Path(__file__).with_name("programs") / "store_events.py"
    parts = [(0, 400), (200, 600), (300, 700)]  # they overlap: the same events come twice
    running = [under_load(program, database.url, spool_folder, 5, first, last) for first, last in parts]
    for one in running:
        one.begin()
    assert [one.finish() for one in running] == [0, 0, 0]
    assert [len(one.answered) for one in running] == [400, 400, 400]
    with EventWriter(database, spool_folder, pace=CALM):
        eventually(lambda: not spooled(spool_folder))
    assert event_ids(database) == Counter(f"5-{number}" for number in range(700))
    assert list(verify(database)) == []
