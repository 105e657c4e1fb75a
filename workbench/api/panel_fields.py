"""What a client writes of a panel: `PanelSpec` without what the server gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from stats_core.panels.display import Display
from stats_core.panels.panel import PanelSpec, PanelType


def _about(name: str, **limits: Any) -> FieldInfo:
    described: FieldInfo = Field(description=PanelSpec.model_fields[name].description, **limits)
    return described


@with_config(ConfigDict(extra="forbid"))
class PanelFields(TypedDict, total=False):
    """The fields of a panel that are given; a new panel has defaults for the others, a stored one keeps them."""

    name: Annotated[str, _about("name", max_length=200)]
    type: Annotated[PanelType, _about("type")]
    x: Annotated[int, _about("x")]
    y: Annotated[int, _about("y")]
    width: Annotated[int, _about("width")]
    height: Annotated[int, _about("height")]
    operation_type: Annotated[str | None, _about("operation_type")]
    operation_version: Annotated[int | None, _about("operation_version")]
    operation_options: Annotated[dict[str, Any], _about("operation_options")]
    display: Annotated[Display, _about("display")]
    cache_ttl_seconds: Annotated[int | None, _about("cache_ttl_seconds", ge=0, le=2**31 - 1)]
    metadata: Annotated[dict[str, Any], _about("metadata")]


@with_config(ConfigDict(extra="forbid"))
class PanelDraft(PanelFields, total=False):
    """A panel that is not stored, and what it is asked with."""

    dashboard_id: Annotated[str, Field(description="The dashboard whose variables and time zone it reads.")]
    variables: Annotated[dict[str, Any], Field(description="Values of variables by name.")]
    timezone: Annotated[str | None, Field(description="IANA zone of days.")]


def spec_of(fields: PanelFields | PanelDraft) -> PanelSpec:
    """A panel that is not stored yet, with these fields."""
    return PanelSpec.model_validate({name: value for name, value in fields.items() if name in _WRITTEN})


_WRITTEN = PanelFields.__annotations__
