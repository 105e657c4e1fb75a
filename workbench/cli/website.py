"""`workbench website …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from stats_core.errors import ConfigurationError
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from stats_core.models import Website
    from stats_core.settings import Settings

COLUMNS = ("id", "domain", "name", "timezone", "store", "allowed hostnames", "kept")

AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="HOST",
        help="Take events only from its domain and this host; *.example.com for all below one. May be repeated.",
    ),
]
RetentionOption = Annotated[
    int | None,
    typer.Option(
        "--retention-days",
        metavar="DAYS",
        min=0,
        help="Days that its events and visits are kept; 0: for ever; default: the setting analytics_retention_days.",
    ),
]


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
    allow: AllowOption = None,
    retention_days: RetentionOption = None,
    database: DatabaseOption = None,
) -> None:
    """Add a website and print its id."""
    from ingest.script import snippet
    from stats_core.traffic.websites import add_website

    with opened(database) as workbench:
        website = add_website(
            workbench.database,
            domain,
            website_id=website_id,
            name=name,
            timezone=timezone,
            store_id=store,
            allowed_hostnames=allow or (),
            retention_days=retention_days,
        )
        tell(website.id)
        say(f"Added {website.domain}. Its log: workbench import-logs access.log --website {website.id}")
        say(f"Its pages: {snippet(workbench.settings.public_url, website.id)}")


def change(
    website_id: Annotated[str, typer.Argument(metavar="ID", help="Which website; `workbench website list` knows.")],
    name: Annotated[str | None, typer.Option("--name", help="What screens call it.")] = None,
    allow: AllowOption = None,
    allow_any: Annotated[bool, typer.Option("--allow-any", help="Take events from pages of any host.")] = False,
    retention_days: RetentionOption = None,
    retention_default: Annotated[
        bool, typer.Option("--retention-default", help="Keep events as long as analytics_retention_days says.")
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Change a website: its name, whose events are taken, how long they are kept. The hosts given replace the list."""
    from stats_core.traffic.websites import WebsiteChanges, change_website

    _refuse_both("--allow", allow, "--allow-any", allow_any)
    _refuse_both("--retention-days", retention_days is not None, "--retention-default", retention_default)
    changes: WebsiteChanges = {}
    if name is not None:
        changes["name"] = name
    if allow or allow_any:
        changes["allowed_hostnames"] = allow or ()
    if retention_days is not None or retention_default:
        changes["retention_days"] = retention_days
    if not changes:
        raise ConfigurationError("Nothing is to be changed.", hint="`workbench website set --help` says what can be.")
    with opened(database) as workbench:
        website = change_website(workbench.database, website_id, **changes)
        tell_table(COLUMNS, [_row(website, workbench.settings)])
        if "retention_days" in changes:
            say("`workbench prune --dry-run` says what would be deleted.")


def list_all(database: DatabaseOption = None) -> None:
    """List the websites."""
    from stats_core.traffic.websites import list_websites

    with opened(database) as workbench:
        websites = list_websites(workbench.database)
        tell_table(COLUMNS, [_row(site, workbench.settings) for site in websites])
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


def _refuse_both(first: str, has_first: object, second: str, has_second: object) -> None:
    if has_first and has_second:
        raise ConfigurationError(f"{first} and {second} exclude each other.", hint="Choose one.")


def _row(site: Website, settings: Settings) -> list[Any]:
    days = settings.analytics_retention_days if site.retention_days is None else site.retention_days
    kept = f"{days} days" if days else "for ever"
    hosts = ", ".join(site.allowed_hostnames) or "any"
    return [site.id, site.domain, site.name, site.timezone, site.store_id, hosts, kept]


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"
