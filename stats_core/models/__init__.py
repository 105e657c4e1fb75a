"""The tables, one file per area; a class is named like its table."""

from stats_core.models.access import AccessToken, ShareLink
from stats_core.models.base import Base
from stats_core.models.commerce import (
    ORDER_SESSION_STATES,
    ORDER_STATUSES,
    SUBSCRIPTION_STATUSES,
    Customer,
    Merchant,
    OrderSession,
    Product,
    SalesOrder,
    SalesOrderLine,
    Store,
    Subscription,
    TeamMember,
)
from stats_core.models.jobs import RUN_OUTCOMES, JobRun
from stats_core.models.production import DESIGN_STATUSES, PARTNER_STATUSES, RUN_STATUSES, Design, Partner, ProductionRun
from stats_core.models.stats import PANEL_TYPES, StatsDashboard, StatsDashboardVersion, StatsPanel
from stats_core.models.traffic import (
    DEVICE_TYPES,
    EVENT_TYPES,
    REFERRER_MEDIUMS,
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    DirtyDay,
    EventRejectionCount,
    RejectedEvent,
    Website,
)

__all__ = [
    "DESIGN_STATUSES",
    "DEVICE_TYPES",
    "EVENT_TYPES",
    "ORDER_SESSION_STATES",
    "ORDER_STATUSES",
    "PANEL_TYPES",
    "PARTNER_STATUSES",
    "REFERRER_MEDIUMS",
    "RUN_OUTCOMES",
    "RUN_STATUSES",
    "SUBSCRIPTION_STATUSES",
    "AccessToken",
    "AnalyticsDailyStats",
    "AnalyticsEvent",
    "AnalyticsSession",
    "Base",
    "Customer",
    "Design",
    "DirtyDay",
    "EventRejectionCount",
    "JobRun",
    "Merchant",
    "OrderSession",
    "Partner",
    "Product",
    "ProductionRun",
    "RejectedEvent",
    "SalesOrder",
    "SalesOrderLine",
    "ShareLink",
    "StatsDashboard",
    "StatsDashboardVersion",
    "StatsPanel",
    "Store",
    "Subscription",
    "TeamMember",
    "Website",
]
