"""What a new panel can begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity, FieldType
from stats_core.panels.variables import REFERENCE, Variable

PREFERRED: Final = ("sales_order", "analytics_session")
COUNT: Final = {"fn": "count"}
_NOTE: Final = "**A note.** Write Markdown here: what the figures mean, who asks for them, what to do next."


@dataclass(frozen=True, slots=True)
class Template:
    """A panel to begin with, as a document."""

    name: str
    label: str
    document: dict[str, Any]


def templates(catalog: Catalog, variables: Mapping[str, Variable]) -> tuple[Template, ...]:
    """The beginnings that this catalog can answer: a note always, the others where an entity has what they need."""
    entity = _entity(catalog)
    note = Template("note", "Note", _panel("Note", "label", (4, 3), display={"text": _NOTE}))
    return (*(_asking(entity, variables) if entity is not None else ()), note)


def _entity(catalog: Catalog) -> Entity | None:
    """One that is well known, else the first that has a date and a text to group by."""
    for name in (*PREFERRED, *catalog.entities):
        entity = catalog.entities.get(name)
        if entity is not None and entity.date_field and _group(entity):
            return entity
    return None


def _group(entity: Entity) -> str | None:
    texts = [field.name for field in entity.fields.values() if field.type is FieldType.TEXT]
    return "status" if "status" in texts else next(iter(texts), None)


def _asking(entity: Entity, variables: Mapping[str, Variable]) -> tuple[Template, ...]:
    what = entity.label or entity.name
    group = _group(entity)
    rows: dict[str, Any] = {"entity": entity.name, "range": _range(variables)}
    counted = {**rows, "aggregate": COUNT}
    by = {**counted, "group_by": group}
    latest = {**rows, "sort": [{"field": entity.date_field, "direction": "desc"}], "limit": 100}
    return (
        Template("number", "Number", _panel(what, "metric", (4, 3), "aggregate_data", counted)),
        Template(
            "list", "Top list", _panel(f"{what} by {group}", "list", (4, 6), "aggregate_data", {**by, "limit": 10})
        ),
        Template("bar", "Bar by", _panel(f"{what} by {group}", "bar", (6, 6), "aggregate_data", by)),
        Template("line", "Line over time", _panel(f"{what} per day", "line", (12, 6), "time_series", counted)),
        Template("table", "Table", _panel(f"Latest {what.lower()}", "table", (12, 7), "read_data", latest)),
    )


def _range(variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The dashboard's own range, if it has one."""
    own = next((name for name, variable in variables.items() if variable.type == "range"), None)
    return {"preset": "30d"} if own is None else {REFERENCE: own}


def _panel(
    name: str,
    panel_type: str,
    size: tuple[int, int],
    operation: str | None = None,
    options: Mapping[str, Any] | None = None,
    display: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    call = {"operation_type": operation, "operation_options": options} if operation else {}
    width, height = size
    return {
        "name": name,
        "type": panel_type,
        "width": width,
        "height": height,
        "cache_ttl_seconds": 300 if operation else None,
        **call,
        "display": dict(display or {}),
    }
