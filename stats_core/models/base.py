"""What all tables share: names of constraints, times of writing, and constraints on the values of a column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, MetaData, String, column, func, or_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stats_core.database.types import UTCDateTime, utc_now

_LAST = 1_000  # mixins come first otherwise


class Base(DeclarativeBase):
    """The tables of the workbench. Every constraint has a name, since SQLite's migrations rebuild tables by them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime()}  # noqa: RUF012 - SQLAlchemy reads it from the class
    # What the server fills in comes back with the INSERT or UPDATE, so that objects are whole after their session.
    __mapper_args__: dict[str, Any] = {"eager_defaults": True}  # noqa: RUF012 - the same


class Created:
    """Rows that are written once."""

    created_at: Mapped[datetime] = mapped_column(server_default=utc_now(), sort_order=_LAST)


class Mutable(Created):
    """Rows that change."""

    updated_at: Mapped[datetime] = mapped_column(server_default=utc_now(), onupdate=utc_now(), sort_order=_LAST + 1)


def one_of(name: str, values: Iterable[str]) -> CheckConstraint:
    """The column holds one of these values (or null where it may).

    Written with OR: for IN, SQLite builds a table of the values for every row, a quarter of the time an event takes.
    """
    return CheckConstraint(or_(*(column(name, String) == value for value in values)), name=name)


def not_negative(name: str) -> CheckConstraint:
    """The column is at least 0."""
    return CheckConstraint(column(name) >= 0, name=name)


def of_length(name: str, characters: int) -> CheckConstraint:
    """The column has exactly so many characters."""
    return CheckConstraint(func.length(column(name)) == characters, name=name)
