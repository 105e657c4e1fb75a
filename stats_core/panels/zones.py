"""The time zones of websites, remembered for a minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from stats_core.database import Database
from stats_core.models import Website

REMEMBERED = timedelta(seconds=60)


class WebsiteZones:
    """Answers for a website's id the zone in which its days are cut; None for an id that is unknown.

    Args:
        database: Where the websites stand.
        clock: Gives the current moment, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._zones: dict[str, str] = {}
        self._read_at: datetime | None = None

    def __call__(self, website_id: str) -> str | None:
        """The IANA name of the website's zone."""
        now = self._clock()
        if self._read_at is None or abs(now - self._read_at) > REMEMBERED:
            with self._database.read() as session:
                self._zones = {row.id: row.timezone for row in session.execute(select(Website.id, Website.timezone))}
            self._read_at = now
        return self._zones.get(website_id)
