"""Whose data a caller may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScopeLevel = Literal["platform", "merchant", "store"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Platform (everything), one merchant, or one store.

    A merchant or store scope is added to every statement along the entity's scope path; an entity without such a path
    is refused unless it is declared shared.
    """

    level: ScopeLevel = "platform"
    id: int | None = None

    def __post_init__(self) -> None:
        if (self.level == "platform") != (self.id is None):
            msg = f"A {self.level} scope {'has no id' if self.level == 'platform' else 'needs an id'}."
            raise ValueError(msg)

    def __str__(self) -> str:
        return self.level if self.id is None else f"{self.level}:{self.id}"


PLATFORM = Scope()
