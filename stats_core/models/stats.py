"""Dashboards and their panels."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from stats_core.database.types import JSONDocument
from stats_core.models.base import Base, Created, Mutable, not_negative, one_of

PANEL_TYPES = ("metric", "list", "table", "bar", "line", "area", "label")


class StatsDashboard(Mutable, Base):
    """A page of panels. Its `metadata` column (`metadata_` here) holds variables, range and time zone."""

    __tablename__ = "stats_dashboard"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    icon: Mapped[str | None]
    color: Mapped[str | None]
    # SQLAlchemy keeps the attribute name `metadata` for itself.
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONDocument, default=dict, server_default="{}")

    panels: Mapped[list[StatsPanel]] = relationship(
        back_populates="dashboard",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="(StatsPanel.y, StatsPanel.x, StatsPanel.id)",
    )


class StatsPanel(Mutable, Base):
    """A stored operation call, how to show it and its box on the 12-column grid."""

    __tablename__ = "stats_panel"
    __table_args__ = (
        one_of("type", PANEL_TYPES),
        CheckConstraint("x >= 0 AND y >= 0 AND width >= 1 AND height >= 1 AND x + width <= 12", name="box"),
        CheckConstraint("type <> 'label' OR operation_type IS NULL", name="label_has_no_operation"),
        CheckConstraint("operation_type IS NULL OR operation_version IS NOT NULL", name="operation_has_version"),
        not_negative("cache_ttl_seconds"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    dashboard_id: Mapped[str] = mapped_column(ForeignKey("stats_dashboard.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    type: Mapped[str]
    x: Mapped[int]
    y: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    operation_type: Mapped[str | None]
    operation_version: Mapped[int | None]
    operation_options: Mapped[dict[str, Any]] = mapped_column(JSONDocument, default=dict, server_default="{}")
    display: Mapped[dict[str, Any]] = mapped_column(JSONDocument, default=dict, server_default="{}")
    cache_ttl_seconds: Mapped[int | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONDocument, default=dict, server_default="{}")

    dashboard: Mapped[StatsDashboard] = relationship(back_populates="panels")


class StatsDashboardVersion(Created, Base):
    """What a dashboard was after a change: who made it, what it was in words, and the dashboard as its file has it."""

    __tablename__ = "stats_dashboard_version"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    dashboard_id: Mapped[str] = mapped_column(ForeignKey("stats_dashboard.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str | None]
    action: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(JSONDocument)
