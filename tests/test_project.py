"""The project itself: what its documents promise exists, and nothing of one machine stands in it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench.cli.app import COMMANDS, GROUPS, build

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = {"help", "demo", "serve", "notebook", "check", "test", "test-slow", "bench", "tracker", "lock"}
CALLS = [*((c.name, c) for c in COMMANDS), *((f"{g} {c.name}", c) for g, (_, cs) in GROUPS.items() for c in cs)]
# With brackets in them, so that this file does not find itself.
FOREIGN = re.compile(r"p[y]pi[.]org|python[h]osted|npm[j]s[.](?:org|com)|deb[.]d[e]bian|/(?:r[o]ot|w[o]rk|h[o]me/\w+)/")
IGNORED = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()} | {".git"}


def project_files():
    """Every file that is not ignored, whether this copy is a git repository or not."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in IGNORED)]
        yield from (Path(folder, name) for name in files if not any(fnmatch(name, pattern) for pattern in IGNORED))


def test_no_registry_host_and_no_path_of_a_machine_stands_in_the_tree():
    found = {
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in project_files()
        for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if FOREIGN.search(line)
    }
    assert found == set()


def test_make_alone_lists_the_targets():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+) ", shown, re.MULTILINE)) == TARGETS


def test_make_without_a_suitable_python_says_what_is_missing():
    answer = subprocess.run(
        ["/usr/bin/make", "demo", "SHELL=/bin/sh", "CANDIDATES=no-such-python"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "No Python 3.11 or newer was found" in answer.stderr


def test_ci_runs_by_itself():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert [line for line in script.read_text().splitlines() if line.startswith("make ")] == [
        "make check",
        'make test 2>&1 | tee "$log"',
        'make test-slow 2>&1 | tee -a "$log"',
    ]


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_requirement_is_pinned_by_hash_and_comes_from_anywhere(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+", item) and "--hash=sha256:" in item for item in requirements)
    assert "://" not in text
    assert "index" not in text


def pins(name):
    return dict(
        re.findall(
            r"^([a-z0-9-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE
        )
    )


def test_the_demo_needs_neither_notebooks_nor_test_tools():
    assert {"jupyterlab", "pytest", "playwright", "chdb", "mypy", "ruff", "hypothesis"} & pins(
        "runtime"
    ).keys() == set()


def test_both_requirement_files_pin_the_same_versions():
    runtime, dev = pins("runtime"), pins("dev")
    assert runtime == {name: dev.get(name) for name in runtime}


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.match(r"[\w.-]+", item)[0].replace(".", "-").replace("_", "-").lower() for item in project["dependencies"]
    }
    assert wanted - pins("runtime").keys() == set()


def test_streamlits_settings_are_one_file():
    assert (ROOT / ".streamlit" / "config.toml").read_bytes() == (
        ROOT / "workbench" / "ui" / ".streamlit" / "config.toml"
    ).read_bytes()


@pytest.mark.parametrize(("call", "command"), CALLS, ids=[call for call, _ in CALLS])
def test_every_command_explains_itself_with_an_example(call, command):
    shown = CliRunner().invoke(build(), [*call.split(), "--help"], env={"COLUMNS": "300"})
    assert shown.exit_code == 0
    assert f"Example: {command.example}" in re.sub(r"\s+", " ", shown.output)
    assert f"workbench {call}" in command.example
    assert "--database" in shown.output


def code_of(text):
    """What stands in shell blocks and between backticks."""
    return "\n".join([*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_commands_targets_and_files_that_exist(document):
    text = document.read_text()
    words = {name for call, _ in CALLS for name in (call, call.split()[0])}
    called = {call.strip() for call in re.findall(r"\bworkbench ([a-z][a-z-]*)", code_of(text))}
    assert called - words == set()
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code_of(text))) - TARGETS == set()
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in linked if not (document.parent / target).exists()] == []


def test_building_the_commands_imports_nothing_heavy():
    script = "import sys, workbench.cli.app as app; app.build(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {"streamlit", "pandas", "sqlalchemy", "duckdb", "plotly", "uvicorn"} & set(modules) == set()


def test_the_wheel_holds_every_file_of_the_packages(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {str(file.relative_to(ROOT)) for file in project_files()}
    assert held == {name for name in ours if name.startswith(("stats_core/", "ingest/", "workbench/"))}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """`requirements/install.py`, for a project in a folder of its own."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "requirements" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    for name in ("requirements/runtime.txt", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    return module


def test_an_installation_is_done_again_when_pins_project_or_folder_change(install, tmp_path, monkeypatch):
    def install_it():
        install.stamp("runtime").write_text(install.fingerprint("runtime"))

    assert not install.is_installed("runtime")
    install_it()
    assert install.is_installed("runtime")
    (tmp_path / "requirements" / "dev.txt").write_text("changed")
    assert install.is_installed("runtime")
    for name in ("requirements/runtime.txt", "pyproject.toml"):
        (tmp_path / name).write_text("changed")
        assert not install.is_installed("runtime")
        install_it()
    monkeypatch.setattr(install, "ROOT", tmp_path / "moved")
    (tmp_path / "moved").mkdir()
    for name in ("requirements", "pyproject.toml"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert not install.is_installed("runtime")


def test_what_is_installed_for_tests_serves_the_demo_too(install, monkeypatch):
    monkeypatch.setattr(install, "create_venv", lambda: pytest.fail("there was nothing to do"))
    install.stamp("dev").write_text(install.fingerprint("dev"))
    install.main("runtime")
    assert not install.is_installed("runtime")


def test_installing_shows_that_it_goes_on(install, capsys):
    names = [f"Collecting package-{number} (from -r requirements/runtime.txt)\n" for number in range(40)]
    lines = [*names, "Installing collected packages: a, b, c\n", "Successfully installed\n"]
    assert list(install.shown(iter(lines), 40)) == lines
    assert capsys.readouterr().out == (
        "  15 of 40 packages: package-14\n  30 of 40 packages: package-29\n  unpacking 3, which can take a minute\n"
    )


def test_an_installation_that_fails_shows_pips_own_words(install, monkeypatch):
    script = "print('Collecting nothing'); print('ERROR: no such package'); raise SystemExit(1)"
    monkeypatch.setattr(install, "PIP", (sys.executable, "-c", script))
    with pytest.raises(SystemExit, match="ERROR: no such package"):
        install.run_pip(total=1)
