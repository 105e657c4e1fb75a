"""`workbench migrate`."""

from __future__ import annotations

from workbench.cli.opening import DatabaseOption, load_settings
from workbench.cli.talk import say, tell


def migrate(database: DatabaseOption = None) -> None:
    """Bring the database's tables up to date. Running it again changes nothing."""
    from stats_core.database import Database
    from stats_core.database.schema import migrate as apply

    with Database(load_settings(database).database_url) as opened:
        revisions = apply(opened)
        for revision in revisions:
            tell(revision)
        say(
            f"{opened.address}: {len(revisions)} migrations applied."
            if revisions
            else f"{opened.address} is up to date."
        )
