# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Your own database as a source
#
# The workbench asks your database where it is: nothing is copied, and nothing is written to it. You name the tables that
# may be read; nothing else of it can be.
#
# This notebook makes a small shop in SQLite. Put the address of your own there: PostgreSQL, ClickHouse and DuckDB work the
# same.

# %%
import random
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp

folder = Path(mkdtemp(prefix="shop-"))
drawn = random.Random(5)
with closing(sqlite3.connect(folder / "shop.db")) as shop:
    shop.executescript("""
        CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT, email TEXT);
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), ordered_on DATE,
            quantity INTEGER, unit_price NUMERIC, discount NUMERIC
        );
    """)
    cities = ["Lisbon", "Porto", "Braga", "Faro"]
    shop.executemany(
        "INSERT INTO customers VALUES (?, ?, ?)",
        [(number, drawn.choices(cities, (5, 3, 2, 1))[0], f"c{number}@example.com") for number in range(1, 81)],
    )
    shop.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                drawn.randint(1, 80),
                (date(2026, 1, 1) + timedelta(days=drawn.randint(0, 180))).isoformat(),
                drawn.randint(1, 4),
                drawn.choice([9.5, 14.0, 24.0, 39.0]),
                drawn.choice([0, 0, 0, 0.1, 0.25]),
            )
            for number in range(1, 1201)
        ],
    )
    shop.commit()

# %% [markdown]
# ## Attach it
#
# What you write here can stand in `workbench.toml` just as well; then `wb` has it, and the app, and the API.
#
# - `tables` is the list of what may be read.
# - `hidden` columns nobody can read: not in rows, not in filters, not in formulas.
# - `fields` and `measures` are your definitions. They are written once, so everybody counts revenue the same way.

# %%
from workbench.notebook import open_workbench

sources = {
    "shop": {
        "url": f"sqlite:///{folder / 'shop.db'}",
        "tables": ["customers", "orders"],
        "entities": {
            "customers": {"hidden": ["email"]},
            "orders": {
                "label": "Shop orders",
                "date_field": "ordered_on",
                "fields": {
                    "revenue": {"expression": "quantity * unit_price * (1 - discount)", "unit": "EUR"},
                },
                "measures": {
                    "revenue_per_order": {
                        "expression": "sum(revenue) / count()",
                        "unit": "EUR",
                        "definition": "Revenue after discounts, divided by the number of orders.",
                    },
                },
            },
        },
    },
}
wb = open_workbench(f"sqlite:///{folder / 'workbench.db'}", migrate=True, sources=sources)
wb.catalog.orders

# %% [markdown]
# The e-mail addresses are not there:

# %%
wb.catalog.customers

# %% [markdown]
# ## Ask it
#
# The foreign key was found, so a customer's city is one dot away:

# %%
(
    wb.draft("bar", "Revenue by city")
    .aggregate("orders", fn="sum", field="revenue", group_by="customer.city")
    .shown(format="integer", suffix=" €")
)

# %%
monthly = wb.draft("line", "Revenue per order").series("orders", measure="revenue_per_order", precision="month")
monthly.shown(format="number", decimals=2, suffix=" €")

# %%
monthly.frame()

# %% [markdown]
# The statement ran in the shop's own database:

# %%
monthly.explain()

# %% [markdown]
# ## Check it by hand
#
# Do not believe a number that you cannot count yourself:

# %%
total = wb.draft("metric").aggregate("orders", fn="sum", field="revenue").value
with closing(sqlite3.connect(folder / "shop.db")) as shop:
    (by_hand,) = shop.execute("SELECT sum(quantity * unit_price * (1 - discount)) FROM orders").fetchone()
assert abs(total - by_hand) < 0.01
total

# %%
wb.close()

# %% [markdown]
# Next: [from a question to a dashboard, on a real log](06_from_a_question_to_a_dashboard.ipynb).
