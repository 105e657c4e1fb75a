"""The provider `posthog`: events to PostHog by its official client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.providers.clients import RETRIES, TIMEOUT_S, UPLOAD_S, client_module, event_uuid, filled_key
from ingest.providers.protocol import FLUSH_S, FilledContext, OnLoss, ProviderKind
from stats_core.errors import ExpectedError
from stats_core.settings import Settings


class PostHogProvider:
    """Hands events to a client, which uploads them in batches from a thread of its own.

    Args:
        client: A `posthog.Posthog`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def track(self, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext) -> None:
        """Capture the event; the actor is its `distinct_id`."""
        given = {"website_id": context.website_id, "$pathname": context.pathname, **properties}
        taken = self._client.capture(
            event,
            distinct_id=actor_id,
            properties={name: value for name, value in given.items() if value is not None},
            timestamp=context.timestamp,
            uuid=event_uuid(event, context.event_id),
        )
        _check(taken)

    def identify(self, actor_id: str, traits: Mapping[str, Any]) -> None:
        """Set properties of the person."""
        _check(self._client.set(distinct_id=actor_id, properties=dict(traits)) if traits else actor_id)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Upload now; what failed was reported on the way."""
        self._client.flush(timeout_seconds=timeout_s)
        return not self._client.queue.unfinished_tasks

    def close(self) -> None:
        """End the client's thread."""
        self._client.shutdown()


def _check(taken: str | None) -> None:
    if taken is None:  # the client raises nothing: it logs
        raise ExpectedError("PostHog's client did not take the event: its queue is full, or it is switched off.")


def _build(settings: Settings, on_loss: OnLoss) -> PostHogProvider:
    posthog = client_module("posthog", extra="posthog")
    return PostHogProvider(
        posthog.Posthog(
            filled_key(settings.analytics.posthog_key, "posthog_key"),
            host=settings.analytics.posthog_host,
            on_error=lambda error, batch: on_loss(len(batch), error),
            flush_interval=UPLOAD_S,
            gzip=True,
            max_retries=RETRIES,
            timeout=TIMEOUT_S,
        )
    )


POSTHOG: Final = ProviderKind(
    name="posthog",
    title="PostHog",
    description="Sends each event to PostHog by its official client; the actor is its distinct id.",
    build=_build,
)
