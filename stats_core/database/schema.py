"""The schema's version: brought up to date by `migrate`, proved at start by `check_schema`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Connection, cast, func, select, text
from sqlalchemy.exc import DBAPIError

from stats_core.database.engine import Database, reason
from stats_core.errors import ConfigurationError

_SCRIPTS = Path(__file__).parent / "migrations"
VERSIONS = _SCRIPTS / "versions"

_LOCK = 0x5747_7363_6865_6D61  # of migrations on PostgreSQL, where any number will do
_RUN_MIGRATE = "Run `workbench migrate`."


def migrate(database: Database, *, versions: Sequence[Path] = (VERSIONS,)) -> list[str]:
    """Bring the schema up to date, in one transaction, and return the revisions applied (none if it was).

    Processes that start at once wait for each other; the second finds nothing to do.

    Raises:
        ConfigurationError: The schema is newer than this code, a step was refused, or rows would point nowhere;
            nothing was changed.
    """
    config = _config(versions)
    known = ScriptDirectory.from_config(config)
    applied: list[str] = []
    with _migrating(database) as connection:
        _refuse_newer(database, known, _current(connection))
        config.attributes.update(connection=connection, applied=applied)
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            msg = f"The migration of {database.address} failed: {reason(error)}. Nothing was changed."
            raise ConfigurationError(msg, hint="May the database user create tables, and is there room?") from error
    return applied


def check_schema(database: Database, *, versions: Sequence[Path] = (VERSIONS,)) -> None:
    """Whether this code can work with the schema.

    Raises:
        ConfigurationError: The schema is missing, older or newer; the hint says what to do.
    """
    known = ScriptDirectory.from_config(_config(versions))
    with database.read() as session:
        current = _current(session.connection())
    if not current:
        msg = f"The database {database.address} has no tables of the workbench yet."
        raise ConfigurationError(msg, hint=_RUN_MIGRATE)
    _refuse_newer(database, known, current)
    if current != set(known.get_heads()):
        msg = f"The database {database.address} is at revision {_named(current)}; this version of the workbench needs "
        raise ConfigurationError(f"{msg}{_named(known.get_heads())}.", hint=_RUN_MIGRATE)


def _config(versions: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(str(_SCRIPTS)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", _escaped(os.pathsep.join(map(str, versions))))
    return config


def _escaped(path: str) -> str:
    return path.replace("%", "%%")  # Alembic reads options by ConfigParser


def _current(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _refuse_newer(database: Database, known: ScriptDirectory, current: set[str]) -> None:
    ours = {script.revision for script in known.walk_revisions()}
    if unknown := current - ours:
        msg = f"The database {database.address} is at revision {_named(unknown)}, which this version does not know."
        raise ConfigurationError(msg, hint="Install the newer version of the workbench that made it.")


def _named(revisions: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(revisions))


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """The one transaction that migrates, whatever the number of processes: others wait for its end."""
    with database.answering():
        connection = database.write_engine.connect()
    with connection, _without_foreign_keys(connection):
        with database.answering():
            transaction = connection.begin()
        with transaction:
            if database.dialect == "postgresql":  # on SQLite the transaction itself is the lock
                connection.execute(select(func.pg_advisory_xact_lock(cast(_LOCK, BigInteger))))
            yield connection
            _refuse_orphans(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite without foreign keys.

    TRICKY: SQLite alters a table by building it anew and dropping the old one, which deletes the rows of its children
    by cascade; and the pragma has no effect inside a transaction, so it goes to the driver before one begins.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _refuse_orphans(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if orphans := connection.execute(text("PRAGMA foreign_key_check")).all():
        places = sorted({f"{row[0]} → {row[2]}" for row in orphans})
        msg = f"After the migration {len(orphans)} rows would point nowhere: {', '.join(places)}. Nothing was changed."
        raise ConfigurationError(msg, hint="Delete or correct these rows, then migrate again.")
