"""What a post shows by now: the numbers of each embed, by the embed's key, and how far new ones are from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from stats_core.composition import Workbench
from stats_core.errors import ConfigurationError
from workbench.figures.formats import as_number
from workbench.publishing.answered import Answered, since


@dataclass(frozen=True, slots=True)
class Published:
    """The numbers that a post shows, since when, and the hash of the call they came from."""

    hash: str
    resolved_at: datetime
    data: Mapping[str, Any]


Record = Mapping[str, Published]
NOTHING: Record = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Move:
    """A number that changed; `percent` is infinite where there was 0 or nothing before, or nothing is now."""

    title: str
    place: str
    before: Any
    now: Any
    percent: float

    def __str__(self) -> str:
        far = "" if math.isinf(self.percent) else f" ({self.percent:.3g} %)"
        return f"{self.title}{f', {self.place}' if self.place else ''}: {_word(self.before)} → {_word(self.now)}{far}"


def settled(found: Answered, before: Record, workbench: Workbench) -> Answered:
    """The answer, with the moment of what is published where the numbers are the same: the post stays as it is."""
    known = before.get(found.embed.key)
    same = known is not None and known.hash == found.asked.hash and known.data == found.data
    return since(found, known.resolved_at, workbench) if known is not None and same else found


def publish_record(found: Answered) -> Published:
    """What the post shows of an answer."""
    return Published(found.asked.hash, found.resolved_at, found.data)


def moves(found: Answered, known: Published) -> list[Move]:
    """Every number that is not what it was. Buckets that only one of them has are no move: ranges roll on."""
    before, now = dict(_numbers(known.data)), dict(_numbers(found.data))
    rolling = "buckets" in found.data
    places = [place for place in now if not rolling or place in before]
    gone = [] if rolling else [place for place in before if place not in now]
    pairs = ((place, before.get(place), now.get(place)) for place in (*places, *gone))
    return [Move(found.title, place, was, value, _percent(was, value)) for place, was, value in pairs if was != value]


def read_record(text: str, name: str) -> Record:
    """The record in a file's text.

    Raises:
        ConfigurationError: It is no record.
    """
    try:
        document = json.loads(text)
        return {
            key: Published(item["hash"], datetime.fromisoformat(item["resolved_at"]), item["data"])
            for key, item in document["panels"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{name} is not what `workbench publish` wrote."
        raise ConfigurationError(message, hint="Delete it: publishing writes it anew.") from error


def write_record(record: Record) -> str:
    """The record as a file's text; equal records give equal texts."""
    panels = {
        key: {"hash": item.hash, "resolved_at": item.resolved_at.isoformat(), "data": item.data}
        for key, item in sorted(record.items())
    }
    return json.dumps({"version": 1, "panels": panels}, ensure_ascii=False, indent=1) + "\n"


def _numbers(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each number with its place: `PAID`, `2026-05-01, Firefox`, `row 3 total`; the value alone has none."""
    if "value" in data:
        yield "", data["value"]
    for group in data.get("groups", ()):
        yield str(group.get("key")), group.get("value")
    for bucket in data.get("buckets", ()):
        yield ", ".join(str(bucket[name]) for name in ("date", "series") if name in bucket), bucket.get("value")
    for at, row in enumerate(data.get("rows", ()), start=1):
        yield from ((f"row {at} {name}", value) for name, value in row.items() if as_number(value) is not None)


def _percent(before: Any, now: Any) -> float:
    was, value = as_number(before), as_number(now)
    if was is None or value is None or was == 0:
        return math.inf
    return float(abs(value - was) / abs(was) * 100)


def _word(value: Any) -> str:
    return "nothing" if value is None else str(value)
