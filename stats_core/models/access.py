"""Who may come in: tokens of the API and links that were shared. Secrets are stored as hashes; neither is an entity."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stats_core.database.types import JSONDocument
from stats_core.models.base import Base, Mutable, not_negative

_MERCHANT = "merchant.id"


class AccessToken(Mutable, Base):
    """A bearer token. One without a merchant is the platform's, so it must go with its merchant, never outlive it."""

    __tablename__ = "access_token"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[str]] = mapped_column(JSONDocument, default=list, server_default="[]")
    merchant_id: Mapped[int | None] = mapped_column(ForeignKey(_MERCHANT, ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime | None]


class ShareLink(Mutable, Base):
    """A signed link to a report of one merchant and period: here to be revoked and to count its views."""

    __tablename__ = "share_link"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="period"),
        not_negative("views"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey(_MERCHANT, ondelete="CASCADE"), index=True)
    report: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    views: Mapped[int] = mapped_column(default=0, server_default="0")
    last_viewed_at: Mapped[datetime | None]
