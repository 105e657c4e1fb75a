"""Merchants, their stores, and what is sold there. Money is integer minor units of the row's currency.

Only parts of a whole are deleted with it (the lines of an order). A merchant or store with business in it cannot be
deleted: the database refuses.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from stats_core.database.types import BigKey
from stats_core.models.base import Base, Mutable, not_negative, of_length, one_of

ORDER_STATUSES = (
    "PENDING",
    "PAID",
    "FULFILLING",
    "SHIPPED",
    "COMPLETE",
    "CANCELLED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
)
ORDER_SESSION_STATES = ("STARTED", "ADDRESS", "SHIPPING", "PAYMENT", "SUBMITTED", "ABANDONED")
SUBSCRIPTION_STATUSES = ("trialing", "active", "past_due", "cancelled")

_MERCHANT, _STORE = "merchant.id", "store.id"
_NUMBERED = {"sqlite_autoincrement": True}  # an id is never given twice, not even after its row is gone


class Merchant(Mutable, Base):
    """A tenant."""

    __tablename__ = "merchant"
    __table_args__ = (of_length("currency", 3), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    currency: Mapped[str] = mapped_column(default="USD", server_default="USD")


class Store(Mutable, Base):
    """A shop of a merchant."""

    __tablename__ = "store"
    __table_args__ = (of_length("currency", 3), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey(_MERCHANT), index=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(default="USD", server_default="USD")


class TeamMember(Mutable, Base):
    """Somebody who works for a merchant."""

    __tablename__ = "team_member"
    __table_args__ = (_NUMBERED,)

    id: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey(_MERCHANT), index=True)
    name: Mapped[str]
    role: Mapped[str]


class Subscription(Mutable, Base):
    """What a merchant pays for the platform, per month."""

    __tablename__ = "subscription"
    __table_args__ = (
        one_of("status", SUBSCRIPTION_STATUSES),
        not_negative("price_cents"),
        _NUMBERED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey(_MERCHANT), index=True)
    plan: Mapped[str]
    status: Mapped[str]
    price_cents: Mapped[int]
    started_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class Customer(Mutable, Base):
    """Somebody who buys at a store, told apart by a hash of the mail address where there is one."""

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("store_id", "email_hash"), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey(_STORE))
    name: Mapped[str]
    email_hash: Mapped[str | None]


class Product(Mutable, Base):
    """What a store sells."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("store_id", "sku"), not_negative("unit_price_cents"), _NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey(_STORE))
    name: Mapped[str]
    sku: Mapped[str]
    category: Mapped[str | None]
    unit_price_cents: Mapped[int] = mapped_column(BigInteger)


class SalesOrder(Mutable, Base):
    """An order. `session_id` is the visit it came from, as the tracker named it."""

    __tablename__ = "sales_order"
    __table_args__ = (
        one_of("status", ORDER_STATUSES),
        not_negative("total_cents"),
        CheckConstraint("refunded_cents >= 0 AND refunded_cents <= total_cents", name="refunded_cents"),
        of_length("currency", 3),
        Index(None, "store_id", "created_at"),
        _NUMBERED,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey(_STORE))
    status: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"), index=True)
    customer_name: Mapped[str]
    total_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="USD", server_default="USD")
    confirmed_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]
    refunded_cents: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    session_id: Mapped[str | None]

    lines: Mapped[list[SalesOrderLine]] = relationship(
        back_populates="order", cascade="all, delete-orphan", passive_deletes=True, order_by="SalesOrderLine.id"
    )


class SalesOrderLine(Mutable, Base):
    """A product in an order, with name and price as they were."""

    __tablename__ = "sales_order_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        not_negative("unit_price_cents"),
        _NUMBERED,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    product_name: Mapped[str]
    sku: Mapped[str]
    quantity: Mapped[int]
    unit_price_cents: Mapped[int] = mapped_column(BigInteger)

    order: Mapped[SalesOrder] = relationship(back_populates="lines")


class OrderSession(Mutable, Base):
    """A checkout: how far somebody came."""

    __tablename__ = "order_session"
    __table_args__ = (
        one_of("state", ORDER_SESSION_STATES),
        Index(None, "store_id", "created_at"),
        _NUMBERED,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey(_STORE))
    state: Mapped[str]
    submitted_at: Mapped[datetime | None]
