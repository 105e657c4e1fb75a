"""A job: what is done, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.traffic.steps import Stopping

_DAY = timedelta(days=1)
_UNITS = ((timedelta(hours=1), "h"), (timedelta(minutes=1), "min"), (timedelta(seconds=1), "s"))
_REST = 20  # a job that comes again and again takes at most a twentieth of the time
_LONGEST_REST = timedelta(minutes=10)


class Schedule(Protocol):
    """When a job runs."""

    def after(self, finished_at: datetime, took: timedelta) -> datetime:
        """When to run again after a run that took so long."""


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, with this pause, or a longer one where the work is long."""

    period: timedelta

    def after(self, finished_at: datetime, took: timedelta) -> datetime:
        """After the pause, or as much as makes the work a small part of the time, but no more than some minutes."""
        return finished_at + max(self.period, min(took * _REST, _LONGEST_REST))

    def __str__(self) -> str:
        return next(f"every {self.period // unit} {name}" for unit, name in _UNITS if not self.period % unit)


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day."""

    at: time
    """UTC."""

    def after(self, finished_at: datetime, took: timedelta) -> datetime:
        """The next time it is `at`."""
        del took
        today = datetime.combine(finished_at.astimezone(UTC).date(), self.at, UTC)
        return today if today > finished_at else today + _DAY

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Job:
    """Something the workbench does by itself.

    Attributes:
        name: What commands call it.
        description: What it does, in a sentence.
        schedule: When `serve --jobs` runs it.
        run: Does it, and says what it did in a sentence; None where nothing was to be done. Whatever stops it on its
            way, the next run goes on, and two at once do no harm: several processes may run the jobs of one database.
    """

    name: str
    description: str
    schedule: Schedule
    run: Callable[[Workbench, Stopping], str | None]


class PartlyFailedError(ExpectedError):
    """A job has done what it could, and some of its work is left."""

    def __init__(self, done: str, failures: Collection[object]) -> None:
        super().__init__(f"{done} {counted(len(failures), 'website')} failed: {'; '.join(map(str, failures))}")


def counted(number: int, noun: str) -> str:
    """`1 day`, `1,200 days`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
