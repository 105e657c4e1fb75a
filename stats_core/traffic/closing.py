"""Sessions that are over get their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import Session

from stats_core.database import Database
from stats_core.database.types import utc_now
from stats_core.models import AnalyticsSession
from stats_core.traffic.sessions import GAP
from stats_core.traffic.steps import Stopping, in_steps, never

SESSIONS = 5_000  # closed in one transaction

_SESSION = cast("Table", AnalyticsSession.__table__)


def close_sessions(database: Database, *, clock: Callable[[], datetime], stopping: Stopping = never) -> int:
    """Set `ended_at` of sessions that have been idle for longer than the gap; a late event opens one again.

    Returns:
        How many are over and had no end.
    """
    over = (_SESSION.c.ended_at.is_(None), _SESSION.c.last_activity_at < clock() - GAP)
    last = 0

    def step(rows: int) -> int:
        nonlocal last
        with database.read() as session:  # there is no index to find them by: nobody waits while we look
            ids = session.scalars(select(_SESSION.c.id).where(*over, _SESSION.c.id > last).order_by("id").limit(rows))
            found = ids.all()
        if found:
            last = found[-1]
            with database.write() as session:
                _close(session, *over, _SESSION.c.id.between(found[0], last))
        return len(found)

    return in_steps(step, rows=SESSIONS, stopping=stopping)


def _close(session: Session, *over: ColumnElement[bool]) -> None:
    # What a writer has locked is left to the next run: nobody waits for anybody.
    ids = select(_SESSION.c.id).where(*over).with_for_update(skip_locked=True).cte("over")
    closed = update(_SESSION).where(_SESSION.c.id.in_(select(ids.c.id)))
    session.execute(closed.values(ended_at=_SESSION.c.last_activity_at, updated_at=utc_now()))
