"""A session: the workbench as a notebook holds it, opened when it is first asked something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from stats_core.composition import Workbench
    from stats_core.panels.panel import PanelSpec, PanelType
    from workbench.figures.theme import ThemeName
    from workbench.notebook.builder import PanelBuilder
    from workbench.notebook.dashboard import DashboardList, DashboardOfPanels
    from workbench.notebook.draft import Draft
    from workbench.notebook.listings import Entities, Operations
    from workbench.notebook.panel import Panel
    from workbench.notebook.shown import Setting


class Session:
    """Everything a notebook asks, over one workbench: the same catalog, resolver and cache as every other screen.

    Args:
        opening: Opens the workbench; called once, when something is asked.

    Attributes:
        theme: `light` or `dark`: what figures are drawn for.
    """

    def __init__(self, opening: Callable[[], Workbench] | None = None) -> None:
        self._opening = opening or opened_here
        self.theme: ThemeName = "light"

    @cached_property
    def workbench(self) -> Workbench:
        """The workbench itself, for what has no shorter way: `wb.workbench.database`, `.dashboards`, `.clock`."""
        return self._opening()

    @property
    def catalog(self) -> Entities:
        """What may be asked: `wb.catalog` lists the entities, `wb.catalog.design` or `["design"]` has its fields."""
        from workbench.notebook.listings import Entities

        return Entities(self.workbench.catalog)

    @property
    def operations(self) -> Operations:
        """What can be asked, with the options of each: `wb.operations["time_series"].schema`."""
        from workbench.notebook.listings import Operations

        return Operations(self.workbench.registry)

    @property
    def dashboards(self) -> DashboardList:
        """The stored dashboards by name."""
        from workbench.notebook.dashboard import DashboardList

        return DashboardList(self._setting)

    def dashboard(self, name: str, *, create: bool = False) -> DashboardOfPanels:
        """The dashboard of this name or id.

        Args:
            name: In any case, or `dash_…`.
            create: Make an empty one where there is none of this name.

        Raises:
            UnknownNameError: There is none, with the nearest names.
            AmbiguousNameError: There are several, with their ids.
        """
        from stats_core.panels.finding import find_dashboard
        from workbench.notebook.dashboard import DashboardOfPanels

        if create:
            self.workbench.dashboards.ensure(name)
        return DashboardOfPanels(self._setting, find_dashboard(self.workbench.dashboards, name))

    def panel(self, name: str) -> Panel:
        """The stored panel of this id, or of this name if only one panel has it.

        Raises:
            UnknownNameError: There is none, with the nearest names.
            AmbiguousNameError: There are several, with their ids and dashboards.
        """
        from stats_core.panels.finding import find_panel
        from workbench.notebook.panel import Panel

        return Panel(self._setting, find_panel(self.workbench.dashboards, name))

    def draft(self, type: PanelType = "table", name: str = "", **display: Any) -> Draft:  # noqa: A002 - as panels call it
        """A panel that is not stored: `wb.draft("line").series("sales_order", precision="week")`.

        Args:
            type: metric, list, table, bar, line, area or label.
            name: Its title.
            display: How it is shown: `format="percent"`, `description="…"`.
        """
        from workbench.notebook.draft import begun

        return begun(self._setting, type, name, display)

    def builder(self, panel: Panel | str | None = None, *, dashboard: str | None = None) -> PanelBuilder:
        """A form with a live preview, for a new panel or a stored one; the last line of a cell shows it.

        Args:
            panel: A panel or draft, or the id or name of a stored one; default: a new one.
            dashboard: Where it will be pinned, by name or id; default: where it stands, else the first by name.
        """
        from workbench.notebook.builder import PanelBuilder

        return PanelBuilder(self, self.panel(panel) if isinstance(panel, str) else panel, dashboard=dashboard)

    def stored(self, spec: PanelSpec) -> Panel:
        """A stored panel as a notebook shows it."""
        from workbench.notebook.panel import Panel

        return Panel(self._setting, spec)

    @property
    def _setting(self) -> Setting:
        from workbench.notebook.shown import Setting

        return Setting(self.workbench, self.theme)

    def close(self) -> None:
        """Give all connections back; what is asked after that opens the workbench again."""
        if (opened := vars(self).pop("workbench", None)) is not None:
            opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        opened = vars(self).get("workbench")
        return f"<workbench {opened.database.address}>" if opened else "<workbench, not opened yet>"


def open_workbench(
    url: str | None = None,
    *,
    migrate: bool = False,
    clock: Callable[[], datetime] | None = None,
    **settings: Any,
) -> Session:
    """A session over another database, or with other settings.

    It is opened at once, so that a wrong address is told here.

    Args:
        url: `sqlite:///file.db` or `postgresql://user:password@host/name`; default: that of the settings.
        migrate: Bring the schema up to date; needed for a new file.
        clock: Gives the current moment, aware; default: the real one.
        settings: Any other, as in `workbench.toml`: `sources={"shop": {"url": …, "tables": […]}}`.

    Raises:
        ConfigurationError: The database cannot be opened or its schema is not up to date, with what to do.
        InvalidOptionsError: A setting does not validate.
    """
    given = {**settings, **({} if url is None else {"database_url": url})}
    session = Session(lambda: opened_here(migrate=migrate, clock=clock, **given))
    session.workbench  # noqa: B018 - opens it
    return session


def opened_here(*, migrate: bool = False, clock: Callable[[], datetime] | None = None, **given: Any) -> Workbench:
    """The workbench of the settings that hold in this folder or the nearest one above that has any."""
    from stats_core.composition import open_workbench as compose
    from stats_core.composition import utc_now
    from workbench.notebook.project import check_there, settings_here

    settings = settings_here(**given)
    if not migrate:
        check_there(settings)
    return compose(settings, clock=clock or utc_now, migrate=migrate)
