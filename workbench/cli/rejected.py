"""`workbench rejected …`: events that were refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.arrivals import Reason
    from ingest.refused import KeptBody, RefusedCount
    from stats_core.composition import Workbench

COUNTS = ("reason", "website", "last 24 hours", "last 7 days", "newest")
BODIES = ("id", "received", "reason", "website", "what is wrong", "event")
UNKNOWN = "(unknown)"
SHOWN = 60  # characters of an event in the table

ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="REASON", help="Only what was refused for this reason.")
]
WebsiteOption = Annotated[str | None, typer.Option("--website", metavar="ID", help="Only events of this website.")]


def list_all(
    reason: ReasonOption = None,
    website: WebsiteOption = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Kept events shown at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, events whole.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Count what was refused in the last 7 days, and show the newest of the events that are kept of it."""
    from ingest.refused import kept_bodies, refused_counts

    with opened(database) as workbench:
        wanted: dict[str, Any] = {"reason": find_reason(reason), "website_id": find_website(workbench, website)}
        counts = refused_counts(workbench.database, now=workbench.clock(), **wanted)
        bodies = kept_bodies(workbench.database, limit=limit, **wanted)
    if as_json:
        tell(as_text(counts, bodies))
        return
    tell_table(COUNTS, [_count(count) for count in counts])
    if bodies:
        tell("")
        tell_table(BODIES, [_body(body) for body in bodies])
    say(_what_next(counts, bodies))


def replay(
    reason: ReasonOption = None,
    website: WebsiteOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Store kept events that pass by now: the website was added, or its list of hostnames mended.

    They keep the moment they came in; again stores nothing twice. What went over a rate limit is left out unless its
    reason is named.
    """
    from ingest.replay import replay as replayed

    with opened(database) as workbench:
        report = replayed(
            workbench.database,
            clock=workbench.clock,
            reason=find_reason(reason),
            website_id=find_website(workbench, website),
            dry_run=dry_run,
        )
    tell(f"{'would be replayed' if dry_run else 'replayed'}: {report.replayed:,}")
    tell(f"there already: {report.duplicates:,}")
    for name, number in sorted(report.refused.items()):
        tell(f"refused still, {name}: {number:,}")
    if report.replayed and not dry_run:
        say("`workbench rollup --dirty`, or `serve --jobs` by itself, brings the daily figures up to date.")


def find_reason(name: str | None) -> Reason | None:
    """The reason of this name.

    Raises:
        UnknownNameError: There is none.
    """
    from ingest.arrivals import Reason
    from stats_core.errors import UnknownNameError

    if name is None:
        return None
    if name not in set(Reason):
        raise UnknownNameError("reason", name, (reason.value for reason in Reason), path="--reason")
    return Reason(name)


def find_website(workbench: Workbench, website_id: str | None) -> str | None:
    """The id, of a website that is there.

    Raises:
        NotFoundError: There is none.
    """
    from stats_core.traffic.websites import get_website

    return website_id and get_website(workbench.database, website_id).id


def as_text(counts: list[RefusedCount], bodies: list[KeptBody]) -> str:
    """Everything as indented JSON."""
    document = {"counts": [asdict(count) for count in counts], "events": [asdict(body) for body in bodies]}
    return json.dumps(document, ensure_ascii=False, indent=2, default=lambda moment: moment.isoformat())


def _count(count: RefusedCount) -> list[Any]:
    return [count.reason, count.website_id or UNKNOWN, count.last_day, count.last_week, _minute(count.newest)]


def _body(kept: KeptBody) -> list[Any]:
    text = json.dumps(kept.body, ensure_ascii=False)
    shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return [kept.id, _minute(kept.received_at), kept.reason, kept.website_id or UNKNOWN, kept.detail, shown]


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _what_next(counts: list[RefusedCount], bodies: list[KeptBody]) -> str:
    if not counts and not bodies:
        return "Nothing was refused in the last 7 days."
    return "Times are UTC. --json shows events whole; `workbench rejected replay` stores those that pass by now."
