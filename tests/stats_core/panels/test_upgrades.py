"""Options of older versions."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.operations.registry import Operation, Options, Result
from stats_core.panels.upgrades import upgraded

KEPT = "Write the options anew; the stored ones are kept."


class Tally(Options):
    entity: str
    group_by: tuple[str, ...] = ()


def rename(options):
    options["entity"] = options.pop("table")
    return options


def listed(options):
    return {**options, "group_by": [options["group_by"]]} if "group_by" in options else options


def tally(_options, _context):
    return Result(row_count=0)


def operation(version=3, upgrades=None):
    return Operation(
        type="tally",
        title="Tally",
        description="Counts.",
        options=Tally,
        execute=tally,
        version=version,
        upgrades={1: rename, 2: listed} if upgrades is None else upgrades,
    )


def refusal(*args):
    with pytest.raises(InvalidOptionsError) as caught:
        upgraded(*args)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("version", "options"),
    [
        (1, {"table": "partner", "group_by": "status"}),
        (2, {"entity": "partner", "group_by": "status"}),
        (3, {"entity": "partner", "group_by": ["status"]}),
        (None, {"entity": "partner", "group_by": ["status"]}),
    ],
)
def test_options_of_every_version_become_those_of_the_current_one(version, options):
    stored = copy.deepcopy(options)
    assert upgraded(operation(), options, version) == {"entity": "partner", "group_by": ["status"]}
    assert options == stored


@pytest.mark.parametrize("version", [4, 0, -1])
def test_a_version_that_is_not_known_is_refused(version):
    assert refusal(operation(), {}, version) == Problem(
        "operation_version",
        f"The options are of version {version}, but tally is known up to version 3.",
        "Update the workbench, or write the options anew.",
    )


def test_a_missing_step_is_refused():
    problem = refusal(operation(upgrades={2: listed}), {"table": "partner"}, 1)
    assert problem == Problem("operation_version", "tally has no upgrade from version 1 to 2.", KEPT)


def test_options_that_a_step_does_not_understand_are_refused_and_kept():
    options = {"tabel": "partner"}
    problem = refusal(operation(), options, 1)
    assert problem == Problem(
        "operation_version", "tally cannot upgrade these options from version 1: KeyError('table').", KEPT
    )
    assert options == {"tabel": "partner"}


@given(
    st.dictionaries(st.text(min_size=1).filter(lambda key: key not in {"table", "entity", "group_by"}), st.integers())
)
def test_options_that_no_step_knows_are_never_lost(others):
    assert upgraded(operation(), {"table": "partner", **others}, 1) == {"entity": "partner", **others}
