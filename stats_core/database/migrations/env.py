"""Alembic's way in: `stats_core.database.schema` hands over a connection whose transaction it owns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo

attributes = context.config.attributes


def _note(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    del ctx, heads, run_args
    attributes["applied"].extend(step.up_revision_ids)


context.configure(connection=attributes["connection"], on_version_apply=_note)
context.run_migrations()
