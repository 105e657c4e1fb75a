"""Several providers at once: each gets everything, none spoils the others, and nothing reaches the caller."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event
from uuid import UUID

import pytest

from ingest.providers import Analytics, AnalyticsProvider, CartUpdated, EventContext, OrderPlaced, open_analytics
from ingest.providers import lane as lanes
from ingest.providers.configured import PROVIDERS
from stats_core.errors import ConfigurationError, SourceUnavailableError

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
SET_KEY = "Set segment_write_key under [analytics] in workbench.toml."
ORDER = OrderPlaced(order_id=1042, total_cents=4998, currency="EUR")


@dataclass
class Kept:
    """A provider that keeps what it gets."""

    calls: list = field(default_factory=list)
    contexts: list = field(default_factory=list)

    def track(self, event, actor_id, properties, context):
        self.calls.append((event, actor_id, dict(properties)))
        self.contexts.append(context)
        properties["spoiled"] = True  # its own copy

    def identify(self, actor_id, traits):
        self.calls.append(("identify", actor_id, dict(traits)))

    def flush(self, *_):
        return True

    def close(self):
        self.calls.append("closed")


class Failing(Kept):
    def track(self, *_):
        raise ZeroDivisionError("never mind")


class Leaving(Kept):
    def track(self, *_):
        sys.exit(3)


class Hanging(Kept):
    """Does nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.busy, self.let_go = Event(), Event()

    def track(self, event, actor_id, properties, context):
        self.busy.set()
        assert self.let_go.wait(20)
        super().track(event, actor_id, properties, context)


class Away(Kept):
    """Is away for the first tries."""

    def __init__(self, tries):
        super().__init__()
        self.tries = tries

    def track(self, event, actor_id, properties, context):
        if self.tries:
            self.tries -= 1
            raise SourceUnavailableError("It is away.")
        super().track(event, actor_id, properties, context)


@pytest.fixture
def opened(clock):
    """Opens analytics to providers that are there already, and closes them."""
    every = []

    def make(capacity=100, wait_s=0.0, **providers):
        builders = {name: lambda _, one=one: one for name, one in providers.items()}
        every.append(Analytics(builders, clock=clock, capacity=capacity, wait_s=wait_s))
        return every[-1]

    yield make
    for analytics in every:
        analytics.close(0.1)


def names(provider):
    return [call[0] for call in provider.calls if call != "closed"]


def test_the_providers_of_the_house_keep_the_protocol(settings_with):
    keys = {"posthog_key": "k", "segment_write_key": "k"}
    for kind in PROVIDERS:
        provider = kind.build(settings_with(kind.name, **keys), lambda *_: None)
        assert isinstance(provider, AnalyticsProvider)
        provider.close()


@pytest.mark.parametrize("kind", PROVIDERS, ids=lambda kind: kind.name)
def test_every_provider_is_described_and_documented(repository, kind):
    assert kind.title
    assert kind.description.endswith(".")
    assert f"\n## The provider `{kind.name}`\n" in (repository / "docs" / "server-side-events.md").read_text()


def test_every_provider_gets_every_event_and_a_document_of_its_own(opened):
    first, second = Kept(), Kept()
    given = {"items": {"a": 1}, "price": Decimal("12.50"), "at": NOON, "share": float("nan"), "id": UUID(int=1)}
    with opened(first=first, second=second) as analytics:
        analytics.track("searched", "v1", given)
        given["items"]["a"] = 2
        analytics.track(ORDER, actor_id=7)
        analytics.track("order_placed", actor_id=7, properties=ORDER)
        analytics.identify("v1", {"plan": "gold"})
        assert analytics.flush()
        assert analytics.problems() == ()
    order = ("order_placed", "7", {"order_id": 1042, "total_cents": 4998, "currency": "EUR"})
    read = {"items": {"a": 1}, "price": "12.50", "at": "2026-06-15T12:00:00Z", "share": None, "id": str(UUID(int=1))}
    expected = [("searched", "v1", read), order, order, ("identify", "v1", {"plan": "gold"}), "closed"]
    assert first.calls == second.calls == expected


def test_the_context_is_filled_in(opened):
    kept = Kept()
    later = datetime(2026, 6, 15, 15, tzinfo=UTC)
    with opened(kept=kept) as analytics:
        analytics.track("searched", "v1")
        analytics.track("searched", "v1", context={"pathname": "/search", "timestamp": later, "event_id": "e1"})
        analytics.track(ORDER, "v1", context=EventContext(website_id="site_b", session_id="s1"))
        analytics.track(ORDER, "v1", context=EventContext(event_id="own"))
    plain, full, order, own = (context.model_dump(exclude_none=True) for context in kept.contexts)
    assert len(plain.pop("event_id")) == 26
    assert plain == {"timestamp": NOON}
    assert full == {"pathname": "/search", "timestamp": later, "event_id": "e1"}
    assert order == {"website_id": "site_b", "session_id": "s1", "timestamp": NOON, "event_id": "1042"}
    assert own == {"timestamp": NOON, "event_id": "own"}


def test_one_context_may_serve_several_events(opened):
    kept = Kept()
    context = EventContext(pathname="/list")
    with opened(kept=kept) as analytics:
        for _ in range(3):
            analytics.track("product_viewed", "v1", context=context)
    assert len({context.event_id for context in kept.contexts}) == 3


def test_a_provider_that_raises_loses_its_own_events_only(opened, caplog):
    kept, leaving = Kept(), Leaving()
    with opened(failing=Failing(), leaving=leaving, kept=kept) as analytics:
        for number in range(5):
            analytics.track(f"event_{number}", "v1")
        assert analytics.flush()
        failing, left = analytics.problems()
    assert names(kept) == [f"event_{number}" for number in range(5)]
    assert (failing.provider, failing.given, failing.lost, failing.waiting) == ("failing", 5, 5, 0)
    assert (failing.problem, failing.problem_at) == ("ZeroDivisionError: never mind", NOON)
    assert (left.provider, left.lost, left.problem) == ("leaving", 5, "SystemExit: 3")
    lines = sorted(record.getMessage() for record in caplog.records)  # once, not five times
    assert lines == [
        "Analytics: failing has lost 1 event(s) by now: ZeroDivisionError: never mind",
        "Analytics: leaving has lost 1 event(s) by now: SystemExit: 3",
    ]


def test_a_provider_that_hangs_stops_nobody_and_its_queue_is_bounded(opened):
    hanging, kept = Hanging(), Kept()
    analytics = opened(hanging=hanging, kept=kept, capacity=1_000)
    analytics.track("event_0", "v1")
    assert hanging.busy.wait(20)
    for number in range(1, 1_500):
        analytics.track(f"event_{number}", "v1")
        if number % 100 == 0:
            analytics._lanes[1].flush(lanes.time.monotonic() + 20).wait()  # the other one has the time it needs
    assert not analytics.flush(0.01)
    assert len(kept.calls) == 1_500
    (health,) = analytics.problems()
    assert (health.given, health.lost, health.waiting) == (1_500, 499, 1_001)
    assert health.problem.startswith("1000 events wait for it already.")
    hanging.let_go.set()
    assert analytics.flush()
    assert names(hanging) == [f"event_{number}" for number in range(1_001)]


def test_where_calls_may_wait_a_slow_provider_gets_everything(opened):
    hanging = Hanging()
    analytics = opened(hanging=hanging, capacity=2, wait_s=20)
    hanging.let_go.set()
    for number in range(500):
        analytics.track(f"event_{number}", "v1")
    assert analytics.flush()
    assert names(hanging) == [f"event_{number}" for number in range(500)]
    assert analytics.problems() == ()


def test_a_provider_that_is_away_gets_its_events_later_and_in_order(opened, monkeypatch):
    monkeypatch.setattr(lanes, "FIRST_PAUSE_S", 0.001)
    away = Away(tries=3)
    with opened(away=away) as analytics:
        analytics.track("first", "v1")
        analytics.track("second", "v1")
        assert analytics.flush()
        (health,) = analytics.problems()
    assert names(away) == ["first", "second"]
    assert (health.lost, health.problem) == (0, "It is away.")


def test_a_flush_does_not_wait_for_the_pause_of_a_provider_that_was_away(opened, monkeypatch):
    monkeypatch.setattr(lanes, "FIRST_PAUSE_S", 1_000)
    away = Away(tries=1)
    analytics = opened(away=away)
    analytics.track("first", "v1")
    while not analytics.problems():
        pass
    assert analytics.flush()
    assert names(away) == ["first"]


def test_what_is_not_delivered_when_the_program_ends_is_counted(opened, monkeypatch):
    monkeypatch.setattr(lanes, "FIRST_PAUSE_S", 1_000)
    analytics = opened(away=Away(tries=1_000))
    for _ in range(3):
        analytics.track("order_placed", "v1")
    analytics.close(0.05)
    analytics._lanes[0]._thread.join(20)
    (health,) = analytics.problems()
    assert (health.given, health.lost, health.waiting) == (3, 3, 0)


def test_after_closing_events_are_lost_and_counted(opened):
    kept = Kept()
    analytics = opened(kept=kept)
    assert analytics.close()
    assert analytics.close()
    analytics.track("order_placed", "v1")
    assert analytics.flush()
    assert kept.calls == ["closed"]
    assert [(health.provider, health.lost, health.problem) for health in analytics.problems()] == [
        ("kept", 1, "Analytics are closed. Track before close().")
    ]


MIXED = "properties: 'order_placed' was tracked with the properties of "
CIRCLE: dict = {}
CIRCLE["circle"] = CIRCLE


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (("", "v1"), 'event: The event has no name. Names look like "order_placed".'),
        ((None, "v1"), 'event: The event has no name. Names look like "order_placed".'),
        (("searched", ""), "actor_id: An actor is a text or a whole number, not str or nothing."),
        (("searched", None), "actor_id: An actor is a text or a whole number, not NoneType or nothing."),
        (("searched", True), "actor_id: An actor is a text or a whole number, not bool or nothing."),
        (("searched", "v1", ["secret"]), "properties: A mapping is wanted, not list."),
        (("searched", "v1", {"x": object()}), "PydanticSerializationError: Unable to serialize unknown type: "),
        (("searched", "v1", CIRCLE), "ValueError: Circular reference detected (id repeated)"),
        (("searched", "v1", {"x": "s" * 40_000}), "properties: The event has 40026 bytes; 32000 are the limit."),
        (("searched", "v1", {}, {"path": "secret"}), "path: Extra inputs are not permitted."),
        (("searched", "v1", {}, {"timestamp": datetime(2026, 1, 1)}), "timestamp: Input should have timezone info."),  # noqa: DTZ001 (the fault)
        (("order_placed", "v1", CartUpdated(product_id=1)), MIXED),
        ((ORDER, "v1", {"total_cents": 1}), MIXED),
    ],
)  # fmt: skip
def test_what_cannot_be_tracked_is_counted_and_the_caller_goes_on(opened, caplog, call, problem):
    kept = Kept()
    with opened(kept=kept) as analytics:
        analytics.track(*call)
        (health,) = analytics.problems()
    assert (health.provider, health.given, health.lost, kept.calls) == ("track", 1, 1, ["closed"])
    assert health.problem.startswith(problem)
    assert "secret" not in caplog.text


def test_half_characters_do_not_cost_the_event(opened):
    kept = Kept()
    with opened(kept=kept) as analytics:
        analytics.track("searched", "v1", {"words": "a\ud800b", "emoji": "🍵"})
    assert kept.calls[0] == ("searched", "v1", {"words": "a?b", "emoji": "🍵"})


def test_problems_that_go_on_do_not_fill_the_log(opened, caplog):
    with opened(failing=Failing()) as analytics:
        for number in range(200):
            analytics.track("searched", "", {"number": number})
            analytics.track("searched", "v1", {"x": object()})
            analytics.track("searched", "v1")
            if number % 50 == 0:
                analytics.flush()  # else it may lose some for another reason: too many wait
    assert len(caplog.records) == 3


def test_unknown_and_unfinished_providers_are_told_and_spoil_nothing(settings_with, clock, caplog):
    caplog.set_level(logging.INFO, logger="workbench.analytics")
    with open_analytics(settings_with("logs", "segment", "log", "log"), clock=clock) as analytics:
        analytics.track("order_placed", "v1")
        assert analytics.flush()
        problems = analytics.problems()
        assert [(health.provider, health.given) for health in analytics.health()] == [
            ("logs", 1),
            ("segment", 1),
            ("log", 1),
            ("track", 1),
        ]
    assert [(health.provider, health.lost, health.problem) for health in problems] == [
        ("logs", 1, "analytics.providers: No analytics provider named 'logs'. Did you mean 'log'?"),
        (
            "segment",
            1,
            f"analytics.segment_write_key: The key is not set. {SET_KEY}",
        ),
    ]
    assert sum(record.name == "workbench.analytics" for record in caplog.records) == 1


def test_a_provider_that_cannot_be_made_is_told_when_the_shop_starts(clock):
    def build(_):
        raise ConfigurationError("The key is not set.")

    with Analytics({"broken": build}, clock=clock) as analytics:
        (health,) = analytics.problems()
    assert (health.given, health.lost, health.problem) == (0, 0, "The key is not set.")


def test_an_asyncio_shop_is_not_held_up(opened):
    hanging, kept = Hanging(), Kept()
    analytics = opened(hanging=hanging, kept=kept)

    async def shop():
        ticks = 0
        for number in range(50):
            analytics.track(f"event_{number}", "v1")
            await asyncio.sleep(0)
            ticks += 1
        hanging.let_go.set()
        assert await asyncio.to_thread(analytics.flush, 20)
        return ticks

    assert asyncio.run(shop()) == 50
    assert names(kept) == names(hanging) == [f"event_{number}" for number in range(50)]
