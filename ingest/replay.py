"""Refused events once more, after what kept them out is mended."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Transaction

from ingest.arrivals import Arrival, Reason, unpack
from ingest.commits import TRIES, Fault, fault_of, words
from ingest.hosts import is_among
from ingest.referrers import DIRECT, classify, locate
from ingest.refused import BODY, wanted
from ingest.sites import Site, Sites
from ingest.spam import is_spam
from ingest.store import store_arrivals
from stats_core.database import Database
from stats_core.errors import SourceUnavailableError

BY_AMOUNT = frozenset({Reason.CLIENT_LIMIT, Reason.WEBSITE_LIMIT})
"""What was one too many: replayed only where its reason is named, since most of it is made up."""

_BATCH = 500
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ReplayReport:
    """What became of the bodies.

    Attributes:
        replayed: Stored now, as of the moment they came in.
        duplicates: Were there already; their bodies are deleted too.
        refused: By reason, what is refused still and stays.
    """

    replayed: int = 0
    duplicates: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)

    def add(self, other: ReplayReport) -> None:
        """Add what became of others."""
        self.replayed += other.replayed
        self.duplicates += other.duplicates
        self.refused += other.refused


def replay(
    database: Database,
    *,
    clock: Callable[[], datetime],
    reason: Reason | None = None,
    website_id: str | None = None,
    dry_run: bool = False,
) -> ReplayReport:
    """Check the kept bodies by the rules of today, and store those that pass with their own moment and event id.

    A body goes in the transaction that stores its event, and days are marked there too: stopped anywhere and begun
    anew, each event is there once.

    Args:
        database: Where bodies and websites stand.
        clock: Gives the current moment, aware.
        reason: Only what was refused for it; default: for whatever but a limit.
        website_id: Only events that name this website.
        dry_run: Say what would come of it, and change nothing.

    Raises:
        SourceUnavailableError: The database is away. What was replayed until then is stored.
    """
    sites = Sites(database, clock)
    sites.read()
    work = _Replay(database, sites, secrets.token_hex(8), reason, dry_run)
    with database.read() as session:
        ids = session.scalars(select(BODY.c.id).where(*wanted(reason, website_id)).order_by(BODY.c.id)).all()
    report = ReplayReport()
    for start in range(0, len(ids), _BATCH):
        report.add(work.batch(ids[start : start + _BATCH]))
    return report


@dataclass(frozen=True, slots=True)
class _Replay:
    database: Database
    sites: Sites
    writer: str
    reason: Reason | None
    dry_run: bool

    def batch(self, ids: Sequence[int]) -> ReplayReport:
        """Replay these bodies in one transaction; where one of them cannot be stored, in several.

        Raises:
            SourceUnavailableError: The database is away.
        """
        for _ in range(TRIES):
            try:
                return self._in_one(ids)
            except SourceUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the other events are not to suffer
                last = error
                if (fault := fault_of(error)) is not Fault.AGAIN:
                    break
        if fault is not Fault.ROW:
            msg = f"The database {self.database.address} cannot store events: {words(last)}."
            raise SourceUnavailableError(msg, hint="Try again in a moment.") from last
        if len(ids) == 1:
            _log.warning("The refused event %s cannot be stored: %s", ids[0], words(last))
            return ReplayReport(refused=Counter({Reason.UNSTORABLE: 1}))
        middle = len(ids) // 2
        report = self.batch(ids[:middle])
        report.add(self.batch(ids[middle:]))
        return report

    def _in_one(self, ids: Sequence[int]) -> ReplayReport:
        # Bodies that another replay has locked are its own.
        rows = select(BODY.c.id, BODY.c.reason, BODY.c.body).where(BODY.c.id.in_(ids)).order_by(BODY.c.id)
        report = ReplayReport()
        passed: dict[int, Arrival] = {}
        with self.database.write() as session:
            for row in session.execute(rows.with_for_update(skip_locked=True)):
                verdict = self._judged(Reason(row.reason), row.body)
                if isinstance(verdict, Reason):
                    report.refused[verdict] += 1
                else:
                    passed[row.id] = verdict
            if passed:
                self._store(session, passed, report)
            if self.dry_run:
                session.rollback()
        return report

    def _store(self, session: Transaction, passed: dict[int, Arrival], report: ReplayReport) -> None:
        stored, _ = store_arrivals(session, list(passed.values()), writer=self.writer)
        session.execute(delete(BODY).where(BODY.c.id.in_(passed)))
        report.replayed, report.duplicates = stored.stored, stored.duplicates

    def _judged(self, reason: Reason, body: Any) -> Arrival | Reason:
        """The event as it is stored now, or why it is not."""
        try:
            arrival, hostname = unpack(body["arrival"]), body.get("hostname")
        except (KeyError, TypeError, ValueError, AttributeError):
            return reason  # it is there to be looked at
        if reason in BY_AMOUNT and self.reason is None:
            return reason
        if (site := self.sites.find(arrival.event.website_id)) is None:
            return Reason.UNKNOWN_WEBSITE
        if (hostname is not None or reason is Reason.FOREIGN_HOSTNAME) and not site.allows(hostname or ""):
            return Reason.FOREIGN_HOSTNAME
        if is_spam(_referring_host(arrival)):
            return Reason.SPAM
        return _with_source(arrival, site)


def _referring_host(arrival: Arrival) -> str:
    return locate(arrival.event.referrer)[1] if arrival.event.referrer else ""


def _with_source(arrival: Arrival, site: Site) -> Arrival:
    """Where the referrer is one of the site's own hosts, the visit is direct; a campaign stays its source."""
    event = arrival.event
    if not is_among(_referring_host(arrival), site.own_hosts):
        return arrival
    by_referrer = classify(event.referrer)
    if (event.referrer_source, event.referrer_medium) == (by_referrer.source, by_referrer.medium):
        event = replace(event, referrer_source=DIRECT.source, referrer_medium=DIRECT.medium)
    return replace(arrival, event=replace(event, referrer=None))
