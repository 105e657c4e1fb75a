"""Numbers, tables and figures of panels in posts: what a writer marks is filled, everything else stays as it was."""

from workbench.publishing.tiptap import inject_panel_data

__all__ = ["inject_panel_data"]
