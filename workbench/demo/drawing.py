"""Random draws and made-up ids: all follow from the seed, in streams that do not disturb each other."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SECOND = 1_000_000
"""Times are drawn in microseconds since 1970, UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stream(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each purpose: a change in one leaves the numbers of all others as they were."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def pick(rng: np.random.Generator, weights: Sequence[float] | Floats, count: int) -> Ints:
    """`count` places in `weights`, each as likely as its weight."""
    return place(rng.random(count), np.cumsum(weights))


def place(draws: Floats, cumulated: Floats) -> Ints:
    """Where draws in [0, 1) fall among cumulated weights."""
    found: Ints = np.searchsorted(cumulated, draws * cumulated[-1], side="right")
    return np.minimum(found, len(cumulated) - 1)


def by_rank(count: int, exponent: float) -> Floats:
    """Weights of things of which few are popular (Zipf)."""
    weights: Floats = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return weights


def hex_ids(numbers: Ints, *, salt: int, words: int) -> list[str]:
    """16 hexadecimal digits per word for each number: look random, never meet within a salt.

    Source:
        Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators" (the finaliser, a bijection)
    """
    lanes = []
    for lane in range(words):
        with np.errstate(over="ignore"):
            mixed = numbers.astype(np.uint64) + np.uint64((salt * 64 + lane + 1) * 0x9E3779B97F4A7C15 % 2**64)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            lanes.append(mixed ^ (mixed >> np.uint64(31)))
    text = np.stack(lanes, axis=1).astype(">u8").tobytes().hex() if len(numbers) else ""
    width = 16 * words
    return [text[start : start + width] for start in range(0, len(text), width)]


def taken(values: Sequence[Any], places: Ints) -> list[Any]:
    """The values at these places, as Python objects."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    found: list[Any] = column[places].tolist()
    return found


def salt(seed: int, *names: str) -> int:
    """A number of its own for each kind of id."""
    return zlib.crc32("\0".join((str(seed), *names)).encode())


def moment(time: int) -> datetime:
    """A drawn time."""
    return _EPOCH + timedelta(microseconds=time)


def microseconds(time: datetime) -> int:
    """A time as times are drawn."""
    return (time - _EPOCH) // timedelta(microseconds=1)
