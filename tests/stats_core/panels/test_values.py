"""Plain JSON documents and paths into them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.operations.registry import Options
from stats_core.panels.values import MAX_DEPTH, canonical, dotted, model_problems, plain, under

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


def shuffled(value):
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def problems_of(document, **options):
    with pytest.raises(InvalidOptionsError) as caught:
        plain(document, **options)
    return list(caught.value.problems)


@given(JSON)
def test_the_order_of_keys_does_not_matter_to_the_canonical_text(value):
    assert canonical(shuffled(value)) == canonical(value)
    assert json.loads(canonical(value)) == value


@given(JSON, JSON)
def test_different_values_have_different_canonical_texts(one, other):
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert canonical(one) != canonical(other)


@given(JSON)
def test_a_plain_document_is_a_copy_of_json_or_says_where_it_is_not(document):
    try:
        copied = plain(document)
    except InvalidOptionsError:
        return
    assert copied == document


def test_dates_of_a_notebook_become_text_and_tuples_lists():
    document = {"from": date(2026, 1, 31), "at": (datetime(2026, 1, 31, 10, tzinfo=UTC),), "n": 1}
    assert plain(document) == {"from": "2026-01-31", "at": ["2026-01-31T10:00:00+00:00"], "n": 1}


def test_a_template_anywhere_is_refused_with_the_way_out():
    hint = 'Write a variable as {"$var": "name"}, or the value itself.'
    assert problems_of({"filters": {"a": ["x", "see {{ $trigger.foo }}"]}, "{{k}}": 1}) == [
        Problem("filters.a[1]", "Templates are not filled in here: '{{ $trigger.foo }}'.", hint),
        Problem("{{k}}", "Templates are not filled in here: '{{k}}'.", hint),
    ]


def test_a_template_over_several_lines_is_one_too_but_single_braces_are_text():
    assert len(problems_of({"a": "{{\nx\n}}"})) == 1
    assert plain({"a": "{x} {{ y }"}) == {"a": "{x} {{ y }"}
    assert plain({"a": "{{ y }}"}, templates=True) == {"a": "{{ y }}"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("1.5"), {1, 2}, b"x", object], ids=repr)
def test_what_json_cannot_hold_is_refused_at_its_place(value):
    (problem,) = problems_of({"filters": {"a": [1, value]}})
    assert (problem.path, problem.message) == ("filters.a[1]", f"{value!r} is no JSON value.")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "surrogate"])
def test_text_that_no_database_holds_is_refused(text):
    (problem,) = problems_of({"name": text})
    assert problem.path == "name"


def test_a_document_that_contains_itself_or_is_too_deep_is_refused():
    circle: dict[str, object] = {}
    circle["a"] = circle
    (problem,) = problems_of(circle)
    assert problem.message == f"This is nested deeper than {MAX_DEPTH} levels."


def test_keys_are_text():
    (problem,) = problems_of({"filters": {1: "x"}})
    assert (problem.path, problem.message) == ("filters", "The key 1 is no text.")


def test_paths_are_dotted_and_indexed():
    assert dotted(("filters", "status", "$in", 2)) == "filters.status.$in[2]"
    assert dotted(()) == ""
    assert under("panels[1]", [Problem("", "m"), Problem("a", "m"), Problem("[0]", "m")]) == [
        Problem("panels[1]", "m"),
        Problem("panels[1].a", "m"),
        Problem("panels[1][0]", "m"),
    ]


class Inner(Options):
    fn: Literal["count", "sum"]


class Outer(Options):
    entity: str
    date_field: str
    aggregate: Inner | None = None
    group_by: str | list[str] = ()
    limit: int = Field(10, ge=1)


def found(document):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document)
    return model_problems(caught.value, document, Outer)


def test_faults_are_named_as_their_author_wrote_them():
    written = {
        "entity": "a",
        "dateField": 1,
        "aggregate": {"fn": "cuont"},
        "groupBy": ["a", 2],
        "limitt": 1,
        "limit": 0,
    }
    assert [problem.path for problem in found(written)] == [
        "dateField",
        "aggregate.fn",
        "groupBy",
        "groupBy[1]",
        "limit",
        "limitt",
    ]


def test_a_missing_option_has_its_own_name_and_an_unknown_one_the_nearest():
    assert found({"entity": "a", "limitt": 1}) == [
        Problem("date_field", "The option 'date_field' is missing.", "Add it."),
        Problem("limitt", "There is no option 'limitt' here.", "Did you mean 'limit'?"),
    ]


class Shapes(Options):
    sort: tuple[int, ...] = ()
    filters: dict[str, int] | None = None
    aggregate: Inner | None = None


def test_a_wrong_shape_is_told_in_the_words_of_json():
    written = {"sort": "total", "filters": [], "aggregate": "count"}
    with pytest.raises(ValidationError) as caught:
        Shapes.model_validate(written)
    assert model_problems(caught.value, written, Shapes) == [
        Problem("sort", "This wants a list.", "Put it in brackets: […]."),
        Problem("filters", "This wants an object.", 'Write {"key": value}.'),
        Problem("aggregate", "This wants an object.", 'Write {"key": value}.'),
    ]
