"""What the workbench does by itself, and how that went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from stats_core.database.types import BigKey
from stats_core.models.base import Base, Created, one_of

RUN_OUTCOMES = ("ok", "failed")


class JobRun(Created, Base):
    """A run of a job that has ended; `detail` says what it did or what was wrong. The newest of each job are kept."""

    __tablename__ = "job_run"
    __table_args__ = (
        one_of("outcome", RUN_OUTCOMES),
        Index(None, "name", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    outcome: Mapped[str]
    detail: Mapped[str]
