"""The cache of answers: dogpile.cache over a bounded memory or Valkey, with single flight per key."""

from __future__ import annotations

import copy
import itertools
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any, Final, Generic, TypeVar

from dogpile import Lock, NeedRegenerationException
from dogpile.cache import CacheRegion, make_region
from dogpile.cache.api import CachedValue, CantDeserializeException
from dogpile.util import NameRegistry

from stats_core.errors import ConfigurationError, ExpectedError
from stats_core.operations.registry import Meta
from stats_core.panels.frozen import freeze, memory_bytes

log = logging.getLogger(__name__)

FAILURE_TTL = timedelta(seconds=5)  # long enough for those who waited, short enough to try again by hand
FAILURES_KEPT = 1024
RETRY_AFTER = timedelta(seconds=30)  # a server that is away is not asked by every panel
EXPIRE_S = 86_400  # of entries on the server; a longer TTL recomputes once a day
SOCKET_S = 1.0  # computing most answers is faster than waiting longer
SCHEMES: Final = ("redis", "rediss", "valkey", "valkeys", "unix")
_CREATED = 1.0  # dogpile wants a time of creation; ours are never judged by it


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answered, as it is kept.

    Attributes:
        data: Frozen JSON values.
        resolved_at: When the database answered.
    """

    data: dict[str, Any]
    row_count: int
    truncated: bool
    statement: str
    meta: Meta
    resolved_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """An expected error, as it is kept for those who wait for the same answer."""

    error: ExpectedError
    resolved_at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which kept answers will do.

    Attributes:
        ttl_s: How old one may be; None or 0: none will do.
        not_before: One from before this moment will not do (the panel was changed then).
        recompute: None will do, but the new one is kept for others.
    """

    ttl_s: int | None = None
    not_before: datetime | None = None
    recompute: bool = False

    @property
    def reads(self) -> bool:
        """Whether any kept answer will do."""
        return bool(self.ttl_s) and not self.recompute

    @property
    def ttl(self) -> timedelta:
        """`ttl_s` as a time."""
        return timedelta(seconds=self.ttl_s or 0)

    def allows(self, resolved_at: datetime, now: datetime, ttl: timedelta) -> bool:
        """Whether an answer of that moment will do; one from the future (a clock was wrong) grows old as well."""
        return abs(now - resolved_at) < ttl and (self.not_before is None or resolved_at >= self.not_before)


@dataclass(eq=False)
class _Flight:
    """One key's computation: for those who wait for it, and for nobody who comes later."""

    mutex: threading.Lock = field(default_factory=threading.Lock)
    took_off: int = 0
    over: int = 0
    landed: Answer | Failure | None = None


class Cache:
    """Answers by key. Callers of one key share one computation, and one failure.

    Args:
        region: Where answers are kept; its values are `Answer`s.
        clock: Gives the current moment, aware.
        away: Errors by which a server says that it is away; then everything works without it.
        namespace: Begins every key, so that workbenches over different data can share a server.
        close: Gives the connections to the server back.
    """

    def __init__(
        self,
        region: CacheRegion,
        *,
        clock: Callable[[], datetime],
        away: tuple[type[Exception], ...] = (),
        namespace: str = "",
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._region, self._clock, self._away = region, clock, away
        self._namespace, self._close = namespace, close
        self._failures: Lru[str, Failure] = Lru(entries=FAILURES_KEPT)
        self._flights = NameRegistry(lambda _key: _Flight())
        self._tickets = itertools.count(1)
        self._ask_again_at: datetime | None = None

    def answer(self, key: str, compute: Callable[[], Answer], fresh: Freshness) -> tuple[Answer, bool]:
        """The answer for `key`, and whether it came without calling `compute`.

        A caller takes what is kept if it is fresh. Otherwise the first one computes and the others wait for it. Who
        wants no kept answer gets a computation that began after he came, so that a burst of refreshes costs two.

        Raises:
            ExpectedError: What `compute` raised, for all who waited and for FAILURE_TTL.
        """
        if (found := self._kept(key, fresh)) is not None:
            return _unwrapped(found), True
        arrived = next(self._tickets)
        flight: _Flight = self._flights.get(key)
        computed = False

        def kept() -> tuple[Answer | Failure, float]:
            if (found := self._landed(flight, arrived, fresh) or self._kept(key, fresh)) is None:
                raise NeedRegenerationException
            return found, _CREATED

        def create() -> tuple[Answer | Failure, float]:
            nonlocal computed
            computed = True
            flight.took_off = next(self._tickets)
            flight.landed = self._computed(compute)
            flight.over = next(self._tickets)
            self._keep(key, flight.landed, fresh)
            return flight.landed, _CREATED

        with Lock(flight.mutex, create, kept, None) as outcome:  # type: ignore[no-untyped-call]
            return _unwrapped(outcome), not computed

    def kept(self, key: str) -> Answer | None:
        """What is kept under the key, however old; nothing is computed."""
        return self._get(key, self._clock())

    def outdated(self, key: str, fresh: Freshness) -> Answer | None:
        """What is kept under the key and is too old, by a day at most, and not from before the panel was changed."""
        now = self._clock()
        found = self._get(key, now) if fresh.reads else None
        if found is None or fresh.allows(found.resolved_at, now, fresh.ttl):
            return None
        return found if fresh.allows(found.resolved_at, now, timedelta(seconds=EXPIRE_S)) else None

    def close(self) -> None:
        """Give the connections to the server back."""
        self._close()

    def _landed(self, flight: _Flight, arrived: int, fresh: Freshness) -> Answer | Failure | None:
        """What the computation gave that this caller waited for, if it will do for him."""
        if (landed := flight.landed) is None or flight.took_off > arrived:
            return landed
        if arrived > flight.over:
            return None
        ttl = FAILURE_TTL if isinstance(landed, Failure) else fresh.ttl
        return landed if fresh.reads and fresh.allows(landed.resolved_at, self._clock(), ttl) else None

    def _computed(self, compute: Callable[[], Answer]) -> Answer | Failure:
        try:
            return compute()
        except ExpectedError as error:
            return Failure(error, self._clock())

    def _kept(self, key: str, fresh: Freshness) -> Answer | Failure | None:
        if not fresh.reads:
            return None
        now = self._clock()
        found = self._get(key, now)
        if found is not None and fresh.allows(found.resolved_at, now, fresh.ttl):
            return found
        failure = self._failures.get(key)
        return failure if failure is not None and fresh.allows(failure.resolved_at, now, FAILURE_TTL) else None

    def _keep(self, key: str, outcome: Answer | Failure, fresh: Freshness) -> None:
        if not fresh.ttl_s:
            return
        if isinstance(outcome, Failure):  # of this process only: another one may reach the source
            self._failures[key] = outcome
            return
        self._failures.pop(key, None)
        self._set(key, outcome)

    def _get(self, key: str, now: datetime) -> Answer | None:
        if self._ask_again_at is not None and now < self._ask_again_at:
            return None
        try:
            found = self._region.get(self._namespace + key, ignore_expiration=True)
        except self._away as error:
            self._lost(error)
            return None
        except ValueError:  # something else was written there
            return None
        if self._ask_again_at is not None:
            self._ask_again_at = None
            log.info("The cache server is back.")
        return found if isinstance(found, Answer) else None

    def _set(self, key: str, answer: Answer) -> None:
        if self._ask_again_at is not None:
            return
        try:
            self._region.set(self._namespace + key, answer)
        except self._away as error:
            self._lost(error)

    def _lost(self, error: Exception) -> None:
        if self._ask_again_at is None:
            log.warning("The cache server is away; answers are computed each time. %s", str(error))
        self._ask_again_at = self._clock() + RETRY_AFTER


def _unwrapped(outcome: Answer | Failure) -> Answer:
    if isinstance(outcome, Failure):
        raise copy.copy(outcome.error)  # one of the caller's own: tracebacks grow in an error that is raised
    return outcome


K = TypeVar("K")
V = TypeVar("V")


class Lru(MutableMapping[K, V], Generic[K, V]):
    """A mapping of bounded size: what was not used for the longest time goes first. Safe between threads.

    Args:
        entries: How many it holds at most.
        size: How many bytes it holds at most, as `weigh` counts them; None = any. A bigger value is not taken at all.
        weigh: The bytes of a value.

    Attributes:
        size: The bytes it holds.
        evictions: How many values went to make room.
    """

    def __init__(self, *, entries: int, size: int | None = None, weigh: Callable[[V], int] = lambda _value: 0) -> None:
        self._entries, self._size, self._weigh = entries, size, weigh
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._mutex = threading.Lock()
        self.size = self.evictions = 0

    def __getitem__(self, key: K) -> V:
        with self._mutex:
            value, _ = self._items[key]
            self._items.move_to_end(key)
            return value

    def get(self, key: K, default: Any = None) -> Any:
        """The value, which is the last to go from now on, or `default`."""
        with self._mutex:
            if (item := self._items.get(key)) is None:
                return default
            self._items.move_to_end(key)
            return item[0]

    def __setitem__(self, key: K, value: V) -> None:
        weight = self._weigh(value)
        with self._mutex:
            self._forget(key)
            if self._size is not None and weight > self._size:
                return
            self._items[key] = value, weight
            self.size += weight
            while len(self._items) > self._entries or (self._size is not None and self.size > self._size):
                self._forget(next(iter(self._items)))
                self.evictions += 1

    def __delitem__(self, key: K) -> None:
        with self._mutex:
            if not self._forget(key):
                raise KeyError(key)

    def pop(self, key: K, default: Any = None) -> Any:
        """The value, which goes, or `default`."""
        with self._mutex:
            value = self._items.get(key, (default, 0))[0]
            self._forget(key)
            return value

    def __iter__(self) -> Iterator[K]:
        with self._mutex:
            return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def _forget(self, key: K) -> bool:
        if (item := self._items.pop(key, None)) is None:
            return False
        self.size -= item[1]
        return True


def memory_cache(*, clock: Callable[[], datetime], entries: int, megabytes: float) -> Cache:
    """A cache of this process, of at most so many answers and so many MB of them."""
    answers: Lru[str, CachedValue] = Lru(entries=entries, size=int(megabytes * 1_000_000), weigh=_weight)
    return Cache(make_region().configure("dogpile.cache.memory", arguments={"cache_dict": answers}), clock=clock)


def server_cache(url: str, *, clock: Callable[[], datetime], namespace: str) -> Cache:
    """A cache that processes share, on a Valkey or Redis server; one that is away costs answers, not errors.

    Raises:
        ConfigurationError: The URL is of neither, or the client is not installed.
    """
    if url.partition("://")[0] not in SCHEMES:
        message = "WORKBENCH_CACHE_URL begins with none of redis://, rediss://, valkey://, valkeys:// and unix://."
        raise ConfigurationError(message, path="cache_url", hint="Write redis://localhost:6379/0, or unset it.")
    if find_spec("valkey") is None:
        message = "WORKBENCH_CACHE_URL is set, but the client for it is not installed."
        raise ConfigurationError(message, path="cache_url", hint="Install stats-workbench[valkey], or unset it.")
    from valkey.exceptions import ValkeyError

    arguments = {
        "url": url,
        "valkey_expiration_time": EXPIRE_S,
        "socket_timeout": SOCKET_S,
        "socket_connect_timeout": SOCKET_S,
    }
    region = make_region(serializer=encoded, deserializer=decoded)
    try:
        region.configure("dogpile.cache.valkey", arguments=arguments)
    except ValueError as error:  # its text quotes a part of the URL
        message = "WORKBENCH_CACHE_URL is no address of a server."
        raise ConfigurationError(
            message, path="cache_url", hint="Write redis://localhost:6379/0, or unset it."
        ) from error
    close = region.actual_backend.writer_client.close
    return Cache(region, clock=clock, away=(ValkeyError, OSError), namespace=f"workbench:{namespace}:", close=close)


def encoded(answer: Answer) -> bytes:
    """An answer as JSON, which unlike a pickle can run no code when it is read."""
    document = {
        "data": answer.data,
        "row_count": answer.row_count,
        "truncated": answer.truncated,
        "statement": answer.statement,
        "meta": answer.meta.model_dump(mode="json"),
        "resolved_at": answer.resolved_at.isoformat(),
    }
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def decoded(document: bytes) -> Answer:
    """The answer that `encoded` wrote; anything else is taken for no answer."""
    try:
        fields = json.loads(document)
        meta, resolved_at = Meta(**fields.pop("meta")), datetime.fromisoformat(fields.pop("resolved_at"))
        return Answer(data=freeze(fields.pop("data")), meta=meta, resolved_at=resolved_at, **fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CantDeserializeException from error


def _weight(kept: CachedValue) -> int:
    answer: Answer = kept.payload
    return memory_bytes(answer.data) + len(answer.statement)
