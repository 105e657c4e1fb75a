from __future__ import annotations

from workbench.figures.conditions import Mark
from workbench.figures.theme import LIGHT
from workbench.figures.views import Cell, Column, TableView

DASH = "\N{EN DASH}"


def test_rows_become_cells_with_a_value_and_a_text(shown):
    rows = [
        {"id": 7, "partner.name": "Ann", "created_at": "2026-11-21T14:05:00Z", "total_cents": 129900, "paid": True},
        {"id": 8, "partner.name": None, "created_at": None, "total_cents": 1, "paid": False},
    ]
    display = {"field": "total_cents", "format": "currency", "currency": "EUR"}
    assert shown("table", {"rows": rows, "row_count": 5}, display, units={"total_cents": "cents"}) == TableView(
        columns=(
            Column("id", "Id", numeric=True),
            Column("partner.name", "Partner name"),
            Column("created_at", "Created at"),
            Column("total_cents", "Total", numeric=True, bars=True),
            Column("paid", "Paid"),
        ),
        rows=(
            (
                Cell(7, "7"),
                Cell("Ann", "Ann"),
                Cell("2026-11-21T14:05:00Z", "21 Nov 2026, 14:05"),
                Cell(129900, "\N{EURO SIGN}1,299.00"),
                Cell(value=True, text="yes"),
            ),
            (
                Cell(8, "8"),
                Cell(None, DASH),
                Cell(None, DASH),
                Cell(1, "\N{EURO SIGN}0.01"),
                Cell(value=False, text="no"),
            ),
        ),
        total=5,
    )


def test_groups_have_a_column_per_field(shown):
    data = {
        "groups": [{"key": "PAID, 3000", "keys": {"status": "PAID", "store_id": 3000}, "value": 0.25}],
        "group_count": 1,
    }
    assert shown("table", data, {"label": "Share"}, unit="ratio") == TableView(
        columns=(
            Column("status", "Status"),
            Column("store_id", "Store id", numeric=True),
            Column("value", "Share", numeric=True),
        ),
        rows=((Cell("PAID", "PAID"), Cell(3000, "3000"), Cell(0.25, "25.0%")),),
        total=1,
    )


def test_buckets_have_a_column_for_their_series(shown, buckets):
    table = shown("table", buckets({"2026-11-16": {"google": 4, "direct": 2}}, precision="week"))
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Week of 16 Nov 2026", "google", "4"],
        ["Week of 16 Nov 2026", "direct", "2"],
    ]


def test_a_single_value_is_a_table_of_one_cell(shown):
    assert shown("table", {"value": 3}) == TableView((Column("value", "Value", numeric=True),), ((Cell(3, "3"),),), 1)


def test_documents_are_shown_as_json(shown):
    table = shown("table", {"rows": [{"metadata": {"a": [1, "x"]}}]})
    assert table.rows[0][0].text == '{"a": [1, "x"]}'


def test_each_column_is_written_in_its_own_unit(shown):
    rows = [{"total_cents": 1999, "bounce_rate": 0.5, "seconds": 90, "customer_id": 12345, "pieces": 12345}]
    units = {"total_cents": "cents", "bounce_rate": "ratio", "seconds": "seconds", "pieces": "pieces"}
    table = shown("table", {"rows": rows}, units=units)
    assert [cell.text for cell in table.rows[0]] == ["19.99", "50.0%", "1m 30s", "12345", "12,345"]
    assert table.columns[0].label == "Total"


def test_a_field_that_only_some_rows_have_is_a_column(shown):
    table = shown("table", {"rows": [{"a": 1}, {"b": 2}]})
    assert [[cell.text for cell in row] for row in table.rows] == [["1", DASH], [DASH, "2"]]


def test_a_table_has_no_more_rows_than_its_limit(shown):
    table = shown("table", {"rows": [{"a": at} for at in range(9)]}, {"limit": 2})
    assert (len(table.rows), table.total) == (2, 9)


def test_conditions_mark_cells_of_the_value(shown):
    rules = [{"when": {"op": "=", "value": "REFUNDED"}, "color": "red", "label": "refunded"}]
    table = shown(
        "table", {"rows": [{"status": "REFUNDED", "n": 1}]}, {"field": "status", "conditional_formatting": rules}
    )
    assert table.rows[0][0] == Cell("REFUNDED", "REFUNDED refunded", Mark(LIGHT.status["red"], "", "refunded"))


def test_a_column_of_addresses_is_one_of_links_and_no_other_scheme_is(shown):
    rows = [
        {"good": "https://a.example/?q=<b>", "mixed": "https://a.example/", "bad": "javascript:alert(1)", "none": None},
        {"good": None, "mixed": "data:text/html,x", "bad": "//a.example", "none": None},
        {"good": "HTTP://b.example", "mixed": None, "bad": "https://a.example/\njavascript:x", "none": None},
    ]
    assert {column.name: column.links for column in shown("table", {"rows": rows}).columns} == {
        "good": True,
        "mixed": False,
        "bad": False,
        "none": False,
    }


def test_the_numbers_a_table_is_about_can_be_lengths(shown, groups, buckets):
    def bars(data, display=None) -> list[str]:
        return [column.name for column in shown("table", data, display).columns if column.bars]

    rows = {"rows": [{"id": 1, "total": 5, "left": 2}, {"id": 2, "total": None, "left": 3}]}
    assert bars(groups({"a": 1, "b": 3})) == ["value"]
    assert bars(groups({"a": 1, "b": -3})) == []
    assert bars(groups({"a": 0, "b": 0})) == []
    assert bars(groups({"a": 1})) == []
    assert bars(buckets({"2026-11-01": 1, "2026-11-02": 2})) == []
    assert bars(rows) == []
    assert bars(rows, {"field": "left"}) == ["left"]
