"""Arrivals into the database, whatever is among them: what can never be stored is refused, and the rest is stored."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum, auto
from traceback import format_tb
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from ingest.arrivals import Arrival, Reason, Refusal, pack
from ingest.store import store_arrivals
from ingest.tickets import Outcome
from stats_core.database import Database
from stats_core.database.engine import reason
from stats_core.errors import ExpectedError, NotFoundError, SourceUnavailableError

TRIES = 4  # of a transaction that others were in the way of

# Of PostgreSQL's SQLSTATE: data that does not fit, a broken constraint, a limit such as the size of an index row.
_ROW_STATES = ("22", "23", "54")
_AGAIN_STATES = ("40", "23503")  # a deadlock; a website that was deleted after we had seen it
_ROW_WORDS = ("binding parameter", "cannot adapt")  # the drivers', about values of a type that no column takes
_OF_VALUES = (SQLAlchemyError, ValueError, TypeError, OverflowError)  # what values bring about that nobody checked
_log = logging.getLogger(__name__)


class Fault(Enum):
    """What an error says of the transaction it ended."""

    AWAY = auto()
    """The database cannot store anything now: later, the same may go well."""
    AGAIN = auto()
    """Others were in the way, or the connection broke, perhaps after the commit: once more, at once."""
    ROW = auto()
    """There is something in it that can never be stored."""


def fault_of(error: Exception) -> Fault:
    """What kind of fault `error` is. A database's error that we do not know is no reason to throw anything away."""
    if isinstance(error, DBAPIError):
        state: str = getattr(error.orig, "sqlstate", None) or ""
        if error.connection_invalidated or state.startswith(_AGAIN_STATES):
            return Fault.AGAIN
        about_values = isinstance(error, IntegrityError | DataError) or state.startswith(_ROW_STATES)
        return Fault.ROW if about_values or any(words in str(error.orig) for words in _ROW_WORDS) else Fault.AWAY
    if isinstance(error, SourceUnavailableError | OSError | MemoryError):
        return Fault.AWAY
    if isinstance(error, SQLAlchemyError) and not isinstance(error, StatementError):
        return Fault.AWAY
    return Fault.ROW


class Committer:
    """Stores batches, each in one transaction as long as all of it can be stored. For one thread at a time.

    Args:
        database: Where the tables stand.
        clock: Gives the moment of a refusal.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._writer = secrets.token_hex(8)  # whose marks on days are ours

    def store(self, arrivals: Sequence[Arrival]) -> list[Outcome | Refusal]:
        """Store `arrivals`; what became of each, in their order. All of it is committed.

        Raises:
            SourceUnavailableError: The database is away or cannot write. Some of `arrivals` may be stored: give all of
                them again, now or after a restart, and each is there once.
        """
        missing: set[object] = set()
        while True:
            there = [arrival for arrival in arrivals if arrival.event.website_id not in missing]
            try:
                outcomes = iter(self._stored(there))
            except NotFoundError as error:
                missing.add(error.row_id)
            else:
                return [
                    self._of_no_website(arrival) if arrival.event.website_id in missing else next(outcomes)
                    for arrival in arrivals
                ]

    def _stored(self, arrivals: Sequence[Arrival]) -> list[Outcome | Refusal]:
        """The same for websites that are there.

        Raises:
            NotFoundError: One is not there.
        """
        if not arrivals:
            return []
        for attempt in range(TRIES):
            try:
                return self._in_one(arrivals, unsure=attempt > 0)
            except (NotFoundError, SourceUnavailableError):
                raise
            except Exception as error:
                match fault_of(error):
                    case Fault.AGAIN:
                        last = error
                    case Fault.AWAY:
                        raise self._away(error) from error
                    case Fault.ROW:
                        return self._in_halves(arrivals, error)
        raise self._away(last) from last

    def _in_one(self, arrivals: Sequence[Arrival], *, unsure: bool) -> list[Outcome | Refusal]:
        """Store them in one transaction. `unsure`: an attempt before may have been committed; those count as stored."""
        with self._database.write() as session:
            _, new = store_arrivals(session, arrivals, writer=self._writer)
        return [Outcome.STORED if is_new or unsure else Outcome.DUPLICATE for is_new in new]

    def _in_halves(self, arrivals: Sequence[Arrival], error: Exception) -> list[Outcome | Refusal]:
        """Store what can be stored. `error` is what came of all together."""
        if len(arrivals) > 1:
            middle = len(arrivals) // 2
            return [*self.store(arrivals[:middle]), *self.store(arrivals[middle:])]
        if not isinstance(error, _OF_VALUES):
            frames = "".join(format_tb(error.__traceback__))
            _log.error("A bug keeps an event from being stored: %s\n%s", words(error), frames)
        return [unstorable(arrivals[0], error, at=self._clock())]

    def _of_no_website(self, arrival: Arrival) -> Refusal:
        detail = "The website is not there any more."
        return Refusal(self._clock(), Reason.UNKNOWN_WEBSITE, detail=detail, body=_body(arrival))

    def _away(self, error: Exception) -> SourceUnavailableError:
        msg = f"The database {self._database.address} cannot store events: {words(error)}."
        return SourceUnavailableError(msg, hint="Events are kept in the spool meanwhile.")


def unstorable(arrival: Arrival, error: Exception, *, at: datetime) -> Refusal:
    """The refusal of an event that `error` says can never be stored."""
    detail = f"It cannot be stored: {words(error)}."
    return Refusal(at, Reason.UNSTORABLE, arrival.event.website_id, detail, _body(arrival))


def _body(arrival: Arrival) -> dict[str, Any] | None:
    try:
        return {"arrival": pack(arrival)}
    except (AttributeError, TypeError, ValueError):  # it does not even have a time
        return None


def words(error: Exception) -> str:
    """What is wrong, in the words of the database; of other errors the kind alone: they quote what visitors send."""
    if isinstance(error, StatementError):
        return reason(error) if isinstance(error, DBAPIError) else type(error.orig).__name__
    return error.message.rstrip(".") if isinstance(error, ExpectedError) else type(error).__name__
