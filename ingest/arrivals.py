"""What has come in and been enriched, and what was refused: the two things that the writer takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from stats_core.traffic.sessions import Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that is ready to be stored.

    Attributes:
        event: Its `session_id` is empty where the client named none: the writer then continues the visitor's running
            session or starts one.
        former_visitor_id: Who the visitor was until the daily salt changed, where the server made the id itself: a
            session that runs over midnight goes on under that name. None where the client names itself.
    """

    event: Event
    former_visitor_id: str | None = None


class Reason(StrEnum):
    """Why an event was not stored."""

    NOT_JSON = "not_json"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNKNOWN_WEBSITE = "unknown_website"
    FOREIGN_HOSTNAME = "foreign_hostname"
    BOT = "bot"
    DO_NOT_TRACK = "dnt"
    SPAM = "spam"
    CLIENT_LIMIT = "client_rate_limit"
    WEBSITE_LIMIT = "website_rate_limit"
    UNSTORABLE = "unstorable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is counted instead of stored.

    Attributes:
        website_id: Empty where the body names none, or one that we do not know.
        detail: What was wrong, in words for the site's owner, without anything the visitor sent.
        body: What may help the owner or be replayed: visitor and session ids are hashed, addresses and agents are not
            in it. `{"arrival": …}` (as `pack` makes it) can be replayed, `{"payload": …}` can be looked at; `hostname`
            is the page's. None where nothing is kept.
    """

    received_at: datetime
    reason: Reason
    website_id: str = ""
    detail: str | None = None
    body: dict[str, Any] | None = None


def pack(arrival: Arrival) -> dict[str, Any]:
    """The arrival as a JSON document: in spool files and in `rejected_event`."""
    event = arrival.event
    document: dict[str, Any] = {
        name: value for name in _FIELDS if (value := getattr(event, name)) not in (None, "", {})
    }
    document["timestamp"] = event.timestamp.isoformat()
    if arrival.former_visitor_id is not None:
        document["former_visitor_id"] = arrival.former_visitor_id
    return document


def unpack(document: dict[str, Any]) -> Arrival:
    """The arrival that `pack` made a document of.

    Raises:
        KeyError, TypeError, ValueError: The document is not one of `pack`.
    """
    given = dict(document)
    former = given.pop("former_visitor_id", None)
    given["timestamp"] = datetime.fromisoformat(given["timestamp"])
    given.setdefault("session_id", "")
    return Arrival(Event(**given), former)


_FIELDS = tuple(Event.__slots__)
