"""Tiptap documents: `statsPanel` nodes get their numbers, all else stays as it was."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest

from stats_core.composition import open_workbench
from stats_core.errors import InvalidOptionsError
from stats_core.models import Partner
from workbench.publishing import inject_panel_data
from workbench.publishing.browser import Browser
from workbench.publishing.post import How, read_post

FILLED = {"data", "display", "hash", "note", "resolved_at", "shown", "source"}


def document(*attrs):
    """A document with a panel in each paragraph, and nodes of other kinds around them."""
    panels = [{"type": "statsPanel", "attrs": item} for item in attrs]
    paragraphs = [{"type": "paragraph", "content": [{"type": "text", "text": "a <b>"}, item]} for item in panels]
    other = {"type": "image", "attrs": {"src": "x.png", "data": 1}, "marks": [{"type": "bold"}]}
    return {"type": "doc", "content": [{"type": "heading", "attrs": {"level": 1}}, *paragraphs, other]}


def attrs_of(filled):
    return [node["content"][1]["attrs"] for node in filled["content"] if node["type"] == "paragraph"]


def without(filled):
    """The document with its panels as they were before."""
    bare = copy.deepcopy(filled)
    for attrs in attrs_of(bare):
        for name in FILLED & set(attrs):
            del attrs[name]
    return bare


def test_a_number_a_table_and_a_figure_are_filled_and_all_else_is_untouched(desk):
    given = document(
        {"panelId": desk.count},
        {"panelId": desk.by_status, "mode": "table", "class": "wide"},
        {"panelId": desk.by_status},
    )
    before = copy.deepcopy(given)
    filled = inject_panel_data(given, desk.workbench)
    assert given == before
    assert without(filled) == before
    number, table, figure = attrs_of(filled)
    assert number["data"] == {"value": 3, "row_count": 3, "truncated": False}
    assert number["shown"] == {"mode": "value", "text": "3", "full": "3", "label": ""}
    assert (number["resolved_at"], number["note"]) == ("2026-06-15T12:00:00+00:00", None)
    assert number["source"] == f"Partners (workbench) · resolved 15 Jun 2026, 12:00 UTC · call {number['hash'][:8]}"
    assert table["shown"]["rows"] == [["active", "2"], ["pending", "1"]]
    assert figure["shown"]["alt"] == "Bar chart: By status. active 2, pending 1."
    assert figure["shown"]["figure"]["data"][0]["type"] == "bar"
    json.dumps(filled, allow_nan=False)


def test_a_call_can_stand_in_the_node_itself_in_either_spelling(sqlite_desk):
    options = {"entity": "partner", "aggregate": {"fn": "count"}, "filters": {"status": "pending"}}
    call = {"operationType": "aggregate_data", "operationOptions": options, "display": {"label": "waiting"}}
    filled = inject_panel_data(document(call), sqlite_desk.workbench)
    (attrs,) = attrs_of(filled)
    assert (attrs["data"]["value"], attrs["shown"]["label"], attrs["display"]) == (1, "waiting", {"label": "waiting"})
    assert inject_panel_data(filled, sqlite_desk.workbench) == filled


def test_a_second_run_gives_the_same_document_though_time_went_on(sqlite_desk, clock, sqlite_database, tmp_path):
    given = document({"panelId": sqlite_desk.count}, {"panelId": "panel_no"}, {"panelId": sqlite_desk.by_status})
    first = inject_panel_data(given, sqlite_desk.workbench)
    later = clock() + timedelta(hours=3)
    with open_workbench(sqlite_desk.workbench.settings, clock=lambda: later) as workbench:
        assert inject_panel_data(first, workbench) == first
        sqlite_desk.add("inactive")
        number, _, _ = attrs_of(inject_panel_data(first, workbench))
    assert (number["data"]["value"], number["resolved_at"]) == (4, later.isoformat())


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"panelId": "panel_no"}, "There is no panel 'panel_no'."),
        ({}, "This names no panel."),
        ({"panelId": "panel_no", "operationType": "read_data"}, "This names both a panel and an operation."),
        ({"operationType": "read_dta"}, "No operation named 'read_dta'. Did you mean 'read_data'"),
        ({"operationType": "read_data", "operationOptions": {"entity": "nobody"}}, "No entity named 'nobody'."),
        ({"operationType": "read_data", "operationOptions": {"x": float("nan")}}, "finite numbers"),
        ({"panelId": 7}, "panelId: Input should be a valid string."),
        ({"panelId": ["panel_no"], "mode": "song"}, ""),
    ],
)
def test_what_has_no_answer_gets_a_note_and_the_rest_is_filled(sqlite_desk, attrs, expected):
    given = document(attrs, {"panelId": sqlite_desk.count})
    filled = inject_panel_data(given, sqlite_desk.workbench)
    failed, fine = attrs_of(filled)
    assert expected in failed["note"]
    assert failed["note"]
    assert {name: failed[name] for name in FILLED - {"note"}} == dict.fromkeys(FILLED - {"note"})
    assert fine["data"]["value"] == 3


def test_numbers_that_are_gone_leave_a_note_and_no_old_numbers(sqlite_desk):
    filled = inject_panel_data(document({"panelId": sqlite_desk.count}), sqlite_desk.workbench)
    sqlite_desk.workbench.dashboards.delete_panel(sqlite_desk.count)
    (attrs,) = attrs_of(inject_panel_data(filled, sqlite_desk.workbench))
    assert attrs["note"] == f"There is no panel '{sqlite_desk.count}'."
    assert (attrs["data"], attrs["shown"]) == (None, None)


def test_a_huge_table_is_cut_and_says_so(sqlite_desk):
    with sqlite_desk.workbench.database.write() as session:
        session.add_all(Partner(name=f"P{at}", status="active", verified=True) for at in range(3000))
    call = {"operation_type": "read_data", "operation_options": {"entity": "partner", "limit": 3003}, "mode": "table"}
    (attrs,) = attrs_of(inject_panel_data(document(call), sqlite_desk.workbench))
    assert attrs["note"] == "100 of 3,003 rows are shown."
    assert (len(attrs["data"]["rows"]), len(attrs["shown"]["rows"]), attrs["shown"]["total"]) == (100, 100, 3003)


def test_hostile_names_stay_data(sqlite_desk, hostile):
    sqlite_desk.add("inactive", name=hostile)
    options = {"entity": "partner", "fields": ["name"], "filters": {"status": "inactive"}}
    call = {"operation_type": "read_data", "operation_options": options}
    (attrs,) = attrs_of(inject_panel_data(document(call), sqlite_desk.workbench))
    assert attrs["shown"]["rows"] == [[hostile]]


@pytest.mark.parametrize("strange", [[], "doc", None, 3])
def test_what_is_no_document_is_refused(sqlite_desk, strange):
    with pytest.raises(InvalidOptionsError, match="JSON object"):
        inject_panel_data(strange, sqlite_desk.workbench)


def test_a_document_without_end_is_refused(sqlite_desk):
    node = {"type": "doc"}
    for _ in range(100_000):
        node = {"type": "doc", "content": [node]}
    with pytest.raises(InvalidOptionsError, match="nested too deeply"):
        inject_panel_data(node, sqlite_desk.workbench)


@pytest.mark.parametrize(
    "strange", [{"type": "statsPanel"}, {"type": "statsPanel", "attrs": []}, {"content": [1, None]}]
)
def test_odd_nodes_do_no_harm(sqlite_desk, strange):
    filled = inject_panel_data({"type": "doc", "content": [strange]}, sqlite_desk.workbench)
    assert filled["content"][0].get("content") == strange.get("content")


def test_the_settings_name_the_database_where_no_workbench_is_given(sqlite_desk, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", sqlite_desk.workbench.database.url)
    (attrs,) = attrs_of(inject_panel_data(document({"panelId": sqlite_desk.count})))
    assert attrs["data"]["value"] == 3


def test_a_library_call_has_no_files_and_the_figure_says_so(sqlite_desk):
    given = document({"panelId": sqlite_desk.by_status, "size": "wide"})
    (attrs,) = attrs_of(inject_panel_data(given, sqlite_desk.workbench))
    shown = attrs["shown"]
    assert (shown["src"], shown["src_dark"], shown["width"], shown["height"]) == (None, None, 1080, 480)


def test_a_size_nobody_knows_leaves_a_note_and_the_rest_is_filled(sqlite_desk):
    given = document({"panelId": sqlite_desk.by_status, "size": "huge"}, {"panelId": sqlite_desk.count})
    failed, fine = attrs_of(inject_panel_data(given, sqlite_desk.workbench))
    assert "'huge' is no size." in failed["note"]
    assert failed["shown"] is None
    assert fine["data"]["value"] == 3


def post(desk, name, how, browser, *attrs):
    """A document published as a file, and what its panels show then."""
    file = desk.file(name, json.dumps(document(*attrs)))
    published = read_post(file, desk.workbench, browser, how)
    published.write()
    return published, [attrs["shown"] for attrs in attrs_of(json.loads(file.read_text()))]


def test_a_figure_of_a_file_is_written_beside_it_as_a_page(sqlite_desk):
    how = How(format="html")
    published, (figure, number) = post(
        sqlite_desk, "post.json", how, Browser(), {"panelId": sqlite_desk.by_status}, {"panelId": sqlite_desk.count}
    )
    page = sqlite_desk.folder / figure["src"]
    assert sorted(path.name for path in published.files) == [page.name, "plotly.min.js", "post.json"]
    assert page.parent.name == "figures"
    assert "By status" in page.read_text()
    assert (figure["src_dark"], figure["figure"]["data"][0]["type"], number["text"]) == (None, "bar", "3")
    again = read_post(sqlite_desk.folder / "post.json", sqlite_desk.workbench, Browser(), how)
    assert again.changed() == []


def test_a_figure_of_a_file_is_written_beside_it_as_pictures_and_a_number_can_be_one(sqlite_desk, browser):
    how = How(format="svg", figures="pictures")
    number = {"panelId": sqlite_desk.count, "mode": "figure", "title": "Partners & more"}
    published, (bars, metric) = post(sqlite_desk, "post.json", how, browser, {"panelId": sqlite_desk.by_status}, number)
    assert len(published.files) == 5
    for shown in (bars, metric):
        for address in (shown["src"], shown["src_dark"]):
            assert address.startswith("pictures/")
            assert (sqlite_desk.folder / address).read_text().startswith("<svg")
    assert bars["src_dark"] == bars["src"].replace(".svg", "-dark.svg")
    assert (metric["mode"], metric["figure"], metric["alt"]) == ("figure", None, "Partners & more: 3")


def test_columns_of_addresses_lead_there_and_columns_of_lengths_have_them(sqlite_desk):
    read = {"operation_type": "read_data", "operation_options": {"entity": "partner", "fields": ["name"]}}
    with sqlite_desk.workbench.database.write() as session:
        session.query(Partner).update({"name": "https://example.com/a)<b>"})
    (names, statuses) = attrs_of(
        inject_panel_data(document(read, {"panelId": sqlite_desk.by_status, "mode": "table"}), sqlite_desk.workbench)
    )
    (name,) = names["shown"]["columns"]
    assert name["links"] == ["https://example.com/a%29%3Cb%3E"] * 3
    status, value = statuses["shown"]["columns"]
    assert (status["links"], status["lengths"]) == (None, None)
    assert (value["links"], value["lengths"]) == (None, [1.0, 0.5])
