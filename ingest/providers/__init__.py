"""Server-side events: a shop tracks them, and several providers get them. Start at `open_analytics`."""

from ingest.providers.analytics import Analytics
from ingest.providers.commerce import (
    CartUpdated,
    CheckoutStarted,
    CommerceEvent,
    CustomerRegistered,
    OrderPlaced,
    PaymentCompleted,
    Product,
    ProductViewed,
)
from ingest.providers.configured import open_analytics
from ingest.providers.health import ProviderHealth
from ingest.providers.protocol import AnalyticsProvider, EventContext, FilledContext

__all__ = [
    "Analytics",
    "AnalyticsProvider",
    "CartUpdated",
    "CheckoutStarted",
    "CommerceEvent",
    "CustomerRegistered",
    "EventContext",
    "FilledContext",
    "OrderPlaced",
    "PaymentCompleted",
    "Product",
    "ProductViewed",
    "ProviderHealth",
    "open_analytics",
]
