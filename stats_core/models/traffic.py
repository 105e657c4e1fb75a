"""Websites, their events and sessions, the figures of their days, and what ingest refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stats_core.database.types import BigKey, JSONDocument
from stats_core.models.base import Base, Created, Mutable, not_negative, of_length, one_of

EVENT_TYPES = ("pageview", "custom_event")
DEVICE_TYPES = ("desktop", "mobile", "tablet", "other")
REFERRER_MEDIUMS = ("direct", "search", "social", "ai", "email", "campaign", "referral")

_WEBSITE = "website.id"


class Website(Mutable, Base):
    """A site whose traffic is counted. Days are cut in its time zone.

    Events and sessions of the days before `pruned_before` are gone; the figures of those days stay as they are.
    """

    __tablename__ = "website"
    __table_args__ = (not_negative("retention_days"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    domain: Mapped[str]
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    allowed_hostnames: Mapped[list[str]] = mapped_column(JSONDocument, default=list, server_default="[]")
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id", ondelete="SET NULL"), index=True)
    retention_days: Mapped[int | None]
    pruned_before: Mapped[date | None]


class AnalyticsEvent(Created, Base):
    """A pageview or custom event, as it was stored.

    The website is a foreign key although events are many: the price was measured (docs/design/0012), and events of a
    website that is gone, or came back under the same id, would be counted for somebody else.
    """

    __tablename__ = "analytics_event"
    __table_args__ = (
        one_of("event_type", EVENT_TYPES),
        one_of("device_type", DEVICE_TYPES),
        one_of("referrer_medium", REFERRER_MEDIUMS),
        of_length("country", 2),
        UniqueConstraint("website_id", "event_id"),
        Index(None, "website_id", "timestamp"),
        Index(None, "website_id", "pathname", "timestamp"),
        Index(None, "website_id", "session_id", "timestamp"),
        Index(None, "visitor_id"),
        Index(None, "website_id", "event_type", "timestamp"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    website_id: Mapped[str] = mapped_column(ForeignKey(_WEBSITE, ondelete="CASCADE"))
    event_type: Mapped[str]
    event_name: Mapped[str | None]
    pathname: Mapped[str]
    referrer: Mapped[str | None]
    referrer_source: Mapped[str | None]
    referrer_medium: Mapped[str | None]
    visitor_id: Mapped[str]
    session_id: Mapped[str]
    user_agent: Mapped[str | None]
    browser: Mapped[str | None]
    os: Mapped[str | None]
    device_type: Mapped[str | None]
    country: Mapped[str | None]
    utm_source: Mapped[str | None]
    utm_medium: Mapped[str | None]
    utm_campaign: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONDocument, default=dict, server_default="{}")
    timestamp: Mapped[datetime]
    event_id: Mapped[str]


class AnalyticsSession(Mutable, Base):
    """A visit: the fold of a session id's events up to a gap of more than 1800 s; the next event starts another row.

    Its figures are computed by `traffic/sessions.py` and nowhere else; `duration_seconds` are whole seconds.
    """

    __tablename__ = "analytics_session"
    __table_args__ = (
        one_of("device_type", DEVICE_TYPES),
        one_of("referrer_medium", REFERRER_MEDIUMS),
        of_length("country", 2),
        not_negative("pageviews"),
        not_negative("events"),
        not_negative("duration_seconds"),
        CheckConstraint("last_activity_at >= started_at", name="ends_after_start"),
        UniqueConstraint("website_id", "session_id", "started_at"),
        Index(None, "website_id", "started_at"),
        Index(None, "visitor_id"),
        Index(None, "website_id", "is_bounce"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    website_id: Mapped[str] = mapped_column(ForeignKey(_WEBSITE, ondelete="CASCADE"))
    session_id: Mapped[str]
    visitor_id: Mapped[str]
    entry_page: Mapped[str | None]
    exit_page: Mapped[str | None]
    pageviews: Mapped[int]
    events: Mapped[int]
    duration_seconds: Mapped[int]
    is_bounce: Mapped[bool]
    referrer: Mapped[str | None]
    referrer_source: Mapped[str | None]
    referrer_medium: Mapped[str | None]
    country: Mapped[str | None]
    device_type: Mapped[str | None]
    browser: Mapped[str | None]
    os: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime]


class AnalyticsDailyStats(Mutable, Base):
    """The figures of one website's local day. Rates are null where there is nothing to divide by."""

    __tablename__ = "analytics_daily_stats"
    __table_args__ = (
        *map(not_negative, ("pageviews", "unique_visitors", "sessions", "bounces", "duration_seconds_total")),
        Index(None, "date"),
    )

    website_id: Mapped[str] = mapped_column(ForeignKey(_WEBSITE, ondelete="CASCADE"), primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    pageviews: Mapped[int]
    unique_visitors: Mapped[int]
    sessions: Mapped[int]
    bounces: Mapped[int]
    bounce_rate: Mapped[float | None]
    duration_seconds_total: Mapped[int] = mapped_column(BigInteger)
    avg_session_duration: Mapped[float | None]
    desktop_visitors: Mapped[int]
    mobile_visitors: Mapped[int]
    tablet_visitors: Mapped[int]
    other_visitors: Mapped[int]
    top_pages: Mapped[list[Any]] = mapped_column(JSONDocument, default=list, server_default="[]")
    top_referrers: Mapped[list[Any]] = mapped_column(JSONDocument, default=list, server_default="[]")
    top_countries: Mapped[list[Any]] = mapped_column(JSONDocument, default=list, server_default="[]")
    browser_stats: Mapped[list[Any]] = mapped_column(JSONDocument, default=list, server_default="[]")
    os_stats: Mapped[list[Any]] = mapped_column(JSONDocument, default=list, server_default="[]")
    rolled_at: Mapped[datetime]


class DirtyDay(Mutable, Base):
    """A website's local day whose figures are to be computed anew, since a writer has changed its events.

    Each writer has a mark of its own, so that writers of one day never wait for each other (docs/design/0013).
    """

    __tablename__ = "dirty_day"

    website_id: Mapped[str] = mapped_column(ForeignKey(_WEBSITE, ondelete="CASCADE"), primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    writer: Mapped[str] = mapped_column(primary_key=True)


class RejectedEvent(Created, Base):
    """A body that ingest refused and that may help its sender. The website may be one that we do not know."""

    __tablename__ = "rejected_event"
    __table_args__ = (Index(None, "received_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    received_at: Mapped[datetime]
    website_id: Mapped[str | None]
    reason: Mapped[str]
    detail: Mapped[str | None]
    body: Mapped[Any | None] = mapped_column(JSONDocument)


class EventRejectionCount(Mutable, Base):
    """How many events of a website (empty text: none that we know) were refused for a reason in an hour."""

    __tablename__ = "event_rejection_count"
    __table_args__ = (not_negative("count"),)

    website_id: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
