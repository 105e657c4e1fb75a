"""How often a stranger may try a token: some times a minute, from whatever address.

Tokens have 256 random bits, so nobody guesses one. What is limited is the work that guessing makes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

FAILURES = 20  # a minute, of one client
WINDOW = timedelta(minutes=1)
MOST_CLIENTS = 100_000  # remembered in a window; beyond them, strangers count as one


class Attempts:
    """Failed attempts by client, in a window that begins with the first of them.

    Args:
        clock: Gives the current moment, aware.
        most: Failures that a client may have in a window.
    """

    def __init__(self, clock: Callable[[], datetime], *, most: int = FAILURES) -> None:
        self._clock, self._most = clock, most
        self._ends = clock()
        self._failures: dict[str, int] = {}

    def wait_s(self, client: str) -> int | None:
        """Seconds until this client may try again; None where it may now."""
        now = self._clock()
        if not now < self._ends <= now + WINDOW:  # it is over, or the clock was put back
            self._failures.clear()
            return None
        if self._failures.get(self._known(client), 0) < self._most:
            return None
        return max(1, round((self._ends - now).total_seconds()))

    def failed(self, client: str) -> None:
        """Count a failure."""
        if not self._failures:
            self._ends = self._clock() + WINDOW
        key = self._known(client)
        self._failures[key] = self._failures.get(key, 0) + 1

    def _known(self, client: str) -> str:
        return client if client in self._failures or len(self._failures) < MOST_CLIENTS else ""
