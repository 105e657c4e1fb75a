"""Server-side events to several providers at once: what a shop calls."""

from __future__ import annotations

import atexit
import json
import os
import time
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from ingest.providers.commerce import CommerceEvent
from ingest.providers.health import ProviderHealth, Tally
from ingest.providers.lane import Lane
from ingest.providers.protocol import FLUSH_S, AnalyticsProvider, EventContext, FilledContext, OnLoss
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.ids import ulid

CAPACITY: Final = 10_000
"""Events that wait for a provider at most."""

MAX_BYTES: Final = 32_000  # of an event as JSON; Segment takes no more than 32 KiB


class Analytics:
    """Gives every event to every provider; a context manager that flushes and closes.

    `track` and `identify` put the event into a queue per provider and return: they do not wait for a provider, raise
    nothing, and may be called from any thread and from an asyncio loop. What went wrong is logged, and `problems()`
    tells it. A program that ends without `close()` flushes at exit, for at most a few seconds.

    Args:
        providers: By name, what makes each.
        clock: Gives the current moment, aware.
        capacity: Events that wait for a provider at most.
        wait_s: How long a call may wait for room in a full queue: 0 in requests, more in scripts that import.
    """

    def __init__(
        self,
        providers: Mapping[str, Callable[[OnLoss], AnalyticsProvider]],
        *,
        clock: Callable[[], datetime],
        capacity: int = CAPACITY,
        wait_s: float = 0.0,
    ) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._calls = Tally("track", clock)
        self._lanes = [Lane(name, build, capacity=capacity, clock=clock) for name, build in providers.items()]
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
            hooks = {"before": "_hold", "after_in_parent": "_go_on", "after_in_child": "_restart"}
            os.register_at_fork(**{when: partial(_call, weakref.ref(self), name) for when, name in hooks.items()})

    def track(
        self,
        event: str | CommerceEvent,
        actor_id: str | int,
        properties: Mapping[str, Any] | BaseModel | None = None,
        context: EventContext | Mapping[str, Any] | None = None,
    ) -> None:
        """Track an event.

        Args:
            event: Its name, or a named commerce event, which brings its properties.
            actor_id: Who did it: the browser's visitor id, so that it joins the visit, or the shop's id of a customer.
            properties: What it is about: a JSON document, or a model such as `OrderPlaced`.
            context: Where and when it happened; default: here and now.
        """
        self._give(self._event, event, actor_id, properties, context)

    def identify(self, actor_id: str | int, traits: Mapping[str, Any] | BaseModel) -> None:
        """Say what is known of a person. The database does not keep it."""
        self._give(self._traits, actor_id, traits)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Wait until every provider has delivered what was tracked before.

        Returns:
            Whether nothing was left after `timeout_s` seconds. What a provider has lost is not left: `problems()`.
        """
        until = time.monotonic() + timeout_s
        flushes = [lane.flush(until) for lane in self._lanes]
        return all(flush.wait() for flush in flushes)

    def close(self, timeout_s: float = FLUSH_S) -> bool:
        """Flush, and let go of everything; a second time does nothing.

        Returns:
            Whether all providers ended within `timeout_s` seconds.
        """
        atexit.unregister(self.close)
        until = time.monotonic() + timeout_s
        for lane in self._lanes:
            lane.flush(until)
            lane.end()
        ended = [lane.join(until) for lane in self._lanes]
        return all(ended)

    def health(self) -> tuple[ProviderHealth, ...]:
        """How every provider is doing, and last the calls themselves (`track`)."""
        return (*(lane.health() for lane in self._lanes), self._calls.health())

    def problems(self) -> tuple[ProviderHealth, ...]:
        """Those that have lost something or had to wait: none when all is well."""
        return tuple(health for health in self.health() if health.problem is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _hold(self) -> None:
        for lane in self._lanes:
            lane.hold_for_fork()

    def _go_on(self) -> None:
        for lane in self._lanes:
            lane.go_on_after_fork()

    def _restart(self) -> None:
        self._calls = Tally("track", self._clock)
        self._lanes = [lane.in_child() for lane in self._lanes]

    def _give(self, read: Callable[..., Callable[[AnalyticsProvider], None]], *given: object) -> None:
        self._calls.give()
        try:
            job = read(*given)
        except Exception as error:  # noqa: BLE001 (a shop's request must not fail because of what it tells about it)
            self._calls.lose(1, _worded(error))
        else:
            for lane in self._lanes:
                lane.put(job, self._wait_s)

    def _event(
        self,
        event: str | CommerceEvent,
        actor_id: str | int,
        properties: Mapping[str, Any] | BaseModel | None,
        context: EventContext | Mapping[str, Any] | None,
    ) -> Callable[[AnalyticsProvider], None]:
        typed = event if isinstance(event, CommerceEvent) else properties
        name = event.NAME if isinstance(event, CommerceEvent) else event
        if isinstance(typed, CommerceEvent) and (name != typed.NAME or typed is not properties is not None):
            message = f"{name!r} was tracked with the properties of {typed.NAME!r}, or with two kinds."
            raise ExpectedError(message, path="properties", hint="Pass the event alone.")
        key = typed.key() if isinstance(typed, CommerceEvent) else None
        filled = self._filled(context, key)
        document = _document(_name(name), _actor(actor_id), {} if typed is None else typed, "properties")
        return partial(_track, document, filled)

    def _traits(
        self, actor_id: str | int, traits: Mapping[str, Any] | BaseModel
    ) -> Callable[[AnalyticsProvider], None]:
        return partial(_identify, _document("", _actor(actor_id), traits, "traits"))

    def _filled(self, context: EventContext | Mapping[str, Any] | None, key: str | None) -> FilledContext:
        given = EventContext.model_validate({} if context is None else context)
        return FilledContext.model_validate(
            {
                **given.model_dump(),
                "timestamp": given.timestamp or self._clock(),
                "event_id": given.event_id or key or ulid(),
            }
        )


def _track(document: bytes, context: FilledContext, provider: AnalyticsProvider) -> None:
    event, actor_id, properties = json.loads(document)
    provider.track(event, actor_id, properties, context)


def _identify(document: bytes, provider: AnalyticsProvider) -> None:
    _, actor_id, traits = json.loads(document)
    provider.identify(actor_id, traits)


def _document(name: str, actor_id: str, values: Mapping[str, Any] | BaseModel, path: str) -> bytes:
    """The event as JSON: what the shop changes later does not change it, and each provider reads its own.

    Dates, decimals and the like become texts, numbers that JSON does not know null, halves of characters "?".
    """
    plain = to_jsonable_python(values, exclude_none=isinstance(values, BaseModel), inf_nan_mode="null")
    if not isinstance(plain, dict):
        raise ExpectedError(f"A mapping is wanted, not {type(values).__name__}.", path=path)
    document = json.dumps([name, actor_id, plain], ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    if len(document) > MAX_BYTES:
        raise ExpectedError(f"The event has {len(document)} bytes; {MAX_BYTES} are the limit.", path=path)
    return document


def _name(event: object) -> str:
    if not isinstance(event, str) or not event.strip():
        raise ExpectedError("The event has no name.", path="event", hint='Names look like "order_placed".')
    return event.strip()


def _actor(actor_id: object) -> str:
    if isinstance(actor_id, bool) or not isinstance(actor_id, str | int) or not str(actor_id).strip():
        message = f"An actor is a text or a whole number, not {type(actor_id).__name__} or nothing."
        raise ExpectedError(message, path="actor_id", hint="Pass the browser's visitor id, or a customer's.")
    return str(actor_id)


def _worded(error: Exception) -> Exception:
    """The error without the values it is about: they may be a person's."""
    if not isinstance(error, ValidationError):
        return error
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return InvalidOptionsError(Problem(".".join(map(str, fault["loc"])), f"{fault['msg']}.") for fault in faults)


def _call(reference: weakref.ref[Analytics], name: str) -> None:
    """What the interpreter calls around a fork; it keeps no analytics alive."""
    if (analytics := reference()) is not None:
        getattr(analytics, name)()
