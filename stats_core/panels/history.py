"""The last versions of each dashboard: written in the transaction of the change itself, so none is ever missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from stats_core.errors import NotFoundError
from stats_core.models import StatsDashboardVersion

KEPT: Final = 50  # versions of each dashboard
BEFORE = "As it was stored"  # before the first change that was recorded, or changed by other means since


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a dashboard, and the change that made it.

    Attributes:
        number: 1 for the first; each dashboard counts its own.
        author: Who changed it, as far as that is known.
        action: What was changed, in words.
        created_at: When (aware, UTC).
    """

    number: int
    author: str | None
    action: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is to be said of a change."""

    author: str | None
    action: str
    at: datetime


def record(session: Session, dashboard_id: str, before: Mapping[str, Any], after: Mapping[str, Any], by: Stamp) -> None:
    """Add the state after a change; the one before it too, if that is not the newest that is kept.

    The caller holds the lock of the dashboard's row, and has flushed it.

    Args:
        session: Of the change's transaction.
        dashboard_id: Which one.
        before: Its document; empty where it was made just now.
        after: Its document; where it is the same nothing is recorded.
        by: Who, what, when.
    """
    if before == after:
        return
    number, kept = _newest(session, dashboard_id)
    if before and before != kept:
        number += 1
        session.add(_row(dashboard_id, number, before, Stamp(None, BEFORE, by.at)))
    number += 1
    session.add(_row(dashboard_id, number, after, by))
    session.flush()
    of_dashboard = StatsDashboardVersion.dashboard_id == dashboard_id
    session.execute(delete(StatsDashboardVersion).where(of_dashboard, StatsDashboardVersion.number <= number - KEPT))


def versions(session: Session, dashboard_id: str) -> tuple[Version, ...]:
    """Those that are kept, the newest first."""
    columns = (
        StatsDashboardVersion.number,
        StatsDashboardVersion.author,
        StatsDashboardVersion.action,
        StatsDashboardVersion.created_at,
    )
    rows = session.execute(
        select(*columns)
        .where(StatsDashboardVersion.dashboard_id == dashboard_id)
        .order_by(StatsDashboardVersion.number.desc())
    )
    return tuple(Version(*row) for row in rows)


def newest_number(session: Session, dashboard_id: str) -> int:
    """Of its newest version; 0 where there is none."""
    of_dashboard = StatsDashboardVersion.dashboard_id == dashboard_id
    return session.scalar(select(func.max(StatsDashboardVersion.number)).where(of_dashboard)) or 0


def document(session: Session, dashboard_id: str, number: int) -> dict[str, Any]:
    """The dashboard in this version.

    Raises:
        NotFoundError: It is not kept any more, or never was.
    """
    row = session.get(StatsDashboardVersion, (dashboard_id, number))
    if row is None:
        hint = f"The last {KEPT} versions are kept; `workbench dashboards history {dashboard_id}` lists them."
        raise NotFoundError("version", number, hint=hint)
    return row.document


def _newest(session: Session, dashboard_id: str) -> tuple[int, Mapping[str, Any]]:
    newest = session.execute(
        select(StatsDashboardVersion.number, StatsDashboardVersion.document)
        .where(StatsDashboardVersion.dashboard_id == dashboard_id)
        .order_by(StatsDashboardVersion.number.desc())
        .limit(1)
    ).first()
    return (newest.number, newest.document) if newest is not None else (0, {})


def _row(dashboard_id: str, number: int, state: Mapping[str, Any], by: Stamp) -> StatsDashboardVersion:
    return StatsDashboardVersion(
        dashboard_id=dashboard_id,
        number=number,
        author=by.author,
        action=by.action,
        document=dict(state),
        created_at=by.at,
    )
