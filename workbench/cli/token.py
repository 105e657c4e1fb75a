"""`workbench token …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from datetime import datetime

COLUMNS = ("name", "permissions", "merchant", "created", "expires")


def create(
    name: Annotated[str, typer.Option("--name", help="What it is for; it is revoked by this name.")],
    permission: Annotated[
        list[str] | None,
        typer.Option("--permission", metavar="PERMISSION", help="What it opens: admin.access. Repeat for more."),
    ] = None,
    merchant: Annotated[
        int | None,
        typer.Option("--merchant", metavar="ID", help="Whose data it shows; default: everybody's.", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", help="How long it is good; default: until it is revoked.", show_default=False),
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Make a token and print it, this once: only its hash is stored."""
    from stats_core.access.tokens import Tokens

    with opened(database) as workbench:
        token = Tokens(workbench.database, workbench.clock).create(
            name, permission or [], merchant_id=merchant, days=days
        )
        if not permission:
            say("It has no permission, so it opens nothing. For the admin API: --permission admin.access")
        say("Keep it now, it cannot be shown again. It is sent as: Authorization: Bearer TOKEN")
        tell(token)


def list_all(database: DatabaseOption = None) -> None:
    """List the tokens; what they are is known to their holders alone."""
    from stats_core.access.tokens import Tokens

    with opened(database) as workbench:
        now = workbench.clock()
        rows = [
            (
                token.name,
                ", ".join(token.permissions),
                token.merchant_id,
                moment(token.created_at),
                f"{moment(token.expires_at)}{'' if token.is_good(now) else ' (expired)'}",
            )
            for token in Tokens(workbench.database, workbench.clock).list()
        ]
    tell_table(COLUMNS, rows)
    if not rows:
        say("There are none yet. Make one: workbench token create --name laptop --permission admin.access")


def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `workbench token list` shows it.")],
    database: DatabaseOption = None,
) -> None:
    """Make a token worthless, in every process within a second."""
    from stats_core.access.tokens import Tokens

    with opened(database) as workbench:
        Tokens(workbench.database, workbench.clock).revoke(name)
    say(f"Revoked {name!r}.")


def moment(at: datetime | None) -> str:
    """A moment to the minute, in UTC; `never` for none."""
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
