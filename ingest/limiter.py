"""How many events a minute one client may send and one website may get.

The decision is made in this process's memory. Where processes share a Valkey or Redis server, a task in the background
tells it about once a second what the busy clients and websites did, and learns what they did elsewhere; requests never
wait for it. So a shared limit can be overrun by what each process lets pass until it learns (a second's worth), and by
what it never tells (less than a sixteenth of the limit: from there on a client or website is busy).

`limits` has the shared counters. Its counters in memory cost 2 to 5 µs a key, grow without bound while a minute lasts
and are walked through by a thread every 10 ms; ours are two dicts that are thrown away with their minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import limits.errors
from limits.storage import RedisStorage

from ingest.arrivals import Reason
from ingest.waiting import happens
from stats_core.errors import ConfigurationError

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=1)
MAX_CLIENTS = 100_000  # remembered in a window, about 15 MB; a client beyond is counted by its website alone
MAX_WEBSITES = 10_000
EXCHANGE_EVERY_S = 1.0
SOCKET_S = 1.0
BUSY = 16  # from this part of its limit on a key is shared: most clients never get there
EXPIRE_S = 2 * int(WINDOW.total_seconds())  # of counters on the server: clocks may differ a little
_SCHEMES: Final = {
    "redis": "valkey", "rediss": "valkeys", "valkey": "valkey", "valkeys": "valkeys", "unix": "valkey+unix",
}  # fmt: skip
_PERSON = b"rate limit"  # keeps these hashes apart from others made with the same secret
_DIGEST_BYTES = 16


class RateLimiter:
    """Counts events that pass, and refuses those over a limit until the minute ends.

    To be used by one thread. Alone, a minute begins with the first event after the last one ended; where a server is
    shared, with the clock's.

    Args:
        per_client: Events a minute from one client.
        per_website: Events a minute for one website.
        url: The server that processes share: `redis://…`, `valkey://…`, with TLS `rediss://…`, `valkeys://…`, or
            `unix://…`. None: every process counts for itself.
        secret: Key of the hashes by which clients and websites are known to the server.
        clock: Gives the current moment, aware.

    Raises:
        ConfigurationError: The URL is of no such server, or the client for it is not installed.
    """

    def __init__(
        self, per_client: int, per_website: int, *, url: str | None, secret: bytes, clock: Callable[[], datetime]
    ) -> None:
        self._clock = clock
        self._storage = _storage(url) if url is not None else None
        self._key = hashlib.sha256(secret).digest()
        self._clients = _Counts(per_client, MAX_CLIENTS, shared=url is not None)
        self._websites = _Counts(per_website, MAX_WEBSITES, shared=url is not None)
        self._starts = self._ends = datetime.fromtimestamp(0, UTC)
        self._is_away = False
        self._closing = asyncio.Event()
        self._sharing: asyncio.Task[None] | None = None

    def refusal(self, client: str, website_id: str) -> Reason | None:
        """Why this event is one too many; None where it is not, and then it counts.

        Args:
            client: Whoever has addresses in common (`Client.network`); who is not known ("") has no limit of his own.
            website_id: A website that there is: invented ones would fill the memory meant for those.
        """
        now = self._clock()
        if not self._starts <= now < self._ends:
            self._begin(now)
        if self._clients.is_spent(client):
            return Reason.CLIENT_LIMIT
        if self._websites.is_spent(website_id):
            return Reason.WEBSITE_LIMIT
        if client:
            self._clients.add(client)
        self._websites.add(website_id)
        return None

    async def start(self) -> None:
        """Begin to share counts, where there is a server to share them by."""
        if self._storage is not None:
            self._closing.clear()
            self._sharing = asyncio.create_task(self._share())

    async def close(self) -> None:
        """Stop sharing; waits for an exchange that is under way."""
        self._closing.set()
        if self._sharing is not None:
            await self._sharing
            self._sharing = None
        if self._storage is not None:
            self._storage.storage.close()

    async def exchange(self) -> None:
        """Tell the server what came since the last time, and learn the totals. A server that is away changes nothing.

        The task that `start` begins does this every second.
        """
        window, tables = self._starts, {"client": self._clients, "website": self._websites}
        told = {(kind, key): amount for kind, table in tables.items() for key, amount in table.taken().items()}
        if self._storage is None or not told:
            return
        totals: dict[tuple[str, str], int] = {}
        try:
            await asyncio.to_thread(self._tell, self._storage, window, told, totals)
        except (limits.errors.StorageError, OSError, ValueError) as error:
            self._lost(error)
        else:
            self._found()
        if window != self._starts:  # a new minute began meanwhile
            return
        for (kind, key), amount in told.items():
            tables[kind].learn(key, amount, totals.get((kind, key)))

    async def _share(self) -> None:
        while not await happens(self._closing, within_s=EXCHANGE_EVERY_S):
            await self.exchange()

    def _begin(self, now: datetime) -> None:
        self._starts = now if self._storage is None else _minute(now)
        self._ends = self._starts + WINDOW
        self._clients.clear()
        self._websites.clear()

    def _tell(
        self,
        storage: RedisStorage,
        window: datetime,
        told: Mapping[tuple[str, str], int],
        totals: dict[tuple[str, str], int],
    ) -> None:
        """Runs in a thread; `totals` has what the server took before it went away."""
        for (kind, key), amount in told.items():
            totals[kind, key] = storage.incr(self._hash(window, kind, key), EXPIRE_S, amount)

    def _hash(self, window: datetime, *parts: str) -> str:
        """Who it is to the server: another one each minute, and nobody's address without the secret."""
        text = "\0".join([window.isoformat(), *parts])
        content = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=_DIGEST_BYTES, key=self._key, person=_PERSON).hexdigest()

    def _lost(self, error: Exception) -> None:
        if not self._is_away:
            log.warning("The server of the rate limits is away; each process counts for itself. %s", error)
        self._is_away = True

    def _found(self) -> None:
        if self._is_away:
            log.info("The server of the rate limits is back.")
        self._is_away = False


class _Counts:
    """Events by key in this window.

    Args:
        limit: Events that a key may have.
        keys: How many keys are remembered.
        shared: Whether what busy keys did is kept for the server.
    """

    def __init__(self, limit: int, keys: int, *, shared: bool) -> None:
        self._limit, self._keys = limit, keys
        self._busy_from = max(1, limit // BUSY) if shared else limit + 1
        self._counts: dict[str, int] = {}
        self._untold: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def is_spent(self, key: str) -> bool:
        return self._counts.get(key, 0) >= self._limit

    def add(self, key: str) -> None:
        count = self._counts.get(key, 0) + 1
        if count == 1 and len(self._counts) >= self._keys:
            return  # not evicted for it: a flood of new keys must not free those that are at their limit
        self._counts[key] = count
        if count >= self._busy_from:
            self._untold[key] = count if count == self._busy_from else self._untold.get(key, 0) + 1

    def taken(self) -> dict[str, int]:
        """What the server was not told yet; from now on it counts as told."""
        untold, self._untold = self._untold, {}
        return untold

    def learn(self, key: str, told: int, total: int | None) -> None:
        """Count what all processes did; where the server did not answer, it has not been told."""
        if total is None:
            self._untold[key] = self._untold.get(key, 0) + told
        else:
            self._counts[key] = max(self._counts[key], total + self._untold.get(key, 0))

    def clear(self) -> None:
        self._counts, self._untold = {}, {}


def _minute(moment: datetime) -> datetime:
    """When the clock's minute began, the same in all processes."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _storage(url: str) -> RedisStorage:
    scheme, _, rest = url.partition("://")
    if scheme not in _SCHEMES:
        message = "WORKBENCH_CACHE_URL begins with none of redis://, rediss://, valkey://, valkeys:// and unix://."
        raise ConfigurationError(message, path="cache_url", hint="Write redis://localhost:6379/0, or unset it.")
    try:
        return RedisStorage(
            f"{_SCHEMES[scheme]}://{rest}",
            key_prefix="workbench:limits",
            wrap_exceptions=True,
            socket_timeout=SOCKET_S,
            socket_connect_timeout=SOCKET_S,
        )
    except limits.errors.ConfigurationError as error:
        message = "WORKBENCH_CACHE_URL is set, but the client for it is not installed."
        raise ConfigurationError(
            message, path="cache_url", hint="Install stats-workbench[valkey], or unset it."
        ) from error
    except ValueError as error:  # its text quotes a part of the URL
        message = "WORKBENCH_CACHE_URL is no address of a server."
        raise ConfigurationError(
            message, path="cache_url", hint="Write redis://localhost:6379/0, or unset it."
        ) from error
