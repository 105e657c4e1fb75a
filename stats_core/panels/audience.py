"""Dashboards as one caller has them: they are the platform's, and tenants read those that are meant for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import NotFoundError, ScopeError
from stats_core.panels.dashboard import Dashboard, DashboardSummary, Page
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.panel import PanelSpec


@dataclass(frozen=True, slots=True)
class DashboardsFor:
    """The dashboards that a scope reads, and all of them to change for the platform alone.

    What somebody may not read is not there for them: `NotFoundError`, as for an id that never was.

    Attributes:
        dashboards: All there are.
        scope: Of the caller.
        author: The caller's name, for the history of what is changed.
    """

    dashboards: Dashboards
    scope: Scope
    author: str | None = None

    def list(self, q: str | None = None, limit: int = 50, offset: int = 0) -> Page[DashboardSummary]:
        """Those that may be read; see `Dashboards.list`."""
        return self.dashboards.list(q, limit, offset, audience=None if self.scope == PLATFORM else "tenant")

    def get(self, dashboard_id: str) -> Dashboard:
        """One of them, with its panels.

        Raises:
            NotFoundError: There is none that may be read.
        """
        dashboard = self.dashboards.get(dashboard_id)
        if not self._reads(dashboard):
            raise NotFoundError("dashboard", dashboard_id)
        return dashboard

    def panel(self, panel_id: str) -> PanelSpec:
        """A panel of one of them, on its dashboard.

        Raises:
            NotFoundError: There is none that may be read.
        """
        panel = self.dashboards.panel(panel_id)
        if self.scope != PLATFORM and not self._reads(self.dashboards.get(panel.dashboard_id or "")):
            raise NotFoundError("panel", panel_id)
        return panel

    def export_yaml(self, dashboard_id: str) -> str:
        """One of them as a file; see `Dashboards.export_yaml`.

        Raises:
            NotFoundError: There is none that may be read.
        """
        return self.dashboards.export_yaml(self.get(dashboard_id).id)

    def changeable(self) -> Dashboards:
        """All of them, to be changed.

        Raises:
            ScopeError: The caller is a tenant.
        """
        if self.scope != PLATFORM:
            message = "Dashboards are the platform's: a tenant reads them."
            raise ScopeError(message, hint="Ask the owner of this workbench to change it.")
        return self.dashboards.by(self.author)

    def _reads(self, dashboard: Dashboard) -> bool:
        return self.scope == PLATFORM or dashboard.audience == "tenant"


def dashboards_under(
    dashboards: Dashboards, scope_of: Callable[[], Scope], author_of: Callable[[], str | None]
) -> Dashboards:
    """The dashboards for callers of this scope, who are asked for with every call; changes are in their author's name.

    Tenants have what `DashboardsFor` lets them read; everything else is refused, also what is added one day.
    """
    return cast("Dashboards", _Under(dashboards, scope_of, author_of))


class _Under:
    _READ = frozenset({"list", "get", "panel", "export_yaml"})

    def __init__(
        self, dashboards: Dashboards, scope_of: Callable[[], Scope], author_of: Callable[[], str | None]
    ) -> None:
        self._dashboards, self._scope_of, self._author_of = dashboards, scope_of, author_of

    def __getattr__(self, name: str) -> Any:
        mine = DashboardsFor(self._dashboards, self._scope_of())
        return getattr(mine if name in self._READ else mine.changeable().by(self._author_of()), name)
