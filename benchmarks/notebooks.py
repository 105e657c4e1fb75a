"""How long notebooks take: the import of `workbench.notebook`, and each notebook in a kernel of its own.

    .venv/bin/python benchmarks/notebooks.py [--scale 1.0] [--rounds 5]

Over demo data in a folder of its own. The import is that of a new process, less that of an empty one; a notebook's time
includes starting its kernel. Aims: an import in 1.5 s, a notebook in 20 s.
"""

from __future__ import annotations

import sys

sys.path.append(sys.path.pop(0))  # this folder comes last: else `ingest` would be the benchmark of that name

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from stats_core.composition import open_workbench
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.demo import load_demo

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
IMPORTS = {
    "import": "from workbench.notebook import wb",
    "import and first number": "from workbench.notebook import wb; wb.panel('Total partners').value",
    "import and first frame": "from workbench.notebook import wb; wb.panel('Orders by status').frame()",
    "import and first figure": "from workbench.notebook import wb; wb.panel('Orders by status').figure()",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the demo data")
    parser.add_argument("--rounds", type=int, default=5, help="processes per import")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        fill(project, given.scale)
        empty = statistics.median(seconds("pass", project) for _ in range(given.rounds))
        for name, code in IMPORTS.items():
            took = statistics.median(seconds(code, project) for _ in range(given.rounds)) - empty
            print(f"{name:<40}{took:>7.2f} s")
        for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
            print(f"{notebook.stem:<40}{run(notebook, project):>7.2f} s")


def fill(project: Path, scale: float) -> None:
    """Demo data, and an empty folder for notebooks below it."""
    home = project / ".workbench"
    home.mkdir()
    (project / "notebooks").mkdir()
    now = datetime.now(UTC)
    with open_workbench(Settings(database_url=f"sqlite:///{home}/workbench.db", home=home), migrate=True) as workbench:
        load_demo(workbench.database, now=now, scale=scale)
        seed(workbench.dashboards)


def seconds(code: str, project: Path) -> float:
    """Of a new process."""
    environment = {**os.environ, "PYTHONPATH": str(NOTEBOOKS.parent)}
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=project, env=environment, check=True)
    return time.perf_counter() - began


def run(notebook: Path, project: Path) -> float:
    """Of a notebook with its kernel."""
    copy = Path(shutil.copy(notebook, project / "notebooks"))
    resources = {"metadata": {"path": str(copy.parent)}}
    client = NotebookClient(nbformat.read(copy, as_version=4), timeout=120, kernel_name="python3", resources=resources)
    began = time.perf_counter()
    client.execute()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
