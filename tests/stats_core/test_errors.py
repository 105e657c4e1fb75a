"""Errors for people: what they say and that they travel."""

from __future__ import annotations

import copy
import pickle

import pytest

from stats_core.errors import (
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    ExpectedError,
    InvalidOptionsError,
    NotFoundError,
    Problem,
    ScopeError,
    SourceUnavailableError,
    UnknownNameError,
    UnsupportedError,
    nearest,
)

EVERY_KIND = [
    ExpectedError("Wrong.", path="a.b[0]", hint="Do this."),
    UnknownNameError("entity", "desgin", ["design", "partner"], path="entity"),
    InvalidOptionsError([Problem("a", "Wrong."), Problem("b", "Wrong too.", "Do this.")]),
    NotFoundError("panel", "panel_1", hint="List them."),
    ConflictError("Taken."),
    ScopeError("Not yours."),
    SourceUnavailableError("Away."),
    DeadlineExceededError("Too slow."),
    UnsupportedError("Not on this engine."),
    ConfigurationError("Not set."),
]
by_kind = pytest.mark.parametrize("error", EVERY_KIND, ids=lambda error: type(error).__name__)


@by_kind
def test_an_error_survives_pickling_and_copying_whole(error):
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert twin.problems == error.problems
        assert str(twin) == str(error)
        assert twin.__dict__ == error.__dict__


@by_kind
def test_every_kind_is_listed_in_the_tree_of_the_module(error):
    from stats_core import errors

    assert type(error).__name__ in errors.__doc__


def test_no_kind_is_missing_here():
    kinds = {ExpectedError, *ExpectedError.__subclasses__()}
    ours = {kind for kind in kinds if kind.__module__ == "stats_core.errors"}
    assert {type(error) for error in EVERY_KIND} == ours


def test_an_error_reads_as_place_fault_and_way_out():
    assert str(ExpectedError("Wrong.", path="a.b[0]", hint="Do this.")) == "a.b[0]: Wrong. Do this."
    assert str(ExpectedError("Wrong.")) == "Wrong."


def test_invalid_options_name_every_fault_and_are_known_by_the_first():
    error = InvalidOptionsError([Problem("a", "Wrong."), Problem("b", "Wrong too.", "Do this.")])
    assert str(error) == "a: Wrong.; b: Wrong too. Do this."
    assert (error.path, error.message) == ("a", "Wrong.")


def test_an_unknown_name_is_a_key_error_with_the_nearest_name():
    error = UnknownNameError("entity", "desgin", ["design", "partner"])
    assert isinstance(error, KeyError)
    assert str(error) == "No entity named 'desgin'. Did you mean 'design'?"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("DESIGN", ["design"], "Did you mean 'design'?"),
        ("order", ["orders", "border"], "Did you mean 'orders' or 'border'?"),
        ("xyz", ["b", "a"], "Known: a, b."),
        ("xyz", [], "There are none."),
        (
            "xyz",
            [f"n{number:02}" for number in range(14)],
            f"Known: {', '.join(f'n{n:02}' for n in range(12))}, and 2 more.",
        ),
    ],
)
def test_the_way_out_of_an_unknown_name(name, known, hint):
    assert nearest(name, known) == hint
