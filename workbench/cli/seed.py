"""`workbench seed`."""

from __future__ import annotations

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell


def seed(database: DatabaseOption = None) -> None:
    """Create the three dashboards that come with the workbench, unless dashboards of these names exist."""
    from stats_core.panels.seeds import seed as create

    with opened(database) as workbench:
        created = create(workbench.dashboards)
        for dashboard in created:
            tell(f"{dashboard.id}  {dashboard.name}")
        say(f"{len(created)} dashboards created." if created else "Nothing to do: dashboards of these names exist.")
