"""Commands through their real entry point, in this process."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import pytest

from workbench.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def workbench(capsys, monkeypatch, tmp_path):
    """`workbench("website", "list", "--database", url)`, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("WORKBENCH_DATABASE_URL", "WORKBENCH_CONFIG", "WORKBENCH_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        code = ended.value.code
        out, err = capsys.readouterr()
        return Answer(code if isinstance(code, int) else 0, out, err)

    return run
