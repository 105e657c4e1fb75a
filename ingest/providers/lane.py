"""A provider's own lane: a bounded queue and one thread, so that it can be slow, hang or fail by itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Event, Lock, Thread
from typing import Any

from ingest.providers.health import ProviderHealth, Tally
from ingest.providers.protocol import AnalyticsProvider, OnLoss, Releases, WorksAhead
from stats_core.errors import ExpectedError, SourceUnavailableError

Job = Callable[[AnalyticsProvider], None]
"""What is asked of the provider: to take an event, or what is known of a person."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""How long a provider that cannot work now is left alone: doubled each time, up to the longest."""

FORK_S = 5.0
"""How long a fork waits for a provider that is busy."""

_AHEAD = 500  # jobs between two calls of settle() where they never end


@dataclass(slots=True)
class Flush:
    """A flush on its way through the queue.

    Attributes:
        until: When its caller stops waiting, on the monotonic clock.
        done: Set when the provider has answered, or never.
        complete: Whether nothing was left.
    """

    until: float
    done: Event = field(default_factory=Event)
    complete: bool = False

    def wait(self) -> bool:
        """Whether everything was delivered in time."""
        return self.done.wait(left(self.until)) and self.complete


class Lane:
    """Jobs for one provider, done one after another by a thread that starts with the first.

    Args:
        name: The provider's.
        build: Makes the provider.
        capacity: Jobs that wait at most; more are lost, and counted.
        clock: Gives the current moment, aware.
        parent: In a forked child, the lane whose place it takes; the provider is then made with the first job.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[OnLoss], AnalyticsProvider],
        *,
        capacity: int,
        clock: Callable[[], datetime],
        parent: Lane | None = None,
    ) -> None:
        self.name = name
        self._build = build
        self._capacity = capacity
        self._clock = clock
        self._parent = parent  # kept: the end of its provider would end the parent's connections
        self._tally = Tally(name, clock)
        self._changed = Condition()
        self._jobs: deque[Job | Flush] = deque()
        self._thread: Thread | None = None
        self._working = Lock()  # held while the provider does something
        self._held = self._is_released = self._busy = self._closing = False
        self._given_up, self._hurry = Event(), Event()
        self._fault = parent._fault_of_fork() if parent is not None else None  # noqa: SLF001 (a lane's own)
        self._provider = self._built() if parent is None else None

    def put(self, job: Job, wait_s: float) -> None:
        """Queue a job; where the queue is full, wait for room, and lose the job when there is none."""
        self._tally.give()
        if (error := self._fault or self._queued(job, wait_s)) is not None:
            self._tally.lose(1, error)

    def flush(self, until: float) -> Flush:
        """Have everything delivered that was put before; at once where the provider waits to try again."""
        flush = Flush(until)
        with self._changed:
            if self._thread is None or self._closing:
                flush.complete = not self._jobs
                flush.done.set()
            else:
                self._jobs.append(flush)
                self._changed.notify_all()
                self._hurry.set()
        return flush

    def end(self) -> None:
        """Take no more jobs; the thread does what is there, closes the provider and ends."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._hurry.set()
            if self._provider is not None:
                self._start()

    def join(self, until: float) -> bool:
        """Wait for the end; what is not done by then is lost. Returns whether it ended."""
        if self._thread is not None:
            self._thread.join(left(until))
        with self._changed:
            waiting = sum(not isinstance(job, Flush) for job in self._jobs)
            self._jobs.clear()
            self._given_up.set()
            self._hurry.set()
        if waiting:
            self._tally.lose(waiting, ExpectedError("The program ended before they could be delivered."))
        if not (ended := self._thread is None or not self._thread.is_alive()):
            self._tally.delay(ExpectedError("It did not end in time: what it had begun may be lost."))
        return ended

    def health(self) -> ProviderHealth:
        """How the provider is doing."""
        with self._changed:
            waiting = sum(not isinstance(job, Flush) for job in self._jobs) + self._busy
        return self._tally.health(waiting)

    def hold_for_fork(self) -> None:
        """Before the process forks: let the provider finish what it does, and release what no child may inherit."""
        if isinstance(self._provider, Releases) and self._thread is not None and self._working.acquire(timeout=FORK_S):
            self._held = True
            try:
                self._provider.release()
                self._is_released = True
            except Exception as error:  # noqa: BLE001 (nobody's fork fails because of a provider)
                self._tally.delay(error)

    def go_on_after_fork(self) -> None:
        """In the parent: work on."""
        if self._held:
            self._held = self._is_released = False
            self._working.release()

    def in_child(self) -> Lane:
        """The lane that takes its place in a forked child: what waits is the parent's to do."""
        return Lane(self.name, self._build, capacity=self._capacity, clock=self._clock, parent=self)

    def _fault_of_fork(self) -> Exception | None:
        if self._is_released or self._thread is None or not isinstance(self._provider, Releases):
            return None
        return ExpectedError("The process was forked while it was busy.", hint="Open analytics after forking.")

    def _built(self) -> AnalyticsProvider | None:
        """The provider; None where it cannot be made, which then is what becomes of its jobs."""
        try:
            return self._build(self._tally.lose)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is this provider's alone)
            self._fault = error
            self._tally.delay(error)
            return None

    def _queued(self, job: Job, wait_s: float) -> Exception | None:
        """Why the job was not queued; None where it was."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or len(self._jobs) < self._capacity, wait_s)
            if self._closing:
                return ExpectedError("Analytics are closed.", hint="Track before close().")
            if len(self._jobs) >= self._capacity:
                return ExpectedError(f"{self._capacity} events wait for it already.", hint=_SLOWER)
            self._jobs.append(job)
            self._changed.notify_all()
            return self._start()

    def _start(self) -> Exception | None:
        if self._thread is None:
            thread = Thread(target=self._work, name=f"analytics-{self.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the interpreter is ending, or there is no room for another thread
                self._jobs.clear()
                return error
            self._thread = thread
        return None

    def _work(self) -> None:
        self._provider = self._provider or self._built()
        ahead = 0
        while (job := self._next()) is not None:
            if self._provider is None:
                self._refuse(job)
            elif isinstance(job, Flush):
                self._flush(self._provider, job)
            else:
                self._insist(job, self._provider, worth=1)
                ahead += 1
            if isinstance(self._provider, WorksAhead) and ahead and (ahead >= _AHEAD or not self._jobs):
                self._insist(WorksAhead.settle, self._provider, worth=0)  # it counts by itself
                ahead = 0
            self._busy = False
        if self._provider is not None:
            self._close(self._provider)

    def _next(self) -> Job | Flush | None:
        """The next job; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            if not self._jobs:
                return None
            job = self._jobs.popleft()
            self._busy = not isinstance(job, Flush)
            self._changed.notify_all()
            return job

    def _insist(self, job: Callable[[Any], None], provider: AnalyticsProvider, *, worth: int) -> None:
        """Do the job, again and again while the provider says "not now"; as many events are lost where it fails."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                with self._working:
                    return job(provider)
            except SourceUnavailableError as error:
                if self._given_up.is_set():
                    return self._lose(worth, error)
                self._tally.delay(error)
            except BaseException as error:  # noqa: BLE001 (even SystemExit: the thread must outlive its provider's faults)
                return self._lose(worth, error)
            self._hurry.wait(pause)
            self._hurry.clear()
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _lose(self, count: int, error: BaseException) -> None:
        if count:
            self._tally.lose(count, error)
        else:
            self._tally.delay(error)

    def _refuse(self, job: Job | Flush) -> None:
        if isinstance(job, Flush):
            job.complete = True
            job.done.set()
        else:
            self._tally.lose(1, self._fault or ExpectedError("The provider cannot be made."))

    def _flush(self, provider: AnalyticsProvider, flush: Flush) -> None:
        try:
            with self._working:
                flush.complete = provider.flush(left(flush.until))
            if not flush.complete:
                self._tally.delay(ExpectedError("It could not deliver everything in time."))
        except Exception as error:  # noqa: BLE001 (as above)
            self._tally.delay(error)
        flush.done.set()

    def _close(self, provider: AnalyticsProvider) -> None:
        try:
            with self._working:
                provider.close()
        except Exception as error:  # noqa: BLE001 (as above)
            self._tally.delay(error)


def left(until: float) -> float:
    """Seconds left until a moment of the monotonic clock, not below 0."""
    return max(0.0, until - time.monotonic())


_SLOWER = "Flush now and then, or let calls wait for room: open_analytics(wait_s=…)."
