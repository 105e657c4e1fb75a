"""From a document to what controls show, and back: what is not changed is not touched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.entity import FieldType
from stats_core.composition import Workbench
from stats_core.errors import Problem
from stats_core.operations.data import DATA_OPERATIONS
from stats_core.panels.panel import PanelSpec
from stats_core.panels.seeds import SEEDS
from workbench.forms.draft import checked, document_of, opened
from workbench.forms.fields import FormField, elsewhere, value_at
from workbench.forms.filters import Conditions, Row, conditions, document, operand
from workbench.forms.offered import PANELS_GIVE
from workbench.forms.options import Surroundings, options_form, starting_options
from workbench.forms.panel import display_form, panel_form
from workbench.forms.templates import templates
from workbench.forms.values import filled, fitted, shown

RANGE = {"$var": "range"}
WRITTEN: dict[str, list[dict[str, Any]]] = {
    "read_data": [
        {"entity": "sales_order"},
        {"entity": "sales_order", "fields": ["status", "store.merchant.name"], "limit": 5, "offset": 3},
        {"entity": "sales_order", "sort": [{"field": "total_cents", "direction": "desc"}]},
        {
            "entity": "sales_order",
            "sort": [{"field": "status"}, {"field": "id"}],
            "filters": {"$or": [{"status": "A"}]},
        },
        {"entity": "sales_order", "dateField": "created_at", "range": {"from": "2026-01-01", "to": "2026-01-31"}},
    ],
    "aggregate_data": [
        {"entity": "sales_order", "aggregate": {"fn": "count"}, "group_by": "status"},
        {"entity": "sales_order", "aggregate": {"fn": "sum", "field": "total_cents"}, "groupBy": ["status"]},
        {"entity": "sales_order", "aggregate": {"measure": "revenue"}, "range": {"last_days": 7}, "sort": "asc"},
        {"entity": "sales_order", "aggregate": {"fn": "count", "field": None}, "sort": "desc", "limit": None},
        {"entity": {"$var": "website"}, "aggregate": "count", "filters": [], "limit": 1.5, "group_by": [1], "sort": 3},
        {"entity": "nowhere", "aggregate": {"fn": "median"}, "filters": {"a": {"$gte": 1, "$lt": {"$var": "v"}}}},
        {"entity": "<b>", "aggregate": {"fn": "sum", "field": "'; DROP"}, "unknown": {"kept": True}, "limit": -5},
    ],
    "time_series": [
        {"entity": "sales_order", "aggregate": {"fn": "count"}, "precision": "day", "range": RANGE},
        {"entity": "sales_order", "aggregate": {"fn": "count"}, "precision": "eon", "fill_gaps": False},
        {
            "entity": "sales_order",
            "aggregate": {"fn": "count"},
            "fill_gaps": "yes",
            "range": {"preset": "12m", "to": 1},
        },
    ],
    "aggregate_product_analytics": [
        {"range": RANGE, "website_id": {"$var": "website"}, "product_ids": [1, 2], "store_id": 3},
        {"group_by": "day", "sort": [{"field": "revenue"}], "limit": 10},
    ],
}


def same(field: FormField, before: dict[str, Any]) -> None:
    fitting = fitted(field, before)
    assert filled(fitting, before, shown(fitting, before)) == before, field.path


@pytest.mark.parametrize("operation", DATA_OPERATIONS, ids=lambda item: item.type)
def test_what_is_not_changed_is_not_touched(bench: Workbench, operation):
    for options in WRITTEN[operation.type]:
        whole = {"operation_options": options}
        fields = options_form(operation, options, Surroundings(bench.catalog))
        assert {field.path[-1] for field in fields} == set(operation.options.model_fields)
        for field in fields:
            same(field, whole)


def test_every_seeded_panel_survives_its_form(bench: Workbench):
    for item in bench.dashboards.list().items:
        dashboard = bench.dashboards.get(item.id)
        for panel in dashboard.panels:
            draft = opened(panel, version=1)
            around = Surroundings(bench.catalog, dashboard.variables)
            operation = bench.registry[panel.operation_type or ""]
            fields = (
                *panel_form(panel.type, bench.registry),
                *options_form(operation, panel.operation_options, around),
                *display_form(panel.type),
            )
            for field in fields:
                same(field, draft.document)
                assert fitted(field, draft.document).kind == field.kind, (panel.name, field.path)
            assert checked(draft, bench.resolver, dashboard.context).problems == ()
    assert len(SEEDS) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELD_NAMES = st.sampled_from([*DATA_OPERATIONS[1].options.model_fields, "groupBy", "else"])


@settings(max_examples=40)
@given(options=st.dictionaries(FIELD_NAMES, JSON, max_size=5), display=JSON)
def test_whatever_stands_there_is_shown_and_kept(options, display):
    whole = {"type": "bar", "operation_options": options, "display": display}
    for field in (*FIELDS, *display_form("bar")):
        same(field, whole)


@given(JSON.filter(lambda value: isinstance(value, dict)))
def test_any_filter_document_survives_its_rows(value):
    assert document(conditions(value)) == value


FIELDS = options_form(DATA_OPERATIONS[1], {}, Surroundings(Catalog([], [])))


def test_operations_are_offered_if_panels_have_what_they_need(bench: Workbench):
    fields = {field.path[0]: field for field in panel_form("bar", bench.registry)}
    offered = {choice.value for choice in fields["operation_type"].choices}
    assert offered == {name for name, item in bench.registry.items() if item.needs <= PANELS_GIVE}
    assert "operation_type" not in {field.path[0] for field in panel_form("label", bench.registry)}


def test_templates_can_be_saved_as_they_are(bench: Workbench):
    for item in bench.dashboards.list().items:
        dashboard = bench.dashboards.get(item.id)
        for template in templates(bench.catalog, dashboard.variables):
            made = bench.dashboards.add_panel(dashboard.id, PanelSpec.model_validate(template.document))
            assert document_of(made, version=1)["type"] == template.document["type"]


def test_another_operation_begins_with_what_fits(bench: Workbench):
    before = {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "status", "sort": "asc", "range": RANGE}
    assert starting_options(bench.registry["read_data"], before, bench.catalog) == {"entity": "partner", "range": RANGE}
    products = bench.registry["aggregate_product_analytics"]
    assert starting_options(products, before, bench.catalog) == {"range": RANGE}
    first = {"entity": next(iter(bench.catalog.entities)), "aggregate": {"fn": "count"}}
    assert starting_options(bench.registry["time_series"], {}, bench.catalog) == first


def test_problems_stand_at_their_field(bench: Workbench):
    fields = options_form(bench.registry["aggregate_data"], {"entity": "partner"}, Surroundings(bench.catalog))
    by_name = {field.path[-1]: field for field in fields}
    options = {"entity": "partner", "aggregate": {"fn": "sum", "field": "nmae"}, "groupBy": ["statsu"], "else": 1}
    document = {"name": "x", "type": "bar", "operation_type": "aggregate_data", "operation_options": options}
    draft = opened(PanelSpec.model_validate({"type": "bar", "operation_type": "aggregate_data"})).edited(document)
    context = bench.dashboards.get(bench.dashboards.list().items[0].id).context
    (unknown,) = checked(draft, bench.resolver, context).problems
    assert elsewhere([unknown], fields) == (unknown,)
    del options["else"]
    (found,) = checked(draft.edited({**document}), bench.resolver, context).problems
    assert found.path == "operation_options.aggregate.field"
    assert by_name["aggregate"].faults([found]) == (found,)
    options["aggregate"] = {"fn": "count"}
    (found,) = checked(draft.edited({**document}), bench.resolver, context).problems
    assert by_name["group_by"].faults([found]) == (found,)
    assert value_at(document, by_name["group_by"].path) == ["statsu"]


def test_entities_that_cannot_be_queried_are_offered_with_their_reason():
    catalog = Catalog([], [], {"invoice": Problem("sources.erp", "The database is away.", "Start it.")})
    entity = options_form(DATA_OPERATIONS[0], {}, Surroundings(catalog))[0]
    (choice,) = entity.choices
    assert (entity.kind, choice.value, choice.refused) == ("entity", "invoice", "The database is away. Start it.")


def test_pickers_follow_relations_and_know_types(bench: Workbench):
    options = {"entity": "sales_order"}
    fields = options_form(bench.registry["time_series"], options, Surroundings(bench.catalog))
    by_name = {field.path[-1]: [choice.value for choice in field.choices] for field in fields}
    assert {"status", "store.name", "store.merchant.name"} <= set(by_name["group_by"])
    assert "created_at" in by_name["date_field"]
    assert "status" not in by_name["date_field"]


def test_a_second_condition_of_one_kind_goes_into_and():
    rows = Conditions(
        (Row("a", "", 1), Row("a", "$gt", 2), Row("b", "$gt", 1), Row("b", "$lt", 5)), {"$and": [{"c": 3}]}
    )
    assert document(rows) == {"a": 1, "b": {"$gt": 1, "$lt": 5}, "$and": [{"c": 3}, {"a": {"$gt": 2}}]}


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("2.5", 2.5), ("nan", "nan"), ("1e999", "1e999"), ("x", "x")])
def test_what_is_typed_for_a_number_is_one_if_it_can_be(text, value):
    assert operand(text, FieldType.NUMBER) == value
    assert operand(text, FieldType.TEXT) == text


def test_another_type_or_operation_loses_nothing(bench: Workbench):
    item = next(
        panel for panel in bench.dashboards.get(bench.dashboards.list().items[0].id).panels if panel.type == "bar"
    )
    draft = opened(item, version=1)
    label = draft.drawn_as("label", bench.registry, bench.catalog)
    assert not {"operation_type", "operation_options"} & label.document.keys()
    assert label.drawn_as("bar", bench.registry, bench.catalog).document == draft.document
    other = draft.asking(bench.registry["read_data"], bench.catalog)
    assert other.asking(bench.registry["aggregate_data"], bench.catalog).document == draft.document
