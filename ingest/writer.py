"""The event writer: what it has answered for is on the disk.

Callers put events into a queue. One thread takes what is there, commits it and answers; what comes meanwhile is its
next batch. While the database is away, or does not come back from a batch, another thread takes what is there into the
spool; the first stores that when the database answers again. An event that went both ways is in the table once, by its
id.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from ingest.arrivals import Arrival, Refusal
from ingest.commits import Committer, Fault, fault_of, unstorable, words
from ingest.rejections import Tally
from ingest.spool import Spool
from ingest.tickets import SEND_AGAIN, NowhereToStoreError, Outcome, Ticket, TicketQueue, answer
from stats_core.database import Database
from stats_core.errors import SourceUnavailableError

__all__ = ["EventWriter", "NowhereToStoreError", "Outcome", "Pace"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the writer waits for what, in seconds.

    Attributes:
        patience_s: For a batch; then its events go to the spool. For room in the queue; then callers are sent away.
        full_s: For a full queue to move; then its events go to the spool.
        check_s: Between two looks whether one of these has come to pass.
        spool_s: Between two batches for the spool.
        room_s: Between two looks for room in the queue.
        retry_s, longest_retry_s: Before the database is tried again: at first, and after many times.
        refusals_s: Between two transactions that count refusals.
        rescan_s: Between two looks for what other processes have left in the spool.
    """

    patience_s: float = 10
    full_s: float = 1
    check_s: float = 0.5
    spool_s: float = 0.02
    room_s: float = 0.02
    retry_s: float = 0.5
    longest_retry_s: float = 30
    refusals_s: float = 1
    rescan_s: float = 60


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EventWriter:
    """Stores events durably, exactly once, together with their sessions. One per process; any thread may call it.

    Args:
        database: Where events go. It may be away, now and later.
        spool_folder: Where they wait for it; processes of one database share it.
        clock: Gives the current moment, aware.
        capacity: Events that wait in memory; callers of more wait for room.
        batch: Events of one transaction.
        pace: How long it waits for what.
    """

    def __init__(
        self,
        database: Database,
        spool_folder: Path,
        *,
        clock: Callable[[], datetime] = _utc_now,
        capacity: int = 10_000,
        batch: int = 1_000,
        pace: Pace = Pace(),
    ) -> None:
        self._database, self._clock, self._batch, self._pace = database, clock, batch, pace
        self._committer = Committer(database, clock=clock)
        self._spool = Spool(spool_folder, clock=clock)
        self._queue = TicketQueue(capacity)
        self._hand = _Hand()
        self._refused, self._refused_lock = Tally(), Lock()
        self._refusals_at = self._rescan_at = 0.0
        self._delay_s = pace.retry_s
        self._away = Event()  # the spool takes everything
        self._is_spool_broken = False
        self._closing, self._closed = Event(), Event()
        self._committing = Thread(target=self._commit_all, name="event-writer", daemon=True)
        self._spooling = Thread(target=self._spool_all, name="event-spool", daemon=True)

    def start(self) -> None:
        """Take events in, and store what the spool holds of processes that have ended."""
        self._queue.open()
        self._committing.start()
        self._spooling.start()

    def close(self) -> None:
        """Refuse further events; return when those that are waiting are stored, or in the spool."""
        self._queue.close()
        if self._committing.ident is None or self._closing.is_set():
            return
        self._closing.set()
        self._committing.join(2 * self._pace.patience_s)
        self._closed.set()
        self._away.set()
        self._spooling.join()
        if not self._committing.is_alive():
            self._spool.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def store(self, arrival: Arrival) -> Outcome:
        """Store an event; this returns when it is on the disk. One whose caller is cancelled is stored all the same.

        Raises:
            NowhereToStoreError: Neither the database nor the spool could take it, or the writer is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        ticket, give_up = Ticket(arrival, future, loop), time.monotonic() + self._pace.patience_s
        while not self._queue.put(ticket):
            if time.monotonic() > give_up:
                raise _no_room()
            await asyncio.sleep(self._pace.room_s)
        return await future

    def store_soon(self, arrival: Arrival) -> concurrent.futures.Future[Outcome]:
        """The same for callers without an event loop: what `store` returns and raises comes from the future.

        It waits only where the queue is full.
        """
        future: concurrent.futures.Future[Outcome] = concurrent.futures.Future()
        ticket, give_up = Ticket(arrival, future), time.monotonic() + self._pace.patience_s
        try:
            while not self._queue.put(ticket):
                if time.monotonic() > give_up:
                    raise _no_room()
                time.sleep(self._pace.room_s)
        except NowhereToStoreError as error:
            future.set_exception(error)
        return future

    def refuse(self, refusal: Refusal) -> None:
        """Count a refusal, about a second from now at the latest. It never waits and never raises."""
        try:
            with self._refused_lock:
                is_first = not self._refused
                self._refused.add(refusal)
            if is_first:
                self._refusals_at = time.monotonic() + self._pace.refusals_s
                self._queue.wake()
        except Exception:  # noqa: BLE001 - the caller has an event to answer for
            _log.exception("A refusal is not counted.")

    # The committing thread: all that asks the database.

    def _commit_all(self) -> None:
        while not self._closing.is_set() or (self._queue and not self._away.is_set()):
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - a bug must not end the thread
                _log.exception("The event writer goes on.")
                self._closing.wait(self._pace.retry_s)
        for _ in range(2):  # once more where bodies were in the way
            self._count_refused()
        if lost := self._refused.counts.total():
            _log.error("%d refused events are not counted: the database is away.", lost)

    def _turn(self) -> None:
        """Whatever is to be done next; fresh events and those of the spool take turns."""
        if self._away.is_set():
            self._try_again()
            return
        if tickets := self._queue.take(self._batch, wait_s=self._until_due()):
            self._commit(tickets)
        if self._rescan_at <= time.monotonic():
            self._spool.may_hold_any, self._rescan_at = True, time.monotonic() + self._pace.rescan_s
        if self._spool.may_hold_any and not self._away.is_set():
            self._restore()
        if self._refused and self._refusals_at <= time.monotonic() and not self._away.is_set():
            self._count_refused()

    def _until_due(self) -> float:
        """Seconds until there is something to do even where no event comes."""
        if self._spool.may_hold_any:
            return 0
        due = min(self._rescan_at, self._refusals_at) if self._refused else self._rescan_at
        return max(0, due - time.monotonic())

    def _commit(self, tickets: Sequence[Ticket]) -> None:
        try:
            with self._hand.holding(tickets):
                results = self._committer.store([ticket.arrival for ticket in tickets])
        except Exception as error:
            self._keep(self._hand.taken())
            if not isinstance(error, SourceUnavailableError):
                raise
            self._give_up(error)
        else:
            self._hand.taken()
            answer(tickets, self._outcomes(results))
            self._delay_s = self._pace.retry_s

    def _restore(self) -> None:
        """Store the oldest events of the spool; that they can be stored ends the database's absence."""
        try:
            with self._spool.oldest(self._batch) as arrivals, self._hand.holding(()):
                results = self._committer.store(arrivals)
        except SourceUnavailableError as error:
            self._give_up(error)
            return
        if self._outcomes(results):
            self._delay_s = self._pace.retry_s
        if self._away.is_set() and not self._closing.is_set():
            _log.warning("Events go to the database again.")
            self._away.clear()

    def _try_again(self) -> None:
        if not self._closing.wait(self._delay_s):
            self._delay_s = min(2 * self._delay_s, self._pace.longest_retry_s)
            self._restore()

    def _give_up(self, error: Exception) -> None:
        if not self._away.is_set():
            _log.warning("Events go to the spool. %s", words(error))
            self._away.set()

    def _outcomes(self, results: Iterable[Outcome | Refusal]) -> list[Outcome]:
        outcomes = []
        for result in results:
            if isinstance(result, Refusal):
                self.refuse(result)
            outcomes.append(Outcome.REFUSED if isinstance(result, Refusal) else result)
        return outcomes

    def _count_refused(self) -> None:
        with self._refused_lock:
            tally, self._refused = self._refused, Tally()
        if not tally:
            return
        try:
            with self._hand.holding(()), self._database.write() as session:
                tally.record(session)
        except Exception as error:  # noqa: BLE001 - whatever it is, events go on
            _log.warning("Refused events are not counted yet. %s", words(error))
            fault = fault_of(error)
            with self._refused_lock:
                self._refused.merge(tally, bodies=fault is not Fault.ROW)
            self._refusals_at = time.monotonic() + self._pace.refusals_s
            if fault is Fault.AWAY:
                self._give_up(error)

    # The spooling thread: it never asks the database, so nothing that happens there keeps it waiting.

    def _spool_all(self) -> None:
        while not self._closed.is_set():
            self._away.wait(self._pace.check_s)
            is_overdue = self._hand.held_s() > self._pace.patience_s
            if is_overdue or self._away.is_set() or self._queue.full_s() > self._pace.full_s:
                if overdue := self._hand.taken() if is_overdue else ():
                    _log.warning("The database has been at a batch for too long. Events go to the spool meanwhile.")
                self._keep([*overdue, *self._queue.take(len(self._queue), wait_s=0)])
                self._closed.wait(self._pace.spool_s)
        self._keep([*self._hand.taken(), *self._queue.take(len(self._queue), wait_s=0)])

    def _keep(self, tickets: Sequence[Ticket]) -> None:
        """Have the spool keep these events, and say so."""
        if not tickets:
            return
        try:
            self._spool.append([ticket.arrival for ticket in tickets])
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            self._keep_apart(tickets, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, callers are told
            if not self._is_spool_broken:
                _log.error("The spool cannot keep events. %s", _in_short(error))
            self._is_spool_broken = True
            answer(tickets, [_nowhere(error) for _ in tickets])
        else:
            self._is_spool_broken = False
            answer(tickets, [Outcome.SPOOLED] * len(tickets))

    def _keep_apart(self, tickets: Sequence[Ticket], error: Exception) -> None:
        """The same where one of them is no JSON document, as `error` says."""
        if len(tickets) > 1:
            middle = len(tickets) // 2
            self._keep(tickets[:middle])
            self._keep(tickets[middle:])
        else:
            self.refuse(unstorable(tickets[0].arrival, error, at=self._clock()))
            answer(tickets, [Outcome.REFUSED])


class _Hand:
    """The batch that is with the database, until somebody takes it to answer for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tickets: Sequence[Ticket] = ()
        self._since: float | None = None

    @contextmanager
    def holding(self, tickets: Sequence[Ticket]) -> Iterator[None]:
        """The database works on `tickets` inside."""
        with self._lock:
            self._tickets, self._since = tickets, time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def held_s(self) -> float:
        """For how many seconds the database has been at it."""
        since = self._since
        return 0 if since is None else time.monotonic() - since

    def taken(self) -> Sequence[Ticket]:
        """The batch; nobody gets it a second time."""
        with self._lock:
            tickets, self._tickets = self._tickets, ()
        return tickets


def _no_room() -> NowhereToStoreError:
    return NowhereToStoreError("Too many events are waiting to be stored.", hint=SEND_AGAIN)


def _nowhere(error: Exception) -> NowhereToStoreError:
    msg = f"The database is away, and the spool cannot keep the event: {_in_short(error)}."
    return NowhereToStoreError(msg, hint=SEND_AGAIN)


def _in_short(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
