"""What the documents say of server-side events works when it is typed in."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from ingest.visitors import visitor_hash

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def run(command, folder, environment):
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return answer


@pytest.fixture
def page(repository):
    return repository / "docs" / "server-side-events.md"


@pytest.fixture
def shell(tmp_path, repository, sqlite_template):
    """Runs a block of a document in a folder of its own, where `workbench` has a database with tables."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "workbench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workbench "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".workbench").mkdir()
    shutil.copy(sqlite_template, tmp_path / ".workbench" / "workbench.db")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**PLAIN, "PATH": path, "PYTHONPATH": str(repository)}
    return lambda *command: run(command, tmp_path, environment)


def test_the_example_of_a_shop_and_the_import(page, shell, tmp_path):
    prepare, ask = blocks(page, "sh")
    shop, _, earlier = blocks(page, "python")
    (tmp_path / "workbench.toml").write_text(blocks(page, "toml")[0])
    (tmp_path / "shop.py").write_text(shop)
    (tmp_path / "earlier.py").write_text(earlier)

    shell("bash", "-euo", "pipefail", "-c", prepare)
    log = shell(sys.executable, "-W", "error", "shop.py").stderr
    assert [
        json.loads(line)["event"] for line in re.findall(r"^INFO:workbench\.analytics:(.*)", log, re.MULTILINE)
    ] == [
        "order_placed",
        "payment_completed",
        "gift_wrapped",
    ]
    answer = shell("bash", "-euo", "pipefail", "-c", ask).stdout.splitlines()
    assert dict(list(csv.reader(answer))[1:]) == {"order_placed": "1", "payment_completed": "2", "gift_wrapped": "1"}

    shell(sys.executable, "-W", "error", "earlier.py")
    with closing(sqlite3.connect(tmp_path / ".workbench" / "workbench.db")) as connection:
        count = "SELECT event_name, count(*), count(DISTINCT visitor_id) FROM analytics_event GROUP BY event_name"
        assert connection.execute(count).fetchall() == [
            ("gift_wrapped", 1, 1),
            ("order_placed", 101, 100),
            ("payment_completed", 2, 1),
        ]


def test_the_lifespan_of_an_asyncio_shop_is_python(page):
    compile(blocks(page, "python")[1], "lifespan.py", "exec")


def test_adding_a_provider_takes_one_file_and_one_line(repository, tmp_path):
    """docs/adding-an-analytics-provider.md, followed to the letter in a copy of the packages."""
    page = repository / "docs" / "adding-an-analytics-provider.md"
    file, shop = blocks(page, "python")
    (diff,) = blocks(page, "diff")
    written, listed = re.findall(r"`(ingest/providers/\w+\.py)`", page.read_text())
    for package in ("stats_core", "ingest"):
        shutil.copytree(repository / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert not (tmp_path / written).exists()
    (tmp_path / written).write_text(file)
    (tmp_path / listed).write_text(patched((tmp_path / listed).read_text(), diff))
    (tmp_path / "shop.py").write_text(shop)
    environment = {**PLAIN, "PYTHONPATH": str(tmp_path), "WORKBENCH_SECRET_KEY": "key"}
    assert run([sys.executable, "-W", "error", "shop.py"], tmp_path, environment).stderr == ""
    line = json.loads((tmp_path / ".workbench" / "events.jsonl").read_text())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "event": "order_placed",
        "visitor": visitor_hash(b"key", "website_123", "customer_7"),
        "properties": {"order_id": 1042},
    }


def patched(text, diff):
    """The text with the added lines of a diff, each hunk where its other lines stand."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] == " ")
        assert text.count(before) == 1
        text = text.replace(before, "\n".join(line[1:] for line in lines))
    return text


def test_the_file_of_the_page_is_clean(repository):
    """What people copy passes the checks they will meet."""
    file = blocks(repository / "docs" / "adding-an-analytics-provider.md", "python")[0]
    for check in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        command = [sys.executable, "-m", "ruff", *check, "--stdin-filename", "ingest/providers/file.py", "-"]
        answer = subprocess.run(command, cwd=repository, input=file, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
