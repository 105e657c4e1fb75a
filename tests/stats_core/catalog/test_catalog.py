"""Building the catalog from settings: which tables become entities, how they relate, and what is said of a fault."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from stats_core.catalog.catalog import build_catalog
from stats_core.catalog.entity import Measure, Relation
from stats_core.errors import Problem, SourceUnavailableError, UnknownNameError
from stats_core.settings import Settings, SourceSettings

TABLES = {
    "customer": "id INTEGER PRIMARY KEY, name VARCHAR(20)",
    "item": 'id INTEGER PRIMARY KEY, "CustomerId" INTEGER REFERENCES customer (id), day DATE, quantity INTEGER, '
    "price NUMERIC(9, 2)",
    "secret": "id INTEGER PRIMARY KEY",
}


def make(shop, **tables: str) -> None:
    for name, columns in (tables or TABLES).items():
        shop.run(f"CREATE TABLE {name} ({declared(shop.dialect, columns)})")


def declared(dialect: str, columns: str) -> str:
    """The columns as the engine writes them."""
    if dialect != "clickhousedb":
        return columns
    for ours, theirs in (
        (" PRIMARY KEY", ""),
        (" REFERENCES customer (id)", ""),
        ('"', ""),
        ("VARCHAR(20)", "String"),
        ("NUMERIC(9, 2)", "Decimal(9, 2)"),
    ):
        columns = columns.replace(ours, theirs)
    return f"{columns}) ENGINE = MergeTree ORDER BY (id"


def test_tables_of_the_allow_list_become_entities_and_no_others(shop, attach):
    make(shop)
    catalog = attach(shop.url, "item")
    assert catalog.problems() == ()
    assert {name for name, entity in catalog.entities.items() if entity.source == "shop"} == {"item"}
    assert dict(catalog.entity("item").relations) == {}  # `customer` is not on the list
    with pytest.raises(UnknownNameError, match="No entity named 'secret'"):
        catalog.entity("secret")


@pytest.fixture
def renamed(shop, attach):
    """The shop's tables, where `customer` goes by another name since the workbench has one."""
    make(shop)
    buyer = {
        "table": "customer",
        "label": "Buyers",
        "description": "Who buys.",
        "hidden": ["name"],
        "primary_key": ["id"],
    }
    item = {
        "fields": {
            "revenue": {
                "expression": "quantity * price",
                "unit": "GBP",
                "definition": "What it earned.",
                "label": "Income",
            }
        },
        "measures": {
            "revenue": "sum(revenue)",
            "average_price": {"expression": "sum(revenue) / sum(quantity)", "unit": "GBP"},
        },
        "units": {"quantity": "pieces"},
    }
    if shop.dialect == "clickhousedb":  # which knows no foreign keys
        item["relations"] = {"Customer": {"entity": "buyer", "field": "CustomerId", "references": "id"}}
    return attach(shop.url, "customer", "item", entities={"buyer": buyer, "item": item})


def test_settings_say_what_a_table_is_called_and_which_columns_nobody_reads(renamed):
    buyer = renamed.entity("buyer")
    assert (buyer.table.name, buyer.label, buyer.description, list(buyer.fields), buyer.primary_key) == (
        "customer", "Buyers", "Who buys.", ["id"], ("id",),
    )  # fmt: skip


def test_columns_relations_formulas_and_the_only_date_are_found(renamed):
    item = renamed.entity("item")
    assert [(field.name, field.type.value, field.unit, field.label) for field in item.fields.values()] == [
        ("id", "integer", None, "Id"),
        ("CustomerId", "integer", None, "CustomerId"),
        ("day", "date", None, "Day"),
        ("quantity", "integer", "pieces", "Quantity"),
        ("price", "number", None, "Price"),
        ("revenue", "number", "GBP", "Income"),
    ]
    assert dict(item.relations) == {"Customer": Relation("Customer", "CustomerId", "buyer", "id")}
    assert item.date_field == "day"
    assert item.fields["revenue"].definition == "What it earned."
    revenue, average = item.measures.values()
    assert revenue == Measure(
        "revenue", revenue.expression, "Revenue", None, "revenue = sum(revenue)", "sum", item.fields["revenue"].type
    )
    assert (average.unit, average.additivity) == ("GBP", "none")


def test_an_entity_of_ours_wins_over_one_of_the_same_name(shop, attach, ask):
    make(shop)
    catalog = attach(shop.url, "customer", "item")
    assert catalog.entity("customer").source == "workbench"
    assert dict(catalog.entity("item").relations) == {}  # a relation must not lead to our customers
    settings = Settings(
        sources={name: SourceSettings(url=shop.url, tables=("customer", "item")) for name in ("one", "two")}
    )
    both = build_catalog(settings, catalog.source("workbench")._database)
    hint = 'Give it another: [sources.{}.entities.NAME] table = "{}".'
    ours = "The table 'customer' is left out: the workbench itself has an entity of this name."
    first = "The table 'item' is left out: the source 'one' has an entity of this name."
    assert both.problems() == (
        Problem("sources.one.entities.customer", ours, hint.format("one", "customer")),
        Problem("sources.two.entities.customer", ours, hint.format("two", "customer")),
        Problem("sources.two.entities.item", first, hint.format("two", "item")),
    )
    both.close()


FAULTS = {
    "a missing table": ({"table": "itme"}, "", "The database has no table or view 'itme'.", "Did you mean 'item'?"),
    "a field that is unknown": (
        {"fields": {"total": "quantity * prize"}}, "fields", "No field named 'prize', at character 12.",
        "Did you mean 'price'?",
    ),
    "a formula that is none": (
        {"fields": {"total": "quantity *"}}, "fields.total", "The formula cannot be read: invalid syntax.",
        "Field names, numbers, + - * / and brackets are read; names with blanks stand in backticks.",
    ),
    "a circle": (
        {"fields": {"a": "b + 1", "b": "a + 1"}}, "fields", "Computed fields lead in a circle: a -> b -> a.",
        "Write one of them over columns only.",
    ),
    "a formula named like a column": (
        {"fields": {"price": "quantity * 2"}}, "fields.price", "The field 'price' is a column already.",
        "Give the formula another name.",
    ),
    "a measure of a text": (
        {"measures": {"x": "sum(day)"}}, "measures.x", "sum() at character 1 wants a number, and 'day' is date.",
        "count_distinct, min and max work on any field.",
    ),
    "a hidden column in a formula": (
        {"hidden": ["price"], "measures": {"x": "sum(price)"}}, "measures.x",
        "'price' is hidden, and formulas cannot read it.",
        "Whoever reads the formula's value would read it too: take it off `hidden`, or calculate in a view.",
    ),
    "a hidden column misspelt": ({"hidden": ["prise"]}, "hidden", "No column named 'prise'.", "Did you mean 'price'?"),
    "a unit of nothing": ({"units": {"prise": "GBP"}}, "units", "No column named 'prise'.", "Did you mean 'price'?"),
    "a type of nothing": ({"types": {"dya": "date"}}, "types", "No column named 'dya'.", "Did you mean 'day'?"),
    "a date field that is none": (
        {"date_field": "price"}, "date_field", "'price' is number and no date or time.", "",
    ),
    "a date field that is unknown": (
        {"date_field": "dya"}, "date_field", "No field of item named 'dya'.", "Did you mean 'day'?",
    ),
    "a relation to nothing": (
        {"relations": {"buyer": {"entity": "costumer", "field": "CustomerId"}}}, "relations.buyer.entity",
        "No entity of shop named 'costumer'.", None,
    ),
    "a relation from nothing": (
        {"relations": {"buyer": {"entity": "person", "field": "customerid"}}}, "relations.buyer.field",
        "No column of item named 'customerid'.", "Did you mean 'CustomerId'?",
    ),
    "a relation to a column that is none": (
        {"relations": {"buyer": {"entity": "person", "field": "CustomerId", "references": "nr"}}},
        "relations.buyer.references",
        "No column of customer named 'nr'.", "Known: id, name.",
    ),
    "a way to the owner that leads nowhere": (
        {"scope": {"merchant": "owner.id"}}, "scope.merchant", "No relation of item named 'owner'.", None,
    ),
    "a way to an owner that is no column": (
        {"scope": {"store": "shop_id"}}, "scope.store", "No column of item named 'shop_id'.", None,
    ),
    "a way over an entity that is off": (
        {"scope": {"merchant": "off.id"}, "relations": {"off": {"entity": "broken", "field": "CustomerId"}}},
        "scope.merchant",
        "The way to its merchant leads over 'broken', which cannot be queried.", "See what is wrong there.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "path", "message", "hint"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_fault_disables_its_entity_with_the_reason_and_no_other(
    sqlite_shop, attach, ask, settings, path, message, hint
):
    make(sqlite_shop)
    catalog = attach(
        sqlite_shop.url,
        *("customer", "item", "secret", "itme"),
        entities={
            "item": settings,
            "person": {"table": "customer"},
            "broken": {"table": "secret", "hidden": ["nothing"]},
        },
    )
    (problem, *_) = [found for found in catalog.problems() if found.path.startswith("sources.shop.entities.item")]
    assert (problem.path, problem.message) == (".".join(filter(None, ("sources.shop.entities.item", path))), message)
    if hint is not None:
        assert problem.hint == hint
    with pytest.raises(SourceUnavailableError) as caught:
        catalog.entity("item", path="entity")
    assert caught.value.message == f"The entity 'item' cannot be queried. {message}"
    assert ask(catalog, "shop", select(func.count()).select_from(catalog.entity("person").table)).rows == [(0,)]


def test_a_table_that_is_not_on_the_list_cannot_be_named_by_an_entity(sqlite_shop, attach):
    make(sqlite_shop)
    catalog = attach(sqlite_shop.url, "item", entities={"hidden_one": {"table": "secret"}})
    assert catalog.problems() == (
        Problem(
            "sources.shop.entities.hidden_one",
            "'secret' is not in the list of tables that may be read.",
            "Add it to sources.shop.tables, or name the table it is over: table = …",
        ),
    )
    assert "hidden_one" not in catalog.entities


def test_two_tables_of_one_name_need_another_for_one_of_them(sqlite_shop, attach):
    make(sqlite_shop)
    catalog = attach(sqlite_shop.url, "item", "secret", entities={"item": {"table": "secret"}})
    assert catalog.entity("item").table.name == "secret"
    assert catalog.problems() == (
        Problem(
            "sources.shop.entities.item",
            "The table 'item' is left out: the source 'shop' has an entity of this name.",
            'Give it another: [sources.shop.entities.NAME] table = "item".',
        ),
    )


def test_views_and_odd_names_are_entities_too(shop, attach, ask):
    quote = "`" if shop.dialect == "clickhousedb" else '"'
    name, column = f"{quote}Order Details{quote}", f"{quote}Unit %Price (net){quote}"
    make(shop, **{name: f"id INTEGER, {column} NUMERIC(9, 2), {quote}select{quote} INTEGER"})
    shop.run(f"INSERT INTO {name} VALUES (1, 2.5, 3)", f"CREATE VIEW big AS SELECT id, {column} FROM {name}")
    catalog = attach(
        shop.url,
        *("Order Details", "big"),
        entities={
            "Order Details": {"measures": {"total": "sum(`Unit %Price (net)` * `select`)"}},
            "big": {"types": {"Unit %Price (net)": "number"}},
        },
    )
    assert catalog.problems() == ()
    details, big = catalog.entity("Order Details"), catalog.entity("big")
    total = details.measures["total"].expression.compile(lambda field: details.table.c[field])
    assert ask(catalog, "shop", select(total)).rows == [(7.5,)]
    assert ask(catalog, "shop", select(big.table)).rows == [(1, 2.5)]
    narrow = select(details.table.c["Unit %Price (net)"]).where(details.table.c["Unit %Price (net)"].in_([2.5]))
    assert ask(catalog, "shop", narrow).columns == ("Unit %Price (net)",)


def test_tables_of_another_schema_are_named_with_it(postgresql_shop, duckdb_shop, attach, ask):
    for shop in (postgresql_shop, duckdb_shop):
        shop.run(
            "CREATE SCHEMA sales",
            "CREATE TABLE sales.region (id INTEGER PRIMARY KEY)",
            "CREATE TABLE sales.deal (id INTEGER PRIMARY KEY, region_id INTEGER REFERENCES sales.region (id))",
            "INSERT INTO sales.region VALUES (7)",
        )
        catalog = attach(shop.url, "sales.region", "sales.deal", entities={"area": {"table": "sales.region"}})
        assert catalog.problems() == ()
        assert ask(catalog, "shop", select(catalog.entity("area").table.c.id)).rows == [(7,)]
        assert dict(catalog.entity("deal").relations) == {"region": Relation("region", "region_id", "area", "id")}


def test_unknown_names_have_their_near_ones(sqlite_database):
    catalog = build_catalog(Settings(), sqlite_database)
    with pytest.raises(UnknownNameError) as caught:
        catalog.entity("sales_ordr", path="entity")
    assert (caught.value.path, caught.value.hint) == ("entity", "Did you mean 'sales_order' or 'sales_order_line'?")
    with pytest.raises(UnknownNameError, match="No source named 'shop'"):
        catalog.source("shop")
