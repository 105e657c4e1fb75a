"""Entities put together: computed fields and measures are read, checked, typed and given their meaning."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from stats_core.catalog.entity import Entity, Field, FieldType, Measure
from stats_core.catalog.expressions import Expression, FormulaError, check_size, field_types, parse_expression


@dataclass(frozen=True, slots=True)
class Formula:
    """A computed field or a measure as it is written: not yet parsed."""

    expression: str
    unit: str | None = None
    definition: str | None = None
    label: str = ""


def with_formulas(
    entity: Entity,
    *,
    fields: Mapping[str, Formula] | None = None,
    measures: Mapping[str, Formula] | None = None,
    hidden: Collection[str] = (),
) -> Entity:
    """The entity with computed fields and measures; `hidden` are columns that they may not read.

    Raises:
        FormulaError: A formula cannot be read or carried out; its path is `fields.NAME` or `measures.NAME`.
    """
    secret = frozenset(hidden) - entity.fields.keys() - (fields or {}).keys()
    widened = replace(entity, fields=MappingProxyType({**entity.fields, **_computed(entity, fields or {}, secret)}))
    found = _measures(widened, measures or {}, secret)
    return replace(widened, measures=MappingProxyType({**widened.measures, **found}))


def label_of(name: str) -> str:
    """How screens call a column that has no label: `total_cents` is "Total", `storeId` stays."""
    words = name.removesuffix("_cents").replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def _parsed(
    kind: str, formulas: Mapping[str, Formula], hidden: frozenset[str], *, aggregates: bool
) -> dict[str, Expression]:
    parsed: dict[str, Expression] = {}
    for name, formula in formulas.items():
        try:
            parsed[name] = parse_expression(formula.expression, aggregates=aggregates)
            _refuse_hidden(parsed[name], hidden)
        except FormulaError as error:
            raise at(error, f"{kind}.{name}") from None
    return parsed


def _refuse_hidden(expression: Expression, hidden: frozenset[str]) -> None:
    for used in expression.names:
        if used in hidden:
            hint = "Whoever reads the formula's value would read it too: take it off `hidden`, or calculate in a view."
            raise FormulaError(f"{used!r} is hidden, and formulas cannot read it.", hint=hint)


def _computed(entity: Entity, formulas: Mapping[str, Formula], hidden: frozenset[str]) -> dict[str, Field]:
    expressions = _parsed("fields", formulas, hidden, aggregates=False)
    for name in expressions:
        if name in entity.fields:
            raise FormulaError(
                f"The field {name!r} is a column already.", path=f"fields.{name}", hint="Give the formula another name."
            )
    try:
        types = field_types({name: field.type for name, field in entity.fields.items()}, expressions)
    except FormulaError as error:
        raise at(error, "fields") from None
    return {
        name: Field(
            name=name,
            type=types[name],
            expression=expression,
            label=formulas[name].label or label_of(name),
            unit=formulas[name].unit,
            definition=formulas[name].definition or f"{name} = {formulas[name].expression}",
        )
        for name, expression in expressions.items()
    }


def _measures(entity: Entity, formulas: Mapping[str, Formula], hidden: frozenset[str]) -> dict[str, Measure]:
    types = {name: field.type for name, field in entity.fields.items()}
    return {
        name: _measure(name, expression, formulas[name], entity, types)
        for name, expression in _parsed("measures", formulas, hidden, aggregates=True).items()
    }


def _measure(
    name: str, expression: Expression, formula: Formula, entity: Entity, types: Mapping[str, FieldType]
) -> Measure:
    try:
        type_ = expression.type(types)
        check_size(expression, {field.name: field.expression for field in entity.fields.values() if field.expression})
    except FormulaError as error:
        raise at(error, f"measures.{name}") from None
    return Measure(
        name=name,
        expression=expression,
        label=formula.label or label_of(name),
        unit=formula.unit,
        definition=formula.definition or f"{name} = {formula.expression}",
        additivity="sum" if expression.additive else "none",
        type=type_,
        distinct_by_day=any(entity.fields[used].distinct_by_day for used in expression.names),
    )


def at(error: FormulaError, path: str) -> FormulaError:
    """The same error, said of `path`."""
    return FormulaError(error.message, path=".".join(filter(None, (path, error.path))), hint=error.hint)
