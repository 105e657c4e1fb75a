"""What a form offers: entities, fields, measures, ranges and operations, as choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity, Field, FieldType
from stats_core.operations.registry import Operation
from stats_core.panels.variables import REFERENCE, Variable
from workbench.forms.fields import Choice

DEPTH: Final = 2  # relations that a field picker follows
PANELS_GIVE: Final = frozenset({"now", "timezone", "flow_id", "execution_id", "operation_id", "operation_key"})
FUNCTIONS: Final = {
    "count": "Number of rows",
    "sum": "Sum of",
    "avg": "Average of",
    "min": "Least",
    "max": "Greatest",
    "count_distinct": "Different values of",
}
NUMERIC: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER})
TEMPORAL: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
ORDERED: Final = NUMERIC | TEMPORAL | {FieldType.TEXT}
SINGLE: Final = frozenset(FieldType) - {FieldType.JSON}
OF_FUNCTION: Final = {"sum": NUMERIC, "avg": NUMERIC, "min": ORDERED, "max": ORDERED}
_PRESETS: Final = {
    "today": "Today",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "ytd": "This year to date",
    "12m": "Last 12 months",
    "all": "All of time",
}


def operation_choices(operations: Iterable[Operation[Any]]) -> tuple[Choice, ...]:
    """The operations that read nothing a panel has not."""
    return tuple(Choice(item.type, item.title) for item in operations if item.needs <= PANELS_GIVE)


def entity_choices(catalog: Catalog) -> tuple[Choice, ...]:
    """All entities by name, and those that cannot be queried now with the reason."""
    known = [Choice(item.name, _both(item.label, item.name)) for item in catalog.entities.values()]
    away = [
        Choice(name, f"{name} (cannot be queried now)", " ".join(filter(None, (problem.message, problem.hint))))
        for name, problem in catalog.unavailable.items()
    ]
    return (*known, *away)


def _both(label: str, name: str) -> str:
    return f"{label} · {name}" if label else name


def field_choices(catalog: Catalog, entity: Entity | None, types: frozenset[FieldType]) -> tuple[Choice, ...]:
    """The fields of these types: the entity's own, then those over its relations, dotted."""
    return tuple(Choice(name, f"{name} · {field.type}") for name, field in fields_of(catalog, entity, types))


def fields_of(
    catalog: Catalog, entity: Entity | None, types: frozenset[FieldType] = SINGLE
) -> Iterator[tuple[str, Field]]:
    """Dotted names and fields, the nearest first."""
    ends = [("", entity)] if entity is not None else []
    for _ in range(DEPTH + 1):
        yield from (
            (f"{way}{field.name}", field) for way, end in ends for field in end.fields.values() if field.type in types
        )
        ends = [
            (f"{way}{relation.name}.", catalog.entities[relation.entity])
            for way, end in ends
            for relation in end.relations.values()
            if relation.entity in catalog.entities
        ]


def measure_choices(entity: Entity | None) -> tuple[Choice, ...]:
    """The entity's measures."""
    return tuple(Choice(item.name, item.label or item.name) for item in entity.measures.values()) if entity else ()


def range_choices(variables: Mapping[str, Variable]) -> tuple[Choice, ...]:
    """The dashboard's ranges, then the presets."""
    of_dashboard = [
        Choice({REFERENCE: name}, f"{item.label or name}, as chosen on the dashboard")
        for name, item in variables.items()
        if item.type == "range"
    ]
    return (*of_dashboard, *(Choice({"preset": name}, label) for name, label in _PRESETS.items()))


def variable_choices(variables: Mapping[str, Variable]) -> tuple[Choice, ...]:
    """The dashboard's variables that can stand in a filter."""
    return tuple(
        Choice(name, f"Variable {item.label or name}") for name, item in variables.items() if item.type != "range"
    )
