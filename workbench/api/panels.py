"""`/admin/stats/panels`: stored panels, what they answer, and drafts that nobody stores."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from ingest.event_fields import Id
from stats_core.panels.audience import DashboardsFor
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.panel import PanelResult, PanelSpec
from stats_core.panels.resolver import Resolver
from workbench.api.auth import CurrentAccess
from workbench.api.errors import BODY, documented
from workbench.api.panel_fields import PanelDraft, PanelFields, spec_of
from workbench.api.reading import StrictRoute

PANELS, ONE = "/admin/stats/panels", "/{id}"
PanelId = Annotated[Id, Path(alias="id", description="`panel_…`")]
_STRICT = ConfigDict(frozen=True, extra="forbid")


class AnswerQuery(BaseModel):
    """How an answer is wanted."""

    model_config = _STRICT

    skip_cache: bool = Field(False, description="Ask the database anew, and keep that answer for others.")


class Asking(BaseModel):
    """What a panel is asked with."""

    model_config = _STRICT

    variables: dict[str, Any] = Field(default_factory=dict, description="Values by name; null leaves one unset.")
    timezone: str | None = Field(None, description="IANA zone of days; default: the dashboard's, else the website's.")


def panels_router(dashboards: Dashboards, resolver: Resolver) -> APIRouter:
    """The routes over stored panels and the resolver."""
    router = APIRouter(prefix=PANELS, tags=["Panels"], route_class=StrictRoute)

    @router.post("/preview", responses=documented(404, 504, *BODY))
    def preview_panel(
        draft: Annotated[PanelDraft, Body()], query: Annotated[AnswerQuery, Query()], access: CurrentAccess
    ) -> PanelResult:
        """Answer a panel without storing it."""
        panel = spec_of(draft)
        if dashboard_id := draft.get("dashboard_id"):
            panel = panel.on(DashboardsFor(dashboards, access.scope).get(dashboard_id).context)
        return resolver.resolve_panel(
            panel,
            skip_cache=query.skip_cache,
            variables=draft.get("variables"),
            scope=access.scope,
            timezone=draft.get("timezone"),
        )

    @router.get(ONE, responses=documented(404), response_model_exclude_unset=True)
    def read_panel(panel_id: PanelId, access: CurrentAccess) -> PanelSpec:
        """Read a panel."""
        return DashboardsFor(dashboards, access.scope).panel(panel_id)

    @router.put(ONE, responses=documented(404, *BODY), response_model_exclude_unset=True)
    def update_panel(panel_id: PanelId, changes: Annotated[PanelFields, Body()], access: CurrentAccess) -> PanelSpec:
        """Change the fields that are given; options are checked anew, and kept answers are not shown any more."""
        return (
            DashboardsFor(dashboards, access.scope, access.name)
            .changeable()
            .by(access.name)
            .update_panel(panel_id, **changes)
        )

    @router.delete(ONE, status_code=204, responses=documented(404))
    def delete_panel(panel_id: PanelId, access: CurrentAccess) -> None:
        """Take a panel away; the others stay where they are."""
        DashboardsFor(dashboards, access.scope, access.name).changeable().by(access.name).delete_panel(panel_id)

    @router.post(f"{ONE}/data", responses=documented(404, 504, *BODY))
    def resolve_panel(
        panel_id: PanelId,
        query: Annotated[AnswerQuery, Query()],
        access: CurrentAccess,
        asking: Annotated[Asking | None, Body()] = None,
    ) -> PanelResult:
        """Answer a panel, from the cache where that is fresh enough; a tenant gets the answer of their own data."""
        panel = DashboardsFor(dashboards, access.scope).panel(panel_id)
        asking = asking or Asking()
        return resolver.resolve_panel(
            panel,
            skip_cache=query.skip_cache,
            variables=asking.variables,
            scope=access.scope,
            timezone=asking.timezone,
        )

    return router
