"""Refused events: `/refused`."""

from workbench.ui.refused_page import refused_page

refused_page()
