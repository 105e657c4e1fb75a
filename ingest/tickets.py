"""Arrivals that wait to be stored, each with who waits for the answer: what stands between callers and the writer."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from threading import Condition, Lock
from typing import Any, NamedTuple

from ingest.arrivals import Arrival
from stats_core.errors import ExpectedError

SEND_AGAIN = "Send the event again in a moment."


class Outcome(StrEnum):
    """What became of an arrival.

    Attributes:
        STORED: It is in the database, with its session.
        DUPLICATE: An event of its id was in the database already.
        SPOOLED: It is in a file, on the disk, and will be in the database when that answers.
        REFUSED: It can never be stored, and was counted as a refusal.
    """

    STORED = "stored"
    DUPLICATE = "duplicate"
    SPOOLED = "spooled"
    REFUSED = "refused"


class NowhereToStoreError(ExpectedError):
    """Neither the database nor the spool took the event: it is not stored, and its sender should keep it."""


class Ticket(NamedTuple):
    """An arrival and who waits for its outcome: a future of `loop`, or one of any thread where that is None."""

    arrival: Arrival
    future: asyncio.Future[Outcome] | concurrent.futures.Future[Outcome]
    loop: asyncio.AbstractEventLoop | None = None


Answer = Outcome | NowhereToStoreError


class TicketQueue:
    """Tickets in the order they came, at most `capacity` of them; for any number of threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tickets: deque[Ticket] = deque()
        self._changed = Condition(Lock())
        self._is_open = False
        self._full_since: float | None = None

    def __len__(self) -> int:
        return len(self._tickets)

    def open(self) -> None:
        """Take tickets in."""
        with self._changed:
            self._is_open = True

    def put(self, ticket: Ticket) -> bool:
        """Add a ticket; False where there is no room.

        Raises:
            NowhereToStoreError: The queue is closed.
        """
        with self._changed:
            if not self._is_open:
                raise NowhereToStoreError("The writer is closed.", hint=SEND_AGAIN)
            if len(self._tickets) >= self._capacity:
                self._full_since = self._full_since or time.monotonic()
                return False
            self._tickets.append(ticket)
            self._changed.notify()
        return True

    def take(self, limit: int, *, wait_s: float) -> list[Ticket]:
        """At most `limit` tickets, the oldest. Where there are none it waits for the next, or to be woken."""
        with self._changed:
            if not self._tickets and wait_s > 0 and self._is_open:
                self._changed.wait(wait_s)
            self._full_since = None
            return [self._tickets.popleft() for _ in range(min(limit, len(self._tickets)))]

    def full_s(self) -> float:
        """For how many seconds callers have found it full and nothing was taken."""
        since = self._full_since
        return 0 if since is None else time.monotonic() - since

    def wake(self) -> None:
        """Have `take` return."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Take nothing more in; what is there can be taken."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()


def answer(tickets: Sequence[Ticket], answers: Iterable[Answer]) -> None:
    """Tell those who wait, each loop in one go; who has been answered, or has gone, is left alone."""
    by_loop: defaultdict[asyncio.AbstractEventLoop | None, list[tuple[Any, Answer]]] = defaultdict(list)
    for ticket, what in zip(tickets, answers, strict=True):
        by_loop[ticket.loop].append((ticket.future, what))
    for loop, answered in by_loop.items():
        if loop is None:
            _settle(answered)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits there
                loop.call_soon_threadsafe(_settle, answered)


def _settle(answered: Iterable[tuple[Any, Answer]]) -> None:
    for future, what in answered:
        with suppress(asyncio.InvalidStateError, concurrent.futures.InvalidStateError):
            if isinstance(what, Exception):
                future.set_exception(what)
            else:
                future.set_result(what)
