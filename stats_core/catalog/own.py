"""The workbench's own tables as entities, with the meaning of their fields and measures.

Secrets are not here: `access_token` and `share_link` are no entities, and neither `customer.email_hash` nor
`rejected_event.body` is a field. Nor is `dirty_day`, which says what the rollup has still to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from sqlalchemy import Boolean, Column, Date, Float, Integer, Table
from sqlalchemy.types import TypeEngine

from stats_core import models
from stats_core.catalog.define import Formula, label_of, with_formulas
from stats_core.catalog.entity import Entity, Field, FieldType, Relation
from stats_core.catalog.source import OWN_SOURCE
from stats_core.database.types import JSONDocument, UTCDateTime

CENTS, SECONDS, RATIO = "cents", "seconds", "ratio"
# Said of every figure of money: nothing is converted, so shops of several currencies are asked one by one.
UNCONVERTED = "In minor units, not converted: ask by currency or by store."
COMPLETED_STATUSES = ("PAID", "FULFILLING", "SHIPPED", "COMPLETE")
COMPLETED = "status in ({})".format(", ".join(map('"{}"'.format, COMPLETED_STATUSES)))
REFUNDED = 'status in ("REFUNDED", "PARTIALLY_REFUNDED")'

_BY_STORE = MappingProxyType({"merchant": "store.merchant_id", "store": "store_id"})
_BY_ORDER = MappingProxyType({"merchant": "order.store.merchant_id", "store": "order.store_id"})
_BY_MERCHANT = MappingProxyType({"merchant": "merchant_id"})
_BY_WEBSITE = MappingProxyType({"merchant": "website.store.merchant_id", "store": "website.store_id"})
_TO_WEBSITE = Relation("website", "website_id", "website", "id")  # of tables that keep ids of unknown websites too

_TYPES: Final[tuple[tuple[type[TypeEngine[Any]], FieldType], ...]] = (
    (UTCDateTime, FieldType.DATETIME),
    (JSONDocument, FieldType.JSON),
    (Boolean, FieldType.BOOLEAN),
    (Date, FieldType.DATE),
    (Integer, FieldType.INTEGER),
    (Float, FieldType.NUMBER),
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a table's columns alone do not say."""

    label: str
    description: str
    date_field: str = "created_at"
    scope_paths: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    distinct_by_day: frozenset[str] = frozenset()
    relations: tuple[Relation, ...] = ()
    fields: Mapping[str, Formula] = field(default_factory=dict)
    measures: Mapping[str, Formula] = field(default_factory=dict)


MEANINGS: Final[tuple[tuple[type[models.Base], Meaning], ...]] = (
    (models.StatsDashboard, Meaning("Dashboards", "A page of panels.")),
    (models.StatsPanel, Meaning("Panels", "A stored question and how its answer is shown.")),
    (models.StatsDashboardVersion, Meaning("Versions of dashboards", "What a dashboard was after a change.")),
    (
        models.Website,
        Meaning("Websites", "A site whose traffic is counted.", scope_paths=_BY_STORE),
    ),
    (
        models.AnalyticsEvent,
        Meaning(
            "Events",
            "A pageview or custom event of a website.",
            date_field="timestamp",
            scope_paths=_BY_WEBSITE,
            definitions={"visitor_id": "A keyed hash, made anew for each website.", "country": "ISO 3166-1 alpha-2."},
            measures={
                "events": Formula("count()", "events", "Pageviews and custom events."),
                "pageviews": Formula('count(where=event_type == "pageview")', "pageviews", "Pages shown."),
                "custom_events": Formula(
                    'count(where=event_type == "custom_event")', "events", "Events that pages sent by name."
                ),
                "visitors": Formula("count_distinct(visitor_id)", "visitors", "Different visitors."),
            },
        ),
    ),
    (
        models.AnalyticsSession,
        Meaning(
            "Sessions",
            "A visit: events of one session id with no gap of more than 30 minutes.",
            date_field="started_at",
            scope_paths=_BY_WEBSITE,
            units={"duration_seconds": SECONDS},
            definitions={
                "is_bounce": "Exactly one pageview and no custom event.",
                "duration_seconds": "From the first to the last activity.",
                "events": "All events, pageviews included.",
            },
            measures={
                "sessions": Formula("count()", "sessions", "Visits, each on the day it started."),
                "visitors": Formula("count_distinct(visitor_id)", "visitors", "Different visitors."),
                "pageviews": Formula("sum(pageviews)", "pageviews", "Pages shown during the visits."),
                "bounces": Formula(
                    "sum(is_bounce)", "sessions", "Visits with exactly one pageview and no custom event."
                ),
                "bounce_rate": Formula("sum(is_bounce) / count()", RATIO, "Bounces by sessions."),
                "avg_session_duration": Formula(
                    "sum(duration_seconds) / count()",
                    SECONDS,
                    "Time from first to last activity per session, bounces as 0.",
                ),
                "pages_per_session": Formula("sum(pageviews) / count()", "pageviews", "Pageviews by sessions."),
            },
        ),
    ),
    (
        models.AnalyticsDailyStats,
        Meaning(
            "Daily traffic",
            "The figures of one website's day, in the website's time zone.",
            date_field="date",
            scope_paths=_BY_WEBSITE,
            units={"duration_seconds_total": SECONDS, "avg_session_duration": SECONDS, "bounce_rate": RATIO},
            definitions={"bounce_rate": "Of the day; over several days use the measure."},
            distinct_by_day=frozenset(
                {"unique_visitors", "desktop_visitors", "mobile_visitors", "tablet_visitors", "other_visitors"}
            ),
            measures={
                "pageviews": Formula("sum(pageviews)", "pageviews", "Pages shown."),
                "sessions": Formula("sum(sessions)", "sessions", "Visits, each on the day it started."),
                "daily_visitors": Formula(
                    "sum(unique_visitors)",
                    "visitors",
                    "Different visitors of each day, added up: who came on two days counts twice.",
                ),
                "bounce_rate": Formula("sum(bounces) / sum(sessions)", RATIO, "Bounces by sessions."),
                "avg_session_duration": Formula(
                    "sum(duration_seconds_total) / sum(sessions)",
                    SECONDS,
                    "Time from first to last activity per session, bounces as 0.",
                ),
                "pages_per_session": Formula("sum(pageviews) / sum(sessions)", "pageviews", "Pageviews by sessions."),
            },
        ),
    ),
    (
        models.RejectedEvent,
        Meaning(
            "Refused events",
            "An event that ingest refused.",
            date_field="received_at",
            scope_paths=_BY_WEBSITE,
            hidden=frozenset({"body", "detail"}),
            relations=(_TO_WEBSITE,),
        ),
    ),
    (
        models.EventRejectionCount,
        Meaning(
            "Refusals by hour",
            "How many events of a website were refused for a reason in an hour.",
            date_field="hour",
            scope_paths=_BY_WEBSITE,
            relations=(_TO_WEBSITE,),
            measures={"refused": Formula("sum(count)", "events", "Events that ingest refused.")},
        ),
    ),
    (
        models.Merchant,
        Meaning("Merchants", "A tenant.", scope_paths={"merchant": "id"}),
    ),
    (
        models.Store,
        Meaning("Stores", "A shop of a merchant.", scope_paths={"merchant": "merchant_id", "store": "id"}),
    ),
    (models.TeamMember, Meaning("Team members", "Somebody who works for a merchant.", scope_paths=_BY_MERCHANT)),
    (
        models.Subscription,
        Meaning(
            "Subscriptions",
            "What a merchant pays for the platform, per month.",
            date_field="started_at",
            scope_paths=_BY_MERCHANT,
            units={"price_cents": CENTS},
            definitions={"price_cents": "Per month, in minor units of the merchant's currency."},
            measures={
                "active_subscriptions": Formula(
                    'count(where=status == "active")', "subscriptions", "Subscriptions that run."
                ),
                "monthly_revenue": Formula(
                    'sum(price_cents, where=status == "active")',
                    CENTS,
                    f"Prices per month of the subscriptions that run. {UNCONVERTED}",
                ),
            },
        ),
    ),
    (
        models.Customer,
        Meaning("Customers", "Somebody who buys at a store.", scope_paths=_BY_STORE, hidden=frozenset({"email_hash"})),
    ),
    (
        models.Product,
        Meaning("Products", "What a store sells.", scope_paths=_BY_STORE, units={"unit_price_cents": CENTS}),
    ),
    (
        models.SalesOrder,
        Meaning(
            "Orders",
            "An order, on the day it was created.",
            scope_paths=_BY_STORE,
            units={"total_cents": CENTS, "refunded_cents": CENTS},
            definitions={
                "total_cents": "In minor units of the order's currency.",
                "refunded_cents": "Of the total, in minor units of the order's currency.",
                "session_id": "The visit it came from, as the tracker named it.",
            },
            measures={
                "orders": Formula("count()", "orders", "Orders of every status."),
                "completed_orders": Formula(
                    f"count(where={COMPLETED})", "orders", "Orders that are paid, being fulfilled, shipped or complete."
                ),
                "revenue": Formula(
                    f"sum(total_cents, where={COMPLETED})", CENTS, f"Totals of completed orders. {UNCONVERTED}"
                ),
                "average_order_value": Formula(
                    f"sum(total_cents, where={COMPLETED}) / count(where={COMPLETED})",
                    CENTS,
                    f"Revenue by completed orders. {UNCONVERTED}",
                ),
                "refunded_orders": Formula(f"count(where={REFUNDED})", "orders", "Orders refunded, wholly or in part."),
                "refunded_revenue": Formula(
                    f"sum(total_cents, where={REFUNDED})",
                    CENTS,
                    f"Totals of orders refunded, wholly or in part. {UNCONVERTED}",
                ),
                "refund_rate": Formula(
                    f"count(where={REFUNDED}) / count(where={COMPLETED} or {REFUNDED})",
                    RATIO,
                    "Refunded orders by completed and refunded orders.",
                ),
                "customers": Formula("count_distinct(customer_id)", "customers", "Different known customers."),
            },
        ),
    ),
    (
        models.SalesOrderLine,
        Meaning(
            "Order lines",
            "A product in an order, with name and price as they were.",
            scope_paths=_BY_ORDER,
            units={"unit_price_cents": CENTS, "quantity": "units"},
            fields={
                "revenue_cents": Formula("quantity * unit_price_cents", CENTS, "Quantity times unit price.", "Revenue"),
            },
            measures={
                "units": Formula("sum(quantity)", "units", "Pieces ordered, whatever became of the order."),
                "line_revenue": Formula(
                    "sum(revenue_cents)",
                    CENTS,
                    f"Quantity times unit price, whatever became of the order. {UNCONVERTED}",
                ),
            },
        ),
    ),
    (
        models.OrderSession,
        Meaning(
            "Checkouts",
            "A checkout: how far somebody came.",
            scope_paths=_BY_STORE,
            measures={
                "started": Formula("count()", "checkouts", "Checkouts that were begun."),
                "submitted": Formula(
                    'count(where=state == "SUBMITTED")', "checkouts", "Checkouts that were submitted."
                ),
                "completed_rate": Formula(
                    'count(where=state == "SUBMITTED") / count()', RATIO, "Submitted checkouts by begun ones."
                ),
            },
        ),
    ),
    # The demo's own domain belongs to the platform: under a merchant's scope these are refused.
    (models.Partner, Meaning("Partners", "Somebody who draws and produces.")),
    (models.Design, Meaning("Designs", "What a partner drew.")),
    (
        models.ProductionRun,
        Meaning(
            "Production runs",
            "A number of pieces of a design, made by a partner.",
            units={"quantity": "pieces"},
            measures={"pieces": Formula("sum(quantity)", "pieces", "Pieces of all runs.")},
        ),
    ),
    (
        models.JobRun,
        Meaning(
            "Job runs",
            "What the workbench did by itself, and how that went.",
            date_field="started_at",
            measures={
                "runs": Formula("count()", "runs", "Runs that have ended."),
                "failures": Formula('count(where=outcome == "failed")', "runs", "Runs that failed."),
            },
        ),
    ),
)


def own_entities() -> tuple[Entity, ...]:
    """The workbench's own tables that may be queried."""
    return tuple(_entity(cast("Table", model.__table__), meaning) for model, meaning in MEANINGS)


def _entity(table: Table, meaning: Meaning) -> Entity:
    fields = {column.name: _field(column, meaning) for column in table.columns if column.name not in meaning.hidden}
    entity = Entity(
        name=table.name,
        source=OWN_SOURCE,
        table=table,
        fields=MappingProxyType(fields),
        relations=MappingProxyType(_relations(table, meaning)),
        primary_key=tuple(column.name for column in table.primary_key),
        date_field=meaning.date_field,
        label=meaning.label,
        description=meaning.description,
        scope_paths=meaning.scope_paths,
    )
    return with_formulas(entity, fields=meaning.fields, measures=meaning.measures)


def _field(column: Column[Any], meaning: Meaning) -> Field:
    return Field(
        name=column.name,
        type=_type(column.type),
        column=column.name,
        nullable=bool(column.nullable),
        label=label_of(column.name),
        unit=meaning.units.get(column.name),
        definition=meaning.definitions.get(column.name),
        distinct_by_day=column.name in meaning.distinct_by_day,
    )


def _type(type_: TypeEngine[Any]) -> FieldType:
    return next((found for kind, found in _TYPES if isinstance(type_, kind)), FieldType.TEXT)


def _relations(table: Table, meaning: Meaning) -> dict[str, Relation]:
    by_key = (
        Relation(key.parent.name.removesuffix("_id"), key.parent.name, key.column.table.name, key.column.name)
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
    )
    return {relation.name: relation for relation in (*by_key, *meaning.relations)}
