"""The websites whose traffic is kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from stats_core.database import Database
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, Problem, nearest
from stats_core.ids import ulid
from stats_core.models import Store, Website
from stats_core.query.zones import find_zone

_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_DOMAIN_LENGTH = 253
_MOST_DAYS = 36_500  # a century
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


def add_website(
    database: Database,
    domain: str,
    *,
    website_id: str | None = None,
    name: str | None = None,
    timezone: str = "UTC",
    store_id: int | None = None,
    allowed_hostnames: Iterable[str] = (),
    retention_days: int | None = None,
) -> Website:
    """Add the website of `domain`.

    Args:
        database: Where the tables stand.
        domain: Its host name; a scheme, a path, `www.` and capitals are taken off, other scripts become punycode.
        website_id: What the tracking snippet and `import-logs` call it; `site_…` where none is given.
        name: What screens call it; the domain where none is given.
        timezone: IANA name; its days are cut there.
        store_id: The store it belongs to, whose merchant may then see it.
        allowed_hostnames: Hosts besides `domain` whose pages may send events, `*.example.com` for all below one; none:
            any host.
        retention_days: How long events and sessions are kept; 0: for ever, None: as the settings say.

    Raises:
        InvalidOptionsError: The domain, the id or a host name cannot be one, or the number of days is negative.
        UnknownNameError: There is no such time zone.
        NotFoundError: There is no such store.
        ConflictError: The id is taken.
    """
    website = Website(
        id=_checked_id(website_id) if website_id is not None else f"site_{ulid()}",
        domain=(host := clean_domain(domain)),
        name=(name or "").strip() or host,
        timezone=find_zone(timezone).key,
        store_id=store_id,
        allowed_hostnames=_clean_hosts(allowed_hostnames),
        retention_days=_checked_days(retention_days),
    )
    with database.write() as session:
        _refuse_taken(session, website)
        session.add(website)
    return website


class WebsiteChanges(TypedDict, total=False):
    """What is to be changed of a website: the fields that are given, as `add_website` takes them."""

    name: str
    allowed_hostnames: Iterable[str]
    retention_days: int | None


def change_website(database: Database, website_id: str, **changes: Unpack[WebsiteChanges]) -> Website:
    """Change a website; what takes events in notices within seconds.

    Raises:
        NotFoundError: There is none of this id; the hint names the nearest.
        InvalidOptionsError: A host name cannot be one, or the number of days is negative.
    """
    with database.write() as session:
        if (website := session.get(Website, website_id)) is None:
            raise _unknown(website_id, session.scalars(select(Website.id)).all())
        if "name" in changes:
            website.name = changes["name"].strip() or website.domain
        if "allowed_hostnames" in changes:
            website.allowed_hostnames = _clean_hosts(changes["allowed_hostnames"])
        if "retention_days" in changes:
            website.retention_days = _checked_days(changes["retention_days"])
    return website


def list_websites(database: Database) -> list[Website]:
    """All websites, by name."""
    with database.read() as session:
        websites = session.scalars(select(Website)).all()
    return sorted(websites, key=lambda website: (website.name.casefold(), website.id))


def get_website(database: Database, website_id: str) -> Website:
    """One website.

    Raises:
        NotFoundError: There is none of this id; the hint names the nearest.
    """
    with database.read() as session:
        if (website := session.get(Website, website_id)) is not None:
            return website
        known = session.scalars(select(Website.id)).all()
    raise _unknown(website_id, known)


def website_zones(database: Database, website_ids: Collection[str] | None = None) -> dict[str, ZoneInfo]:
    """The time zones of the websites (all where not given) by id.

    Raises:
        NotFoundError: There is no such website.
    """
    with database.read() as session:
        known = dict(session.execute(select(Website.id, Website.timezone)).all())
    wanted = sorted(known if website_ids is None else website_ids)
    for website_id in wanted:
        if website_id not in known:
            raise _unknown(website_id, known)
    return {website_id: find_zone(known[website_id]) for website_id in wanted}


def clean_domain(text: str) -> str:
    """The host name in what people paste: `https://www.Müller.example/shop` is `xn--mller-kva.example`.

    Raises:
        InvalidOptionsError: No host name is left.
    """
    host = re.sub(r"^([a-z][a-z0-9+.-]*:)?//", "", text.strip().lower())
    host = re.split(r"[/?#:]", host, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if len(host) > _DOMAIN_LENGTH or not _DOMAIN.fullmatch(host):
        raise InvalidOptionsError([Problem("domain", f"{text!r} is no domain.", "Write it like shop.example.com.")])
    return host


def _clean_hosts(hosts: Iterable[str]) -> list[str]:
    """Host names as `clean_domain` writes them, each once; `*.` stays before one."""
    return list(dict.fromkeys(_clean_host(host.strip()) for host in hosts))


def _clean_host(host: str) -> str:
    below = "*." if host.startswith("*.") else ""
    try:
        return below + clean_domain(host.removeprefix(below))
    except InvalidOptionsError:
        hint = "Write it like shop.example.com, or *.example.com for all hosts below one."
        raise InvalidOptionsError([Problem("allowed_hostnames", f"{host!r} is no host name.", hint)]) from None


def _checked_days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= _MOST_DAYS:
        hint = "Use 0 to keep everything."
        raise InvalidOptionsError([Problem("retention_days", f"{days} is not between 0 and {_MOST_DAYS}.", hint)])
    return days


def _checked_id(website_id: str) -> str:
    if not _ID.fullmatch(website_id):
        hint = "Use up to 64 letters, digits, - _ and ., beginning with a letter or digit."
        raise InvalidOptionsError([Problem("id", f"{website_id!r} cannot be the id of a website.", hint)])
    return website_id


def _unknown(website_id: str, known: Collection[str]) -> NotFoundError:
    hint = nearest(website_id, known) if known else "Add one with `workbench website add DOMAIN`."
    return NotFoundError("website", website_id, path="website", hint=hint)


def _refuse_taken(session: Session, website: Website) -> None:
    if (taken := session.get(Website, website.id)) is not None:
        msg = f"There is a website {website.id!r} already: {taken.domain}."
        raise ConflictError(msg, path="id", hint="Choose another id, or use that website.")
    if website.store_id is not None and session.get(Store, website.store_id) is None:
        raise NotFoundError("store", website.store_id, path="store_id")
