"""What is wrong with a call is said with its path; whatever is asked, the answer is a result or an error in words."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.own import own_entities
from stats_core.catalog.scope import Scope
from stats_core.catalog.source import DatabaseSource
from stats_core.errors import ExpectedError
from stats_core.operations.context import OperationContext, UndeclaredNeedError
from stats_core.operations.data import DATA_OPERATIONS

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
COUNT = {"fn": "count"}
POISON = "p0ison'; DROP TABLE sale; --"


@pytest.mark.parametrize(
    ("operation", "options", "path", "message"),
    [
        ("read_data", {"entity": "salle"}, "entity", "No entity named 'salle'. Did you mean 'sale'"),
        ("read_data", {"fields": ["id", "noote"]}, "fields[1]", "No field of sale named 'noote'. Did you mean 'note'?"),
        ("read_data", {"fields": ["seller.nam"]}, "fields[0]", "No field of seller named 'nam'. Did you mean 'name'?"),
        (
            "read_data",
            {"sort": [{"field": "metadata"}]},
            "sort[0].field",
            "'metadata' is a JSON document, which has no order.",
        ),
        ("read_data", {"date_field": "note"}, "date_field", "'note' is of type text, and a date or a time is wanted."),
        (
            "read_data",
            {"entity": "seller", "range": {"last_days": 3}},
            "date_field",
            "seller has no date of its own that a range could mean.",
        ),
        (
            "read_data",
            {"range": {"from": "2026-02-01", "to": "2026-01-01"}},
            "range.to",
            "The range ends (2026-01-01) before or when it begins",
        ),
        ("read_data", {"filters": {"quantity": "many"}}, "filters.quantity", "'many' is not a whole number."),
        (
            "aggregate_data",
            {"aggregate": {"fn": "sum", "field": "note"}},
            "aggregate.field",
            "sum wants a number, and note is of type text.",
        ),
        (
            "aggregate_data",
            {"aggregate": {"measure": "piece"}},
            "aggregate.measure",
            "No measure of sale named 'piece'. Did you mean 'pieces'?",
        ),
        ("aggregate_data", {"group_by": "metadata"}, "group_by", "'metadata' is a JSON document."),
        ("aggregate_data", {"group_by": ["note", "note"]}, "group_by[1]", "'note' is named twice."),
        ("aggregate_data", {"group_by": ["id"] * 9}, "group_by", "9 fields are more than 8."),
        ("aggregate_data", {"group_by": ["note", "wrong"]}, "group_by[1]", "No field of sale named 'wrong'."),
        (
            "time_series",
            {"timezone": "Europe/Berln"},
            "timezone",
            "No time zone named 'Europe/Berln'. Did you mean 'Europe/Berlin'",
        ),
        (
            "time_series",
            {"date_field": "quantity"},
            "date_field",
            "'quantity' is of type integer, and a date or a time is wanted.",
        ),
        ("time_series", {"entity": "seller"}, "date_field", "seller has no date of its own that a range could mean."),
        ("time_series", {"date_field": "day", "precision": "hour"}, "precision", "'day' is a date and has no hours."),
        (
            "time_series",
            {"precision": "hour", "range": {"last_days": 365}},
            "precision",
            "This range has more than 5000 buckets of one hour.",
        ),
        ("time_series", {"precision": "hour"}, "precision", "This range has more than 5000 buckets of one hour."),
        (
            "time_series",
            {"precision": "day", "range": {"from": "1900-01-01"}},
            "precision",
            "This range has more than 5000 buckets of one day.",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_with_its_path(
    sqlite_engine: Any, tables: Any, operation: str, options: dict[str, Any], path: str, message: str
) -> None:
    sqlite_engine.hold(tables)
    asked = {"entity": "sale", **({} if operation == "read_data" else {"aggregate": COUNT}), **options}
    with pytest.raises(ExpectedError) as caught:
        sqlite_engine.run(operation, asked)
    assert caught.value.path == path
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "options", "where"),
    [
        ("read_data", {"limit": 0}, ("limit",)),
        ("read_data", {"limit": 10_001}, ("limit",)),
        ("read_data", {"limit": True}, ("limit",)),
        ("read_data", {"limit": "10"}, ("limit",)),
        ("read_data", {"offset": -1}, ("offset",)),
        ("read_data", {"fields": []}, ("fields",)),
        ("read_data", {"fields": [1]}, ("fields", 0)),
        ("read_data", {"where": {}}, ("where",)),
        ("read_data", {"filters": ["note"]}, ("filters",)),
        ("read_data", {"sort": [{"field": "id", "direction": "up"}]}, ("sort", 0, "direction")),
        ("read_data", {"range": {"from": "2026-02-30"}}, ("range", "from")),
        ("read_data", {"range": {"last_days": 3, "preset": "7d"}}, ("range",)),
        ("aggregate_data", {}, ("aggregate",)),
        ("aggregate_data", {"aggregate": {"fn": "sum"}}, ("aggregate",)),
        ("aggregate_data", {"aggregate": {"fn": "median", "field": "id"}}, ("aggregate", "fn")),
        ("aggregate_data", {"aggregate": COUNT, "fetchLimit": 2**40}, ("fetchLimit",)),
        ("aggregate_data", {"aggregate": COUNT, "sort": "value"}, ("sort",)),
        ("time_series", {"aggregate": COUNT, "precision": "minute"}, ("precision",)),
        ("time_series", {"aggregate": COUNT, "seriesLimit": 51}, ("seriesLimit",)),
        ("time_series", {"aggregate": COUNT, "fillGaps": "yes"}, ("fillGaps",)),
    ],
    ids=str,
)
def test_options_that_do_not_validate_are_refused_where_they_stand(
    sqlite_engine: Any, operation: str, options: dict[str, Any], where: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        sqlite_engine.run(operation, {"entity": "sale", **options})
    assert [error["loc"] for error in caught.value.errors()] == [where]


def test_option_keys_may_be_written_in_camel_case_and_names_of_fields_are_left_alone(engine: Any) -> None:
    snake = {"entity": "sale", "aggregate": COUNT, "group_by": "seller_id", "fetch_limit": 9, "date_field": "seen_at"}
    camel = {"entity": "sale", "aggregate": COUNT, "groupBy": "seller_id", "fetchLimit": 9, "dateField": "seen_at"}
    assert engine.run("aggregate_data", camel).data == engine.run("aggregate_data", snake).data
    with pytest.raises(ExpectedError, match="sellerId"):
        engine.run("aggregate_data", {**snake, "group_by": "sellerId"})


def test_a_scope_that_an_entity_has_no_path_for_is_refused(engine: Any) -> None:
    for operation, options in (
        ("read_data", {}),
        ("aggregate_data", {"aggregate": COUNT}),
        ("time_series", {"aggregate": COUNT}),
    ):
        with pytest.raises(ExpectedError, match="cannot be read in the scope of merchant 1") as caught:
            engine.run(operation, {"entity": "sale", **options}, scope=Scope("merchant", 1))
        assert caught.value.path == "entity"


def test_a_value_that_an_operation_does_not_declare_is_not_readable(sqlite_engine: Any) -> None:
    for operation in DATA_OPERATIONS:
        context = OperationContext(catalog=sqlite_engine.catalog, now=NOW, needs=operation.needs)
        assert context.now == NOW
        with pytest.raises(UndeclaredNeedError, match="flow_id"):
            context.flow_id  # noqa: B018 - reading it is what is tested


def test_scopes_narrow_every_operation_along_every_join(database: Any) -> None:
    catalog = Catalog(own_entities(), [DatabaseSource(database)])
    operations = {operation.type: operation for operation in DATA_OPERATIONS}
    context = OperationContext(catalog=catalog, now=NOW, scope=Scope("merchant", 1))
    calls = {
        "read_data": {
            "fields": ["order.store.name", "product.name"],
            "sort": [{"field": "order.created_at"}],
            "offset": 2,
        },
        "aggregate_data": {"aggregate": {"measure": "units"}, "group_by": ["order.status", "product.category"]},
        "time_series": {
            "aggregate": {"measure": "line_revenue"},
            "date_field": "order.created_at",
            "group_by": "product.name",
        },
    }
    for name, options in calls.items():
        operation = operations[name]
        asked = operation.options.model_validate(
            {"entity": "sales_order_line", "filters": {"quantity": {"$gt": 0}}, **options}
        )
        result = operation.execute(asked, context)
        assert result.row_count == 0
        assert result.statement.count("merchant_id") >= 1


KEYS = st.sampled_from(
    [
        *(
            "entity",
            "fields",
            "filters",
            "range",
            "from",
            "to",
            "last_days",
            "preset",
            "sort",
            "field",
            "direction",
            "limit",
        ),
        *(
            "offset",
            "aggregate",
            "fn",
            "measure",
            "group_by",
            "groupBy",
            "fetch_limit",
            "precision",
            "date_field",
            "timezone",
        ),
        *("fill_gaps", "$and", "$or", "$not", "$eq", "$in", "$like", "$between", "$exists", "$gt", "$ilike", "$var"),
        *(
            "id",
            "note",
            "at",
            "day",
            "flag",
            "metadata",
            "metadata.a'b",
            "seller.name",
            "seller.country.name",
            "",
            POISON,
        ),
    ]
)
TEXTS = [
    POISON,
    "",
    "PAID",
    "2026-01-01",
    "2026-06-15T12:00:00+02:00",
    "id",
    "seller.name",
    "metadata.a",
    "\0",
    "\ud800",
    "{{ x }}",
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(TEXTS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
VALID: dict[str, list[dict[str, Any]]] = {
    "read_data": [
        {
            "entity": "sale",
            "fields": ["id", "note"],
            "sort": [{"field": "at", "direction": "desc"}],
            "limit": 5,
            "offset": 1,
            "filters": {"note": {"$like": "a%"}, "$or": [{"quantity": {"$between": [1, 5]}}, {"flag": None}]},
            "range": {"preset": "30d"},
        },
    ],
    "aggregate_data": [
        {
            "entity": "sale",
            "aggregate": {"fn": "sum", "field": "amount"},
            "group_by": ["status", "seller.tier"],
            "limit": 3,
            "filters": {"seller.name": {"$in": ["Seller 1", None]}, "$not": {"at": {"$gte": "2026-01-01"}}},
            "sort": "asc",
        },
        {
            "entity": "sale",
            "aggregate": {"measure": "net"},
            "fetch_limit": 9,
            "date_field": "day",
            "range": {"last_days": 9},
        },
    ],
    "time_series": [
        {
            "entity": "sale",
            "aggregate": {"fn": "count"},
            "precision": "week",
            "range": {"from": "2026-01-01", "to": "2026-02-01"},
            "group_by": "flag",
            "series_limit": 2,
            "fill_gaps": True,
            "timezone": "Europe/Berlin",
            "filters": {"metadata.product_id": "p1"},
        },
    ],
}


def places(document: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could be replaced."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [way, *(place for key, value in inner for place in places(value, (*way, key)))]


@st.composite
def mutated(draw: st.DrawFn, operation: str) -> Any:
    """A valid document with one to three values or keys replaced."""
    document = copy.deepcopy(draw(st.sampled_from(VALID[operation])))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(document)[1:]))
        target = document
        for key in way:
            target = target[key]
        if isinstance(target, dict) and draw(st.booleans()):
            target[draw(KEYS)] = target.pop(last)
        else:
            target[last] = draw(values)
    return document


def answer_or_words(engine: Any, operation: str, document: Any) -> None:
    try:
        result = engine.run(operation, document)
    except (ExpectedError, ValidationError) as error:
        assert str(error)  # noqa: PT017 - that it can be shown is what is tested
    else:
        assert "p0ison" not in result.statement


def examples(number: int) -> settings:
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def fuzzed_engine(request: pytest.FixtureRequest, tables: Any) -> Any:
    engine = request.getfixturevalue(f"{request.param}_engine")
    engine.hold(tables)
    return engine


@pytest.mark.parametrize("operation", list(VALID))
@examples(300)
@given(data=st.data())
def test_fuzzed_documents_give_a_result_or_an_error_in_words(
    fuzzed_engine: Any, operation: str, data: st.DataObject
) -> None:
    answer_or_words(fuzzed_engine, operation, data.draw(mutated(operation) | st.dictionaries(KEYS, values, max_size=5)))


@pytest.mark.slow
@pytest.mark.parametrize("operation", list(VALID))
@examples(8_000)
@given(data=st.data())
def test_many_fuzzed_documents_give_a_result_or_an_error_in_words(
    fuzzed_engine: Any, operation: str, data: st.DataObject
) -> None:
    answer_or_words(fuzzed_engine, operation, data.draw(mutated(operation) | st.dictionaries(KEYS, values, max_size=5)))
