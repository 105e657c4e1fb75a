"""`/admin/analytics-events`: stored events, listed, corrected and taken away."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BeforeValidator, Field

from ingest.edits import EventEdits, EventFilters
from ingest.event_fields import EventChanges, EventType, Id, Moment, NewEvent, StoredEvent
from stats_core.panels.dashboard import Page
from workbench.api.auth import CurrentAccess, merchant_of
from workbench.api.errors import BODY, documented
from workbench.api.pagination import PageQuery
from workbench.api.reading import StrictRoute

PREFIX, ONE = "/admin/analytics-events", "/{id}"
EventNumber = Annotated[int, Path(alias="id", ge=1, lt=2**63, description="Number of the event.")]
DAY = timedelta(days=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _first(value: Any) -> Any:
    """`2026-03-01` is the first moment of that day in UTC."""
    return f"{value}T00:00:00Z" if _DATE.fullmatch(str(value)) else value


def _after(value: Any) -> Any:
    """`2026-03-01` is the first moment after that day in UTC."""
    try:
        return f"{date.fromisoformat(value) + DAY}T00:00:00Z" if _DATE.fullmatch(str(value)) else value
    except (ValueError, OverflowError):  # February 30th; the end of time
        return value


class EventQuery(PageQuery):
    """Which events are wanted: those to which all that is given applies."""

    website_id: Id | None = Field(None, description="Of this website.")
    event_type: EventType | None = Field(None, description="Pageviews, or custom events.")
    visitor_id: Id | None = Field(None, description="Of this visitor, as stored.")
    session_id: Id | None = Field(None, description="Of this session id, as stored.")
    start: Annotated[Moment, BeforeValidator(_first)] | None = Field(
        None, alias="from", description="From this moment on; a date means its first moment in UTC."
    )
    end: Annotated[Moment, BeforeValidator(_after)] | None = Field(
        None, alias="to", description="Before this moment; a date is included, to its end in UTC."
    )

    def filters(self) -> EventFilters:
        """Without the part of the list."""
        return EventFilters(**self.model_dump(exclude={"limit", "offset"}))


def events_router(edits: EventEdits) -> APIRouter:
    """The routes over `edits`."""
    router = APIRouter(prefix=PREFIX, tags=["Analytics events"], route_class=StrictRoute)

    @router.get("", responses=documented())
    def list_events(query: Annotated[EventQuery, Query()], access: CurrentAccess) -> Page[StoredEvent]:
        """List events, the newest first."""
        found = edits.list(query.filters(), merchant_id=merchant_of(access), limit=query.limit, offset=query.offset)
        return Page(items=found.items, total=found.total, limit=query.limit, offset=query.offset)

    @router.post("", status_code=201, responses=documented(409, *BODY))
    def create_event(event: Annotated[NewEvent, Body()], access: CurrentAccess, response: Response) -> StoredEvent:
        """Store an event as it is given; its session and its day follow."""
        created = edits.create(event, merchant_id=merchant_of(access))
        response.headers["location"] = f"{PREFIX}/{created.id}"
        return created

    @router.get(ONE, responses=documented(404))
    def read_event(number: EventNumber, access: CurrentAccess) -> StoredEvent:
        """Read one event."""
        return edits.get(number, merchant_id=merchant_of(access))

    @router.put(ONE, responses=documented(404, 409, *BODY))
    def update_event(
        number: EventNumber, changes: Annotated[EventChanges, Body()], access: CurrentAccess
    ) -> StoredEvent:
        """Change the fields that are given; sessions and days follow."""
        return edits.update(number, changes, merchant_id=merchant_of(access))

    @router.delete(ONE, status_code=204, responses=documented(404, 409))
    def delete_event(number: EventNumber, access: CurrentAccess) -> None:
        """Take an event away; its session and its day follow."""
        edits.delete(number, merchant_id=merchant_of(access))

    return router
