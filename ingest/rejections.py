"""What was refused: counted by website, hour and reason, with some bodies to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, and_, delete, func, insert, literal_column, select
from sqlalchemy.orm import Session as Transaction

from ingest.arrivals import Reason, Refusal
from ingest.bulk import upsert
from stats_core.database import Database
from stats_core.database.types import utc_now, write_json
from stats_core.models import EventRejectionCount, RejectedEvent, Website

KEPT = timedelta(days=7)  # how long bodies are kept; counts stay
BODIES = 100  # kept per reason and hour
LARGEST = 4_096  # bytes of a body that is kept
MOST_COUNTS, MOST_BODIES = 10_000, 1_000  # in memory

_HOUR = timedelta(hours=1)
_COUNT, _BODY = cast("Table", EventRejectionCount.__table__), cast("Table", RejectedEvent.__table__)
_ADDED = {"count": _COUNT.c.count + literal_column("excluded.count"), "updated_at": utc_now()}
_LOCK = 0x4EFE  # of those who count bodies and add to them: a number that no other lock of the database has

Bucket = tuple[Reason, datetime]
"""Reason and hour: what `BODIES` is about."""


class Tally:
    """Refusals that wait to be written, in bounded memory: all are counted, some are kept."""

    def __init__(self, refusals: Iterable[Refusal] = ()) -> None:
        self.counts: Counter[tuple[str, datetime, Reason]] = Counter()
        self.kept: list[Refusal] = []
        self._kept: Counter[Bucket] = Counter()
        for refusal in refusals:
            self.add(refusal)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, refusal: Refusal) -> None:
        """Count a refusal, and keep it where it has a body and there is room."""
        hour, reason = _hour(refusal.received_at), refusal.reason
        self._count(refusal.website_id, hour, reason, 1)
        if refusal.body is not None:
            self._keep(refusal, (reason, hour))

    def merge(self, other: Tally, *, bodies: bool = True) -> None:
        """Add what another one holds, with or without its bodies."""
        for (website_id, hour, reason), times in other.counts.items():
            self._count(website_id, hour, reason, times)
        for refusal in other.kept if bodies else ():
            self._keep(refusal, (refusal.reason, _hour(refusal.received_at)))

    def record(self, session: Transaction) -> None:
        """Add it to what the database holds. Websites that it does not know are one: the empty text."""
        names = select(Website.id).where(Website.id.in_({_text(website_id) for website_id, _, _ in self.counts}))
        known = set(session.scalars(names))
        counts: Counter[tuple[str, datetime, str]] = Counter()
        for (website_id, hour, reason), times in self.counts.items():
            counts[website_id if website_id in known else "", hour, reason.value] += times
        if counts:
            websites, hours, reasons = zip(*counts, strict=True)
            columns = {"website_id": websites, "hour": hours, "reason": reasons, "count": list(counts.values())}
            upsert(session, _COUNT, columns, key=("website_id", "hour", "reason"), also=_ADDED)
        if self.kept:
            _record_bodies(session, self.kept, known)

    def _count(self, website_id: str, hour: datetime, reason: Reason, times: int) -> None:
        if len(self.counts) >= MOST_COUNTS and (website_id, hour, reason) not in self.counts:
            website_id = ""
        self.counts[website_id, hour, reason] += times

    def _keep(self, refusal: Refusal, bucket: Bucket) -> None:
        if len(self.kept) < MOST_BODIES and self._kept[bucket] < BODIES:
            self._kept[bucket] += 1
            self.kept.append(refusal)


def record(session: Transaction, refusals: Iterable[Refusal]) -> None:
    """Count `refusals` by website, hour and reason, and keep of their bodies what there is room for."""
    Tally(refusals).record(session)


def prune(database: Database, *, before: datetime) -> int:
    """Delete the bodies that were received before this moment (`KEPT` ago); return how many."""
    with database.write() as session:
        deleted = session.execute(delete(_BODY).where(_BODY.c.received_at < before))
        return cast("CursorResult[Any]", deleted).rowcount


def _record_bodies(session: Transaction, refusals: Iterable[Refusal], known: Collection[str]) -> None:
    if session.connection().dialect.name == "postgresql":  # elsewhere nobody else writes meanwhile
        session.execute(select(func.pg_advisory_xact_lock(_LOCK, 0)))
    kept: dict[datetime, Counter[str]] = {}
    rows = []
    for refusal in refusals:
        hour = _hour(refusal.received_at)
        if hour not in kept:
            kept[hour] = _kept_bodies(session, hour)
        if kept[hour][refusal.reason] < BODIES:
            kept[hour][refusal.reason] += 1
            rows.append(
                {
                    "received_at": refusal.received_at,
                    "website_id": refusal.website_id if refusal.website_id in known else None,
                    "reason": refusal.reason.value,
                    "detail": refusal.detail and _text(refusal.detail),
                    "body": _document(refusal.body),
                }
            )
    if rows:
        session.execute(insert(_BODY), rows)


def _kept_bodies(session: Transaction, hour: datetime) -> Counter[str]:
    """How many bodies of the hour are kept, by reason."""
    within = and_(_BODY.c.received_at >= hour, _BODY.c.received_at < hour + _HOUR)
    found = select(_BODY.c.reason, func.count()).where(within).group_by(_BODY.c.reason)
    return Counter(dict(map(tuple, session.execute(found))))


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _document(body: Any) -> Any:
    """The body as both engines take it; None where it is too long or no JSON."""
    try:
        text = write_json(body)
    except (TypeError, ValueError, RecursionError):
        return None
    # PostgreSQL's JSON has no U+0000, and UTF-8 no lone surrogates.
    data = text.replace(r"\u0000", r"\ufffd").encode(errors="replace")
    return json.loads(data) if len(data) <= LARGEST else None


def _text(text: str) -> str:
    """The text as both engines take it."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
