"""The providers there are, and opening those that the settings turn on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from ingest.providers.analytics import Analytics
from ingest.providers.database import DATABASE
from ingest.providers.log import LOG
from ingest.providers.posthog import POSTHOG
from ingest.providers.protocol import AnalyticsProvider, OnLoss
from ingest.providers.segment import SEGMENT
from stats_core.errors import ExpectedError, Problem, UnknownNameError
from stats_core.settings import Settings

PROVIDERS: Final = (
    DATABASE,
    LOG,
    POSTHOG,
    SEGMENT,
)


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def open_analytics(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now, wait_s: float = 0.0
) -> Analytics:
    """Analytics to the providers of the settings; use it `with`, or close it.

    A provider that is unknown or not fully configured loses its events and nobody else's: `analytics.problems()` and
    the log say what is missing.

    Args:
        settings: Default: from the environment and `workbench.toml`.
        clock: Gives the current moment, aware.
        wait_s: How long a call may wait for room in a full queue: 0 in requests, more in scripts that import.

    Raises:
        InvalidOptionsError: The settings do not validate.
        ConfigurationError: The settings cannot be read.
    """
    settings = settings or Settings.load()
    names = dict.fromkeys(settings.analytics.providers)  # each once
    return Analytics({name: partial(build, name, settings) for name in names}, clock=clock, wait_s=wait_s)


def analytics_problems(settings: Settings) -> list[Problem]:
    """What keeps providers of the settings from being made here. Asks no network."""
    problems: list[Problem] = []
    for name in dict.fromkeys(settings.analytics.providers):
        try:
            build(name, settings, lambda _lost, _error: None).close()
        except ExpectedError as error:
            problems += error.problems
    return problems


def build(name: str, settings: Settings, on_loss: OnLoss) -> AnalyticsProvider:
    """The provider of this name.

    Raises:
        UnknownNameError: There is none.
        ConfigurationError: A setting or a package is missing; the hint says which.
    """
    kinds = {kind.name: kind for kind in PROVIDERS}
    if name not in kinds:
        raise UnknownNameError("analytics provider", name, kinds, path="analytics.providers")
    return kinds[name].build(settings, on_loss)
