"""List of dashboards."""

from workbench.ui.dashboards_page import dashboards_page

dashboards_page()
