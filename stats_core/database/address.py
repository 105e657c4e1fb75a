"""Database addresses: which engine a URL means, made canonical, and how it is shown without its password."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from stats_core.errors import ConfigurationError

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",  # as hosting providers write it
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_HINT = "Write sqlite:///path/to/file.db or postgresql://user:password@host/name (WORKBENCH_DATABASE_URL)."


def parse_address(text: str) -> URL:
    """The URL with our driver; the path of an SQLite file becomes absolute, so that a later chdir cannot move it.

    Raises:
        ConfigurationError: No URL, or not an engine the workbench keeps its tables in. Never quotes a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The parser's own message may quote a part of the password.
        raise ConfigurationError("The database URL cannot be read.", hint=_HINT) from None
    if (driver := _DRIVERS.get(url.drivername)) is None:
        msg = f"The workbench cannot keep its tables in {url.drivername!r}."
        raise ConfigurationError(msg, hint=_HINT)
    url = url.set(drivername=driver)
    return _absolute(url) if driver == "sqlite" else url


def shown(url: URL) -> str:
    """The address for messages: password masked, query left out (drivers take passwords there too)."""
    return url.set(query={}).render_as_string(hide_password=True)


def _absolute(url: URL) -> URL:
    if url.host or url.username or url.password:
        msg = "An SQLite URL has a path and no host."
        raise ConfigurationError(msg, hint="Three slashes start a relative path, four an absolute one.")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
        msg = "The workbench needs an SQLite file with no options: readers and writers connect on their own."
        raise ConfigurationError(msg, hint="Write sqlite:///path/to/file.db.")
    return url.set(database=str(Path(url.database).resolve()))
