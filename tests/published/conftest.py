"""Three shops as further sources, attached by TOML as a user would: Online Retail, Maven Fuzzy Factory, Northwind."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from stats_core.composition import Workbench, open_workbench
from stats_core.settings import Settings

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
# Column types as a shop's own database has them; prices are exact decimals, as money should be.
SQL_TYPES = {
    "int": "INTEGER",
    "money": "NUMERIC(14,4)",
    "fraction": "NUMERIC(6,4)",
    "text": "VARCHAR(255)",
    "time": "TIMESTAMP",
    "date": "DATE",
}


class Table(NamedTuple):
    """A table of a shop: its CSV in the shared data, and the columns to load with their kinds."""

    name: str
    path: str
    columns: dict[str, str]
    key: str = ""


TABLES = (
    Table(
        "invoice_line",
        "commerce-online-retail/online_retail_2010-12_to_2011-06.csv.gz",
        {
            "InvoiceNo": "text",
            "StockCode": "text",
            "Quantity": "int",
            "InvoiceDate": "time",
            "UnitPrice": "money",
            "CustomerID": "int",
            "Country": "text",
        },
    ),
    Table(
        "maven_order",
        "commerce-maven-fuzzy/orders.csv.gz",
        {
            "order_id": "int",
            "created_at": "time",
            "website_session_id": "int",
            "price_usd": "money",
            "cogs_usd": "money",
        },
        "order_id",
    ),
    Table(
        "maven_item",
        "commerce-maven-fuzzy/order_items.csv.gz",
        {"order_item_id": "int", "created_at": "time", "order_id": "int", "price_usd": "money", "cogs_usd": "money"},
        "order_item_id",
    ),
    Table(
        "nw_order",
        "commerce-northwind/orders.csv",
        {"order_id": "int", "customer_id": "text", "order_date": "date"},
        "order_id",
    ),
    Table(
        "nw_detail",
        "commerce-northwind/order_details.csv",
        {"order_id": "int", "product_id": "int", "unit_price": "money", "quantity": "int", "discount": "fraction"},
    ),
)
CONFIG = """
[sources.shops]
url = "{url}"
tables = ["invoice_line", "maven_order", "maven_item", "nw_order", "nw_detail"]
times = "local"

[sources.shops.entities.invoice_line]
date_field = "InvoiceDate"
fields.revenue = {{ expression = "Quantity * UnitPrice", unit = "GBP", definition = "Cancellations count negative." }}
measures.active_customers = "count_distinct(CustomerID)"

[sources.shops.entities.maven_order]
date_field = "created_at"
measures.revenue_per_order = {{ expression = "sum(price_usd) / count()", unit = "USD" }}

[sources.shops.entities.maven_item]
date_field = "created_at"
measures.margin = {{ expression = "sum(price_usd) - sum(cogs_usd)", unit = "USD", definition = "Price less cost." }}

[sources.shops.entities.nw_detail]
fields.revenue = "unit_price * quantity * (1 - discount)"
measures.discounts = "sum(unit_price * quantity) - sum(revenue)"
relations.order = {{ entity = "nw_order", field = "order_id", references = "order_id" }}
"""


def rows(file: Path, columns: dict[str, str]) -> Iterator[tuple[str | None, ...]]:
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield tuple(row[name] or None for name in columns)


def ddl(table: Table) -> str:
    columns = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in table.columns.items())
    return f'CREATE TABLE "{table.name}" ({columns}{f", PRIMARY KEY ({table.key})" if table.key else ""})'


def load_sqlite(data: Path, folder: Path, _url: str) -> str:
    file = folder / "shops.db"
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(ddl(table))
            holes = ", ".join("?" * len(table.columns))
            connection.exec_driver_sql(
                f'INSERT INTO "{table.name}" VALUES ({holes})', list(rows(data / table.path, table.columns))
            )
    engine.dispose()
    return f"sqlite:///{file}"


def load_postgresql(data: Path, _folder: Path, url: str) -> str:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        for table in TABLES:
            connection.execute(ddl(table))
            with connection.cursor().copy(f'COPY "{table.name}" FROM STDIN') as copy:
                for row in rows(data / table.path, table.columns):
                    copy.write_row(row)
    return url


def load_duckdb(data: Path, folder: Path, _url: str) -> str:
    file = folder / "shops.duckdb"
    with duckdb.connect(str(file)) as connection:
        for table in TABLES:
            connection.execute(ddl(table))
            chosen = ", ".join(f'"{name}"' for name in table.columns)
            connection.execute(
                f'INSERT INTO "{table.name}" SELECT {chosen} FROM read_csv(?, all_varchar = true, header = true)',
                [str(data / table.path)],
            )
    return f"duckdb:///{file}"


LOADERS: dict[str, Callable[[Path, Path, str], str]] = {
    "sqlite": load_sqlite,
    "postgresql": load_postgresql,
    "duckdb": load_duckdb,
}


@pytest.fixture(scope="module", params=list(LOADERS))
def shops(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workbench]:
    """A workbench on SQLite with the three shops attached on each engine."""
    folder = tmp_path_factory.mktemp(f"shops_{request.param}")
    with ExitStack() as opened:
        url = ""
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql")
            url = opened.enter_context(server.database(template="template1"))
        config = folder / "workbench.toml"
        config.write_text(CONFIG.format(url=LOADERS[request.param](shared_data, folder, url)))
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("WORKBENCH_CONFIG", str(config))
        settings = Settings.load(database_url=f"sqlite:///{folder}/workbench.db", home=folder / "home")
        yield opened.enter_context(open_workbench(settings, migrate=True, clock=lambda: NOW))
