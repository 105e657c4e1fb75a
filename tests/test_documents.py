"""What the documents tell a reader to type does what they say."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SHOP = """
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_date TEXT, ship_country TEXT, ship_address TEXT, status TEXT);
CREATE TABLE order_details (order_id INTEGER, unit_price NUMERIC, quantity INTEGER, discount NUMERIC);
CREATE TABLE products (product_id INTEGER PRIMARY KEY);
INSERT INTO orders VALUES (1, '1996-07-04', 'France', 'Rue 1', 'PAID'), (2, '1996-08-05', 'Brazil', 'Rua 2', 'PAID'),
    (3, '1996-08-06', 'Brazil', 'Rua 3', 'OPEN');
INSERT INTO order_details VALUES (1, 10, 2, 0), (2, 10, 1, 0.5), (3, 20, 1, 0.25);
"""


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.fixture
def shell(tmp_path, sqlite_template):
    """Runs a block of a document in an empty folder, where `workbench` has a database with tables."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "workbench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workbench "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".workbench").mkdir()
    (tmp_path / ".workbench" / "workbench.db").write_bytes(sqlite_template.read_bytes())
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    environment = {**plain, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def run(script):
        command = ["bash", "-euo", "pipefail", "-c", script]
        answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    return run


@pytest.fixture
def shop(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(SHOP)
        connection.commit()


def test_attaching_a_database(shell, shop, tmp_path):
    document = "docs/attaching-a-database.md"
    minimal, fuller = blocks(document, "toml")
    ask_and_check, by_month = blocks(document, "sh")

    (tmp_path / "workbench.toml").write_text(re.sub('url = ".*"', 'url = "sqlite:///shop.db"', minimal))
    assert [line.split() for line in shell(ask_and_check).splitlines()] == [
        ["ship_country", "value"],
        ["Brazil", "2"],
        ["France", "1"],
    ]

    (tmp_path / "workbench.toml").write_text(fuller)
    assert shell(by_month).splitlines() == [
        "date,value",
        *("1996-07-01,20.0", "1996-08-01,20.0", "1996-09-01,0", "1996-10-01,0", "1996-11-01,0", "1996-12-01,0"),
    ]
    ask = "workbench operation run aggregate_data - --csv"
    discounts = '{"entity": "order_details", "aggregate": {"measure": "discounts"}, "group_by": "order.ship_country"}'
    answer = shell(f"echo '{discounts}' | {ask}")
    assert answer.splitlines() == ["order.ship_country,value", "Brazil,10.0", "France,0.0"]


def test_importing_logs(shell, tmp_path):
    line = f'203.0.113.7 - - [17/May/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "{FIREFOX}"\n'
    (tmp_path / "access.log").write_text(line)
    (tmp_path / "access.log.1").write_text(line.replace("17/May", "16/May"))
    first, again = blocks("docs/importing-logs.md", "sh")
    shell("workbench seed")
    assert re.search(r"^stored +2$", shell(first), re.MULTILINE)
    answer = shell(again)
    assert re.search(r"^stored +0$", answer, re.MULTILINE)
    assert answer.splitlines()[-1].endswith("range=2026-05-16..2026-05-17")


def test_dashboards_as_files_and_from_python(shell, tmp_path):
    document = "docs/dashboards.md"
    files, _ = blocks(document, "sh")
    shell("workbench seed")
    assert "keep    Website Traffic" in shell(files)
    (tmp_path / "shop.yaml").write_text(blocks(document, "yaml")[0])
    assert shell("workbench dashboards import shop.yaml").endswith("  Shop\n")
    (tmp_path / "script.py").write_text(blocks(document, "python")[0])
    assert shell(f"'{sys.executable}' script.py") == "[]\n"


def test_the_readme_from_a_shell_and_from_python(shell, shop, tmp_path):
    minimal = blocks("README.md", "toml")[0]
    (tmp_path / "workbench.toml").write_text(re.sub('url = ".*"', 'url = "sqlite:///shop.db"', minimal))
    *_, ask = blocks("README.md", "sh")
    assert [line.split() for line in shell(ask).splitlines()] == [["status", "value"], ["PAID", "2"], ["OPEN", "1"]]
    (tmp_path / "script.py").write_text(blocks("README.md", "python")[0])
    assert "sales_order" in shell(f"'{sys.executable}' script.py")
