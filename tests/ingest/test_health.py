"""What health checks are told."""

from __future__ import annotations

from ingest.health import why_not_ready
from stats_core.database import Database


def test_health_says_why_it_is_not_ready(sqlite_database):
    assert why_not_ready(sqlite_database) is None
    with sqlite_database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'none'")
    assert "is at revision none" in why_not_ready(sqlite_database)


def test_a_server_whose_database_goes_away_answers_503(postgresql, postgresql_template, tmp_path):
    with postgresql.database(template=postgresql_template) as url:
        database = Database(url)
        try:
            assert why_not_ready(database) is None
        finally:
            database.close()
    assert "cannot be reached" in why_not_ready(database)
