"""Results that cannot be changed."""

from __future__ import annotations

import copy
import json
import pickle
import sys

import pandas as pd
import pytest

from stats_core.panels.frozen import FrozenDict, FrozenList, freeze, memory_bytes

ROWS = {"rows": [{"a": 1, "b": [1.5, None]}, {"a": 2, "b": []}], "value": 3}


CHANGES = {
    "update": lambda d: d.update(value=4),
    "set": lambda d: d.__setitem__("value", 4),
    "pop": lambda d: d.pop("value"),
    "popitem": lambda d: d.popitem(),
    "clear": lambda d: d.clear(),
    "setdefault": lambda d: d.setdefault("x", 1),
    "delete": lambda d: d.__delitem__("value"),
    "merge": lambda d: d.__ior__({"x": 1}),
    "append": lambda d: d["rows"].append({}),
    "extend": lambda d: d["rows"].extend([{}]),
    "insert": lambda d: d["rows"].insert(0, {}),
    "remove": lambda d: d["rows"].remove(ROWS["rows"][0]),
    "sort": lambda d: d["rows"].sort(),
    "add": lambda d: d["rows"].__iadd__([1]),
    "repeat": lambda d: d["rows"].__imul__(2),
    "set in a list": lambda d: d["rows"].__setitem__(0, {}),
    "delete in a list": lambda d: d["rows"].__delitem__(0),
    "set in a row": lambda d: d["rows"][0].__setitem__("a", 9),
    "reverse deep inside": lambda d: d["rows"][0]["b"].reverse(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_way_to_change_it_is_refused_with_the_way_out(change):
    data = freeze(ROWS)
    with pytest.raises(TypeError, match=r"copy\.deepcopy"):
        change(data)
    assert data == ROWS


@pytest.mark.parametrize("cloned", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))], ids=["copy", "pickle"])
def test_a_deep_copy_is_ones_own(cloned):
    own = cloned(freeze(ROWS))
    own["rows"][0]["b"].append(7)
    assert own["rows"][0] == {"a": 1, "b": [1.5, None, 7]}
    assert type(own) is dict
    assert type(own["rows"]) is list


def test_a_shallow_copy_is_ones_own_at_the_top():
    assert type(copy.copy(freeze(ROWS))) is dict
    assert type(copy.copy(freeze(ROWS)["rows"])) is list


def test_json_and_pandas_take_it_for_what_it_is():
    data = freeze(ROWS)
    assert json.loads(json.dumps(data)) == ROWS
    assert pd.DataFrame(data["rows"])["a"].tolist() == [1, 2]
    assert isinstance(data, dict)
    assert isinstance(data["rows"], list)


def test_numbers_that_json_has_not_become_null():
    assert freeze({"a": float("nan"), "b": [float("inf"), 1.0], "c": (1,)}) == {"a": None, "b": [None, 1.0], "c": [1]}


def test_freezing_reaches_every_level():
    data = freeze(ROWS)
    assert type(data) is FrozenDict
    assert type(data["rows"][1]["b"]) is FrozenList


def test_memory_grows_with_what_is_held():
    small, big = freeze({"rows": []}), freeze({"rows": [{"name": "x" * 100}] * 100})
    assert memory_bytes(small) < 300
    assert 15_000 < memory_bytes(big) < 60_000


def test_some_rows_of_a_long_list_stand_for_all():
    rows = [{"id": i, "name": "x" * (i % 50)} for i in range(10_001)]
    exact = sum(memory_bytes(row) for row in rows)
    assert abs(memory_bytes(freeze(rows)) - exact) < 0.1 * exact
    assert memory_bytes(rows[:200]) == sys.getsizeof(rows[:200]) + sum(map(memory_bytes, rows[:200]))
