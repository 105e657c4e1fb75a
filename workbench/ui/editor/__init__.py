"""The panel editor: a drawer with form, JSON and a live preview."""
