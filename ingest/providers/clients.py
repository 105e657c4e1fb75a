"""What the providers that call somebody else's service share: their packages, their keys, and ids for their events."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any, Final
from uuid import UUID, uuid5

from stats_core.errors import ConfigurationError

TIMEOUT_S: Final = 5.0
"""How long one upload may take."""

RETRIES: Final = 3

UPLOAD_S: Final = 0.25
"""How long an event may wait for others to be uploaded with it."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_EVENTS = UUID("6f1c2c0e-0b6e-5f0a-9d55-3f4b2f0a7c11")  # drawn once: keeps our names apart from others'


def client_module(name: str, *, extra: str) -> Any:
    """The module of an official client.

    Raises:
        ConfigurationError: Its package is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        message = (
            f"The analytics provider {extra!r} needs the package {name.partition('.')[0]!r}, which is not installed."
        )
        raise ConfigurationError(message, hint=f"Run `pip install 'stats-workbench[{extra}]'`.") from error


def filled_key(text: str | None, setting: str) -> str:
    """A key from the settings, with ${NAME} filled in from the environment.

    Raises:
        ConfigurationError: It is not set, or the variable is not.
    """

    def fill(match: re.Match[str]) -> str:
        if not (value := os.environ.get(match[1])):
            message = f"The environment variable {match[1]} is not set."
            raise ConfigurationError(message, path=f"analytics.{setting}", hint="Set it before the program starts.")
        return value

    if not text:
        hint = f"Set {setting} under [analytics] in workbench.toml."
        raise ConfigurationError("The key is not set.", path=f"analytics.{setting}", hint=hint)
    return _PLACEHOLDER.sub(fill, text)


def event_uuid(event: str, event_id: str) -> str:
    """The same UUID for the same event: services throw away the second."""
    return str(uuid5(_EVENTS, f"{event}\0{event_id}"))
