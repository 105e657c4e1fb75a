"""What a provider of server-side events is: the protocol, the context of an event, and how a provider is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stats_core.settings import Settings

OnLoss = Callable[[int, Exception], None]
"""What a provider calls when it learns later that events are lost: how many, and why. From any thread."""


FLUSH_S: Final = 5.0
"""How long a flush waits unless told."""


class EventContext(BaseModel):
    """Where and when an event happened; everything may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    website_id: str | None = Field(None, min_length=1, description="Default: that of the settings.")
    pathname: str | None = Field(None, description="The page it belongs to: /checkout; a query is left out.")
    timestamp: AwareDatetime | None = Field(None, description="When it happened, with its zone; default: now.")
    event_id: str | None = Field(
        None, min_length=1, description="Events of one name and one id are one event, however often they are tracked."
    )
    session_id: str | None = Field(
        None, min_length=1, description="The browser's session; default: the one the visitor is in, else a new one."
    )


class FilledContext(EventContext):
    """The context as providers get it: its time and its id are always there."""

    timestamp: AwareDatetime
    event_id: str


@runtime_checkable
class AnalyticsProvider(Protocol):
    """A place that server-side events go to.

    One thread calls all methods, so they may wait, and need no locks. What they raise reaches nobody's request: it is
    counted and logged. `SourceUnavailableError` means "not now": the same call is made again after a pause.
    """

    def track(self, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext) -> None:
        """Take an event.

        Args:
            event: Its name: `order_placed`.
            actor_id: Who did it, as the shop knows them.
            properties: A JSON document of the provider's own: nobody else sees changes.
            context: Where and when.
        """

    def identify(self, actor_id: str, traits: Mapping[str, Any]) -> None:
        """Take what is known of a person."""

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Deliver what was taken, and return whether nothing is left; after `timeout_s` seconds give up."""

    def close(self) -> None:
        """Let go of threads and connections. What was not flushed may be lost."""


@runtime_checkable
class WorksAhead(Protocol):
    """A provider that takes several events before it knows what became of the first."""

    def settle(self) -> None:
        """Wait for what was begun; called when no event waits, and now and then where they never end."""


@runtime_checkable
class Releases(Protocol):
    """A provider that holds what a forked child must not inherit, as a connection to SQLite."""

    def release(self) -> None:
        """Finish and close it; the next event opens it again. Called before the process forks."""


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A provider that settings can turn on.

    Attributes:
        name: What `[analytics] providers` calls it.
        title: What people call it.
        description: What it does with an event, in a sentence.
        build: Makes one from the settings, quickly and without a network; a `ConfigurationError` says what is missing.
    """

    name: str
    title: str
    description: str
    build: Callable[[Settings, OnLoss], AnalyticsProvider]
