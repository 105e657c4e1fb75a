"""Stored panels and dashboards by their ids or names, for whoever writes a name by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stats_core.errors import ExpectedError, UnknownNameError
from stats_core.panels.dashboard import Dashboard, DashboardSummary
from stats_core.panels.dashboards import MAX_LIMIT, Dashboards
from stats_core.panels.panel import PanelSpec

PANEL_ID, DASHBOARD_ID = "panel_", "dash_"


class AmbiguousNameError(ExpectedError):
    """Several go by this name; the message names them with their ids."""


def all_dashboards(dashboards: Dashboards) -> Iterator[DashboardSummary]:
    """Every stored one, by name."""
    offset = 0
    while (page := dashboards.list(limit=MAX_LIMIT, offset=offset)).items:
        yield from page.items
        offset += MAX_LIMIT


def find_dashboard(dashboards: Dashboards, name: str) -> Dashboard:
    """The dashboard of this id, or of this name in whatever case.

    Raises:
        UnknownNameError: There is none, with the nearest names.
        NotFoundError: There is none of this id.
        AmbiguousNameError: There are several.
    """
    if name.startswith(DASHBOARD_ID):
        return dashboards.get(name)
    known = list(all_dashboards(dashboards))
    found = [item for item in known if item.name == name] or [item for item in known if _same(item.name, name)]
    if not found:
        raise UnknownNameError("dashboard", name, {item.name for item in known})
    if len(found) > 1:
        ids = ", ".join(item.id for item in found)
        raise AmbiguousNameError(f"{len(found)} dashboards are named {name!r}: {ids}.", hint="Ask for one by its id.")
    return dashboards.get(found[0].id)


def find_panel(dashboards: Dashboards, name: str) -> PanelSpec:
    """The panel of this id, of this name in whatever case, or of `Dashboard / Name` where several have that name.

    Raises:
        UnknownNameError: There is none, with the nearest names.
        NotFoundError: There is none of this id.
        AmbiguousNameError: There are several.
    """
    if name.startswith(PANEL_ID):
        return dashboards.panel(name)
    places = [
        (panel, dashboard.name)
        for dashboard in (dashboards.get(item.id) for item in all_dashboards(dashboards))
        for panel in dashboard.panels
    ]
    return panel_of_name([panel for panel, _ in places], name, [where for _, where in places])


def panel_of_name(panels: Sequence[PanelSpec], name: str, places: Sequence[str]) -> PanelSpec:
    """The only one of this name; `places` name the dashboard of each."""
    both = list(zip(panels, places, strict=True))
    found = (
        [item for item in both if item[0].name == name]
        or [item for item in both if _same(item[0].name, name)]
        or [(panel, where) for panel, where in both if _same(full_name(panel, where), name)]
    )
    if not found:
        full = " / " in name
        raise UnknownNameError("panel", name, {full_name(*item) if full else item[0].name for item in both})
    if len(found) > 1:
        listed = ", ".join(f"{full_name(panel, where)!r} ({panel.id})" for panel, where in found)
        hint = f"Ask for one by its id, or with its dashboard: {full_name(*found[0])!r}."
        raise AmbiguousNameError(f"{len(found)} panels are named {name!r}: {listed}.", hint=hint)
    return found[0][0]


def full_name(panel: PanelSpec, dashboard_name: str) -> str:
    """How a panel is called where its name alone would not do."""
    return f"{dashboard_name} / {panel.name}"


def _same(one: str, other: str) -> bool:
    return one.casefold().strip() == other.casefold().strip()
