"""The workbench's own database: two handles (`read`, `write`), its column types and its migrations."""

from stats_core.database.engine import Database

__all__ = ["Database"]
