"""The provider `database`: custom events into the workbench's own tables, beside those of the browser."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from ingest.arrivals import Arrival
from ingest.event_fields import EARLIEST, KEY_LENGTH, LATEST, MOST_KEYS, VALUE_LENGTH
from ingest.logs.requests import MAX_PATHNAME, readable_path
from ingest.payload import Payload, faults
from ingest.providers.commerce import PER_PRODUCT
from ingest.providers.protocol import FLUSH_S, FilledContext, OnLoss, ProviderKind
from ingest.visitors import VisitorHasher
from ingest.writer import EventWriter, NowhereToStoreError, Outcome, Pace
from stats_core.database import Database
from stats_core.errors import ConfigurationError, ExpectedError, InvalidOptionsError, Problem, SourceUnavailableError
from stats_core.settings import Settings
from stats_core.traffic.sessions import Event

OpenWriter = Callable[[], AbstractContextManager[EventWriter]]

_PERSON = b"server event"  # keeps these hashes apart from others made with the same secret
_DIGEST_BYTES = 16
# What a program tracks before it ends must be on the disk before it has ended: a busy database is not waited for long.
_PACE = Pace(patience_s=1)
_LISTS = "Lists are not kept, except products of events that product analytics read. Track an event for each item."


class DatabaseProvider:
    """Stores events through the writer: with their sessions, once, and in the spool while the database is away.

    Args:
        open_writer: Opens what stores; called with the first event.
        website_id: Of events whose context names none.
        secret: Key of the visitor hashes.
        on_loss: Told of events that the writer refused.
    """

    def __init__(self, open_writer: OpenWriter, website_id: str | None, secret: bytes, on_loss: OnLoss) -> None:
        self._open_writer = open_writer
        self._website_id = website_id
        self._secret = secret
        self._on_loss = on_loss
        self._opened = ExitStack()
        self._writer: EventWriter | None = None
        self._begun: deque[tuple[Arrival, Future[Outcome]]] = deque()

    def track(self, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext) -> None:
        """Store a custom event; of several products, where product analytics count products, one for each."""
        website_id = context.website_id or self._website_id
        if not website_id:
            hint = "Set website_id under [analytics] in workbench.toml, or track with context={'website_id': …}."
            raise ConfigurationError("The event names no website.", path="context.website_id", hint=hint)
        arrivals = list(self._arrivals(website_id, event, actor_id, properties, context))
        writer = self._ready()
        self._begun.extend((arrival, writer.store_soon(arrival)) for arrival in arrivals)

    def identify(self, actor_id: str, traits: Mapping[str, Any]) -> None:
        """Keep nothing: visitors are hashes here, and what people are called belongs to the shop's own tables."""

    def settle(self) -> None:
        """Wait until what was begun is committed, or in the spool.

        Raises:
            SourceUnavailableError: There is neither database nor spool; nothing is lost, call again.
        """
        while self._begun:
            arrival, stored = self._begun[0]
            try:
                outcome = stored.result()
            except NowhereToStoreError as error:
                self._begun[0] = (arrival, self._ready().store_soon(arrival))
                raise SourceUnavailableError(error.message, path=error.path, hint=error.hint) from error
            except Exception as error:  # noqa: BLE001 (the next ones are to be settled all the same)
                self._on_loss(1, error)
            else:
                if outcome is Outcome.REFUSED:
                    self._on_loss(1, _refused(arrival.event.website_id))
            self._begun.popleft()

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Nothing is left once all is settled, which takes as long as a commit."""
        del timeout_s
        self.settle()
        return True

    def release(self) -> None:
        """Close the database while the process forks: SQLite loses rows where a child inherits a connection to it."""
        self.settle()
        self._opened.close()
        self._writer = None

    def close(self) -> None:
        """Close the writer and the database."""
        if self._begun:
            self._on_loss(len(self._begun), ExpectedError("Neither the database nor the spool took them in time."))
        self._opened.close()

    def _arrivals(
        self, website_id: str, event: str, actor_id: str, properties: Mapping[str, Any], context: FilledContext
    ) -> Iterator[Arrival]:
        hashed = VisitorHasher(self._secret, website_id)
        for number, part in enumerate(_parts(event, properties)):
            payload = _checked(website_id, event, context, part)
            yield Arrival(
                Event(
                    website_id=website_id,
                    event_id=_event_hash(self._secret, website_id, event, context.event_id, str(number)),
                    session_id=context.session_id or "",
                    visitor_id=hashed(actor_id),
                    event_type="custom_event",
                    pathname=payload.page().pathname,
                    timestamp=context.timestamp,
                    event_name=event,
                    metadata=payload.metadata or {},
                )
            )

    def _ready(self) -> EventWriter:
        """The writer, opened.

        Raises:
            SourceUnavailableError: There is no database, or it has no tables yet: both can change while we run.
        """
        if self._writer is None:
            try:
                self._writer = self._opened.enter_context(self._open_writer())
            except ConfigurationError as error:
                raise SourceUnavailableError(error.message, path=error.path, hint=error.hint) from error
        return self._writer


def _checked(website_id: str, event: str, context: FilledContext, properties: dict[str, Any]) -> Payload:
    """What comes from the shop, within the limits of everything that is tracked."""
    if not EARLIEST <= context.timestamp < LATEST:
        message = f"This moment is not between {EARLIEST.year} and {LATEST.year}."
        raise ExpectedError(message, path="context.timestamp", hint="Check its year.")
    try:
        return Payload(
            website_id=website_id,
            event_type="custom_event",
            event_name=event,
            pathname=_pathname(context.pathname or "/"),
            metadata=properties,
        )
    except ValidationError as error:
        hint = f"Use at most {MOST_KEYS} properties, with names of up to {KEY_LENGTH} characters."
        raise ExpectedError(f"{faults(error)}.", hint=hint) from None  # whose words quote the values


def _parts(event: str, properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is to be stored of the event, flat: once, or once for each of its products."""
    products = properties.get("products")
    if event not in PER_PRODUCT or not isinstance(products, list) or not all(isinstance(one, dict) for one in products):
        return [dict(_flat(properties))]
    shared = {name: value for name, value in properties.items() if name != "products"}
    return [dict(_flat({**shared, **product})) for product in products or [{}]]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """{"address": {"city": "Bonn"}} → address.city."""
    for name, value in values.items():
        key = _storable(f"{prefix}{name}")
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, list):
            raise InvalidOptionsError([Problem(f"properties.{key}", "This is a list.", _LISTS)])
        else:
            yield key, _storable(value)[:VALUE_LENGTH] if isinstance(value, str) else value


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd")  # PostgreSQL's text has no NUL


def _pathname(text: str) -> str:
    """What a customer typed must not cost the shop its event: a path that is too long is cut."""
    text = _storable(text)
    return text if len(text.encode()) <= MAX_PATHNAME else readable_path(text)


def _event_hash(secret: bytes, *parts: str) -> str:
    """The stored id of an event: nobody without the secret can take an order's id before the shop does."""
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    key = hashlib.sha256(secret).digest()
    return hashlib.blake2b(framed.encode(), digest_size=_DIGEST_BYTES, key=key, person=_PERSON).hexdigest()


def _refused(website_id: str) -> ExpectedError:
    hint = "Is there such a website? `workbench website list` and `workbench rejected list` tell more."
    return ExpectedError(f"The event was refused for the website {website_id!r}.", hint=hint)


@contextmanager
def open_writer(settings: Settings) -> Iterator[EventWriter]:
    """A writer of this process into the settings' database.

    Raises:
        ConfigurationError: The database does not answer, or its tables are missing or of another version.
    """
    from stats_core.database.schema import check_schema  # brings Alembic: not before the first event

    with Database(settings.database_url) as database:
        check_schema(database)
        with EventWriter(database, settings.home / "spool", pace=_PACE) as writer:
            yield writer


def _build(settings: Settings, on_loss: OnLoss) -> DatabaseProvider:
    website_id = settings.analytics.website_id
    return DatabaseProvider(partial(open_writer, settings), website_id, settings.secret(), on_loss)


DATABASE: Final = ProviderKind(
    name="database",
    title="Database",
    description="Stores each event as a custom event of the website, with the visit it belongs to.",
    build=_build,
)
