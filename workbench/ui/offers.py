"""What there is to pick from for a dashboard's variables: websites, stores, and the values of any field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.panels.variables import Variable

MOST = 1_000  # in one picker
AGE_S = 60
_NAME = "name"

Offers = Mapping[Any, str]
"""Values with their words, in the order in which they are offered."""


def offers(workbench: Workbench, variables: Mapping[str, Variable]) -> Mapping[str, Offers]:
    """By name, for each variable that is picked from data.

    A variable whose entity cannot be asked now has none: then its value is typed in.
    """
    found = {}
    for name, variable in variables.items():
        if variable.entity is None or variable.type not in {"text", "number"}:
            continue
        try:
            found[name] = _of_type(variable, _asked(workbench, variable.entity, variable.field))
        except ExpectedError:
            continue
    return found


def _of_type(variable: Variable, pairs: Iterator[tuple[Any, str]]) -> Offers:
    wanted = str if variable.type == "text" else int | float
    return {value: words for value, words in pairs if isinstance(value, wanted) and value != ""}


def _asked(workbench: Workbench, entity: str, field: str | None) -> Iterator[tuple[Any, str]]:
    known = workbench.catalog.entities.get(entity)
    if field is None and known is not None and _NAME in known.fields:
        return _named(workbench, entity)
    return _values(workbench, entity, field or "id")


def _named(workbench: Workbench, entity: str) -> Iterator[tuple[Any, str]]:
    """Ids with names; rows that share a name are told apart by their ids."""
    options = {
        "entity": entity,
        "fields": ["id", _NAME],
        "sort": [{"field": _NAME, "direction": "asc"}, {"field": "id", "direction": "asc"}],
        "limit": MOST,
    }
    rows = workbench.resolver.run("read_data", options, cache_ttl_seconds=AGE_S).data["rows"]
    names = [row[_NAME] for row in rows]
    return (
        (row["id"], str(row[_NAME]) if names.count(row[_NAME]) == 1 else f"{row[_NAME]} ({row['id']})") for row in rows
    )


def _values(workbench: Workbench, entity: str, field: str) -> Iterator[tuple[Any, str]]:
    options = {"entity": entity, "aggregate": {"fn": "count"}, "group_by": field, "limit": MOST}
    groups = workbench.resolver.run("aggregate_data", options, cache_ttl_seconds=AGE_S).data["groups"]
    return (
        (group["key"], str(group["key"])) for group in sorted(groups, key=lambda group: str(group["key"]).casefold())
    )
