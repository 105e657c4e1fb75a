"""The pytest plugin, in a pytest of its own, and its claims."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest

from stats_core.composition import open_workbench
from stats_core.errors import NotFoundError, UnknownNameError
from stats_core.models import Partner
from stats_core.panels.finding import AmbiguousNameError
from stats_core.panels.panel import PanelSpec
from stats_core.settings import Settings
from workbench.testing import Questions, adds_up, not_empty, within

COUNT = {"entity": "partner", "aggregate": {"fn": "count"}}
FURTHER = "100 % away from it, more than 99 %."
SITE = """
from workbench.testing import adds_up, not_empty, within

def test_site(wb):
    assert wb.panel("Partners").value > 0
    adds_up(wb.panel("Partners"), wb.panel("By status"))

def test_that_fails(wb):
    within(wb.panel("Partners"), 10, of=wb.panel("Per day").days(7))
    not_empty(wb.panel("Nobody"))
"""


@pytest.fixture
def wb(database, tmp_path, clock):
    """Partners of the last three weeks: 1 a day in the older two, 2 a day in the last."""
    with database.write() as session:
        for ago in range(1, 22):
            for _ in range(2 if ago <= 7 else 1):
                created = clock() - timedelta(days=ago)
                status = "active" if ago % 2 else "pending"
                session.add(Partner(name="Ann", status=status, verified=True, created_at=created))
    with open_workbench(Settings(database_url=database.url, home=tmp_path), clock=clock) as workbench:
        per_day = COUNT | {"date_field": "created_at", "range": {"preset": "30d"}}
        nobody = {"entity": "partner", "filters": {"name": "Nobody"}}
        panels = [
            ("Partners", "metric", "aggregate_data", COUNT),
            ("By status", "bar", "aggregate_data", COUNT | {"group_by": "status"}),
            ("Per day", "line", "time_series", per_day),
            ("Nobody", "table", "read_data", nobody),
            ("Twice", "metric", "aggregate_data", COUNT),
        ]
        specs = [PanelSpec(name=n, type=t, operation_type=o, operation_options=given) for n, t, o, given in panels]
        workbench.dashboards.create("Board", panels=specs)
        workbench.dashboards.create("Other", panels=specs[-1:])
        yield Questions(workbench)


def test_panels_have_a_value_rows_and_a_total(wb):
    assert (wb.panel("partners").value, wb.panel("Board / Partners").total) == (28, 28)
    parts = wb.panel("By status")
    assert (sorted(parts.values), parts.total, len(parts.rows)) == ([13, 15], 28, 2)
    assert wb.panel("Per day").value == 0  # today
    assert (wb.panel("Nobody").value, wb.panel("Nobody").rows) == (None, [])
    assert wb.panel(wb.panel("Partners").panel.id).hash == wb.ask("aggregate_data", **COUNT).hash


def test_the_last_full_days_and_those_before(wb):
    per_day = wb.panel("Per day")
    assert per_day.days(7).values == [2] * 7
    assert per_day.days(7, ago=7).values == [1] * 7
    assert per_day.over(date(2026, 6, 14), date(2026, 6, 15)).rows == [
        {"date": "2026-06-14", "value": 2},
        {"date": "2026-06-15", "value": 0},
    ]


def test_names_that_are_unknown_or_not_alone_are_told(wb):
    with pytest.raises(UnknownNameError, match="Board / Partners"):
        wb.panel("Board / Partner")
    with pytest.raises(AmbiguousNameError, match=r"'Board / Twice' \(panel_\w+\), 'Other / Twice' "):
        wb.panel("Twice")
    with pytest.raises(NotFoundError):
        wb.panel("panel_no")


def test_claims_hold_where_the_numbers_do(wb):
    not_empty(wb.panel("Partners"))
    not_empty(wb.ask("read_data", entity="partner", fields=["name"]))
    adds_up(wb.panel("Partners"), wb.panel("By status"))
    week, before = wb.panel("Per day").days(7), wb.panel("Per day").days(7, ago=7)
    within(week, 100, of=before)
    adds_up(week.given(), week, within_percent=1000)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (lambda wb: not_empty(wb.panel("Nobody")), "Nobody is empty: 0 rows were considered."),
        (
            lambda wb: adds_up(wb.panel("Partners"), wb.panel("Per day").days(7)),
            "Partners is 28, but Per day from 2026-06-08 to 2026-06-14 add up to 14 in 7 parts.",
        ),
        (
            lambda wb: adds_up(wb.panel("Partners"), wb.ask("aggregate_data", **COUNT, group_by="id", limit=2)),
            "aggregate_data of partner is cut: not every part is there. Give it a higher limit.",
        ),
        (
            lambda wb: within(wb.panel("Per day").days(1), 99, of=wb.panel("Per day").days(1, ago=7)),
            "Per day from 2026-06-14 to 2026-06-14 is 2; Per day from 2026-06-07 to 2026-06-07 is 1: " + FURTHER,
        ),
        (
            lambda wb: within(wb.panel("Partners"), 99, of=wb.panel("Nobody")),
            "Partners is 28 and Nobody is None: nothing to compare.",
        ),
        (
            lambda wb: within(wb.panel("Partners"), 99, of=wb.panel("Per day").days(7, ago=60)),
            "Partners is 28; Per day from 2026-04-09 to 2026-04-15 is 0: away from nothing, more than 99 %.",
        ),
    ],
)
def test_a_claim_that_fails_names_the_numbers(wb, claim, message):
    with pytest.raises(AssertionError) as failed:
        claim(wb)
    assert str(failed.value) == message


def test_the_plugin_gives_wb_to_tests_of_a_site(wb, tmp_path):
    (tmp_path / "test_site.py").write_text(SITE)
    url = wb.workbench.database.url
    command = [sys.executable, "-m", "pytest", "-p", "workbench.pytest_plugin", "--workbench-database", url, "-q"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in answer.stdout, answer.stdout + answer.stderr
    assert answer.returncode == 1
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nworkbench_database = {url}\n")
    again = subprocess.run(command[:5], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in again.stdout


def test_the_plugin_loads_nothing_heavy():
    script = "import sys, workbench.pytest_plugin; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {"pandas", "sqlalchemy", "plotly", "streamlit", "stats_core"} & set(modules) == set()
