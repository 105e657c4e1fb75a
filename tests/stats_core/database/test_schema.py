"""Migrations: they give the models' schema, keep every row, and are checked at start."""

from __future__ import annotations

import re
from datetime import date, timedelta
from textwrap import dedent

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from stats_core.database import Database
from stats_core.database.schema import VERSIONS, check_schema, migrate
from stats_core.errors import ConfigurationError
from stats_core.models import (
    AnalyticsDailyStats,
    AnalyticsEvent,
    AnalyticsSession,
    Base,
    StatsDashboard,
    StatsPanel,
    Website,
)

KNOWN = sorted(path.name[:4] for path in VERSIONS.glob("0*.py"))
NEWEST = KNOWN[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    """A database without any table."""
    url = f"sqlite:///{tmp_path}/empty.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    with Database(url) as database:
        yield database


@pytest.fixture
def add_revision(tmp_path):
    """Write a migration after those we have; gives the locations to read them from."""
    folder = tmp_path / "more versions"
    folder.mkdir()

    def add(body, *, revision="9001"):
        head = (
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\ndown_revision = {NEWEST!r}\n"
        )
        function = "\n\ndef upgrade() -> None:\n" + "".join(
            f"    {line}\n" for line in dedent(body).strip().splitlines()
        )
        (folder / f"{revision}.py").write_text(head + function)
        return (VERSIONS, folder)

    return add


def refused(database, **options):
    with pytest.raises(ConfigurationError) as caught:
        check_schema(database, **options)
    return str(caught.value).replace(database.address, "DATABASE")


def tables_of(database):
    return set(inspect(database.engine).get_table_names())


def definitions(database):
    """Every table, index and constraint as the engine itself writes it."""
    statement = {
        "sqlite": "SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'",
        "postgresql": """
            SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
            UNION ALL
            SELECT 'index', indexname, indexdef FROM pg_indexes
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
            UNION ALL
            SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
            """,
    }[database.dialect]
    with database.read() as session:
        rows = session.execute(text(statement)).all()
    return {(kind, name): _without_order(sql) for kind, name, sql in rows}


def _without_order(sql):
    """SQLite keeps CREATE TABLE as it was typed; quotes, lines and the order of its parts mean nothing."""
    return sorted(part.strip() for part in re.split(r"[,\n]", (sql or "").replace('"', "")) if part.strip())


def fill(database, clock):
    """A website with traffic and a dashboard with panels."""
    now = clock()
    visit = {"website_id": "site_1", "session_id": "s", "visitor_id": "v"}
    with database.write() as session:
        session.add(Website(id="site_1", name="Shop", domain="shop.example", allowed_hostnames=["shop.example"]))
        session.flush()
        for number in range(50):
            at = now + timedelta(seconds=number)
            event = {"event_type": "pageview", "pathname": f"/{number}", "timestamp": at, "event_id": str(number)}
            session.add(AnalyticsEvent(**visit, **event, created_at=now))
        counts = {"pageviews": 50, "events": 50, "duration_seconds": 49, "is_bounce": False}
        session.add(AnalyticsSession(**visit, **counts, started_at=now, last_activity_at=at))
        session.add(
            AnalyticsDailyStats(
                website_id="site_1",
                date=date(2026, 6, 15),
                rolled_at=now,
                duration_seconds_total=49,
                **dict.fromkeys(("pageviews", "unique_visitors", "sessions", "bounces"), 1),
                **dict.fromkeys(("desktop_visitors", "mobile_visitors", "tablet_visitors", "other_visitors"), 0),
            )
        )
        dashboard = StatsDashboard(id="dash_1", name="One", metadata_={"range": {"preset": "7d"}})
        dashboard.panels = [
            StatsPanel(id=f"panel_{x}", name="", type="bar", x=x, y=0, width=1, height=1) for x in range(12)
        ]
        session.add(dashboard)


def rows_of(database):
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def test_an_empty_database_gets_the_schema_of_the_models(empty_database):
    assert migrate(empty_database) == KNOWN
    with empty_database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_and_indexes_are_those_of_the_models_to_the_letter(empty_database, request):
    migrated = request.getfixturevalue(f"{empty_database.dialect}_database")
    Base.metadata.create_all(empty_database.write_engine)
    assert definitions(migrated) == definitions(empty_database)


def test_migrating_again_changes_nothing(empty_database):
    assert (migrate(empty_database), migrate(empty_database)) == (KNOWN, [])
    check_schema(empty_database)


def test_processes_that_migrate_at_once_wait_for_each_other(empty_database, run_together):
    applied = run_together("migrate.py", empty_database.url, processes=3)
    assert sorted(applied) == ["", "", ",".join(KNOWN)]
    check_schema(empty_database)


def test_a_database_without_tables_is_refused_with_the_way_out(empty_database):
    assert refused(empty_database) == (
        "The database DATABASE has no tables of the workbench yet. Run `workbench migrate`."
    )


def test_an_older_schema_is_refused_with_the_way_out(database, add_revision):
    assert refused(database, versions=add_revision("op.add_column('website', sa.Column('extra', sa.String()))")) == (
        f"The database DATABASE is at revision {NEWEST}; this version of the workbench needs 9001. "
        "Run `workbench migrate`."
    )


def test_a_newer_schema_is_refused_and_left_alone(database, add_revision):
    migrate(database, versions=add_revision("op.add_column('website', sa.Column('extra', sa.String()))"))
    message = (
        "The database DATABASE is at revision 9001, which this version does not know. "
        "Install the newer version of the workbench that made it."
    )
    assert refused(database) == message
    with pytest.raises(ConfigurationError, match="9001, which this version does not know"):
        migrate(database)


def test_altering_a_parent_table_loses_no_row_of_it_or_its_children(database, clock, add_revision):
    fill(database, clock)
    before = rows_of(database)
    versions = add_revision(
        """
        with op.batch_alter_table("website") as website:
            website.alter_column("timezone", existing_type=sa.String(), nullable=True)
            website.add_column(sa.Column("extra", sa.String()))
        with op.batch_alter_table("stats_dashboard") as dashboard:
            dashboard.alter_column("name", existing_type=sa.String(), nullable=True)
        """
    )
    assert migrate(database, versions=versions) == ["9001"]
    assert rows_of(database) == before
    assert {name: len(rows) for name, rows in before.items() if rows} == {
        "website": 1,
        "analytics_event": 50,
        "analytics_session": 1,
        "analytics_daily_stats": 1,
        "stats_dashboard": 1,
        "stats_panel": 12,
    }


def test_after_a_migration_foreign_keys_hold_again(sqlite_database, clock, add_revision):
    migrate(sqlite_database, versions=add_revision("op.add_column('website', sa.Column('extra', sa.String()))"))
    with sqlite_database.write() as session:
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_migration_that_would_leave_rows_without_parents_is_undone(sqlite_database, clock, add_revision):
    fill(sqlite_database, clock)
    before = rows_of(sqlite_database)
    with pytest.raises(ConfigurationError) as caught:
        migrate(sqlite_database, versions=add_revision("op.execute('DELETE FROM website')"))
    assert str(caught.value) == (
        "After the migration 52 rows would point nowhere: analytics_daily_stats → website, analytics_event → website, "
        "analytics_session → website. Nothing was changed. Delete or correct these rows, then migrate again."
    )
    assert rows_of(sqlite_database) == before
    check_schema(sqlite_database)


def test_a_migration_that_fails_halfway_leaves_nothing_behind(database, add_revision):
    before = tables_of(database)
    versions = add_revision("op.create_table('half', sa.Column('id', sa.Integer()))\nraise RuntimeError('halfway')")
    with pytest.raises(RuntimeError, match="halfway"):
        migrate(database, versions=versions)
    assert tables_of(database) == before
    check_schema(database)


def test_a_database_that_refuses_to_be_migrated_says_why(postgresql_url):
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("CREATE ROLE guest LOGIN")
        try:
            with (
                Database(postgresql_url.replace("postgres:@", "guest:geheim@")) as database,
                pytest.raises(ConfigurationError) as caught,
            ):
                migrate(database)
        finally:
            server.execute("DROP ROLE guest")
    assert str(caught.value).replace(database.address, "DATABASE") == (
        "The migration of DATABASE failed: permission denied for schema public. Nothing was changed. "
        "May the database user create tables, and is there room?"
    )


def test_the_migration_of_the_guide_works(database, tmp_path, repository):
    guide = (repository / "docs" / "adding-a-migration.md").read_text()
    example = dedent(re.search(r"```python\n(.*?)```", guide, re.DOTALL).group(1))
    example = re.sub(r'^revision = ".*"', 'revision = "9001"', example, flags=re.MULTILINE)
    example = re.sub(r'^down_revision = ".*"', f'down_revision = "{NEWEST}"', example, flags=re.MULTILINE)
    (tmp_path / "9001_example.py").write_text(example)
    assert migrate(database, versions=(VERSIONS, tmp_path)) == ["9001"]


def test_a_table_of_somebody_else_in_the_same_database_is_left_alone(empty_database):
    with empty_database.write() as session:
        session.execute(text("CREATE TABLE theirs (id INTEGER)"))
        session.execute(text("INSERT INTO theirs VALUES (1)"))
    migrate(empty_database)
    with empty_database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM theirs")) == 1
