"""What an operation may know of the call it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.scope import PLATFORM, Scope

ALWAYS = frozenset({"catalog", "scope", "deadline_s", "needs"})


@dataclass(frozen=True)
class OperationContext:
    """The call around an operation. Scripts and flows build the same.

    Attributes:
        now: The moment that relative ranges count from; aware.
        timezone: IANA name; days, weeks and months are cut in it unless the options say otherwise.
        flow_id: `panel:{dashboard_id or "preview"}` for a panel.
        data_chain: `trigger`, `accountability`, `env` and `last`, as flows hand them on.
        needs: What the operation declared; None where nothing is checked. Reading another value raises, since an
            answer made from a value that panels do not have would be silently empty.
    """

    catalog: Catalog
    now: datetime
    timezone: str = "UTC"
    scope: Scope = PLATFORM
    deadline_s: float | None = None
    flow_id: str = "script"
    execution_id: str = ""
    operation_id: str = ""
    operation_key: str = ""
    data_chain: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    needs: frozenset[str] | None = None

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name not in _GUARDED:
            return value
        needs = object.__getattribute__(self, "needs")
        if needs is None or name in needs:
            return value
        msg = f"This operation reads context.{name} without declaring it: add {name!r} to its needs."
        raise UndeclaredNeedError(msg)


class UndeclaredNeedError(RuntimeError):
    """An operation read a context value it did not declare: a bug in the operation."""


_GUARDED = frozenset(f.name for f in fields(OperationContext)) - ALWAYS
