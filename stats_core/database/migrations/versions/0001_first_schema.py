"""The first schema: dashboards, traffic, commerce, production, access."""

import sqlalchemy as sa
from alembic import op

from stats_core.database.types import BigKey, JSONDocument, UTCDateTime, utc_now

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "event_rejection_count",
        sa.Column("website_id", sa.String(), nullable=False),
        sa.Column("hour", UTCDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("count >= 0", name="ck_event_rejection_count_count"),
        sa.PrimaryKeyConstraint("website_id", "hour", "reason", name="pk_event_rejection_count"),
    )
    op.create_table(
        "merchant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), server_default="UTC", nullable=False),
        sa.Column("currency", sa.String(), server_default="USD", nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("length(currency) = 3", name="ck_merchant_currency"),
        sa.PrimaryKeyConstraint("id", name="pk_merchant"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("status = 'pending' OR status = 'active' OR status = 'inactive'", name="ck_partner_status"),
        sa.PrimaryKeyConstraint("id", name="pk_partner"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rejected_event",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("website_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("body", JSONDocument(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rejected_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rejected_event_received_at", "rejected_event", ["received_at"])
    op.create_table(
        "stats_dashboard",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("icon", sa.String(), nullable=True),
        sa.Column("color", sa.String(), nullable=True),
        sa.Column("metadata", JSONDocument(), server_default="{}", nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stats_dashboard"),
    )
    op.create_table(
        "access_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("permissions", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name="fk_access_token_merchant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("name", name="uq_access_token_name"),
        sa.UniqueConstraint("token_hash", name="uq_access_token_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_token_merchant_id", "access_token", ["merchant_id"])
    op.create_table(
        "design",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("status = 'draft' OR status = 'in_review' OR status = 'approved' OR status = 'archived'", name="ck_design_status"),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_design_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_design"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_design_partner_id", "design", ["partner_id"])
    op.create_table(
        "share_link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.Column("views", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_viewed_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name="ck_share_link_period"),
        sa.CheckConstraint("views >= 0", name="ck_share_link_views"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name="fk_share_link_merchant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_share_link"),
    )
    op.create_index("ix_share_link_merchant_id", "share_link", ["merchant_id"])
    op.create_table(
        "stats_panel",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dashboard_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("operation_type", sa.String(), nullable=True),
        sa.Column("operation_version", sa.Integer(), nullable=True),
        sa.Column("operation_options", JSONDocument(), server_default="{}", nullable=False),
        sa.Column("display", JSONDocument(), server_default="{}", nullable=False),
        sa.Column("cache_ttl_seconds", sa.Integer(), nullable=True),
        sa.Column("metadata", JSONDocument(), server_default="{}", nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("type <> 'label' OR operation_type IS NULL", name="ck_stats_panel_label_has_no_operation"),
        sa.CheckConstraint(
            "type = 'metric' OR type = 'list' OR type = 'table' OR type = 'bar' OR type = 'line' OR type = 'area' OR type = 'label'", name="ck_stats_panel_type"
        ),
        sa.CheckConstraint("cache_ttl_seconds >= 0", name="ck_stats_panel_cache_ttl_seconds"),
        sa.CheckConstraint(
            "operation_type IS NULL OR operation_version IS NOT NULL", name="ck_stats_panel_operation_has_version"
        ),
        sa.CheckConstraint(
            "x >= 0 AND y >= 0 AND width >= 1 AND height >= 1 AND x + width <= 12", name="ck_stats_panel_box"
        ),
        sa.ForeignKeyConstraint(
            ["dashboard_id"], ["stats_dashboard.id"], name="fk_stats_panel_dashboard_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stats_panel"),
    )
    op.create_index("ix_stats_panel_dashboard_id", "stats_panel", ["dashboard_id"])
    op.create_table(
        "store",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), server_default="USD", nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("length(currency) = 3", name="ck_store_currency"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name="fk_store_merchant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_store"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_store_merchant_id", "store", ["merchant_id"])
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("cancelled_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("status = 'trialing' OR status = 'active' OR status = 'past_due' OR status = 'cancelled'", name="ck_subscription_status"),
        sa.CheckConstraint("price_cents >= 0", name="ck_subscription_price_cents"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name="fk_subscription_merchant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscription_merchant_id", "subscription", ["merchant_id"])
    op.create_table(
        "team_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name="fk_team_member_merchant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_team_member"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_team_member_merchant_id", "team_member", ["merchant_id"])
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email_hash", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_customer_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("store_id", "email_hash", name="uq_customer_store_id_email_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "order_session",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("submitted_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "state = 'STARTED' OR state = 'ADDRESS' OR state = 'SHIPPING' OR state = 'PAYMENT' OR state = 'SUBMITTED' OR state = 'ABANDONED'",
            name="ck_order_session_state",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_order_session_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_order_session"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_session_store_id_created_at", "order_session", ["store_id", "created_at"])
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("unit_price_cents >= 0", name="ck_product_unit_price_cents"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_product_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("store_id", "sku", name="uq_product_store_id_sku"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "production_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "status = 'planned' OR status = 'in_progress' OR status = 'completed' OR status = 'cancelled'", name="ck_production_run_status"
        ),
        sa.CheckConstraint("quantity >= 0", name="ck_production_run_quantity"),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"], name="fk_production_run_design_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_production_run_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_production_run"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_production_run_design_id", "production_run", ["design_id"])
    op.create_index("ix_production_run_partner_id", "production_run", ["partner_id"])
    op.create_table(
        "website",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), server_default="UTC", nullable=False),
        sa.Column("allowed_hostnames", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("retention_days >= 0", name="ck_website_retention_days"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_website_store_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_website"),
    )
    op.create_index("ix_website_store_id", "website", ["store_id"])
    op.create_table(
        "analytics_daily_stats",
        sa.Column("website_id", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("pageviews", sa.Integer(), nullable=False),
        sa.Column("unique_visitors", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("bounces", sa.Integer(), nullable=False),
        sa.Column("bounce_rate", sa.Double(), nullable=True),
        sa.Column("duration_seconds_total", sa.BigInteger(), nullable=False),
        sa.Column("avg_session_duration", sa.Double(), nullable=True),
        sa.Column("desktop_visitors", sa.Integer(), nullable=False),
        sa.Column("mobile_visitors", sa.Integer(), nullable=False),
        sa.Column("tablet_visitors", sa.Integer(), nullable=False),
        sa.Column("other_visitors", sa.Integer(), nullable=False),
        sa.Column("top_pages", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("top_referrers", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("top_countries", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("browser_stats", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("os_stats", JSONDocument(), server_default="[]", nullable=False),
        sa.Column("rolled_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("bounces >= 0", name="ck_analytics_daily_stats_bounces"),
        sa.CheckConstraint("duration_seconds_total >= 0", name="ck_analytics_daily_stats_duration_seconds_total"),
        sa.CheckConstraint("pageviews >= 0", name="ck_analytics_daily_stats_pageviews"),
        sa.CheckConstraint("sessions >= 0", name="ck_analytics_daily_stats_sessions"),
        sa.CheckConstraint("unique_visitors >= 0", name="ck_analytics_daily_stats_unique_visitors"),
        sa.ForeignKeyConstraint(
            ["website_id"], ["website.id"], name="fk_analytics_daily_stats_website_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("website_id", "date", name="pk_analytics_daily_stats"),
    )
    op.create_index("ix_analytics_daily_stats_date", "analytics_daily_stats", ["date"])
    op.create_table(
        "analytics_event",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("website_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("event_name", sa.String(), nullable=True),
        sa.Column("pathname", sa.String(), nullable=False),
        sa.Column("referrer", sa.String(), nullable=True),
        sa.Column("referrer_source", sa.String(), nullable=True),
        sa.Column("referrer_medium", sa.String(), nullable=True),
        sa.Column("visitor_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("browser", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("device_type", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("utm_source", sa.String(), nullable=True),
        sa.Column("utm_medium", sa.String(), nullable=True),
        sa.Column("utm_campaign", sa.String(), nullable=True),
        sa.Column("metadata", JSONDocument(), server_default="{}", nullable=False),
        sa.Column("timestamp", UTCDateTime(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "device_type = 'desktop' OR device_type = 'mobile' OR device_type = 'tablet' OR device_type = 'other'", name="ck_analytics_event_device_type"
        ),
        sa.CheckConstraint("event_type = 'pageview' OR event_type = 'custom_event'", name="ck_analytics_event_event_type"),
        sa.CheckConstraint(
            "referrer_medium = 'direct' OR referrer_medium = 'search' OR referrer_medium = 'social' OR referrer_medium = 'ai' OR referrer_medium = 'email' OR referrer_medium = 'campaign' OR referrer_medium = 'referral'",
            name="ck_analytics_event_referrer_medium",
        ),
        sa.CheckConstraint("length(country) = 2", name="ck_analytics_event_country"),
        sa.ForeignKeyConstraint(
            ["website_id"], ["website.id"], name="fk_analytics_event_website_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analytics_event"),
        sa.UniqueConstraint("website_id", "event_id", name="uq_analytics_event_website_id_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analytics_event_visitor_id", "analytics_event", ["visitor_id"])
    op.create_index(
        "ix_analytics_event_website_id_event_type_timestamp",
        "analytics_event",
        ["website_id", "event_type", "timestamp"],
    )
    op.create_index(
        "ix_analytics_event_website_id_pathname_timestamp", "analytics_event", ["website_id", "pathname", "timestamp"]
    )
    op.create_index(
        "ix_analytics_event_website_id_session_id_timestamp",
        "analytics_event",
        ["website_id", "session_id", "timestamp"],
    )
    op.create_index("ix_analytics_event_website_id_timestamp", "analytics_event", ["website_id", "timestamp"])
    op.create_table(
        "analytics_session",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("website_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("visitor_id", sa.String(), nullable=False),
        sa.Column("entry_page", sa.String(), nullable=True),
        sa.Column("exit_page", sa.String(), nullable=True),
        sa.Column("pageviews", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("is_bounce", sa.Boolean(), nullable=False),
        sa.Column("referrer", sa.String(), nullable=True),
        sa.Column("referrer_source", sa.String(), nullable=True),
        sa.Column("referrer_medium", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("device_type", sa.String(), nullable=True),
        sa.Column("browser", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("last_activity_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "device_type = 'desktop' OR device_type = 'mobile' OR device_type = 'tablet' OR device_type = 'other'", name="ck_analytics_session_device_type"
        ),
        sa.CheckConstraint(
            "referrer_medium = 'direct' OR referrer_medium = 'search' OR referrer_medium = 'social' OR referrer_medium = 'ai' OR referrer_medium = 'email' OR referrer_medium = 'campaign' OR referrer_medium = 'referral'",
            name="ck_analytics_session_referrer_medium",
        ),
        sa.CheckConstraint("duration_seconds >= 0", name="ck_analytics_session_duration_seconds"),
        sa.CheckConstraint("events >= 0", name="ck_analytics_session_events"),
        sa.CheckConstraint("last_activity_at >= started_at", name="ck_analytics_session_ends_after_start"),
        sa.CheckConstraint("length(country) = 2", name="ck_analytics_session_country"),
        sa.CheckConstraint("pageviews >= 0", name="ck_analytics_session_pageviews"),
        sa.ForeignKeyConstraint(
            ["website_id"], ["website.id"], name="fk_analytics_session_website_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analytics_session"),
        sa.UniqueConstraint(
            "website_id", "session_id", "started_at", name="uq_analytics_session_website_id_session_id_started_at"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analytics_session_visitor_id", "analytics_session", ["visitor_id"])
    op.create_index("ix_analytics_session_website_id_is_bounce", "analytics_session", ["website_id", "is_bounce"])
    op.create_index("ix_analytics_session_website_id_started_at", "analytics_session", ["website_id", "started_at"])
    op.create_table(
        "sales_order",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("customer_name", sa.String(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), server_default="USD", nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("shipped_at", UTCDateTime(), nullable=True),
        sa.Column("refunded_at", UTCDateTime(), nullable=True),
        sa.Column("refunded_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "status = 'PENDING' OR status = 'PAID' OR status = 'FULFILLING' OR status = 'SHIPPED' OR status = 'COMPLETE' OR status = 'CANCELLED' OR status = 'REFUNDED' OR status = 'PARTIALLY_REFUNDED'",
            name="ck_sales_order_status",
        ),
        sa.CheckConstraint("length(currency) = 3", name="ck_sales_order_currency"),
        sa.CheckConstraint(
            "refunded_cents >= 0 AND refunded_cents <= total_cents", name="ck_sales_order_refunded_cents"
        ),
        sa.CheckConstraint("total_cents >= 0", name="ck_sales_order_total_cents"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_sales_order_customer_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_sales_order_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sales_order_customer_id", "sales_order", ["customer_id"])
    op.create_index("ix_sales_order_store_id_created_at", "sales_order", ["store_id", "created_at"])
    op.create_table(
        "sales_order_line",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("order_id", BigKey, nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("product_name", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), server_default=utc_now(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_sales_order_line_quantity"),
        sa.CheckConstraint("unit_price_cents >= 0", name="ck_sales_order_line_unit_price_cents"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name="fk_sales_order_line_order_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_sales_order_line_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order_line"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sales_order_line_order_id", "sales_order_line", ["order_id"])
    op.create_index("ix_sales_order_line_product_id", "sales_order_line", ["product_id"])
