"""Rows of the demo's tables, with ids that follow on those already there."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from stats_core.models import Base

Waiting = dict[type[Base], list[dict[str, Any]]]
"""Rows by table, in an order in which they can be inserted."""


@dataclass(slots=True)
class Rows:
    """Rows to be inserted.

    Attributes:
        next_ids: Per table name, the first id that is free.
        counts: Per table name, the rows added so far.
    """

    next_ids: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _waiting: Waiting = field(default_factory=lambda: defaultdict(list))

    def add(self, model: type[Base], **values: Any) -> int:
        """One more row of a numbered table; the id it gets."""
        row_id = self.next_id(model)
        self.next_ids[model.__tablename__] = row_id + 1
        self.add_named(model, id=row_id, **values)
        return row_id

    def add_named(self, model: type[Base], **values: Any) -> None:
        """One more row of a table whose rows bring their ids."""
        self.counts[model.__tablename__] += 1
        self._waiting[model].append(values)

    def next_id(self, model: type[Base]) -> int:
        """The id that the next row of this table gets."""
        return self.next_ids.get(model.__tablename__, 1)

    def take(self) -> Waiting:
        """The rows added since they were last taken."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        return waiting
