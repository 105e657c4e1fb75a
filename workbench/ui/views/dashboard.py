"""One dashboard: `/dashboard?id=dash_…`."""

from workbench.ui.dashboard_page import dashboard_page

dashboard_page()
