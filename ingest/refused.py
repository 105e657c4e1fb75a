"""What was refused, as its reader sees it: counts by website and reason, and the bodies that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, case, func, or_, select

from ingest.arrivals import Reason
from ingest.rejections import KEPT
from stats_core.database import Database
from stats_core.models import EventRejectionCount, RejectedEvent

BODY = cast("Table", RejectedEvent.__table__)
_COUNT = cast("Table", EventRejectionCount.__table__)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """How many events of a website were refused for a reason.

    Attributes:
        website_id: Empty for all websites that we do not know.
        last_day: In the last 24 hours.
        last_week: As long as bodies are kept.
        newest: The hour of the newest.
    """

    reason: str
    website_id: str
    last_day: int
    last_week: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class KeptBody:
    """A refused event. `website_id` is what the event names, whether we know it or not."""

    id: int
    received_at: datetime
    reason: str
    website_id: str | None
    detail: str | None
    body: Any


def refused_counts(
    database: Database, *, now: datetime, reason: Reason | None = None, website_id: str | None = None
) -> list[RefusedCount]:
    """Counts of the last week, the largest first."""
    last_day = func.coalesce(func.sum(case((_COUNT.c.hour > now - _DAY, _COUNT.c["count"]))), 0)
    last_week = func.sum(_COUNT.c["count"])
    key = (_COUNT.c.reason, _COUNT.c.website_id)
    counts = select(*key, last_day, last_week, func.max(_COUNT.c.hour)).where(_COUNT.c.hour > now - KEPT)
    if reason is not None:
        counts = counts.where(_COUNT.c.reason == reason.value)
    if website_id is not None:
        counts = counts.where(_COUNT.c.website_id == website_id)
    with database.read() as session:
        rows = session.execute(counts.group_by(*key).order_by(last_week.desc(), *key)).all()
    return [
        RefusedCount(reason, website_id, int(day), int(week), newest) for reason, website_id, day, week, newest in rows
    ]


def kept_bodies(
    database: Database, *, reason: Reason | None = None, website_id: str | None = None, limit: int
) -> list[KeptBody]:
    """The newest bodies."""
    columns = (BODY.c.id, BODY.c.received_at, BODY.c.reason, BODY.c.website_id, BODY.c.detail, BODY.c.body)
    newest = select(*columns).where(*wanted(reason, website_id))
    with database.read() as session:
        rows = session.execute(newest.order_by(BODY.c.received_at.desc(), BODY.c.id.desc()).limit(limit)).all()
    return [
        KeptBody(row.id, row.received_at, row.reason, row.website_id or named_website(row.body), row.detail, row.body)
        for row in rows
    ]


def wanted(reason: Reason | None, website_id: str | None) -> list[ColumnElement[bool]]:
    """Conditions of bodies. Of a website that was unknown, only the body knows the id."""
    conditions: list[ColumnElement[bool]] = []
    if reason is not None:
        conditions.append(BODY.c.reason == reason.value)
    if website_id is not None:
        named = BODY.c.body["arrival"]["website_id"].as_string()
        conditions.append(or_(BODY.c.website_id == website_id, named == website_id))
    return conditions


def named_website(body: Any) -> str | None:
    """The website that a kept body names."""
    for part in ("arrival", "payload"):
        if isinstance(body, dict) and isinstance(body.get(part), dict):
            named = body[part].get("website_id")
            return named if isinstance(named, str) else None
    return None
