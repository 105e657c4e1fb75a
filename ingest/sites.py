"""The websites that events may name, in memory: an event never waits for the database to know its website."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ingest.hosts import bare_host, is_among
from ingest.waiting import happens
from stats_core.database import Database
from stats_core.errors import SourceUnavailableError
from stats_core.models import Website

REFRESH_S = 5.0  # how long a change of a website may go unnoticed
PATIENCE_S = 1.0  # how long an event of an unknown website waits for the database
_MISS = timedelta(seconds=1)  # how often unknown ids may make us look again

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """What ingest must know of a website.

    Attributes:
        timezone: IANA name; its days are cut there.
        own_hosts: Its domain and its allowed hostnames, in lower case without `www.`: visits from them are direct.
        allowed_hostnames: Hosts whose pages may send events; empty for any.
    """

    id: str
    timezone: str
    own_hosts: frozenset[str]
    allowed_hostnames: frozenset[str]

    def allows(self, hostname: str) -> bool:
        """Whether pages of this host, as `bare_host` writes it, may send events.

        `*.example.com` in the list allows every host below `example.com`; a plain name allows itself and its `www.`.
        """
        return not self.allowed_hostnames or is_among(hostname, self.allowed_hostnames)


class Sites:
    """All websites, read as a whole: there are few, and whoever invents ids causes no query each.

    While the database is away, what was known is served.

    Args:
        clock: Gives the current moment, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Site] = {}
        self._look: asyncio.Task[None] | None = None
        self._missed_at: datetime | None = None
        self._is_away = False

    def find(self, website_id: str) -> Site | None:
        """The website, from memory alone."""
        return self._known.get(website_id)

    async def find_new(self, website_id: str) -> Site | None:
        """The website, looked for in the database too, at most once a second for all ids together."""
        now = self._clock()
        if self._missed_at is None or abs(now - self._missed_at) >= _MISS:
            self._missed_at = now
            self._look = asyncio.create_task(asyncio.to_thread(self.read))
        if self._look is not None:
            await asyncio.wait({self._look}, timeout=PATIENCE_S)  # all who miss wait for the same look
        return self.find(website_id)

    def read(self) -> None:
        """Read the websites anew."""
        try:
            with self._database.read() as session:
                rows = session.execute(_WEBSITES).all()
        except (SQLAlchemyError, SourceUnavailableError) as error:
            self._note_away(error)
            return
        self._is_away = False
        self._known = {row.id: _site(row.id, row.timezone, row.domain, row.allowed_hostnames) for row in rows}

    async def keep_fresh(self, closing: asyncio.Event) -> None:
        """Read the websites every few seconds until `closing` is set."""
        while not await happens(closing, within_s=REFRESH_S):
            await asyncio.to_thread(self.read)
        if self._look is not None:
            await self._look

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            _log.warning("The websites cannot be read (%s); those known stay known.", type(error).__name__)
        self._is_away = True


_WEBSITES = select(Website.id, Website.timezone, Website.domain, Website.allowed_hostnames)


def _site(website_id: str, timezone: str, domain: str, allowed: Iterable[str] | None) -> Site:
    hosts = frozenset(bare_host(str(host)) for host in allowed or ())
    own = hosts | {bare_host(domain)}
    return Site(website_id, timezone, own, own if hosts else frozenset())
