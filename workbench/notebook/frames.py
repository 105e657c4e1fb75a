"""An answer as a pandas DataFrame whose columns have the types that the catalog says.

text → string · integer → Int64 · number → Float64 · boolean → boolean · date → datetime64
datetime → datetime64 with the zone (UTC; of hourly buckets the zone their hours are cut in) · json → object
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import Entity, FieldType
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import DATE, SERIES, VALUE, Answer, answer
from workbench.figures.formats import as_moment, as_number

_INTEGERS: Final = frozenset({"count", "count_distinct"})


def frame(panel: PanelSpec, result: PanelResult, catalog: Catalog, *, timezone: str) -> pd.DataFrame:
    """The rows of an answer.

    Args:
        panel: What was asked.
        result: What was answered; a label's gives no columns.
        catalog: Knows the types of fields.
        timezone: IANA zone in which days and hours were cut.
    """
    if not result.data:
        return pd.DataFrame()
    rows = answer(result.data, result.display)
    types = types_of(panel.operation_options, rows, catalog)
    columns = {name: column([row.get(name) for row in rows.rows], types.get(name), timezone) for name in rows.fields}
    return pd.DataFrame(columns, columns=list(rows.fields))


def types_of(options: Mapping[str, Any], rows: Answer, catalog: Catalog) -> Mapping[str, FieldType]:
    """What each column holds, as far as the catalog says."""
    entity = catalog.entities.get(str(options.get("entity")))
    if entity is None:
        return {}
    named = {name: field_type(catalog, entity, name) for name in rows.fields}
    known = {name: type_ for name, type_ in named.items() if type_ is not None}
    if rows.kind == "rows":
        return known
    value = _type_of_value(options.get("aggregate") or {}, catalog, entity)
    of_answer = {VALUE: value, SERIES: FieldType.TEXT, DATE: None}
    of_answer = {name: type_ for name, type_ in of_answer.items() if name in rows.fields and name not in _keys(options)}
    return {name: type_ for name, type_ in (known | of_answer).items() if type_ is not None}


def _keys(options: Mapping[str, Any]) -> Sequence[str]:
    """Fields that groups are made by; one of them may be called `date`."""
    given = options.get("group_by", options.get("groupBy")) or ()
    return [given] if isinstance(given, str) else list(given)


def _type_of_value(aggregate: Mapping[str, Any], catalog: Catalog, entity: Entity) -> FieldType | None:
    if (measure := entity.measures.get(str(aggregate.get("measure")))) is not None:
        return measure.type
    if aggregate.get("fn") in _INTEGERS:
        return FieldType.INTEGER
    if aggregate.get("fn") == "avg":
        return FieldType.NUMBER
    return field_type(catalog, entity, str(aggregate.get("field")))


def field_type(catalog: Catalog, entity: Entity, name: str) -> FieldType | None:
    """Of a field, dotted over relations; None where nobody knows, as of a key in a document."""
    first, _, rest = name.partition(".")
    if not rest:
        return entity.fields[first].type if first in entity.fields else None
    relation = entity.relations.get(first)
    other = catalog.entities.get(relation.entity) if relation is not None else None
    return field_type(catalog, other, rest) if other is not None else None


def column(values: Sequence[Any], type_: FieldType | None, timezone: str) -> Any:
    """The values in a column of their type; as they are where they do not have it."""
    kind = type_ or _guessed(values)
    make = _MADE.get(kind) if kind is not None else None
    if make is None:
        return pd.Series(list(values), dtype=object)
    try:
        return make(values, timezone)
    except (TypeError, ValueError, OverflowError):
        return pd.Series(list(values), dtype=object)


def _guessed(values: Sequence[Any]) -> FieldType | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if all(isinstance(value, bool) for value in known):
        return FieldType.BOOLEAN
    if all(as_number(value) is not None for value in known):
        return FieldType.INTEGER if all(isinstance(value, int) for value in known) else FieldType.NUMBER
    if all(isinstance(value, str) for value in known):
        return FieldType.DATETIME if all(as_moment(value) is not None for value in known) else FieldType.TEXT
    return None


def _moments(values: Sequence[Any], timezone: str) -> pd.Series[Any]:
    """Times with an offset in one zone; days and the wall clock's times without."""
    known = [value for value in values if value is not None]
    aware = any(getattr(as_moment(value), "tzinfo", None) is not None for value in known)
    if not aware:
        return pd.Series(pd.to_datetime(pd.Series(list(values), dtype=object), format="ISO8601"))
    moments = pd.to_datetime(pd.Series(list(values), dtype=object), format="ISO8601", utc=True)
    local = not all(str(value).endswith(("Z", "+00:00")) for value in known)
    return moments.dt.tz_convert(timezone) if local else moments


def _typed(dtype: Any) -> Callable[[Sequence[Any], str], Any]:
    return lambda values, _timezone: pd.Series(list(values), dtype=object).astype(dtype)


_MADE: Final[Mapping[FieldType, Callable[[Sequence[Any], str], Any]]] = MappingProxyType(
    {
        FieldType.TEXT: _typed("string"),
        FieldType.INTEGER: _typed("Int64"),
        FieldType.NUMBER: _typed("Float64"),
        FieldType.BOOLEAN: _typed("boolean"),
        FieldType.DATE: _moments,
        FieldType.DATETIME: _moments,
    }
)
