"""The named commerce events and their properties: what a shop can track so that product analytics understand it.

Money is a whole number of minor units (cents) with its currency, as in the shop's tables.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Id = Annotated[int, Field(strict=True)] | Annotated[str, Field(min_length=1)]
Cents = Annotated[int, Field(strict=True)]
Quantity = Annotated[int, Field(strict=True, ge=0)]


class CommerceEvent(BaseModel):
    """An event whose name and properties are agreed on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    NAME: ClassVar[str]

    def key(self) -> str | None:
        """What makes it the same event when it is tracked again; None where two alike are two events."""
        return None


class Product(BaseModel):
    """A product, and how many of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: Id = Field(description="The product's id in the shop's product table: product analytics go by it.")
    quantity: Quantity = Field(1, description="How many.")
    price_cents: Cents | None = Field(None, description="Price of one, in minor units of the currency.")
    sku: str | None = Field(None, description="The shop's code of the variant.")
    name: str | None = Field(None, description="What the shop calls it.")


class ProductViewed(CommerceEvent, Product):
    """Somebody looked at a product."""

    NAME: ClassVar[str] = "product_viewed"

    currency: Currency | None = Field(None, description="Of the price: EUR.")


class CartUpdated(CommerceEvent, Product):
    """Somebody put a product into the cart, or changed how many of it are there."""

    NAME: ClassVar[str] = "cart_updated"

    cart_id: Id | None = Field(None, description="Which cart.")
    currency: Currency | None = Field(None, description="Of the price: EUR.")


class CheckoutStarted(CommerceEvent):
    """Somebody went to the till with these products."""

    NAME: ClassVar[str] = "checkout_started"

    products: tuple[Product, ...] = Field(min_length=1, description="What is in the cart.")
    currency: Currency = Field(description="Of the prices: EUR.")
    checkout_id: Id | None = Field(None, description="Which checkout; one that starts again is not counted again.")

    def key(self) -> str | None:
        """The checkout."""
        return None if self.checkout_id is None else str(self.checkout_id)


class OrderPlaced(CommerceEvent):
    """Somebody ordered; whether it is paid is another event."""

    NAME: ClassVar[str] = "order_placed"

    order_id: Id = Field(description="Which order; it is counted once.")
    total_cents: Cents = Field(description="What the order costs in all, in minor units of the currency.")
    currency: Currency = Field(description="Of all amounts: EUR.")
    units: Quantity | None = Field(None, description="How many pieces were ordered.")
    shipping_cents: Cents | None = Field(None, description="Shipping, within the total.")
    tax_cents: Cents | None = Field(None, description="Taxes, within the total.")
    discount_cents: Cents | None = Field(None, description="What was taken off before the total.")
    coupon: str | None = Field(None, description="The code that took it off.")

    def key(self) -> str:
        """The order."""
        return str(self.order_id)


class PaymentCompleted(CommerceEvent):
    """An order with these products was paid."""

    NAME: ClassVar[str] = "payment_completed"

    order_id: Id = Field(description="Which order.")
    products: tuple[Product, ...] = Field(min_length=1, description="What was paid for.")
    currency: Currency = Field(description="Of the prices: EUR.")
    payment_id: Id | None = Field(None, description="Which payment, where an order can be paid in several; else one.")
    method: str | None = Field(None, description="How: card, paypal, invoice.")

    def key(self) -> str:
        """The payment: that of the order where it has no id of its own."""
        return f"{self.order_id}" if self.payment_id is None else f"{self.order_id} {self.payment_id}"


class CustomerRegistered(CommerceEvent):
    """Somebody made an account; the actor says who."""

    NAME: ClassVar[str] = "customer_registered"

    method: str | None = Field(None, description="How: form, checkout, google.")
    newsletter: bool | None = Field(None, description="Whether the newsletter was asked for.")


EVENTS: Final = (OrderPlaced, CartUpdated, ProductViewed, CheckoutStarted, PaymentCompleted, CustomerRegistered)

PER_PRODUCT: Final = frozenset(
    {event.NAME for event in (ProductViewed, CartUpdated, CheckoutStarted, PaymentCompleted)}
)
"""Events that product analytics count by the one product they name."""
