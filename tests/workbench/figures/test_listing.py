from __future__ import annotations

from workbench.figures.conditions import Mark
from workbench.figures.formats import Written
from workbench.figures.theme import LIGHT
from workbench.figures.views import ListItem, ListView


def test_groups_are_lines_with_their_share_of_the_longest(shown, groups):
    listing = shown("list", groups({"/": 200, "/about": 50, None: None}, field="pathname", count=9))
    assert listing == ListView(
        items=(
            ListItem("/", Written("200", "200"), 1.0),
            ListItem("/about", Written("50", "50"), 0.25),
            ListItem("(none)", Written("\N{EN DASH}", "\N{EN DASH}"), 0.0),
        ),
        total=9,
    )


def test_a_list_has_no_more_lines_than_its_limit(shown, groups):
    listing = shown("list", groups(dict.fromkeys(map(str, range(20)), 1)), {"limit": 3})
    assert [item.label for item in listing.items] == ["0", "1", "2"]
    assert listing.total == 20


def test_buckets_are_named_by_their_dates(shown, buckets):
    listing = shown("list", buckets({"2026-10-01": 3, "2026-11-01": 4}, precision="month"))
    assert [item.label for item in listing.items] == ["Oct 2026", "Nov 2026"]


def test_rows_are_named_by_their_first_other_field(shown):
    rows = [{"spent": 5, "name": "Ann", "city": "Bonn"}, {"spent": 1, "name": "Bob", "city": "Rome"}]
    listing = shown("list", {"rows": rows, "row_count": 40})
    assert [(item.label, item.value.text) for item in listing.items] == [("Ann", "5"), ("Bob", "1")]
    assert listing.total == 40


def test_negative_numbers_have_a_length_too(shown, groups):
    assert [item.share for item in shown("list", groups({"a": -4, "b": 2})).items] == [1.0, 0.5]


def test_conditions_mark_single_lines(shown, groups):
    rules = [{"when": {"op": "<", "value": 2}, "color": "yellow", "label": "low"}]
    listing = shown("list", groups({"a": 4, "b": 1}), {"conditional_formatting": rules})
    assert [item.mark for item in listing.items] == [None, Mark(LIGHT.status["yellow"], "", "low")]
