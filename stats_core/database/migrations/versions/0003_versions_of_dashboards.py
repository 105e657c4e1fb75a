"""The last versions of each dashboard."""

import sqlalchemy as sa
from alembic import op

from stats_core.database.types import JSONDocument, UTCDateTime, utc_now

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "stats_dashboard_version",
        sa.Column("dashboard_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("document", JSONDocument, nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("number >= 1", name="ck_stats_dashboard_version_number"),
        sa.ForeignKeyConstraint(
            ["dashboard_id"],
            ["stats_dashboard.id"],
            name="fk_stats_dashboard_version_dashboard_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dashboard_id", "number", name="pk_stats_dashboard_version"),
    )
