"""Every operation is described, its page gives real answers, and adding one is as easy as the docs say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from stats_core.composition import open_workbench
from stats_core.database import Database
from stats_core.models import AnalyticsEvent, Customer, Merchant, Product, SalesOrder, SalesOrderLine, Store, Website
from stats_core.operations.data import DATA_OPERATIONS
from stats_core.operations.product_analytics import FigureSort
from stats_core.operations.read_data import Sort
from stats_core.operations.registry import Operation, Options, Result
from stats_core.panels.operations import OPERATIONS
from stats_core.panels.resolver import Resolver
from stats_core.settings import Settings

PRODUCTS = {1: ("Kettle", 4900), 2: ("Teapot", 3500), 3: ("Cup", 900)}
ORDERS = [
    ("PAID", 1, "2026-06-12T09:00Z", {1: 1, 3: 2}),
    ("SHIPPED", None, "2026-06-13T22:30Z", {3: 6}),
    ("CANCELLED", 2, "2026-06-14T10:00Z", {2: 1}),
    ("COMPLETE", 1, "2026-06-15T08:00Z", {2: 1}),
]
EVENTS = [
    ("ada", "product_viewed", 1, "2026-06-12T08:40Z"),
    ("ada", "product_viewed", 3, "2026-06-12T08:45Z"),
    ("ada", "cart_updated", 1, "2026-06-12T08:50Z"),
    ("ada", "checkout_started", 1, "2026-06-12T08:55Z"),
    ("ada", "payment_completed", 1, "2026-06-12T09:00Z"),
    ("ben", "product_viewed", 1, "2026-06-13T12:00Z"),
    ("ben", "product_viewed", 1, "2026-06-13T12:10Z"),
    ("eve", "product_viewed", 1, "2026-06-14T12:00Z"),
    ("eve", "product_viewed", 3, "2026-06-14T22:10Z"),
    ("eve", "cart_updated", 3, "2026-06-14T22:15Z"),
]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def rows_of_options(options: type[Options]) -> Iterator[str]:
    """The rows of a page's table of options."""
    for name, field in options.model_fields.items():
        default = "needed" if field.is_required() else "" if field.default is None else f"`{json.dumps(field.default)}`"
        yield f"| `{field.serialization_alias or name}` | {default} | {field.description} |"


def faults(operation: Operation[Any], folder: Path) -> list[str]:
    """What is missing for somebody who meets the operation for the first time."""
    page = folder / f"{operation.type}.md"
    words = page.read_text() if page.exists() else ""
    found = {
        "title": operation.title,
        "description": operation.description,
        "category": operation.category,
        "docstring of its options": operation.options.__doc__,
        **{f"description of {name}": field.description for name, field in operation.options.model_fields.items()},
        f"docs page {page.name}": words,
        "example in its page": "```json" in words,
        **{f"row {row} in its page": row in words for row in rows_of_options(operation.options)},
        "line in the overview": f"[`{operation.type}`]({page.name})" in (folder / "README.md").read_text(),
    }
    return [what for what, is_there in found.items() if not is_there]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.type)
def test_every_operation_is_described_and_has_its_page(operation, repository):
    assert faults(operation, repository / "docs" / "operations") == []


def test_the_registry_has_the_data_operations_of_the_specification():
    assert [operation.type for operation in DATA_OPERATIONS] == [
        "read_data",
        "aggregate_data",
        "time_series",
        "aggregate_product_analytics",
    ]
    assert {operation.category for operation in DATA_OPERATIONS} == {"data"}
    assert [operation for operation in OPERATIONS if operation in DATA_OPERATIONS] == list(DATA_OPERATIONS)


def test_an_operation_that_is_not_described_is_found_out(repository):
    class Bare(Options):
        entity: str
        limit: int = Field(5, description="Rows.")

    bare = Operation(
        type="bare", title="", description="Something.", options=Bare, execute=lambda _o, _c: Result(row_count=0)
    )
    assert faults(bare, repository / "docs" / "operations") == [
        "title",
        "docstring of its options",
        "description of entity",
        "docs page bare.md",
        "example in its page",
        "row | `entity` | needed | None | in its page",
        "row | `limit` | `5` | Rows. | in its page",
        "line in the overview",
    ]


@pytest.mark.parametrize(("page", "options"), [("read_data", Sort), ("aggregate_product_analytics", FigureSort)])
def test_pages_say_how_to_sort(repository, page, options):
    words = (repository / "docs" / "operations" / f"{page}.md").read_text()
    assert [row for row in rows_of_options(options) if row not in words] == []


@pytest.fixture
def shop(database: Database, clock: Any) -> Iterator[Resolver]:
    """The small shop of the examples, in Berlin."""
    with database.write() as session:
        session.add(Merchant(id=1, name="Tea & Co", timezone="Europe/Berlin", currency="EUR"))
        session.flush()
        session.add(Store(id=1, merchant_id=1, name="Tea shop", currency="EUR"))
        session.flush()
        session.add(Website(id="site_tea", name="Tea", domain="tea.example", timezone="Europe/Berlin", store_id=1))
        session.add_all(Customer(id=number, store_id=1, name=name) for number, name in ((1, "Ada"), (2, "Grete")))
        session.add_all(
            Product(id=number, store_id=1, name=name, sku=name, unit_price_cents=price)
            for number, (name, price) in PRODUCTS.items()
        )
        session.flush()
        for number, (status, customer, at, pieces) in enumerate(ORDERS, 1):
            lines = [
                SalesOrderLine(
                    product_id=product, product_name=PRODUCTS[product][0], sku="", quantity=quantity,
                    unit_price_cents=PRODUCTS[product][1],
                )
                for product, quantity in pieces.items()
            ]  # fmt: skip
            total = sum(line.quantity * line.unit_price_cents for line in lines)
            session.add(
                SalesOrder(
                    id=number, store_id=1, status=status, customer_id=customer, customer_name="", total_cents=total,
                    currency="EUR", created_at=datetime.fromisoformat(at), lines=lines,
                )
            )  # fmt: skip
        session.add_all(
            AnalyticsEvent(
                website_id="site_tea", event_type="custom_event", event_name=name, pathname="/", visitor_id=visitor,
                session_id=visitor, metadata_={"product_id": product}, timestamp=datetime.fromisoformat(at),
                event_id=str(number),
            )
            for number, (visitor, name, product, at) in enumerate(EVENTS)
        )  # fmt: skip
    with open_workbench(Settings(database_url=database.url), clock=clock) as workbench:
        yield workbench.resolver


@pytest.mark.parametrize("operation", DATA_OPERATIONS, ids=lambda operation: operation.type)
def test_the_examples_of_the_pages_have_these_answers(shop, operation, repository):
    examples = [
        json.loads(block) for block in blocks(repository / "docs" / "operations" / f"{operation.type}.md", "json")
    ]
    calls, answers = examples[::2], examples[1::2]
    assert len(calls) == len(answers) > 0
    assert [shop.run(operation.type, call).data for call in calls] == answers


def patched(text: str, diff: str) -> str:
    """The text with the added lines of a diff, each hunk where its other lines stand."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] == " ")
        assert text.count(before) == 1
        text = text.replace(before, "\n".join(line[1:] for line in lines))
    return text


def test_adding_an_operation_takes_one_file_and_one_line(sqlite_database, repository, tmp_path):
    """docs/adding-an-operation.md, followed to the letter in a copy of the package."""
    page = repository / "docs" / "adding-an-operation.md"
    file, panel = blocks(page, "python")
    (diff,) = blocks(page, "diff")
    written, listed = re.findall(r"`(stats_core/operations/\w+\.py)`", page.read_text())
    copy = tmp_path / "copy"
    shutil.copytree(repository / "stats_core", copy / "stats_core", ignore=shutil.ignore_patterns("__pycache__"))
    assert not (copy / written).exists()
    (copy / written).write_text(file)
    (copy / listed).write_text(patched((copy / listed).read_text(), diff))
    (copy / "panel.py").write_text(panel)
    with sqlite_database.write() as session:
        session.add(Merchant(id=1, name="Merchant"))
        session.flush()
        session.add(Store(id=1, merchant_id=1, name="Store"))
        session.flush()
        session.add_all(
            SalesOrder(store_id=1, status=status, customer_name="", total_cents=1)
            for status in ("PAID", "PAID", "PENDING", "PAID")
        )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    environment = {**plain, "PYTHONPATH": str(copy), "WORKBENCH_DATABASE_URL": sqlite_database.url}
    command = [sys.executable, "-W", "error", "panel.py"]
    answer = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    assert answer.stdout == "{'row_count': 4, 'truncated': False, 'value': 0.75} ratio\n"


def test_the_file_of_the_page_is_clean(repository):
    """What people copy passes the checks they will meet."""
    file = blocks(repository / "docs" / "adding-an-operation.md", "python")[0]
    for check in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *check,
            "--stdin-filename",
            "stats_core/operations/share_of_rows.py",
            "-",
        ]
        answer = subprocess.run(command, cwd=repository, input=file, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
