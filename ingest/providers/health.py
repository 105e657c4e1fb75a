"""How providers are doing: what they were given, what is lost, and why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from stats_core.errors import ExpectedError

log = logging.getLogger(__name__)

QUIET_S = 60.0
"""A problem that goes on is logged once in so many seconds."""

_TEXTS = 8  # different problems logged in that time
_LENGTH = 300  # characters of a text that is not ours


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """What has become of the events since the start.

    Attributes:
        provider: Its name; `track` stands for calls that were refused before any provider saw them.
        given: Events and traits that it was given.
        lost: Those of them that will never be delivered, as far as it is known.
        waiting: Those that have not had their turn yet.
        problem: The latest one in words.
        problem_at: When that was, aware.
    """

    provider: str
    given: int
    lost: int
    waiting: int
    problem: str | None
    problem_at: datetime | None


class Tally:
    """The account of one provider; any thread may write into it."""

    def __init__(self, provider: str, clock: Callable[[], datetime]) -> None:
        self._provider = provider
        self._clock = clock
        self._lock = Lock()
        self._given = self._lost = 0
        self._problem: str | None = None
        self._problem_at: datetime | None = None
        self._logged: set[str] = set()
        self._quiet_until = 0.0

    def give(self) -> None:
        """One more was given."""
        with self._lock:
            self._given += 1

    def lose(self, count: int, error: BaseException) -> None:
        """So many of them are lost."""
        with self._lock:
            self._lost += count
            lost, new = self._lost, self._noted(error)
        if new:
            log.error("Analytics: %s has lost %d event(s) by now: %s", self._provider, lost, in_words(error))

    def delay(self, error: BaseException) -> None:
        """Something is in the way, and nothing is lost."""
        with self._lock:
            new = self._noted(error)
        if new:
            log.warning("Analytics: %s has to wait: %s", self._provider, in_words(error))

    def health(self, waiting: int = 0) -> ProviderHealth:
        """The account as it stands."""
        with self._lock:
            return ProviderHealth(self._provider, self._given, self._lost, waiting, self._problem, self._problem_at)

    def _noted(self, error: BaseException) -> bool:
        """Keep the problem, and say whether it is to be logged."""
        self._problem, self._problem_at = in_words(error), self._clock()
        if (now := time.monotonic()) >= self._quiet_until:
            self._logged.clear()
            self._quiet_until = now + QUIET_S
        new = self._problem not in self._logged and len(self._logged) < _TEXTS
        if new:
            self._logged.add(self._problem)
        return new


def in_words(error: BaseException) -> str:
    """What went wrong, in one line."""
    text = str(error) if isinstance(error, ExpectedError) else f"{type(error).__name__}: {error}"[:_LENGTH]
    return " ".join(text.split())
