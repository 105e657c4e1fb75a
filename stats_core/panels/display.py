"""How a panel is shown: labels, formats and conditional formatting."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Format = Literal["number", "integer", "compact", "percent", "currency", "duration", "date", "bytes"]
CompareOp = Literal["=", "!=", ">", ">=", "<", "<="]

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
)


class Condition(BaseModel):
    """`{op, value}`: when a conditional format applies."""

    model_config = _CONFIG

    op: CompareOp = Field(description="How the shown value is compared.")
    value: float | str = Field(description="What it is compared with.")


class ConditionalFormat(BaseModel):
    """A colour, icon or label for values that meet a condition; the first that meets wins."""

    model_config = _CONFIG

    when: Condition = Field(description="The condition.")
    color: str = Field(description="green, yellow, red, blue, gray, or a #rrggbb colour.")
    icon: str | None = Field(None, description="A Material symbol's name.")
    label: str | None = Field(None, description="Words to show beside the value, so that colour is not alone.")


class Display(BaseModel):
    """How a panel is shown. Every key may be left out."""

    model_config = _CONFIG

    text: str | None = Field(None, description="The Markdown of a label panel.")
    field: str | None = Field(None, description="Which field of a row to show; default: the value.")
    label: str | None = Field(None, description="Words under the figure.")
    format: Format | None = Field(None, description="How numbers are written; default: from the unit.")
    prefix: str | None = Field(None, description="Text before the number.")
    suffix: str | None = Field(None, description="Text after the number.")
    color: str | None = Field(None, description="Colour of the series; default: the first of the palette.")
    x_axis: str | None = Field(None, description="Field or title of the horizontal axis.")
    y_axis: str | None = Field(None, description="Field or title of the vertical axis.")
    group_by: str | None = Field(None, description="Field that splits rows into series.")
    date_field: str | None = Field(None, description="Field that holds the date of a row.")
    precision: str | None = Field(None, description="Grain that dates are written in (day, week, month).")
    limit: int | None = Field(None, ge=1, description="At most this many rows, bars or lines are drawn.")
    decimals: int | None = Field(None, ge=0, le=6, description="Digits after the point.")
    currency: str | None = Field(
        None, description="ISO 4217 code for the currency format; values are minor units where the unit says so."
    )
    map: bool = Field(default=False, description="Whether bars of groups by country are drawn as a map of the world.")
    conditional_formatting: tuple[ConditionalFormat, ...] = Field(
        (), description="Colours for values that meet a condition."
    )
    description: str | None = Field(None, description="What the panel shows, in a sentence.")
    alt_text: str | None = Field(None, description="The chart in words, for screen readers.")
