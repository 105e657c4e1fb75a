"""Long work on many rows, in short transactions: others write between two of them, and it can be stopped there."""

from __future__ import annotations

import time
from collections.abc import Callable

Stopping = Callable[[], bool]
"""Says whether to leave the rest for the next run."""


def never() -> bool:
    """Go on to the end."""
    return False


def in_steps(step: Callable[[int], int], *, rows: int, stopping: Stopping = never) -> int:
    """Take `step`, which changes at most so many rows and says how many, until nothing is left.

    Between two steps the work rests for as long as the last one took, so that those who wait for their turn get it.

    Args:
        step: One transaction.
        rows: At most, in one step: on SQLite all other writers wait for as long as it takes.
        stopping: Asked before each step.

    Returns:
        How many rows were changed.
    """
    done = 0
    while not stopping():
        began = time.monotonic()
        changed = step(rows)
        done += changed
        if changed < rows:
            break
        time.sleep(time.monotonic() - began)
    return done
