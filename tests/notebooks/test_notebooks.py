"""The notebooks: each is its twin in Python, holds no outputs, and runs on demo data."""

from __future__ import annotations

import builtins
import contextlib
import io
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from stats_core.composition import open_workbench as compose
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.demo import load_demo
from workbench.notebook import wb
from workbench.notebook.shown import PLOTLY

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_S = 60  # for a notebook on a busy machine; benchmarks/notebooks.py says what it takes
ERROR = '<div class="wb-error"'
VIEW = "application/vnd.jupyter.widget-view+json"


def named(path):
    return path.stem


@pytest.fixture(scope="session")
def demo_of_today(sqlite_template, tmp_path_factory):
    """A small part of the demo data up to now, as notebooks ask their real clock."""
    file = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("today") / "workbench.db"))
    now = datetime.now(UTC)
    with compose(Settings(database_url=f"sqlite:///{file}", home=file.parent), clock=lambda: now) as workbench:
        load_demo(workbench.database, now=now, scale=0.05)
        seed(workbench.dashboards)
    return file


@pytest.fixture
def project(demo_of_today, tmp_path, monkeypatch):
    """A folder with demo data; notebooks run in a folder of it."""
    for name in ("WORKBENCH_DATABASE_URL", "WORKBENCH_HOME", "WORKBENCH_CONFIG", "ACCESS_LOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / ".workbench").mkdir()
    shutil.copy(demo_of_today, tmp_path / ".workbench" / "workbench.db")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def cells_of(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_there_are_six_and_each_has_a_twin():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_its_twin_without_outputs_and_without_magics(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert cells_of(notebook) == cells_of(jupytext.read(path.with_suffix(".py")))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)
    compile(path.with_suffix(".py").read_text(), path.stem, "exec")  # magics are no Python


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_runs_in_this_process(path, project, monkeypatch):
    """Fast, and without a kernel: the twin as a plain script, whose values still show themselves."""
    monkeypatch.chdir(project / "notebooks")
    shown = []
    space = {"__name__": "notebook"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in jupytext.read(path.with_suffix(".py")).cells:
                if cell.cell_type == "code":
                    value = run(cell.source, space)
                    shown += [value._repr_mimebundle_()] if hasattr(value, "_repr_mimebundle_") else []
    finally:
        wb.close()
    assert shown
    assert not [bundle for bundle in shown if ERROR in str((bundle or {}).get("text/html"))]


def run(source, space):
    """Run a cell; give the value of its last line, as notebooks do."""
    import ast

    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    builtins.exec(compile(tree, "cell", "exec"), space)
    return builtins.eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None


def test_the_last_notebook_runs_on_a_real_log(project, monkeypatch, shared_data):
    log = shared_data / "weblogs-elastic-apache" / "apache_access_2015-05-17_18.log.gz"
    monkeypatch.setenv("ACCESS_LOG", str(log))
    monkeypatch.chdir(project / "notebooks")
    space = {"__name__": "notebook"}
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            for cell in jupytext.read(NOTEBOOKS[-1].with_suffix(".py")).cells:
                if cell.cell_type == "code":
                    run(cell.source, space)
        assert "4,525 lines" in said.getvalue()
        assert space["days"] == {"from": "2015-05-17", "to": "2015-05-18"}
        names = [panel.name for panel in wb.dashboard("What people read")]
        assert names == ["About", "Pageviews by hour", "Pages by visitors", "Visits by source"]
        assert space["hours"].frame()["value"].sum() == space["report"].stored
    finally:
        wb.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_runs_in_a_kernel_within_its_time(path, project):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=MOST_S, kernel_name="python3", resources={"metadata": {"path": str(project / "notebooks")}}
    )
    began = time.perf_counter()
    client.execute()
    assert time.perf_counter() - began < MOST_S
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    formats = {name for output in outputs for name in output.get("data", {})}
    assert "text/html" in formats or PLOTLY in formats
    assert (VIEW in formats) == path.stem.startswith("02")
    assert not [output for output in outputs if ERROR in str(output.get("data", {}).get("text/html"))]
    nbformat.validate(notebook)
