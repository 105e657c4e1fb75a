"""`wb`: opened when it is asked, and what it finds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from stats_core.errors import ConfigurationError, InvalidOptionsError, NotFoundError, UnknownNameError
from stats_core.panels.finding import AmbiguousNameError
from workbench.notebook import open_workbench
from workbench.notebook.project import absolute, project_of, settings_here


def test_importing_it_opens_nothing_and_loads_nothing_heavy(tmp_path):
    script = "import sys; from workbench.notebook import wb; print(repr(wb)); print(*sys.modules)"
    told, modules = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told == "<workbench, not opened yet>"
    assert {"pandas", "plotly", "sqlalchemy", "pydantic", "ipywidgets", "duckdb"} & set(modules.split()) == set()
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_told_at_once_and_not_made(tmp_path):
    file = tmp_path / "new.db"
    with pytest.raises(ConfigurationError, match=r"There is no workbench at .*/new.db. Run `workbench demo"):
        open_workbench(f"sqlite:///{file}")
    assert not file.exists()
    with open_workbench(f"sqlite:///{file}", migrate=True) as session:
        assert list(session.dashboards) == []
    with open_workbench(f"sqlite:///{file}") as session:
        assert "website" in session.catalog


def test_settings_of_the_nearest_folder_above_hold_with_whole_paths(tmp_path, monkeypatch):
    for name in ("WORKBENCH_DATABASE_URL", "WORKBENCH_HOME", "WORKBENCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    assert project_of(below) == below
    (tmp_path / "workbench.toml").write_text(
        'timezone = "Europe/Berlin"\n[sources.shop]\nurl = "sqlite:///shop.db"\ntables = ["orders"]\n'
    )
    assert project_of(below) == tmp_path
    settings = settings_here(below)
    assert settings.timezone == "Europe/Berlin"
    assert settings.home == tmp_path / ".workbench"
    assert settings.database_url == f"sqlite:///{tmp_path}/.workbench/workbench.db"
    assert settings.sources["shop"].url == f"sqlite:///{tmp_path}/shop.db"


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@host/name", "sqlite://", "sqlite:///:memory:", "sqlite:////whole.db", "no url"]
)
def test_addresses_that_are_no_relative_files_stay(url, tmp_path):
    assert absolute(url, tmp_path) == url


def test_panels_are_found_by_name_in_any_case_and_by_id(wb):
    found = wb.panel("total PARTNERS")
    assert (found.name, found.spec.type) == ("Total partners", "metric")
    assert wb.panel(found.id).spec == found.spec
    assert wb.dashboard("website traffic")["Visitors"].spec == wb.panel("Visitors").spec
    assert wb.dashboard(wb.dashboard("Website Traffic").id).name == "Website Traffic"


def test_a_name_that_two_panels_have_is_answered_with_both(wb):
    with pytest.raises(AmbiguousNameError) as raised:
        wb.panel("Daily sessions")
    ids = [wb.dashboard(name)["Daily sessions"].id for name in ("JYT Overview", "Website Traffic")]
    assert str(raised.value) == (
        "2 panels are named 'Daily sessions': "
        f"'JYT Overview / Daily sessions' ({ids[0]}), 'Website Traffic / Daily sessions' ({ids[1]}). "
        "Ask for one by its id, or with its dashboard: 'JYT Overview / Daily sessions'."
    )
    assert wb.panel("website traffic / daily sessions").spec.id == ids[1]


def test_two_dashboards_of_one_name_are_answered_with_both(wb):
    for _ in range(2):
        wb.workbench.dashboards.create("Twin")
    with pytest.raises(AmbiguousNameError, match="2 dashboards are named 'twin': dash_"):
        wb.dashboard("twin")


@pytest.mark.parametrize(
    ("ask", "kind", "hint"),
    [
        (lambda wb: wb.panel("Visitorz"), UnknownNameError, "Did you mean 'Visitors'"),
        (lambda wb: wb.panel("panel_none"), NotFoundError, "panel_none"),
        (lambda wb: wb.dashboard("Web Traffic"), UnknownNameError, "Did you mean 'Website Traffic'?"),
        (lambda wb: wb.dashboard("JYT Overview")["Totl orders"], UnknownNameError, "Did you mean 'Total orders'"),
        (lambda wb: wb.catalog["desing"], UnknownNameError, "Did you mean 'design'?"),
        (lambda wb: wb.operations["agregate_data"], UnknownNameError, "Did you mean 'aggregate_data' or"),
        (lambda wb: wb.draft("bra"), InvalidOptionsError, "'bar'"),
        (lambda wb: wb.draft("bar", colour="red"), InvalidOptionsError, "display.colour"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is_near(wb, ask, kind, hint):
    with pytest.raises(kind) as raised:
        ask(wb)
    assert hint in str(raised.value)


def test_the_catalog_reads_well_as_text_and_as_html(wb):
    text = str(wb.catalog)
    assert next(line for line in text.splitlines() if line.startswith("design ")).split() == [
        "design", "6", "partner", "workbench",
    ]  # fmt: skip
    design = wb.catalog.design
    assert design.fields == {
        "id": "integer",
        "name": "text",
        "partner_id": "integer",
        "status": "text",
        "created_at": "datetime",
        "updated_at": "datetime",
    }
    assert design.relations == {"partner": "partner"}
    assert "bounce_rate" in wb.catalog["analytics_session"].measures
    html = design._repr_mimebundle_()["text/html"]
    assert "<td>partner_id</td><td>integer</td>" in html
    assert "design" in dir(wb.catalog)
    assert not hasattr(wb.catalog, "nothing")


def test_operations_have_schemas_and_tell_their_options(wb):
    assert list(wb.operations) == list(wb.workbench.registry)
    listing = wb.operations["time_series"]
    assert listing.schema["required"] == ["entity", "aggregate"]
    (precision,) = [line for line in str(listing).splitlines() if line.startswith("precision")]
    assert "hour, day, week, month, quarter, year" in precision
    json.dumps(listing.schema)


def test_errors_are_one_readable_message_in_a_notebook(wb):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell()
    shell.user_ns["wb"] = wb
    with capture_output() as said:
        shell.run_cell("wb.panel('Visitorz')")
    shell.history_manager.end_session()
    assert said.stdout.strip().splitlines()[-1:] == [
        "UnknownNameError: No panel named 'Visitorz'. Did you mean 'Visitors'?"
    ]
    assert "Traceback" not in said.stdout
