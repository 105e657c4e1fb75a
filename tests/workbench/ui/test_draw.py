from __future__ import annotations

import json
import math

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from workbench.figures.views import Cell
from workbench.ui.draw import _sortable


@pytest.mark.parametrize(
    ("values", "sorted_by"),
    [
        ([1, None, 3], [1, None, 3]),
        ([1, 2.5], [1, 2.5]),
        ([True, None], [True, None]),
        (["a", None], ["a", None]),
        ([1, "a"], ["<1>", "<a>"]),
        ([True, 1], ["<True>", "<1>"]),
        ([2**63, 1], [f"<{2**63}>", "<1>"]),
        ([None, None], [None, None]),
        ([], []),
    ],
)
def test_a_column_sorts_by_values_of_one_kind_and_else_by_its_texts(values, sorted_by):
    assert _sortable([Cell(value, f"<{value}>") for value in values]) == sorted_by


def test_a_table_shows_texts_over_values_that_sort():
    def page() -> None:
        from workbench.figures.theme import LIGHT
        from workbench.figures.views import Canvas, Cell, Column, TableView
        from workbench.ui.draw import draw

        rows = [("10", 10), ("9", 9), ("\N{EN DASH}", None)]
        cells = tuple((Cell(value, text), Cell(text, text)) for text, value in rows)
        draw(TableView((Column("n", "N", numeric=True), Column("t", "T")), cells, 3), Canvas(LIGHT), key="x")

    app = AppTest.from_function(page).run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert list(shown["0"])[:2] == [10, 9]
    assert math.isnan(shown["0"][2])
    texts = convert_arrow_bytes_to_pandas_df(app.dataframe[0].proto.arrow_data.styler.display_values)
    assert texts.values.tolist() == [["10", "10"], ["9", "9"], ["\N{EN DASH}", "\N{EN DASH}"]]


def test_numbers_stand_beside_their_lengths_and_addresses_are_followed():
    def page() -> None:
        from workbench.figures.conditions import Mark
        from workbench.figures.theme import LIGHT
        from workbench.figures.views import Canvas, Cell, Column, TableView
        from workbench.ui.draw import draw

        columns = (Column("n", "N", numeric=True, bars=True), Column("u", "U", links=True))
        page = Cell("https://a.example/", "https://a.example/")
        cells = (
            (Cell(40, "40 €", Mark("#112233")), page),
            (Cell(None, "-"), Cell(None, "-")),
            (Cell(10, "10 €"), page),
        )
        draw(TableView(columns, cells, 3), Canvas(LIGHT), key="x")

    app = AppTest.from_function(page).run()
    assert not app.exception
    (table,) = app.dataframe
    assert list(table.value) == ["0", "0_bars", "1"]
    assert table.value["0_bars"].tolist()[::2] == [40.0, 10.0]
    config = json.loads(table.proto.columns)
    assert [config[name]["type_config"]["type"] for name in ("0_bars", "1")] == ["progress", "link"]
    assert config["0_bars"]["type_config"]["max_value"] == 40
    assert config["0"]["label"] == "N"
    assert "#112233" in table.proto.arrow_data.styler.styles
