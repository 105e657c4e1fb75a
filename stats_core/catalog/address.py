"""Addresses of sources: `${NAME}` filled in from the environment, and what of them must never be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from stats_core.errors import ConfigurationError

_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
_NOT_SECRET: Final = frozenset({"interface", "path", "mode", "uri", "sslmode", "secure", "database", "host", "port"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source is.

    Attributes:
        url: With everything filled in.
        secrets: Texts that must stand in no message.
    """

    url: URL = field(repr=False)
    secrets: frozenset[str] = field(repr=False)


def read_address(text: str, environment: Mapping[str, str]) -> Address:
    """The address in a source's settings.

    Raises:
        ConfigurationError: It is no URL, or names a variable that is not set.
    """
    filled: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        if (value := environment.get(match[1])) is None:
            raise ConfigurationError(
                f"The environment variable {match[1]} is not set.", hint="Set it before the workbench starts."
            )
        if match[0] == text.strip():
            return value  # the whole address
        filled.add(value)
        return quote(value, safe="") if _is_quoted(text, match.start()) else value

    try:
        url = make_url(_PLACEHOLDER.sub(fill, text.strip()))
    except (ArgumentError, ValueError):  # whose words would quote the password
        raise ConfigurationError(
            "The url cannot be read.", hint="Write postgresql://user:${SHOP_PASSWORD}@host/name, for instance."
        ) from None
    return Address(url, frozenset(filled | _secrets(url)))


def _is_quoted(text: str, position: int) -> bool:
    """Whether this part of an address is percent-encoded: user and password, and what follows the question mark."""
    return position < text.rfind("@") or ("?" in text and position > text.index("?"))


def _secrets(url: URL) -> set[str]:
    values = {name: (value,) if isinstance(value, str) else value for name, value in url.query.items()}
    asked = {text for name, texts in values.items() if name not in _NOT_SECRET for text in texts}
    return asked | ({str(url.password)} if url.password else set())
