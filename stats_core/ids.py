"""Ids that say what they name: a prefix and a ULID, sortable by time of creation."""

from __future__ import annotations

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U
_TIME_CHARS, _RANDOM_CHARS = 10, 16


def ulid(time_ms: int | None = None, randomness: int | None = None) -> str:
    """26 characters: 48 bits of Unix milliseconds, then 80 random bits, in Crockford's base 32.

    Source:
        github.com/ulid/spec
    """
    time_ms = time.time_ns() // 1_000_000 if time_ms is None else time_ms
    randomness = secrets.randbits(80) if randomness is None else randomness
    return _base32(time_ms, _TIME_CHARS) + _base32(randomness, _RANDOM_CHARS)


def _base32(number: int, width: int) -> str:
    return "".join(_CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(width)))


def dashboard_id() -> str:
    """`dash_01J…`."""
    return f"dash_{ulid()}"


def panel_id() -> str:
    """`panel_01J…`."""
    return f"panel_{ulid()}"
