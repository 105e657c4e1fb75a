"""`workbench website …`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

COLUMNS = ("id", "domain", "name", "timezone", "store")


def add(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Its host name, such as example.com.")],
    website_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="What commands call it; default: site_….")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What screens call it; default: the domain.")] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="TZ", help="IANA zone in which its days begin.")
    ] = "UTC",
    store: Annotated[int | None, typer.Option("--store", metavar="ID", help="The store it belongs to.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Add a website and print its id."""
    from ingest.script import snippet
    from stats_core.traffic.websites import add_website

    with opened(database) as workbench:
        website = add_website(
            workbench.database, domain, website_id=website_id, name=name, timezone=timezone, store_id=store
        )
        tell(website.id)
        say(f"Added {website.domain}. Its log: workbench import-logs access.log --website {website.id}")
        say(f"Its pages: {snippet(workbench.settings.public_url, website.id)}")


def list_all(database: DatabaseOption = None) -> None:
    """List the websites."""
    from stats_core.traffic.websites import list_websites

    with opened(database) as workbench:
        websites = list_websites(workbench.database)
        tell_table(COLUMNS, [(site.id, site.domain, site.name, site.timezone, site.store_id) for site in websites])
        if not websites:
            say("There are none yet. Add one: workbench website add example.com")


def print_snippet(
    website_id: Annotated[str, typer.Argument(metavar="ID", help="Which website; `workbench website list` knows.")],
    cookieless: Annotated[
        bool,
        typer.Option("--cookieless", help="Keep nothing in the browser: visitors are told apart within a day only."),
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Print the line to paste into the website's pages, before </head>."""
    from ingest.script import snippet
    from stats_core.traffic.websites import get_website

    with opened(database) as workbench:
        website = get_website(workbench.database, website_id)
        address = workbench.settings.public_url
        tell(snippet(address, website.id, cookieless=cookieless))
        say(f"Paste it before </head> on every page of {website.domain}.")
        if _is_local(address):
            say(f"Only this machine reaches {address}. Set WORKBENCH_PUBLIC_URL to the address that visitors reach.")


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"
