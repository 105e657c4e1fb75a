"""Whether the database answers and has our tables: what health checks ask."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from stats_core.database import Database
from stats_core.database.schema import check_schema
from stats_core.errors import ExpectedError


def why_not_ready(database: Database) -> str | None:
    """What keeps the database from serving; None when nothing does."""
    try:
        with database.read():
            check_schema(database)
    except ExpectedError as error:
        return str(error)
    except SQLAlchemyError as error:
        return f"The database {database.address} does not answer: {type(error).__name__}."
    return None
