"""The provider `segment`: events to Segment by its official client."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from typing import Any, Final

from ingest.providers.clients import RETRIES, TIMEOUT_S, UPLOAD_S, client_module, event_uuid, filled_key
from ingest.providers.protocol import FLUSH_S, FilledContext, OnLoss, ProviderKind
from stats_core.errors import ExpectedError
from stats_core.settings import Settings

_RETRY_S = 60.0  # how long one batch is tried in all; the client's default is twelve hours


class SegmentProvider:
    """Hands events to a client, which uploads them in batches from a thread of its own.

    Args:
        client: A `segment.analytics.client.Client`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def track(self, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext) -> None:
        """Track the event; the actor is its `userId`."""
        where = {"website_id": context.website_id, "page": {"path": context.pathname} if context.pathname else None}
        taken, _ = self._client.track(
            user_id=actor_id,
            event=event,
            properties=dict(properties),
            context={name: value for name, value in where.items() if value is not None},
            timestamp=context.timestamp,
            message_id=event_uuid(event, context.event_id),
        )
        _check(taken)

    def identify(self, actor_id: str, traits: Mapping[str, Any]) -> None:
        """Tell the traits of the person."""
        taken, _ = self._client.identify(user_id=actor_id, traits=dict(traits))
        _check(taken)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Wait for the upload; what failed was reported on the way."""
        # The client's own flush has no limit, and it tries a batch for longer than a request should wait.
        queue = self._client.queue
        with queue.all_tasks_done:
            return bool(queue.all_tasks_done.wait_for(lambda: not queue.unfinished_tasks, timeout_s))

    def close(self) -> None:
        """End the client's thread."""
        self._client.join()


def _check(taken: bool) -> None:
    if not taken:
        raise ExpectedError("Segment's client did not take the event: its queue is full.")


def _build(settings: Settings, on_loss: OnLoss) -> SegmentProvider:
    module = client_module("segment.analytics.client", extra="segment")
    client = module.Client(
        filled_key(settings.analytics.segment_write_key, "segment_write_key"),
        host=settings.analytics.segment_host,
        on_error=lambda error, batch: on_loss(len(batch), error),
        gzip=True,
        max_retries=RETRIES,
        max_total_backoff_duration=_RETRY_S,
        max_rate_limit_duration=_RETRY_S,
        timeout=TIMEOUT_S,
        upload_interval=UPLOAD_S,
    )
    atexit.unregister(client.join)  # it would hold the program's end up; close() ends the thread
    return SegmentProvider(client)


SEGMENT: Final = ProviderKind(
    name="segment",
    title="Segment",
    description="Sends each event to Segment by its official client; the actor is its user id.",
    build=_build,
)
