"""The one registry of operations that panels, scripts and the API choose from."""

from __future__ import annotations

from typing import Any, Final

from stats_core.operations.data import DATA_OPERATIONS
from stats_core.operations.registry import Operation, Registry

OPERATIONS: Final[tuple[Operation[Any], ...]] = (*DATA_OPERATIONS,)


def build_registry() -> Registry[Operation[Any]]:
    """Every operation by its type."""
    return Registry("operation", OPERATIONS, name=lambda operation: operation.type)
