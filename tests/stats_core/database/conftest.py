"""Programs that run side by side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def run_together(repository: Path) -> Callable[..., list[str]]:
    """Start a program so many times, let all go at once, and return what each printed."""

    def run(program: str, *arguments: object, processes: int = 4) -> list[str]:
        command = [sys.executable, str(PROGRAMS / program), *map(str, arguments)]
        started = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(repository)}
            )
            for _ in range(processes)
        ]
        assert [process.stdout.readline() for process in started] == ["ready\n"] * processes
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = [process.communicate(timeout=120)[0].strip() for process in started]
        assert [process.returncode for process in started] == [0] * processes
        return printed

    return run
