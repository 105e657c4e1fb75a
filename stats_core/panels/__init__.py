"""Panels and dashboards: stored calls, how they are resolved and cached, and how they are shown."""
