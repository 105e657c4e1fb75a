"""The `workbench` command: one module per noun, listed in `app.py`."""

from workbench.cli.app import main

__all__ = ["main"]
