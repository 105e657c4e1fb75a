"""The rows of dashboards and panels, and the values they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from stats_core.errors import ConflictError, NotFoundError, Problem
from stats_core.models import StatsDashboard, StatsPanel
from stats_core.panels.dashboard import (
    Dashboard,
    DashboardSummary,
    context_of,
)
from stats_core.panels.dashboard_file import (
    DashboardFile,
    document_of,
)
from stats_core.panels.display import Display
from stats_core.panels.layout import Box
from stats_core.panels.panel import PanelSpec, PanelType
from stats_core.panels.values import model_problems, under
from stats_core.panels.variables import DashboardContext

RowT = TypeVar("RowT", StatsDashboard, StatsPanel)


def existing(session: Session, model: type[RowT], kind: str, row_id: str) -> RowT:
    """The row of this id.

    Raises:
        NotFoundError: There is none.
    """
    if (row := session.get(model, row_id)) is None:
        raise NotFoundError(kind, row_id)
    return row


def locked(session: Session, dashboard_id: str) -> StatsDashboard:
    """The dashboard with its panels, which nobody else changes until this transaction ends."""
    row = session.get(StatsDashboard, dashboard_id, with_for_update=True)
    if row is None:
        raise NotFoundError("dashboard", dashboard_id)
    return row


def locked_with_panel(session: Session, panel_id: str) -> tuple[StatsDashboard, StatsPanel]:
    """The panel and its dashboard, locked as by `locked`.

    Raises:
        NotFoundError: There is no such panel.
    """
    dashboard_id = session.scalar(select(StatsPanel.dashboard_id).where(StatsPanel.id == panel_id))
    row = session.get(StatsDashboard, dashboard_id, with_for_update=True) if dashboard_id else None
    found = [panel for panel in row.panels if panel.id == panel_id] if row is not None else []
    if row is None or not found:
        raise NotFoundError("panel", panel_id)
    return row, found[0]


def refuse_foreign_panels(session: Session, file: DashboardFile) -> None:
    """A file must not take panels away from other dashboards.

    Raises:
        ConflictError: It names one of them.
    """
    places = {panel.id: i for i, panel in enumerate(file.panels) if panel.id is not None}
    taken = select(StatsPanel.id, StatsPanel.dashboard_id).where(StatsPanel.id.in_(places))
    for panel_id, dashboard_id in session.execute(taken):
        if dashboard_id != file.id:
            message = f"The panel {panel_id!r} belongs to the dashboard {dashboard_id!r}."
            hint = "Remove the ids of the panels to import copies."
            raise ConflictError(message, path=f"panels[{places[panel_id]}].id", hint=hint)


def touch(row: StatsDashboard | StatsPanel, now: datetime) -> None:
    """Changed at `now`, also if that is what stands there: the database would put its own clock's time otherwise."""
    row.updated_at = now
    flag_modified(row, "updated_at")


def document_of_row(row: StatsDashboard) -> dict[str, Any]:
    """The dashboard as its file and its versions have it."""
    dashboard = dashboard_of(row)
    return document_of(dashboard, dashboard.panels, dashboard.id)


def summary_of(row: StatsDashboard, panel_count: int) -> DashboardSummary:
    """The row as lists show it."""
    return DashboardSummary(
        id=row.id,
        name=row.name,
        description=row.description,
        icon=row.icon,
        color=row.color,
        panel_count=panel_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def dashboard_of(row: StatsDashboard) -> Dashboard:
    """The row and its panels in reading order."""
    context = context_of(row.metadata_)
    panels = sorted(row.panels, key=lambda panel: (panel.y, panel.x, panel.id))
    return Dashboard(
        id=row.id,
        **fields_of(row),
        panels=tuple(panel_of(panel, context) for panel in panels),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def fields_of(row: StatsDashboard) -> dict[str, Any]:
    """What a person wrote of it beside its panels."""
    return {
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "color": row.color,
        "metadata": row.metadata_,
    }


def panel_of(panel: StatsPanel, context: DashboardContext) -> PanelSpec:
    """The row as a panel on its dashboard."""
    return PanelSpec(
        id=panel.id,
        dashboard_id=panel.dashboard_id,
        name=panel.name,
        type=cast("PanelType", panel.type),
        x=panel.x,
        y=panel.y,
        width=panel.width,
        height=panel.height,
        operation_type=panel.operation_type,
        operation_version=panel.operation_version,
        operation_options=panel.operation_options,
        display=_display(panel.display),
        cache_ttl_seconds=panel.cache_ttl_seconds,
        metadata=panel.metadata_,
        updated_at=panel.updated_at,
    ).on(context)


def columns_of(spec: PanelSpec) -> dict[str, Any]:
    """What is stored of a panel, but for its box and its place in time."""
    return {
        "name": spec.name,
        "type": spec.type,
        "operation_type": spec.operation_type,
        "operation_version": spec.operation_version,
        "operation_options": spec.operation_options,
        "display": spec.display.model_dump(mode="json", exclude_defaults=True),
        "cache_ttl_seconds": spec.cache_ttl_seconds,
        "metadata_": spec.metadata,
    }


def write_panel(panel: StatsPanel, spec: PanelSpec) -> None:
    """The row becomes the panel, but for its box and its place in time."""
    for name, value in columns_of(spec).items():
        setattr(panel, name, value)


def stored_box(panel: StatsPanel) -> Box:
    """Where the row says that the panel stands."""
    return Box(panel.x, panel.y, panel.width, panel.height)


def _display(document: Mapping[str, Any]) -> Display:
    """How a panel is shown, as far as this version understands it: one key of another must not hide the panel."""
    try:
        return Display.model_validate(document)
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors()}
        return Display.model_validate({key: value for key, value in document.items() if key not in faulty})


def display_problems(document: Mapping[str, Any]) -> Sequence[Problem]:
    """What this version does not understand of how a panel is shown."""
    try:
        Display.model_validate(document)
    except ValidationError as error:
        return under("display", model_problems(error, document, Display))
    return ()
