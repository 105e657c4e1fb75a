"""List of dashboards, at the address of the app itself."""

from workbench.ui.dashboards_page import dashboards_page

dashboards_page()
