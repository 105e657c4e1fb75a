"""The workbench in a notebook: `from workbench.notebook import wb`.

    wb.catalog                                   what may be asked
    wb.panel("Visitors")                         a stored panel, which shows itself
    wb.dashboard("Website Traffic")              all panels of a dashboard
    wb.draft("bar").aggregate("design", group_by="partner.name", limit=10)

Importing this opens no database and loads neither pandas nor Plotly: `wb` does when it is asked something.
"""

from typing import Final

from workbench.notebook.session import Session, open_workbench

wb: Final = Session()
"""The workbench of the settings: of `workbench.toml` and `.workbench` here, or in the nearest folder above."""

__all__ = ["Session", "open_workbench", "wb"]
