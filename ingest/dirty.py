"""Marks on the days whose figures are to be computed anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from ingest.bulk import Columns, upsert
from stats_core.database.types import utc_now
from stats_core.models import DirtyDay

_DIRTY_DAY = cast("Table", DirtyDay.__table__)
_AGAIN = {"updated_at": utc_now()}


def mark_days(session: Session, days: Iterable[tuple[str, date]], *, writer: str) -> None:
    """Mark local days of websites, in the transaction that changes their events or sessions.

    A mark that is there is written again: on PostgreSQL that locks it until the transaction ends, so the rollup, which
    takes marks away before it counts, waits for the events that belong to it. Marks of other writers are left alone,
    so writers never wait for each other.

    Args:
        session: The transaction of `database.write()`.
        days: Website and local day, as `StoreReport.days` has them.
        writer: Who writes: an id of this process.
    """
    if not (marks := sorted(set(days))):
        return
    columns: Columns = {
        "website_id": [website_id for website_id, _ in marks],
        "date": [day for _, day in marks],
        "writer": [writer] * len(marks),
    }
    upsert(session, _DIRTY_DAY, columns, key=("website_id", "date", "writer"), also=_AGAIN)
