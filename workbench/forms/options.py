"""An operation's options as fields of a form, read from the schema of its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError
from pydantic.alias_generators import to_snake

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity, FieldType
from stats_core.operations.registry import Operation
from stats_core.panels.variables import Variable
from workbench.forms.fields import Choice, FormField, Kind, Path, spoken, value_at
from workbench.forms.offered import (
    FUNCTIONS,
    ORDERED,
    SINGLE,
    TEMPORAL,
    entity_choices,
    field_choices,
    measure_choices,
    range_choices,
)

OPTIONS: Final = "operation_options"
_LABELS: Final = {"entity": "Rows of", "filters": "Filters", "aggregate": "Figure", "fetch_limit": "Rows considered"}
_WORDS: Final = {"asc": "Least first", "desc": "Greatest first"}
_RARE: Final = frozenset({"date_field", "fetch_limit", "timezone", "series_limit", "fill_gaps", "offset"})
_FIRST: Final = ("entity", "aggregate", "fields", "group_by", "precision", "filters", "range", "sort", "limit")
_SIMPLE: Final[Mapping[str, Kind]] = MappingProxyType(
    {"string": "text", "integer": "number", "number": "number", "boolean": "toggle"}
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What pickers offer from: the catalog, the dashboard's variables, and the entity that was chosen."""

    catalog: Catalog
    variables: Mapping[str, Variable] = field(default_factory=dict)
    entity: Entity | None = None

    def of(self, name: Any) -> Surroundings:
        """The same, with the entity of this name, if there is one."""
        known = self.catalog.entities.get(name) if isinstance(name, str) else None
        return replace(self, entity=known)

    def fields(self, types: frozenset[FieldType] = SINGLE) -> tuple[Choice, ...]:
        """The entity's fields of these types."""
        return field_choices(self.catalog, self.entity, types)


def options_form(
    operation: Operation[Any],
    options: Any,
    around: Surroundings,
    *,
    under: Path = (OPTIONS,),
) -> tuple[FormField, ...]:
    """The fields of an operation's options, what most ask first.

    Args:
        operation: Whose options.
        options: The options so far; what is chosen as entity decides which fields are offered.
        around: What pickers offer from.
        under: Where the options stand in the document.
    """
    schema = operation.options.model_json_schema(by_alias=False)
    around = around.of(value_at(options, ("entity",)))
    required = schema.get("required", ())
    names = sorted(schema["properties"], key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return tuple(
        _described(name, _one_of(schema["properties"][name], schema), around, (*under, name), required=name in required)
        for name in names
    )


def _one_of(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A property without its null alternative and with what it refers to written out; `ref` keeps the model's name."""
    found = dict(prop)
    alternatives = [item for item in found.pop("anyOf", ()) if item.get("type") != "null"]
    if len(alternatives) == 1:
        found = {**alternatives[0], **found}
    if (ref := found.pop("$ref", None)) is not None:
        name = str(ref).rpartition("/")[2]
        found = {**schema["$defs"][name], **found, "ref": name}
    return found


def _described(name: str, prop: Mapping[str, Any], around: Surroundings, path: Path, *, required: bool) -> FormField:
    plain = FormField(
        path,
        "json",
        _LABELS.get(name, spoken(name)),
        help=prop.get("description", ""),
        default=prop.get("default"),
        required=required,
        minimum=prop.get("minimum"),
        maximum=prop.get("maximum"),
        whole=prop.get("type") == "integer",
        rare=name in _RARE or str(prop.get("description")).startswith("Not needed"),
    )
    if "enum" in prop:
        return replace(
            plain,
            kind="choice",
            choices=tuple(Choice(item, _WORDS.get(item) or spoken(str(item))) for item in prop["enum"]),
        )
    if (build := _BY_MODEL.get(prop.get("ref", "")) or _BY_NAME.get(name)) is not None:
        return build(plain, around)
    if name == "sort" and prop.get("type") == "array":
        return _sort(plain, around)
    return replace(plain, kind=_SIMPLE.get(str(prop.get("type")), "json"))


def _entity(plain: FormField, around: Surroundings) -> FormField:
    return replace(plain, kind="entity", choices=entity_choices(around.catalog))


def _filters(plain: FormField, around: Surroundings) -> FormField:
    column = FormField((*plain.path, "field"), "field", "Field", choices=around.fields())
    return replace(plain, kind="filter", children=(column,))


def _date_field(plain: FormField, around: Surroundings) -> FormField:
    return replace(plain, kind="field", choices=around.fields(TEMPORAL))


def _fields(plain: FormField, around: Surroundings) -> FormField:
    return replace(plain, kind="fields", choices=around.fields(frozenset(FieldType)))


def _group(plain: FormField, around: Surroundings) -> FormField:
    return replace(plain, kind="group", choices=around.fields())


def _range(plain: FormField, around: Surroundings) -> FormField:
    return replace(plain, kind="range", choices=range_choices(around.variables))


def _aggregate(plain: FormField, around: Surroundings) -> FormField:
    functions = tuple(Choice(name, label) for name, label in FUNCTIONS.items())
    return replace(
        plain,
        kind="aggregate",
        children=(
            FormField((*plain.path, "measure"), "measure", "Measure", choices=measure_choices(around.entity)),
            FormField((*plain.path, "fn"), "choice", "Function", choices=functions),
            FormField((*plain.path, "field"), "field", "Field", choices=around.fields(ORDERED | {FieldType.BOOLEAN})),
        ),
    )


def _sort(plain: FormField, around: Surroundings) -> FormField:
    directions = tuple(Choice(name, words) for name, words in _WORDS.items())
    return replace(
        plain,
        kind="sort",
        children=(
            FormField((*plain.path, "field"), "field", "Sort by", choices=around.fields()),
            FormField((*plain.path, "direction"), "choice", "Direction", choices=directions, default="asc"),
        ),
    )


_Builder = Callable[[FormField, Surroundings], FormField]
_BY_MODEL: Final[Mapping[str, _Builder]] = MappingProxyType({"Aggregate": _aggregate, "Range": _range})
_BY_NAME: Final[Mapping[str, _Builder]] = MappingProxyType(
    {"entity": _entity, "filters": _filters, "date_field": _date_field, "fields": _fields, "group_by": _group}
)


def starting_options(operation: Operation[Any], previous: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    """Options of an operation to begin with: what fits of those of another one, and what cannot be left out."""
    known = operation.options.model_fields
    kept = {name: item for name, item in previous.items() if to_snake(name) in known}
    first = {"entity": next(iter(catalog.entities), ""), "aggregate": {"fn": "count"}}
    needed = {name: first[name] for name, info in known.items() if info.is_required() and name in first}
    return {**needed, **{name: item for name, item in kept.items() if name not in _unfit(operation, kept)}}


def _unfit(operation: Operation[Any], options: Mapping[str, Any]) -> set[str]:
    """The options whose values this operation cannot take; references to variables are left for the resolver."""
    given = {name: item for name, item in options.items() if not (isinstance(item, Mapping) and "$var" in item)}
    try:
        operation.options.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return {str(fault["loc"][0]) for fault in faults if fault["loc"] and fault["type"] != "missing"}
    return set()
