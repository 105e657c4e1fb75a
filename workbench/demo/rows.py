"""Rows of the demo's tables, with ids that follow on those already there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stats_core.models import Base


@dataclass(slots=True)
class Rows:
    """Rows by table, in the order in which they can be inserted.

    Attributes:
        next_ids: Per table name, the first id that is free.
    """

    next_ids: dict[str, int] = field(default_factory=dict)
    by_table: defaultdict[type[Base], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, model: type[Base], **values: Any) -> int:
        """One more row; the id it gets."""
        row_id = self.next_id(model)
        self.next_ids[model.__tablename__] = row_id + 1
        self.by_table[model].append({"id": row_id, **values})
        return row_id

    def next_id(self, model: type[Base]) -> int:
        """The id that the next row of this table gets."""
        return self.next_ids.get(model.__tablename__, 1)

    def counts(self) -> Mapping[str, int]:
        """How many rows there are per table."""
        return {model.__tablename__: len(rows) for model, rows in self.by_table.items()}
