"""What may be asked and what can be asked, as lists that a notebook shows: entities with their fields, operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity
from stats_core.operations.registry import Operation, Registry
from workbench.figures.text import html_text
from workbench.notebook.shown import Shown, heading, table_html, table_text

_ENTITIES: Final = ("entity", "fields", "measures", "related to", "source")
_FIELDS: Final = ("field", "type", "unit", "meaning")
_OPERATIONS: Final = ("operation", "title", "options")
_OPTIONS: Final = ("option", "type", "default", "meaning")


@dataclass(frozen=True, repr=False)
class Entities(Shown, Mapping[str, "EntityListing"]):
    """The catalog: `wb.catalog["design"]`, or `wb.catalog.design`, which completes with the tab key."""

    catalog: Catalog

    def __getitem__(self, name: str) -> EntityListing:
        """The entity of this name; an UnknownNameError with the nearest otherwise."""
        return EntityListing(self.catalog.entity(name))

    def __getattr__(self, name: str) -> EntityListing:
        if name.startswith("_") or name not in self.catalog.entities:
            msg = f"There is no entity {name!r}; wb.catalog lists them."
            raise AttributeError(msg)
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.catalog.entities]

    def __iter__(self) -> Iterator[str]:
        return iter(self.catalog.entities)

    def __len__(self) -> int:
        return len(self.catalog.entities)

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                item.name,
                str(len(item.fields)),
                ", ".join(item.measures),
                ", ".join(item.relations),
                item.source,
            )
            for item in self.catalog.entities.values()
        ]

    def html(self) -> str:
        """A line per entity; then what is configured and cannot be asked, with the reason."""
        away = [f"{name}: {problem.message}" for name, problem in self.catalog.unavailable.items()]
        told = "".join(f'<div class="wb-told">{html_text(line)}</div>' for line in away)
        return heading("Catalog") + table_html(_ENTITIES, self._rows(), (1,)) + told

    def text(self) -> str:
        """A line per entity."""
        return table_text(_ENTITIES, self._rows(), (1,))

    def __repr__(self) -> str:
        return self.text()


@dataclass(frozen=True, repr=False)
class EntityListing(Shown):
    """One entity with its fields, measures and relations."""

    entity: Entity

    @property
    def name(self) -> str:
        """As calls name it."""
        return self.entity.name

    @property
    def fields(self) -> dict[str, str]:
        """The type of each field."""
        return {name: str(field.type) for name, field in self.entity.fields.items()}

    @property
    def measures(self) -> dict[str, str]:
        """The definition of each measure."""
        return {name: measure.definition or "" for name, measure in self.entity.measures.items()}

    @property
    def relations(self) -> dict[str, str]:
        """By the name that stands before the dot: the entity it leads to."""
        return {name: relation.entity for name, relation in self.entity.relations.items()}

    def _rows(self) -> list[tuple[str, ...]]:
        fields = [
            (name, str(field.type), field.unit or "", field.definition or "")
            for name, field in self.entity.fields.items()
        ]
        measures = [
            (name, "measure", item.unit or "", item.definition or "") for name, item in self.entity.measures.items()
        ]
        ways = [(f"{name}.…", "relation", "", f"the fields of {other}") for name, other in self.relations.items()]
        return [*fields, *measures, *ways]

    def html(self) -> str:
        """A line per field, measure and relation."""
        return heading(self.name, self._told()) + table_html(_FIELDS, self._rows())

    def text(self) -> str:
        """The same as text."""
        return "\n".join(filter(None, (self.name, self._told(), table_text(_FIELDS, self._rows()))))

    def _told(self) -> str:
        date = f"Ranges mean {self.entity.date_field}." if self.entity.date_field else ""
        return " ".join(filter(None, (self.entity.description, date)))

    def __repr__(self) -> str:
        return self.text()


@dataclass(frozen=True, repr=False)
class Operations(Shown, Mapping[str, "OperationListing"]):
    """The operations by type."""

    registry: Registry[Operation[Any]]

    def __getitem__(self, name: str) -> OperationListing:
        """The operation of this type; an UnknownNameError with the nearest otherwise."""
        return OperationListing(self.registry[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.registry)

    def __len__(self) -> int:
        return len(self.registry)

    def _rows(self) -> list[tuple[str, ...]]:
        return [(item.type, item.title, ", ".join(item.options.model_fields)) for item in self.registry.values()]

    def html(self) -> str:
        """A line per operation."""
        return heading("Operations") + table_html(_OPERATIONS, self._rows())

    def text(self) -> str:
        """A line per operation."""
        return table_text(_OPERATIONS, self._rows())

    def __repr__(self) -> str:
        return self.text()


@dataclass(frozen=True, repr=False)
class OperationListing(Shown):
    """One operation and its options."""

    operation: Operation[Any]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its options."""
        return self.operation.options.model_json_schema(by_alias=False)

    def _rows(self) -> list[tuple[str, ...]]:
        schema = self.schema
        required = schema.get("required", ())
        return [
            (name, _type(prop), "required" if name in required else _default(prop), str(prop.get("description", "")))
            for name, prop in schema["properties"].items()
        ]

    def html(self) -> str:
        """A line per option."""
        return heading(self.operation.type, self.operation.description) + table_html(_OPTIONS, self._rows())

    def text(self) -> str:
        """A line per option."""
        told = (self.operation.type, self.operation.description, table_text(_OPTIONS, self._rows()))
        return "\n".join(told)

    def __repr__(self) -> str:
        return self.text()


def _type(prop: Mapping[str, Any]) -> str:
    if "enum" in prop:
        return ", ".join(map(str, prop["enum"]))
    if "anyOf" in prop:
        return " or ".join(_type(item) for item in prop["anyOf"] if item.get("type") != "null")
    return str(prop.get("$ref", "")).rpartition("/")[2] or str(prop.get("type", "any"))


def _default(prop: Mapping[str, Any]) -> str:
    default = prop.get("default")
    return "" if default in (None, [], ()) else str(default)
