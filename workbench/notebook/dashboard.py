"""Dashboards in a notebook: their panels by name, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stats_core.panels.dashboard import Dashboard
from stats_core.panels.finding import all_dashboards, panel_of_name
from workbench.figures.text import html_text
from workbench.notebook.panel import Panel
from workbench.notebook.shown import Setting, Shown, heading, table_html, table_text


@dataclass(frozen=True, repr=False)
class DashboardOfPanels(Shown):
    """A dashboard: `wb.dashboard("Website Traffic")["Visitors"]`.

    Attributes:
        setting: The workbench that is asked, and the theme.
        spec: The stored dashboard.
        variables: Values for all of its panels, over its defaults.
    """

    setting: Setting
    spec: Dashboard
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its title."""
        return self.spec.name

    @property
    def id(self) -> str:
        """`dash_…`."""
        return self.spec.id

    @property
    def url(self) -> str:
        """Its page in the app."""
        return f"{self.setting.workbench.settings.public_url.rstrip('/')}/dashboard?id={self.id}"

    @property
    def panels(self) -> list[Panel]:
        """In reading order."""
        return [Panel(self.setting, panel, self.variables) for panel in self.spec.panels]

    def given(self, **variables: Any) -> DashboardOfPanels:
        """The same with these variables: `.given(website="site_nordlicht", range={"preset": "7d"})`."""
        return replace(self, variables={**self.variables, **variables})

    def show(self) -> None:
        """Every panel, one below the other."""
        from IPython.display import display

        for panel in self.panels:
            display(panel)  # type: ignore[no-untyped-call]

    def __getitem__(self, name: str) -> Panel:
        """The panel of this name or id; an UnknownNameError or AmbiguousNameError otherwise."""
        by_id = {panel.id: panel for panel in self.spec.panels}
        found = by_id.get(name) or panel_of_name(self.spec.panels, name, [self.name] * len(self.spec.panels))
        return Panel(self.setting, found, self.variables)

    def __iter__(self) -> Iterator[Panel]:
        return iter(self.panels)

    def __len__(self) -> int:
        return len(self.spec.panels)

    def html(self) -> str:
        """Its panels as a list, with the names that `[…]` takes."""
        link = f'<div class="wb-told"><a href="{html_text(self.url)}">{html_text(self.url)}</a></div>'
        return (
            heading(self.name, self.spec.description or "") + link + table_html(_HEAD, self._rows()) + self._choices()
        )

    def text(self) -> str:
        """The same as text."""
        return f"{self.name}\n{table_text(_HEAD, self._rows())}" if self.spec.panels else f"{self.name}, without panels"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (panel.name, panel.type, str(panel.operation_options.get("entity", "")), panel.id or "")
            for panel in self.spec.panels
        ]

    def _choices(self) -> str:
        declared = ", ".join(f"{name} ({variable.type})" for name, variable in self.spec.variables.items())
        return f'<div class="wb-told">Variables: {html_text(declared)}</div>' if declared else ""

    def __repr__(self) -> str:
        return f"<dashboard {self.name!r}, {len(self)} panels, {self.id}>"


_HEAD = ("panel", "type", "rows of", "id")


@dataclass(frozen=True, repr=False)
class DashboardList(Shown):
    """The stored dashboards."""

    setting: Setting

    def __iter__(self) -> Iterator[DashboardOfPanels]:
        dashboards = self.setting.workbench.dashboards
        return (DashboardOfPanels(self.setting, dashboards.get(item.id)) for item in all_dashboards(dashboards))

    def _rows(self) -> list[tuple[str, str, str]]:
        return [
            (item.name, str(item.panel_count), item.id) for item in all_dashboards(self.setting.workbench.dashboards)
        ]

    def html(self) -> str:
        """A line each."""
        return table_html(("dashboard", "panels", "id"), self._rows(), (1,))

    def text(self) -> str:
        """A line each."""
        return table_text(("dashboard", "panels", "id"), self._rows(), (1,))

    def __repr__(self) -> str:
        return self.text()
