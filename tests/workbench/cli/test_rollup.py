"""`workbench rollup` and `reconcile`."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select, update

from stats_core.models import AnalyticsDailyStats
from stats_core.traffic.websites import add_website

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def rolled(workbench, database, tmp_path):
    add_website(database, "example.com", website_id="site_1")
    days = ("17/May/2026", "18/May/2026", "20/May/2026")
    lines = [f'203.0.113.7 - - [{day}:09:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "{FIREFOX}"\n' for day in days]
    (tmp_path / "access.log").write_text("".join(lines))
    assert workbench("import-logs", "access.log", "--website", "site_1", "--database", database.url).code == 0
    return database


def days_of(database):
    with database.read() as session:
        return list(session.scalars(select(AnalyticsDailyStats.date).order_by(AnalyticsDailyStats.date)))


def test_a_rollup_makes_the_days_that_are_named(workbench, rolled):
    with rolled.write() as session:
        session.execute(delete(AnalyticsDailyStats))
    url = rolled.url
    answer = workbench("rollup", "--date", "2026-05-17", "--database", url)
    assert (answer.code, days_of(rolled)) == (0, [date(2026, 5, 17)])
    workbench("rollup", "--from", "2026-05-18", "--to", "2026-05-19", "--database", url)
    assert days_of(rolled) == [date(2026, 5, 17), date(2026, 5, 18)]
    workbench("rollup", "--website", "site_1", "--database", url)
    assert days_of(rolled) == [date(2026, 5, 17), date(2026, 5, 18), date(2026, 5, 20)]


def test_reconcile_finds_what_differs_and_a_rollup_mends_it(workbench, rolled):
    url = rolled.url
    assert workbench("reconcile", "--database", url).code == 0
    with rolled.write() as session:
        session.execute(
            update(AnalyticsDailyStats).where(AnalyticsDailyStats.date == date(2026, 5, 18)).values(pageviews=7)
        )
    found = workbench("reconcile", "--database", url)
    assert found.code == 2
    assert "site_1, 2026-05-18: pageviews is 7, counted 1" in found.out
    workbench("rollup", "--database", url)
    assert workbench("reconcile", "--database", url).code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--date", "2026-05-17", "--from", "2026-05-01"), "exclude each other"),
        (("--from", "2026-05-18", "--to", "2026-05-17"), "is after"),
        (("--website", "nothing"), "There is no website 'nothing'"),
        (("--date", "yesterday"), "yesterday"),
    ],
)
def test_days_and_websites_that_cannot_be_are_refused(workbench, sqlite_database, options, said):
    answer = workbench("rollup", *options, "--database", sqlite_database.url)
    assert answer.code == 2
    assert said in answer.err
