"""`/admin/stats/operations`: the questions that a panel can ask."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from stats_core.operations.registry import Operation, Registry
from stats_core.operations.schema import options_schema
from stats_core.panels.dashboard import Page
from workbench.api.errors import documented
from workbench.api.pagination import PageQuery
from workbench.api.reading import StrictRoute


class OperationSummary(BaseModel):
    """One kind of question."""

    type: str = Field(description="What panels call it.")
    title: str
    description: str
    category: str
    version: int = Field(description="Of its options.")
    options_schema: dict[str, Any] = Field(description="JSON Schema of the options.")


def operations_router(registry: Registry[Operation[Any]]) -> APIRouter:
    """The routes over `registry`."""
    router = APIRouter(prefix="/admin/stats/operations", tags=["Operations"], route_class=StrictRoute)
    every = tuple(map(_summary, registry.values()))

    @router.get("", responses=documented())
    def list_operations(query: Annotated[PageQuery, Query()]) -> Page[OperationSummary]:
        """List what panels can ask, with the options of each."""
        items = every[query.offset : query.offset + query.limit]
        return Page(items=items, total=len(every), limit=query.limit, offset=query.offset)

    return router


def _summary(operation: Operation[Any]) -> OperationSummary:
    return OperationSummary(
        type=operation.type,
        title=operation.title,
        description=operation.description,
        category=operation.category,
        version=operation.version,
        options_schema=options_schema(operation),
    )
