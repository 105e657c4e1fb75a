"""aggregate_product_analytics: what became of each product, or on each day: seen, put into the cart, paid, sold.

Events say the first part: custom events that name a product in `metadata.product_id`, as a number or its text. Order
lines say the second. Both are added up by the same key, a product or a day, and laid over each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field
from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import FieldType
from stats_core.catalog.own import COMPLETED_STATUSES
from stats_core.catalog.source import OWN_SOURCE
from stats_core.errors import InvalidOptionsError, Problem, UnknownNameError, UnsupportedError
from stats_core.operations.context import OperationContext
from stats_core.operations.question import MAX_ROWS, NEEDS
from stats_core.operations.registry import Meta, Operation, Options, Result
from stats_core.query.aggregates import normal
from stats_core.query.buckets import MAX_BUCKETS, Bucket, Calendar, calendar_of
from stats_core.query.constructs import in_order
from stats_core.query.filters import compile_filters, within
from stats_core.query.joins import FoundField, Joined
from stats_core.query.ranges import Period, Range, resolve_range
from stats_core.query.rows import matching
from stats_core.query.values import coerce, coerce_text
from stats_core.query.zones import find_zone

STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "views": "product_viewed",
        "carts": "cart_updated",
        "checkouts": "checkout_started",
        "purchases": "payment_completed",
    }
)
"""By figure, the custom event that it counts."""

SALES: Final = ("units", "revenue")
CONVERSION: Final = "view_to_purchase"
FIGURES: Final = (*STEPS, *SALES, CONVERSION)
MAX_PRODUCTS: Final = 1_000  # asked for by id
PRODUCTS: Final = 100  # that come back unless told
_ENTITIES: Final = ("analytics_event", "website", "product", "sales_order", "sales_order_line")


def _whole(value: object) -> Any:
    return coerce(value, FieldType.INTEGER)


def _as_list(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


Id = Annotated[int, BeforeValidator(_whole)]
WebsiteId = Annotated[str, BeforeValidator(coerce_text)]


class FigureSort(Options):
    """One column to sort by."""

    field: str = Field(description=f"{', '.join(FIGURES)}; by product also product_name and product_id, by day date.")
    direction: Literal["asc", "desc"] = Field("asc", description="asc or desc; rows without a value come last in both.")


class ProductAnalyticsOptions(Options):
    """Which products, when and where, by product or by day."""

    range: Range | None = Field(
        None, description="From when to when: {from, to}, {last_days} or {preset}; default: all of time."
    )
    store_id: Id | None = Field(None, description="Orders of this store, and events of its websites; default: all.")
    website_id: WebsiteId | None = Field(
        None, description="Events of this website, and orders of the store it belongs to; default: all."
    )
    product_ids: Annotated[tuple[Id, ...] | None, BeforeValidator(_as_list)] = Field(
        None, max_length=MAX_PRODUCTS, description="The products that count, by id; default: all."
    )
    group_by: Literal["product", "day"] = Field("product", description="What a row is: a product, or a day.")
    limit: int | None = Field(
        None,
        strict=True,
        ge=1,
        le=MAX_ROWS,
        description=f"Rows that come back; default: {PRODUCTS} products, all days.",
    )
    sort: tuple[FigureSort, ...] = Field(
        (), max_length=10, description="Columns to sort by; default: the greatest revenue first, days in their order."
    )


class ProductAnalyticsResult(Result):
    """Figures by product or by day.

    Attributes:
        rows: By product `{product_name, …, product_id}`, of those with an event or an order in the range; by day
            `{date, …}`, every day of the range. Between them views, carts, checkouts, purchases, units, revenue
            (minor units) and view_to_purchase (null where nobody viewed).
        row_count: Events and order lines considered.
        group_count: Products or days there are, more than came back where `truncated`.
    """

    rows: list[dict[str, Any]]
    group_count: int


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The options, with what they are looked up in."""

    options: ProductAnalyticsOptions
    catalog: Catalog
    zone: ZoneInfo
    period: Period

    def joined(self, entity: str) -> Joined:
        return Joined(self.catalog, self.catalog.entity(entity, path=""))

    def calendar(self, at: FoundField) -> Calendar:
        return calendar_of(at, "day", self.zone, path="range")

    def key(self, at: FoundField, product: ColumnElement[Any]) -> ColumnElement[Any]:
        """What a fact is added up by: its day, or its product's id as text."""
        return product if self.options.group_by == "product" else self.calendar(at).columns(at, self.period)[0]

    def condition(self, joined: Joined, at: FoundField, wanted: Mapping[str, Any]) -> ColumnElement[bool]:
        """Facts in the period for which `wanted` holds; a value of None wants nothing."""
        filters = {name: value for name, value in wanted.items() if value is not None}
        found = [compile_filters(filters, joined, self.zone, path=""), within(at, self.period, self.zone)]
        return and_(*(part for part in found if part is not None))

    def products(self) -> Select[Any]:
        """The ids of the products asked for, as text.

        An event says anything where it should say an id. Compared as text, that matches no product; read as a number,
        it would stop PostgreSQL, and SQLite would take "12 apples" for 12.
        """
        products, ids = self.joined("product"), self.options.product_ids
        wanted = None if ids is None else compile_filters({"id": {"$in": ids}}, products, self.zone)
        return matching(products.rows, wanted, [_as_text(products)])


def execute(options: ProductAnalyticsOptions, context: OperationContext) -> ProductAnalyticsResult:
    """Run `aggregate_product_analytics`."""
    zone = find_zone(context.timezone)
    asked = _Asked(options, context.catalog, zone, resolve_range(options.range, context.now, zone))
    _check(asked)
    return (_by_product if options.group_by == "product" else _by_day)(asked, context)


def _check(asked: _Asked) -> None:
    for name in _ENTITIES:
        if (source := asked.catalog.entity(name, path="").source) != OWN_SOURCE:
            message = f"Product analytics join the workbench's own tables, and {name!r} stands on {source!r}."
            raise UnsupportedError(message, hint="Ask aggregate_data of each entity instead.")
    by_product = asked.options.group_by == "product"
    known = (*FIGURES, *(("product_name", "product_id") if by_product else ("date",)))
    for index, sort in enumerate(asked.options.sort):
        if sort.field not in known:
            raise UnknownNameError("column", sort.field, known, path=f"sort[{index}].field")


def _by_product(asked: _Asked, context: OperationContext) -> ProductAnalyticsResult:
    answer = asked.catalog.source(OWN_SOURCE).run(_products_statement(asked), context)
    row_count, group_count = answer.rows[0][:2] if answer.rows else (0, 0)
    rows = [
        {"product_name": name, **_figures(figures), "product_id": product_id}
        for _, _, product_id, name, *figures in answer.rows
    ]
    return ProductAnalyticsResult(
        rows=rows,
        row_count=row_count,
        group_count=group_count,
        truncated=group_count > len(rows),
        meta=MEANING,
        statement=answer.statement,
    )


def _products_statement(asked: _Asked) -> Select[Any]:
    """A row per product: row_count and group_count of all of them, its id, its name, its figures."""
    products, figures = asked.joined("product"), _by_key(asked)
    product_id, name = (products.field(field, path="").column for field in ("id", "name"))
    columns = {
        "product_id": product_id,
        "product_name": in_order(name),
        **{field: figures.c[field] for field in FIGURES},
    }
    return (
        select(
            func.sum(figures.c.row_count).over().label("row_count"),
            func.count().over().label("group_count"),
            product_id,
            name,
            *(figures.c[field] for field in FIGURES),
        )
        .select_from(products.rows.join(figures, _as_text(products) == figures.c.key))
        .order_by(
            *(
                (columns[sort.field].desc() if sort.direction == "desc" else columns[sort.field].asc()).nulls_last()
                for sort in asked.options.sort or (FigureSort(field="revenue", direction="desc"),)
            ),
            in_order(name),
            product_id,
        )
        .limit(asked.options.limit or PRODUCTS)
    )


def _by_day(asked: _Asked, context: OperationContext) -> ProductAnalyticsResult:
    figures = _by_key(asked)
    columns = (figures.c[name] for name in ("row_count", "key", *FIGURES))
    statement = select(*columns).order_by(figures.c.key).limit(MAX_BUCKETS + 1)
    answer = asked.catalog.source(OWN_SOURCE).run(statement, context)
    calendar = asked.calendar(asked.joined("analytics_event").field("timestamp", path=""))
    found = {calendar.read(key, None, asked.period): _figures(values) for _, key, *values in answer.rows}
    rows = [
        {"date": day.label, **(found.get(day) or _figures(_NOTHING))} for day in _days(asked.period, calendar, [*found])
    ]
    shown = _sorted(rows, asked.options.sort)[: asked.options.limit]
    return ProductAnalyticsResult(
        rows=shown,
        row_count=sum(row[0] for row in answer.rows),
        group_count=len(rows),
        truncated=len(shown) < len(rows),
        meta=MEANING,
        statement=answer.statement,
    )


def _days(period: Period, calendar: Calendar, found: Sequence[Bucket]) -> list[Bucket]:
    """Every day of the period; an open side ends where the days with data do."""
    if not found and (period.start is None or period.end is None):
        return []
    start = period.start or calendar.starts(found[0])
    end = period.end or calendar.ends(found[-1])
    if end - start > timedelta(days=MAX_BUCKETS):
        message = f"This range has more than {MAX_BUCKETS} days."
        raise InvalidOptionsError([Problem("range", message, "Choose a shorter one, or group by product.")])
    return calendar.between(start, end)


def _sorted(rows: list[dict[str, Any]], sorts: Sequence[FigureSort]) -> list[dict[str, Any]]:
    for sort in reversed(sorts):
        with_value = [row for row in rows if row[sort.field] is not None]
        with_value.sort(key=lambda row: row[sort.field], reverse=sort.direction == "desc")
        rows = with_value + [row for row in rows if row[sort.field] is None]
    return rows


_NOTHING: Final = (*(0 for _ in (*STEPS, *SALES)), None)


def _figures(values: Sequence[Any]) -> dict[str, Any]:
    *counts, conversion = values
    named = zip((*STEPS, *SALES), (int(count) for count in counts), strict=True)
    return {**dict(named), CONVERSION: normal(conversion, FieldType.NUMBER)}


def _by_key(asked: _Asked) -> Subquery:
    """A row per product or day: key, the figures, and how many events and order lines they are of."""
    facts = union_all(*_facts(asked)).subquery("facts")
    counts = (func.sum(facts.c[name]).label(name) for name in (*STEPS, *SALES, "row_count"))
    # A fact of events is a visitor's, so that counting those with a purchase counts who bought.
    bought, viewed = (func.count(func.nullif(facts.c[name], 0)) for name in ("purchases", "views"))
    conversion = (cast(bought, Double) / func.nullif(viewed, 0)).label(CONVERSION)
    return select(facts.c.key, *counts, conversion).group_by(facts.c.key).subquery("figures")


def _facts(asked: _Asked) -> Iterator[Select[Any]]:
    """Rows of key, steps, sales and row_count: one per key and visitor, and one per key that was sold."""
    visits, sales = _visits(asked), _sales(asked)
    yield select(visits.c.key, *(visits.c[step] for step in STEPS), *map(_zero, SALES), visits.c.row_count)
    yield select(sales.c.key, *map(_zero, STEPS), *(sales.c[name] for name in SALES), sales.c.row_count)


def _zero(name: str) -> ColumnElement[int]:
    return literal_column("0", Integer()).label(name)


def _visits(asked: _Asked) -> Subquery:
    """A row per key and visitor: how often each step was taken."""
    events = asked.joined("analytics_event")
    at, product, visitor, name = (
        events.field(field, path="") for field in ("timestamp", "metadata.product_id", "visitor_id", "event_name")
    )
    wanted = {
        "event_type": "custom_event",
        "event_name": list(STEPS.values()),
        "website_id": asked.options.website_id,
        "website.store_id": asked.options.store_id,
    }
    condition = and_(asked.condition(events, at, wanted), product.column.in_(asked.products()))
    columns = {"key": asked.key(at, product.column), "visitor_id": visitor.column, "event_name": name.column}
    rows = matching(events.rows, condition, _labelled(columns)).subquery("steps")
    counts = (func.sum(case((rows.c.event_name == event, 1), else_=0)).label(step) for step, event in STEPS.items())
    grouped = select(rows.c.key, *counts, func.count().label("row_count"))
    return grouped.group_by(rows.c.key, rows.c.visitor_id).subquery("visits")


def _sales(asked: _Asked) -> Subquery:
    """A row per key: units and revenue of completed orders."""
    lines = asked.joined("sales_order_line")
    at, store, quantity, revenue = (
        lines.field(field, path="") for field in ("order.created_at", "order.store_id", "quantity", "revenue_cents")
    )
    product = cast(lines.field("product_id", path="").column, Text)
    wanted = {"order.status": list(COMPLETED_STATUSES), "order.store_id": asked.options.store_id}
    conditions = [asked.condition(lines, at, wanted), product.in_(asked.products())]
    if asked.options.website_id is not None:
        conditions.append(store.column.in_(_store_of(asked, asked.options.website_id)))
    columns = {"key": asked.key(at, product), "units": quantity.column, "revenue": revenue.column}
    rows = matching(lines.rows, and_(*conditions), _labelled(columns)).subquery("sold")
    sums = (func.sum(rows.c[name]).label(name) for name in SALES)
    return select(rows.c.key, *sums, func.count().label("row_count")).group_by(rows.c.key).subquery("sales")


def _store_of(asked: _Asked, website_id: str) -> Select[Any]:
    websites = asked.joined("website")
    condition = compile_filters({"id": website_id}, websites, asked.zone, path="website_id")
    return matching(websites.rows, condition, [websites.field("store_id", path="").column])


def _labelled(columns: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.label(label) for label, column in columns.items()]


def _as_text(products: Joined) -> ColumnElement[str]:
    return cast(products.field("id", path="").column, Text)


MEANING: Final = Meta(
    units={"revenue": "cents", "view_to_purchase": "ratio"},
    definition="Views, carts, checkouts and purchases: custom events that name a product. Units and revenue (in minor "
    "units of the order's currency): lines of orders that are paid, being fulfilled, shipped or complete, by the day "
    "they were created. view_to_purchase: different visitors who bought by different visitors who viewed.",
)

AGGREGATE_PRODUCT_ANALYTICS: Final = Operation(
    type="aggregate_product_analytics",
    title="Product analytics",
    description="Views, carts, checkouts, purchases, units and revenue by product or by day.",
    options=ProductAnalyticsOptions,
    execute=execute,
    needs=NEEDS,
)
