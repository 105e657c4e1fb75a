"""The demo's own domain: partners make designs in production runs."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stats_core.models.base import Base, Mutable, not_negative, one_of

PARTNER_STATUSES = ("pending", "active", "inactive")
DESIGN_STATUSES = ("draft", "in_review", "approved", "archived")
RUN_STATUSES = ("planned", "in_progress", "completed", "cancelled")

_NUMBERED = {"sqlite_autoincrement": True}


class Partner(Mutable, Base):
    """Somebody who draws and produces."""

    __tablename__ = "partner"
    __table_args__ = (one_of("status", PARTNER_STATUSES), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]
    verified: Mapped[bool]


class Design(Mutable, Base):
    """What a partner drew."""

    __tablename__ = "design"
    __table_args__ = (one_of("status", DESIGN_STATUSES), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), index=True)
    status: Mapped[str]


class ProductionRun(Mutable, Base):
    """A number of pieces of a design, made by a partner."""

    __tablename__ = "production_run"
    __table_args__ = (one_of("status", RUN_STATUSES), not_negative("quantity"), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), index=True)
    design_id: Mapped[int] = mapped_column(ForeignKey("design.id"), index=True)
    status: Mapped[str]
    quantity: Mapped[int]
