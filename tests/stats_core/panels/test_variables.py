"""Filling dashboard variables into options."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem, UnknownNameError
from stats_core.panels.variables import DashboardContext, Variable, Variables, fill, references

DECLARED = {
    "website": Variable(type="website"),
    "range": Variable(type="range", default={"preset": "30d"}),
    "country": Variable(type="text", default="DE"),
    "least": Variable(type="number"),
    "most": Variable(type="number"),
    "since": Variable(type="date"),
    "verified": Variable(type="boolean"),
}
SCALARS = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = SCALARS | st.lists(SCALARS, max_size=3)


def var(name):
    return {"$var": name}


def filled(options, given_=None, *, declared=DECLARED, required=()):
    return fill(options, Variables(declared, given_ or {}), required=required)


def refusal(options, given_=None, **more):
    with pytest.raises(InvalidOptionsError) as caught:
        filled(options, given_, **more)
    (problem,) = caught.value.problems
    return problem


def test_values_stand_where_variables_stood():
    options = {
        "entity": "analytics_event",
        "filters": {
            "website_id": var("website"),
            "country": {"$in": [var("country"), "AT"]},
            "n": {"$gte": var("least")},
        },
        "range": var("range"),
    }
    assert filled(options, {"website": "site_x", "least": 3, "range": {"preset": "7d"}}) == {
        "entity": "analytics_event",
        "filters": {"website_id": "site_x", "country": {"$in": ["DE", "AT"]}, "n": {"$gte": 3}},
        "range": {"preset": "7d"},
    }


def test_the_options_that_were_given_stay_as_they_are():
    options = {"filters": {"country": [var("country")]}}
    filled(options)
    assert options == {"filters": {"country": [var("country")]}}


def test_a_list_is_a_value_too():
    assert filled({"filters": {"website_id": var("website")}}, {"website": ["a", "b"]}) == {
        "filters": {"website_id": ["a", "b"]}
    }


@pytest.mark.parametrize("given_", [{}, {"website": None}], ids=["absent", "null"])
@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"website_id": var("website")}, None),
        ({"website_id": var("website"), "a": 1}, {"a": 1}),
        ({"website_id": {"$eq": var("website")}}, None),
        ({"website_id": {"$eq": var("website"), "$ne": "x"}}, {"website_id": {"$ne": "x"}}),
        ({"website_id": {"$in": [var("website"), "x"]}}, {"website_id": {"$in": ["x"]}}),
        ({"website_id": {"$in": [var("website")]}}, None),
        ({"website_id": [var("website")]}, None),
        ({"$and": [{"website_id": var("website")}, {"a": 1}]}, {"$and": [{"a": 1}]}),
        ({"$or": [{"website_id": var("website")}, {"a": 1}]}, {"$or": [{"a": 1}]}),
        ({"$or": [{"website_id": var("website"), "b": 2}, {"a": 1}]}, {"$or": [{"b": 2}, {"a": 1}]}),
        ({"$or": [{"website_id": var("website")}]}, None),
        ({"$not": {"website_id": var("website")}, "a": 1}, {"a": 1}),
        ({"n": {"$between": [var("least"), 9]}, "a": 1}, {"a": 1}),
        ({"n": {"$between": [1, var("most")]}}, None),
    ],
    ids=str,
)
def test_an_unset_variable_drops_its_condition_and_nothing_else(filters, left, given_):
    expected = {"entity": "e"} if left is None else {"entity": "e", "filters": left}
    assert filled({"entity": "e", "filters": filters}, given_) == expected


def test_what_the_author_left_empty_stays_empty():
    options = {"filters": {"a": [], "$not": {}, "$and": [{}]}, "fields": []}
    assert filled(options) == options


def test_null_in_a_filter_is_still_the_authors_is_null():
    assert filled({"filters": {"a": None, "b": [None, var("website")]}}) == {"filters": {"a": None, "b": [None]}}


def test_an_absent_variable_has_its_default_and_null_takes_it_away():
    assert filled({"range": var("range")}) == {"range": {"preset": "30d"}}
    assert filled({"range": var("range")}, {"range": None}) == {}


def test_where_a_range_is_required_null_means_the_dashboards_default():
    assert filled({"range": var("range")}, {"range": None}, required={"range"}) == {"range": {"preset": "30d"}}
    assert filled({"range": var("website")}, required={"range"}) == {}


def test_a_part_of_a_range_can_be_a_variable():
    options = {"range": {"from": var("since"), "to": "2026-01-31"}}
    assert filled(options, {"since": date(2026, 1, 1)}) == {"range": {"from": "2026-01-01", "to": "2026-01-31"}}
    assert filled(options) == {"range": {"to": "2026-01-31"}}


def test_an_unknown_variable_is_an_error_with_its_place_and_the_nearest_name():
    with pytest.raises(UnknownNameError) as caught:
        filled({"filters": {"$and": [{"website_id": {"$in": [var("webstie")]}}]}})
    assert caught.value.problems == (
        Problem("filters.$and[0].website_id.$in[0]", "No variable named 'webstie'.", "Did you mean 'website'?"),
    )


def test_a_variable_that_is_given_need_not_be_declared():
    assert filled({"limit": var("n")}, {"n": 5}, declared={}) == {"limit": 5}
    assert filled({"limit": var("n")}, {"n": None}, declared={}) == {}


def test_defaults_may_refer_to_other_variables():
    declared = {
        "start": Variable(type="date", default="2026-01-01"),
        "range": Variable(type="range", default={"from": var("start"), "to": "2026-02-01"}),
    }
    assert filled({"range": var("range")}, declared=declared) == {"range": {"from": "2026-01-01", "to": "2026-02-01"}}
    assert filled({"range": var("range")}, {"start": "2026-01-15"}, declared=declared) == {
        "range": {"from": "2026-01-15", "to": "2026-02-01"}
    }


def test_a_circle_of_defaults_is_named():
    declared = {
        "x": Variable(type="text", default=var("a")),
        "a": Variable(type="text", default=var("b")),
        "b": Variable(type="text", default=[var("c")]),
        "c": Variable(type="text", default=var("a")),
    }
    message = "Variables refer to each other in a circle: a → b → c → a."
    assert refusal({"filters": {"k": var("x")}}, declared=declared) == Problem(
        "variables.a.default", message, "Give one of them a value."
    )


def test_a_variable_that_refers_to_itself_is_a_circle():
    declared = {"a": Variable(type="text", default=var("a"))}
    assert refusal({"k": var("a")}, declared=declared).message == ("Variables refer to each other in a circle: a → a.")


@pytest.mark.parametrize(
    "value",
    [
        {"$ne": "x"},
        {"$or": [{"a": 1}]},
        {"$var": "country"},
        {},
        {"from": {"$gt": 1}},
        {"preset": "7d", "$ne": 1},
        ["a", {"$ne": "x"}],
        ["a", None],
        [["a"]],
        {1, 2},
        float("nan"),
        b"x",
        object,
    ],
    ids=str,
)
def test_nothing_but_a_value_can_come_from_a_caller(value):
    for options in ({"filters": {"website_id": var("mine")}}, {"filters": var("mine")}, {"range": var("mine")}):
        assert refusal(options, {"mine": value}).path == "variables.mine"


def test_a_range_is_no_value_of_a_filter():
    problem = refusal({"filters": {"a": 1, "timestamp": var("range")}})
    assert problem == Problem(
        "filters.timestamp",
        "The variable 'range' holds a range; a filter wants a value.",
        "Use it as the option 'range'.",
    )


def test_a_list_does_not_go_into_a_list():
    problem = refusal({"filters": {"a": {"$in": ["x", var("website")]}}}, {"website": ["a", "b"]})
    assert (problem.path, problem.hint) == ("filters.a.$in[1]", 'Write {"$in": {"$var": "website"}}.')


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("website", 5, "a website's id or a list of them"),
        ("website", ["a", 5], "a website's id or a list of them"),
        ("website", {"preset": "7d"}, "a website's id or a list of them"),
        ("range", "7d", 'a range: {"preset": "30d"}, {"last_days": 7} or {"from": …, "to": …}'),
        ("least", "5", "a number or a list of numbers"),
        ("least", True, "a number or a list of numbers"),
        ("verified", 1, "true or false"),
        ("since", "yesterday", "a date such as 2026-11-21"),
        ("since", ["2026-01-01"], "a date such as 2026-11-21"),
    ],
    ids=str,
)
def test_a_value_is_of_the_declared_type(name, value, wanted):
    assert refusal({"k": var(name)}, {name: value}) == Problem(f"variables.{name}", f"{value!r} is not {wanted}.")


@pytest.mark.parametrize("written", [{"$var": "website", "x": 1}, {"$var": 5}, {"$var": ""}, {"$var": None}], ids=str)
def test_a_reference_stands_alone_and_names_something(written):
    assert refusal({"filters": {"a": written}}) == Problem(
        "filters.a", "A variable stands alone and has a name.", 'Write {"$var": "website"}.'
    )


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES | st.none()))
def test_filling_leaves_no_reference_and_puts_each_value_in_its_place(values):
    options = {"filters": {name: var(name) for name in ("a", "b", "c")}, "limit": 3}
    filters = {name: value for name, value in values.items() if value is not None}
    given_ = {"a": None, "b": None, "c": None, **values}
    expected = {"filters": filters, "limit": 3} if filters else {"limit": 3}
    assert fill(options, Variables({}, given_)) == expected


CONDITIONS = st.recursive(
    st.sampled_from([{"f": var("unset")}, {"g": {"$in": [var("unset"), 1]}}, {"h": 1}]),
    lambda inner: (
        st.builds(lambda a, b: {"$and": [a, b]}, inner, inner)
        | st.builds(lambda a, b: {"$or": [a, b]}, inner, inner)
        | st.builds(lambda a: {"$not": a}, inner)
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_dropping_never_leaves_an_empty_condition_or_a_null(filters):
    def holes(value):
        if isinstance(value, dict):
            return not value or any(map(holes, value.values()))
        if isinstance(value, list):
            return not value or any(map(holes, value))
        return value is None

    left = fill({"filters": filters}, Variables({}, {"unset": None}))
    assert not any(map(holes, left.values()))
    assert list(references(left)) == []


@given(
    st.recursive(SCALARS | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
)
def test_any_document_as_a_value_is_a_value_or_an_expected_error(value):
    try:
        left = fill({"filters": {"a": var("v")}}, Variables({}, {"v": value}))
    except ExpectedError:
        return
    assert left in ({}, {"filters": {"a": value}})


def test_references_are_found_with_their_places():
    options = {"filters": {"a": [1, var("x")]}, "range": var("range")}
    assert list(references(options)) == [(("filters", "a", 1), "x"), (("range",), "range")]


def test_equal_contexts_have_equal_fingerprints_and_others_not():
    one = DashboardContext(DECLARED, "Europe/Berlin")
    assert one.fingerprint == DashboardContext(dict(reversed(DECLARED.items())), "Europe/Berlin").fingerprint
    assert one.fingerprint != DashboardContext(DECLARED, "UTC").fingerprint
    assert (
        one.fingerprint != DashboardContext({**DECLARED, "country": Variable(type="text")}, "Europe/Berlin").fingerprint
    )
