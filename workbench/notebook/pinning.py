"""Storing a draft on a dashboard: it becomes a panel there, or changes the one that it was before."""

from __future__ import annotations

from stats_core.panels.dashboard import Dashboard
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.panel import PanelSpec

_CHANGES = ("name", "type", "operation_type", "operation_options", "display", "cache_ttl_seconds", "metadata")
_SIZE = ("width", "height")


def pinned(
    dashboards: Dashboards,
    dashboard: Dashboard,
    spec: PanelSpec,
    *,
    panel_id: str | None = None,
    by_name: bool = True,
) -> PanelSpec:
    """The panel, stored: a cell that runs twice makes one panel.

    Args:
        dashboards: Where it is stored.
        dashboard: On which one.
        spec: What is stored; its place and ids are the dashboard's.
        panel_id: The panel of it that is changed; default: the one of the same name, else a new one.
        by_name: Whether a panel of the same name is changed where no id is given.

    Raises:
        InvalidOptionsError: It does not validate, with a path for each fault.
        NotFoundError: The panel was deleted meanwhile.
    """
    named = [panel.id for panel in dashboard.panels if by_name and spec.name and panel.name == spec.name]
    found = panel_id or next(iter(named), None)
    if found is None:
        return dashboards.add_panel(dashboard.id, _unplaced(spec))
    changes = {
        name: getattr(spec, name) for name in (*_CHANGES, *(name for name in _SIZE if name in spec.model_fields_set))
    }
    return dashboards.update_panel(found, **changes)


def _unplaced(spec: PanelSpec) -> PanelSpec:
    """Without a place: it is put below the others."""
    written = {name: getattr(spec, name) for name in (*_CHANGES, *_SIZE)}
    return PanelSpec.model_validate(written)
