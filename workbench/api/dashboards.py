"""`/admin/stats/dashboards`: dashboards and their panels. Tenants read those that are meant for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from ingest.event_fields import Id, Text
from stats_core.panels.audience import DashboardsFor
from stats_core.panels.dashboard import Dashboard, DashboardFields, DashboardSummary, Page
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.panel import PanelSpec
from workbench.api.auth import CurrentAccess
from workbench.api.errors import BODY, documented
from workbench.api.pagination import PageQuery
from workbench.api.panel_fields import PanelFields, spec_of
from workbench.api.panels import PANELS
from workbench.api.reading import StrictRoute

PREFIX, ONE = "/admin/stats/dashboards", "/{id}"
DashboardId = Annotated[Id, Path(alias="id", description="`dash_…`")]
_FIELDS = DashboardFields.model_fields


class DashboardQuery(PageQuery):
    """Which dashboards are wanted."""

    q: Text | None = Field(None, max_length=200, description="Name or description contains this, in whatever case.")


class NewDashboard(DashboardFields):
    """A dashboard to be stored, with panels if any are given."""

    panels: list[PanelFields] = Field(default_factory=list, description="Its panels.")


@with_config(ConfigDict(extra="forbid"))
class DashboardChanges(TypedDict, total=False):
    """What is to be changed of a dashboard: the fields that are given, and no others."""

    name: Annotated[str, Field(min_length=1, max_length=200, description=_FIELDS["name"].description)]
    description: Annotated[str | None, Field(max_length=2_000, description=_FIELDS["description"].description)]
    icon: Annotated[str | None, Field(max_length=64, description=_FIELDS["icon"].description)]
    color: Annotated[str | None, Field(max_length=32, description=_FIELDS["color"].description)]
    metadata: Annotated[dict[str, Any], Field(description=_FIELDS["metadata"].description)]


def dashboards_router(dashboards: Dashboards) -> APIRouter:
    """The routes over `dashboards`."""
    router = APIRouter(prefix=PREFIX, tags=["Dashboards"], route_class=StrictRoute)

    @router.get("", responses=documented())
    def list_dashboards(query: Annotated[DashboardQuery, Query()], access: CurrentAccess) -> Page[DashboardSummary]:
        """List dashboards by name."""
        return DashboardsFor(dashboards, access.scope).list(query.q, query.limit, query.offset)

    @router.post("", status_code=201, responses=documented(*BODY), response_model_exclude_unset=True)
    def create_dashboard(
        dashboard: Annotated[NewDashboard, Body()], access: CurrentAccess, response: Response
    ) -> Dashboard:
        """Create a dashboard; the options of its panels are checked."""
        fields = dashboard.model_dump(exclude={"panels"})
        panels = map(spec_of, dashboard.panels)
        created = (
            DashboardsFor(dashboards, access.scope, access.name)
            .changeable()
            .by(access.name)
            .create(**fields, panels=panels)
        )
        response.headers["location"] = f"{PREFIX}/{created.id}"
        return created

    @router.get(ONE, responses=documented(404), response_model_exclude_unset=True)
    def read_dashboard(dashboard_id: DashboardId, access: CurrentAccess) -> Dashboard:
        """Read a dashboard with its panels, in reading order."""
        return DashboardsFor(dashboards, access.scope).get(dashboard_id)

    @router.put(ONE, responses=documented(404, *BODY), response_model_exclude_unset=True)
    def update_dashboard(
        dashboard_id: DashboardId, changes: Annotated[DashboardChanges, Body()], access: CurrentAccess
    ) -> Dashboard:
        """Change the fields that are given."""
        return (
            DashboardsFor(dashboards, access.scope, access.name)
            .changeable()
            .by(access.name)
            .update(dashboard_id, **changes)
        )

    @router.delete(ONE, status_code=204, responses=documented(404))
    def delete_dashboard(dashboard_id: DashboardId, access: CurrentAccess) -> None:
        """Delete a dashboard and its panels."""
        DashboardsFor(dashboards, access.scope, access.name).changeable().by(access.name).delete(dashboard_id)

    @router.post(f"{ONE}/duplicate", status_code=201, responses=documented(404), response_model_exclude_unset=True)
    def duplicate_dashboard(dashboard_id: DashboardId, access: CurrentAccess, response: Response) -> Dashboard:
        """Copy a dashboard with its panels; the copy is named "… (copy)"."""
        copy = DashboardsFor(dashboards, access.scope, access.name).changeable().by(access.name).duplicate(dashboard_id)
        response.headers["location"] = f"{PREFIX}/{copy.id}"
        return copy

    @router.post(f"{ONE}/panels", status_code=201, responses=documented(404, *BODY), response_model_exclude_unset=True)
    def create_panel(
        dashboard_id: DashboardId, panel: Annotated[PanelFields, Body()], access: CurrentAccess, response: Response
    ) -> PanelSpec:
        """Put a panel on a dashboard; its options are checked against its operation."""
        created = (
            DashboardsFor(dashboards, access.scope, access.name)
            .changeable()
            .by(access.name)
            .add_panel(dashboard_id, spec_of(panel))
        )
        response.headers["location"] = f"{PANELS}/{created.id}"
        return created

    return router
