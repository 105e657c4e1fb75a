"""The websites there are, for pickers and their time zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stats_core.composition import Workbench

MOST = 1_000  # in one picker


@dataclass(frozen=True, slots=True)
class Site:
    """A website as a choice."""

    name: str
    timezone: str


def websites(workbench: Workbench) -> Mapping[str, Site]:
    """By id, in the order of their names; two of one name are told apart by their domain."""
    options = {
        "entity": "website",
        "fields": ["id", "name", "domain", "timezone"],
        "sort": [{"field": "name", "direction": "asc"}],
        "limit": MOST,
    }
    rows = workbench.resolver.run("read_data", options).data["rows"]
    return {row["id"]: Site(_name(row, rows), row["timezone"]) for row in rows}


def _name(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    alike = sum(other["name"] == row["name"] for other in rows)
    return str(row["name"]) if alike == 1 else f"{row['name']} ({row['domain']})"
