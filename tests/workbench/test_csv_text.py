"""CSV: RFC 4180, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from workbench.csv_text import FORMULA_STARTS, csv_text


def test_a_table_is_a_header_and_a_line_per_row():
    rows = [{"day": "2026-06-01", "value": 1234.5}, {"day": "2026-06-02", "value": None}, {"value": True}]
    assert csv_text(["day", "value"], rows) == "day,value\r\n2026-06-01,1234.5\r\n2026-06-02,\r\n,true\r\n"


def test_quotes_commas_and_line_ends_are_quoted():
    assert csv_text(["a"], [{"a": 'say "hi", then\r\ngo'}]) == 'a\r\n"say ""hi"", then\r\ngo"\r\n'


def test_documents_are_json():
    assert csv_text(["a"], [{"a": {"größe": [1, None]}}]) == 'a\r\n"{""größe"": [1, null]}"\r\n'


def test_text_that_looks_like_a_formula_is_disarmed_and_numbers_are_not():
    rows = [{"=x": cell} for cell in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\uff1d1", "a=b", -1)]
    cells = [row[0] for row in csv.reader(io.StringIO(csv_text(["=x"], rows), newline=""))]
    assert cells == ["'=x", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "'\uff1d1", "a=b", "-1"]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_what_is_written_is_read_back(rows):
    text = csv_text(["a", "b"], [dict(zip("ab", row, strict=True)) for row in rows])
    read = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert read == [("a", "b"), *[tuple(f"'{c}" if c.startswith(FORMULA_STARTS) else c for c in row) for row in rows]]


def test_the_payloads_of_the_injection_corpus_are_disarmed(shared_data):
    corpus = (shared_data / "csv-injection" / "payloads.dev.jsonl").read_text()
    payloads = [json.loads(line)["payload"] for line in corpus.splitlines()]
    text = csv_text(["payload"], [{"payload": line} for line in payloads])
    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert len(cells) == len(payloads) > 0
    assert [cell for cell in cells if cell.startswith(FORMULA_STARTS)] == []
