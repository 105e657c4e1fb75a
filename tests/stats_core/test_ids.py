"""Ids: their form and their order."""

from __future__ import annotations

import re

from stats_core.ids import dashboard_id, panel_id, ulid


def test_a_ulid_writes_time_and_chance_in_crockfords_base_32():
    # Time: the example of github.com/ulid/spec; chance: 80 bits, all set or none.
    assert ulid(1_469_918_176_385, 0) == "01ARYZ6S410000000000000000"
    assert ulid(2**48 - 1, 2**80 - 1) == "7" + "Z" * 25


def test_ulids_sort_by_their_time():
    times = [0, 1, 31, 32, 1_469_918_176_385, 2**48 - 1]
    assert sorted(ulid(time, 2**80 - 1 - number) for number, time in enumerate(times)) == [
        ulid(time, 2**80 - 1 - number) for number, time in enumerate(times)
    ]


def test_an_id_says_what_it_names():
    assert re.fullmatch(r"dash_[0-9A-HJKMNP-TV-Z]{26}", dashboard_id())
    assert re.fullmatch(r"panel_[0-9A-HJKMNP-TV-Z]{26}", panel_id())


def test_ids_made_in_the_same_millisecond_differ():
    assert len({ulid(0) for _ in range(10_000)}) == 10_000
