"""Countries by code or name, with their outlines on a flat map."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unicodedata import combining, normalize

FILE = Path(__file__).with_name("world.json")

Line = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """Closed lines of a map in its units, one after another, with None between them."""

    x: Line
    y: Line


@dataclass(frozen=True, slots=True)
class Country:
    """One country.

    Attributes:
        code: ISO 3166-1 alpha-2; XK for Kosovo.
        dot: Where to mark it, in units of the map; None where its outline is large enough to be seen.
    """

    code: str
    name: str
    outline: Outline
    dot: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Atlas:
    """All countries on a map of this size, in units.

    Attributes:
        countries: By code.
        others: The outlines that belong to no code.
    """

    width: int
    height: int
    countries: Mapping[str, Country]
    others: Outline
    _names: Mapping[str, str]

    def find(self, named: object) -> Country | None:
        """The country of this alpha-2 or alpha-3 code or English name, in any case; None for what is none."""
        code = self._names.get(_plain(named)) if isinstance(named, str) else None
        return None if code is None else self.countries[code]


@cache
def atlas() -> Atlas:
    """The atlas of `world.json`, read once."""
    world = json.loads(FILE.read_text(encoding="utf-8"))
    countries = {entry["code"]: _country(entry) for entry in world["countries"]}
    names = {
        _plain(name): entry["code"]
        for entry in world["countries"]
        for name in (entry["name"], *entry["also"], entry["long"], entry["code"])
    }
    return Atlas(
        width=world["width"],
        height=world["height"],
        countries=MappingProxyType(countries),
        others=_outline(world["others"]),
        _names=MappingProxyType(names),
    )


def joined(outlines: Sequence[Outline]) -> Outline:
    """Several outlines as one, which is drawn in one piece."""
    x = [part for outline in outlines if outline.x for part in (*outline.x, None)]
    y = [part for outline in outlines if outline.y for part in (*outline.y, None)]
    return Outline(tuple(x[:-1]), tuple(y[:-1]))


def _plain(name: str) -> str:
    """Without case and accents: "Réunion" and "REUNION" are one name."""
    return "".join(letter for letter in normalize("NFKD", name.strip()) if not combining(letter)).casefold()


def _country(entry: Mapping[str, Any]) -> Country:
    dot = entry.get("dot")
    return Country(entry["code"], entry["name"], _outline(entry["rings"]), (dot[0], dot[1]) if dot else None)


def _outline(rings: Sequence[Sequence[int]]) -> Outline:
    """The file has the first point of each ring, then the steps from point to point."""
    return joined([Outline(tuple(accumulate(ring[::2])), tuple(accumulate(ring[1::2]))) for ring in rings])
