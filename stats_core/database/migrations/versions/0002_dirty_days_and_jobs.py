"""Days to be rolled up again, runs of jobs, and how far a website's events are pruned."""

import sqlalchemy as sa
from alembic import op

from stats_core.database.types import BigKey, UTCDateTime, utc_now

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("website") as website:
        website.add_column(sa.Column("pruned_before", sa.Date(), nullable=True))
    op.create_table(
        "dirty_day",
        sa.Column("website_id", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["website_id"], ["website.id"], name="fk_dirty_day_website_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("website_id", "date", "writer", name="pk_dirty_day"),
    )
    op.create_table(
        "job_run",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("outcome = 'ok' OR outcome = 'failed'", name="ck_job_run_outcome"),
        sa.PrimaryKeyConstraint("id", name="pk_job_run"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_run_name_id", "job_run", ["name", "id"])
