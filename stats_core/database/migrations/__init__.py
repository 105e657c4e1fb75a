"""Alembic's scripts, run by `stats_core.database.schema`. How to add one: `docs/adding-a-migration.md`."""
