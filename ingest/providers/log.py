"""The provider `log`: one line of JSON for each event, by the standard library's logging.

Logs are read by many and kept for long: people are in them as the hashes that the database has, traits as their names
only, and values under names that sound like secrets not at all.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from ingest.providers.protocol import FLUSH_S, FilledContext, OnLoss, ProviderKind
from ingest.visitors import visitor_hash
from stats_core.settings import Settings

EVENTS: Final = logging.getLogger("workbench.analytics")
"""Where the lines go, at level INFO."""

HIDDEN: Final = "[hidden]"

_SECRET = re.compile(
    r"passw|passphrase|secret|token|credential|api[_-]?key|authori[sz]ation|cookie|(^|_)pin(_|$)|card_?n|cvc|cvv|iban",
    re.IGNORECASE,
)


class LogProvider:
    """Writes events to the log.

    Args:
        logger: Where to.
        website_id: Of events whose context names none.
        secret: Key of the visitor hashes.
    """

    def __init__(self, logger: logging.Logger, website_id: str | None, secret: bytes) -> None:
        self._logger = logger
        self._website_id = website_id
        self._secret = secret

    def track(self, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext) -> None:
        """Write the event as a line."""
        website_id = context.website_id or self._website_id
        line = {
            "event": event,
            "timestamp": context.timestamp.isoformat(),
            "website_id": website_id,
            "visitor_id": visitor_hash(self._secret, website_id or "", actor_id),
            "pathname": context.pathname,
            "event_id": context.event_id,
            "properties": _shown(properties),
        }
        self._write({name: value for name, value in line.items() if value is not None})

    def identify(self, actor_id: str, traits: Mapping[str, Any]) -> None:
        """Write whose traits were told, and which, without what they are."""
        visitor_id = visitor_hash(self._secret, self._website_id or "", actor_id)
        self._write({"identify": visitor_id, "traits": sorted(traits)})

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Nothing waits."""
        del timeout_s
        return True

    def close(self) -> None:
        """Nothing was opened."""

    def _write(self, line: Mapping[str, Any]) -> None:
        self._logger.info("%s", json.dumps(line))  # ASCII: no character in it can end the line


def _shown(value: Any) -> Any:
    """The value without what stands under names that sound like secrets."""
    if isinstance(value, Mapping):
        return {name: HIDDEN if _SECRET.search(name) else _shown(inner) for name, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else value


def _build(settings: Settings, on_loss: OnLoss) -> LogProvider:
    del on_loss  # a line is written or raises
    return LogProvider(EVENTS, settings.analytics.website_id, settings.secret())


LOG: Final = ProviderKind(
    name="log",
    title="Log",
    description="Writes each event as one line of JSON to Python's logging.",
    build=_build,
)
