"""Make `.venv` hold exactly what a requirements file pins, and the project itself. Needs Python 3.11+ and nothing else.

    python requirements/install.py runtime      what `make demo` and `make serve` need
    python requirements/install.py dev          that, and what tests, checks and benchmarks need

A stamp in `.venv` remembers what was installed, so that the second run only compares a hash.
"""

import hashlib
import re
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--no-input", "--progress-bar", "off")
SATISFIED_BY = {"runtime": ("runtime", "dev"), "dev": ("dev",)}  # dev holds all of runtime
CLEAR_LINE = "\r\x1b[K"
TAIL = 30  # lines of pip's output shown when it fails
STEP = 15  # packages per printed line where there is no terminal to redraw


def main(kind: str) -> None:
    """Install `kind`, unless the stamps say that it stands already."""
    if any(is_installed(candidate) for candidate in SATISFIED_BY[kind]):
        return
    requirements = requirements_of(kind)
    print(f"Installing {requirements.relative_to(ROOT)} into .venv with Python {sys.version.split()[0]}", flush=True)
    if not is_ours():
        create_venv()
    packages = len(re.findall("^[^ ]+==", requirements.read_text(), re.MULTILINE))
    run_pip("--require-hashes", "-r", str(requirements), total=packages)
    run_pip("--no-deps", "--no-build-isolation", "-e", str(ROOT), total=1)
    stamp(kind).write_text(fingerprint(kind))
    print("Installed.", flush=True)


def requirements_of(kind: str) -> Path:
    """The pinned requirements of `kind`."""
    return ROOT / "requirements" / f"{kind}.txt"


def stamp(kind: str) -> Path:
    """The file that says what of `kind` was installed."""
    return VENV / f"installed-{kind}"


def fingerprint(kind: str) -> str:
    """The folder, then a hash that changes with the pins and the project's own definition."""
    content = requirements_of(kind).read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return f"{ROOT}\n{hashlib.sha256(content).hexdigest()}\n"


def is_installed(kind: str) -> bool:
    """Whether `.venv` holds `kind` as it is pinned now."""
    return PYTHON.exists() and stamp(kind).exists() and stamp(kind).read_text() == fingerprint(kind)


def is_ours() -> bool:
    """Whether there is a `.venv` with a Python that runs, made in this very folder: its scripts hold absolute paths."""
    activate = VENV / "bin" / "activate"
    if not (PYTHON.exists() and activate.exists() and str(VENV) in activate.read_text()):
        return False
    return subprocess.run((str(PYTHON), "-m", "pip", "--version"), capture_output=True, check=False).returncode == 0


def create_venv() -> None:
    """A fresh `.venv` with pip in it."""
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError:  # Debian and Ubuntu ship Python without ensurepip
        sys.exit("This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv")


def run_pip(*arguments: str, total: int) -> None:
    """`pip install`, with one line of progress instead of its hundreds; its last lines where it fails."""
    with subprocess.Popen(
        (*PIP, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as pip:
        assert pip.stdout is not None
        lines = list(shown(pip.stdout, total))
    if pip.returncode:
        sys.exit(
            "".join(
                ["\n", *lines[-TAIL:], "\nThe installation failed; the lines above are pip's. Run make again to go on."]
            )
        )


def shown(lines: Iterable[str], total: int) -> Iterator[str]:
    """The same lines; progress is shown as they pass."""
    count = 0
    for line in lines:
        yield line
        if package := re.match(r"(?:Collecting|Requirement already satisfied:) ([^ ]+)", line):
            count += 1
            progress(f"{count} of {total} packages: {package[1]}", milestone=count % STEP == 0)
        elif line.startswith("Installing collected packages:") and "," in line:
            progress(f"unpacking {line.count(',') + 1}, which can take a minute", milestone=True)
    if sys.stdout.isatty():
        print(end=CLEAR_LINE, flush=True)


def progress(text: str, *, milestone: bool) -> None:
    """Redraw the line on a terminal; elsewhere print milestones only."""
    if sys.stdout.isatty():
        print(f"{CLEAR_LINE}  {text}", end="", flush=True)
    elif milestone:
        print(f"  {text}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["runtime" | "dev" as wished]:
            main(wished)
        case _:
            sys.exit(__doc__)
