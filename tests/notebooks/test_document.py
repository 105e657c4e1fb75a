"""The examples of docs/notebooks.md, one after the other."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

from workbench.notebook import Session, wb
from workbench.notebook.draft import Draft
from workbench.notebook.panel import Panel

DOCUMENT = Path(__file__).parents[2] / "docs" / "notebooks.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


def test_every_example_runs_and_shows_what_it_says(demo_template, tmp_path, monkeypatch, capsys):
    for name in ("WORKBENCH_DATABASE_URL", "WORKBENCH_HOME", "WORKBENCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".workbench").mkdir()
    shutil.copy(demo_template, tmp_path / ".workbench" / "workbench.db")
    monkeypatch.chdir(tmp_path)
    space = {}
    try:
        for block in blocks("python"):
            for statement in ast.parse(block).body:
                if isinstance(statement, ast.Expr):
                    value = eval(ast.unparse(statement), space)
                    assert "text/html" not in (shown(value)) or '<div class="wb-error"' not in shown(value)["text/html"]
                else:
                    exec(ast.unparse(statement), space)
        assert space["builder"].panel.spec.operation_type == "aggregate_data"
        assert [panel.name for panel in wb.dashboard("My dashboard")] == ["Designs by partner"]
    finally:
        wb.close()
    assert capsys.readouterr().out.splitlines()[1] == "My dashboard"


def shown(value):
    show = getattr(value, "_repr_mimebundle_", None)
    return (show() if show else None) or {}


def test_every_step_and_property_it_names_is_there():
    properties, steps = (
        re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for table in DOCUMENT.read_text().split("| step |")
    )
    for name in re.findall(r"`\.(\w+)", " ".join(properties)):
        assert hasattr(Panel, name)
    for name in re.findall(r"`(\w+)`", " ".join(steps)):
        assert hasattr(Draft, name)
    assert hasattr(Session, "builder")
