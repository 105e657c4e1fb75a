"""Panels and drafts: the same answer, figure and cache entry as everywhere; typed frames; outputs that are safe."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import nbformat
import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from stats_core.errors import InvalidOptionsError, UnknownNameError
from stats_core.models import Partner
from workbench.cli.app import build
from workbench.figures.drawing import view
from workbench.figures.views import Canvas
from workbench.notebook.frames import column
from workbench.notebook.shown import PLOTLY

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def every_panel(wb):
    return [panel for dashboard in wb.dashboards for panel in dashboard]


def test_every_seeded_panel_has_the_figure_and_the_cache_entry_of_the_app(wb):
    bench = wb.workbench
    for panel in every_panel(wb):
        of_app = bench.resolver.resolve_panel(panel.spec)  # as a page asks, which fills the cache
        assert bench.cache.kept(panel.asked.hash).resolved_at == of_app.resolved_at
        assert panel.result.cache_hit
        assert panel.result.data == of_app.data
        shown = view(panel.spec, of_app, canvas=Canvas(width_px=720, height_px=340))
        assert panel.view() == shown
        if panel.spec.type in {"bar", "line", "area"}:
            assert json.loads(panel.figure().to_json())["data"] == json.loads(json.dumps(shown.figure["data"]))


def test_the_command_line_answers_the_same(wb, demo_url):
    panel = wb.panel("Partners by status")
    answered = CliRunner().invoke(build(), ["panel", "resolve", panel.id, "--json", "--database", demo_url])
    assert answered.exit_code == 0, answered.output
    assert json.loads(answered.stdout)["data"] == panel.result.model_dump(mode="json")["data"]


def test_a_draft_asks_what_it_says(wb):
    draft = wb.draft("bar").aggregate("design", fn="count", group_by="partner.name", limit=10)
    assert draft.spec.operation_type == "aggregate_data"
    assert draft.spec.operation_options == {
        "entity": "design",
        "aggregate": {"fn": "count"},
        "group_by": "partner.name",
        "limit": 10,
    }
    frame = draft.frame()
    assert list(frame.columns) == ["partner.name", "value"]
    assert len(frame) == 10
    assert frame["value"].is_monotonic_decreasing
    assert draft.sql.startswith("WITH groups AS")
    assert draft.figure().data[0].type == "bar"


def test_a_draft_is_built_in_steps_which_leave_the_one_before(wb):
    plain = wb.draft("metric", "Paid").aggregate("sales_order")
    paid = plain.where(status="COMPLETE").over("90d").kept(60).shown(format="integer").sized(3, 3)
    assert plain.spec.operation_options == {"entity": "sales_order", "aggregate": {"fn": "count"}}
    assert paid.spec.operation_options == {
        "entity": "sales_order",
        "aggregate": {"fn": "count"},
        "filters": {"status": "COMPLETE"},
        "range": {"preset": "90d"},
    }
    assert paid.where({"total_cents": {"$gte": 1}}).spec.operation_options["filters"] == {
        "status": "COMPLETE",
        "total_cents": {"$gte": 1},
    }
    assert (paid.over(14).spec.operation_options["range"], paid.spec.cache_ttl_seconds) == ({"last_days": 14}, 60)
    assert 0 < paid.value < plain.value
    assert paid.drawn_as("table").titled("T").spec.type == "table"


def test_dates_and_tuples_in_options_become_json(wb):
    draft = wb.draft("metric").aggregate("sales_order", range={"from": datetime(2026, 5, 1, tzinfo=UTC)})
    assert draft.spec.operation_options["range"] == {"from": "2026-05-01T00:00:00+00:00"}
    assert draft.where(status=("PAID", "SHIPPED")).spec.operation_options["filters"] == {"status": ["PAID", "SHIPPED"]}


def test_variables_of_a_dashboard_reach_its_panels(wb):
    dashboard = wb.dashboard("Website Traffic")
    every, one = dashboard["Visitors"], dashboard.given(website="site_nordlicht")["Visitors"]
    wide = one.given(range={"preset": "all"})
    assert one.asked.hash != every.asked.hash
    assert 0 < one.value < every.value
    assert wide.value > one.value
    draft = wb.draft("metric").on("Website Traffic").aggregate("analytics_event", range={"$var": "range"})
    assert draft.spec.context == dashboard.spec.context
    assert draft.value > 0


def test_values_of_other_answers_are_refused_with_what_to_do(wb):
    with pytest.raises(InvalidOptionsError, match=r"answers with groups, not with one value\. Use \.frame\(\)"):
        _ = wb.panel("Partners by status").value
    with pytest.raises(InvalidOptionsError, match="is no chart"):
        wb.panel("Total partners").figure()


def test_frames_have_the_types_of_the_catalog(wb):
    rows = wb.draft("table").read("partner", sort="-created_at").frame()
    assert rows.dtypes.astype(str).to_dict() == {
        "id": "Int64",
        "name": "string",
        "status": "string",
        "verified": "boolean",
        "created_at": "datetime64[us, UTC]",
        "updated_at": "datetime64[us, UTC]",
    }
    assert rows["created_at"].is_monotonic_decreasing
    days = wb.panel("Daily pageviews").frame()
    assert days.dtypes.astype(str).to_dict() == {"date": "datetime64[us]", "value": "Int64"}
    hours = wb.draft("line").series("analytics_event", precision="hour", timezone="Asia/Kolkata").over(2).frame()
    assert hours.dtypes.astype(str).to_dict() == {"date": "datetime64[us, Asia/Kolkata]", "value": "Int64"}
    latest = wb.draft("metric").aggregate("sales_order", fn="max", field="created_at").frame()
    assert str(latest["value"].dtype) == "datetime64[us, UTC]"
    rate = wb.panel("Bounce rate").frame()
    assert (str(rate["value"].dtype), len(rate)) == ("Float64", 1)
    lines = wb.draft("line").series("production_run", group_by="status", precision="week").over("90d").frame()
    assert lines.dtypes.astype(str).to_dict() == {"date": "datetime64[us]", "series": "string", "value": "Int64"}
    of_partner = wb.draft("table").read("design", fields=["name", "partner.verified"], limit=3).frame()
    assert str(of_partner["partner.verified"].dtype) == "boolean"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None, 3], "Int64"),
        ([1, 2.5, None], "Float64"),
        ([True, None], "boolean"),
        (["a", None], "string"),
        (["2026-01-01", None], "datetime64[us]"),
        (["2026-01-01T10:00:00Z"], "datetime64[us, UTC]"),
        ([None, None], "object"),
        ([{"a": 1}, None], "object"),
        ([1, "a"], "object"),
    ],
)
def test_columns_that_the_catalog_does_not_know_are_typed_by_their_values(values, dtype):
    made = column(values, None, "UTC")
    assert str(made.dtype) == dtype
    assert list(made.isna()) == [value is None for value in values]


def test_labels_and_empty_answers_have_frames_too(wb):
    assert wb.draft("label", text="# Hello").frame().empty
    nothing = wb.draft("table").read("partner").where(name="nobody").frame()
    assert nothing.empty


def test_a_chart_shows_itself_as_a_plotly_output_that_is_plain_json(wb):
    bundle = wb.panel("Daily pageviews")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", PLOTLY}
    assert bundle[PLOTLY]["layout"]["title"]["text"] == "Daily pageviews"
    assert bundle["text/plain"].startswith("Daily pageviews\nBar chart of pageviews per day")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", bundle)])]
    )
    nbformat.validate(notebook)
    assert json.loads(json.dumps(bundle)) == bundle
    assert set(wb.panel("Daily pageviews")._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}


def test_numbers_tables_lists_and_labels_show_themselves_as_html_and_text(wb):
    metric = wb.panel("Total partners")
    assert str(metric) == "Total partners\n24 partners"
    assert '<div class="wb-metric-value" title="24">24</div>' in metric._repr_mimebundle_()["text/html"]
    table = wb.draft("table", "Who").read("partner", fields=["name", "id"], sort="id", limit=2)
    head, *lines = str(table).splitlines()
    assert (head, lines[0].split(), lines[-1]) == ("Who", ["Name", "Id"], "and 22 more rows")
    assert '<th class="wb-number">Id</th>' in table.html()
    ranked = wb.draft("list").aggregate("partner", group_by="status")
    assert str(ranked).splitlines()[1].split() == ["active", "16"]
    assert '<ol class="wb-list">' in ranked.html()
    assert wb.draft("label", text="**Hi** <b>").html() == (
        '<div class="wb-label"><p><strong>Hi</strong> &lt;b&gt;</p>\n</div>'
    )


def test_long_tables_say_how_much_more_there_is(wb):
    table = wb.draft("table").read("sales_order", fields=["id"], limit=100)
    assert table.html().count("<tr>") == 31
    assert "more rows" in table.html()
    assert "more rows" in str(table)


def test_hostile_text_stays_text(wb):
    with wb.workbench.database.write() as session:
        session.add(Partner(name=HOSTILE, status="active", verified=False))
    panels = [wb.draft(kind, HOSTILE).aggregate("partner", group_by="name") for kind in ("list", "table", "bar")]
    panels += [wb.draft("table").read("partner", fields=["name"], sort="-id"), wb.draft("label", HOSTILE, text=HOSTILE)]
    panels += [wb.draft("bar", HOSTILE).aggregate(HOSTILE)]
    for panel in panels:
        bundle = panel._repr_mimebundle_()
        shown = bundle.get("text/html", "") + json.dumps(bundle.get(PLOTLY, {}))
        assert "<img" not in shown
        assert "<script" not in shown


def test_a_panel_without_an_answer_shows_why(wb):
    broken = wb.draft("bar", "Broken").aggregate("desing")
    html = broken._repr_mimebundle_()["text/html"]
    assert "This panel has no answer" in html
    assert "Did you mean &#x27;design&#x27;?" in html
    assert "Did you mean 'design'?" in str(broken)
    with pytest.raises(UnknownNameError):
        _ = broken.result


def test_an_explanation_tells_the_call_the_cache_and_the_sql(wb):
    panel = wb.panel("Visitors")
    first = panel.explain()
    assert first.operation == "aggregate_data, version 1"
    assert (first.entity, first.source, first.timezone) == ("analytics_event", "workbench (sqlite)", "UTC")
    assert first.hash == panel.asked.hash
    assert first.cache == "empty; an answer is good for 60 s"
    assert first.sql == panel.sql
    assert wb.panel("Visitors").explain().cache.startswith("the answer of 2026-06-15 12:00:00 UTC, 0 s ago")
    assert wb.draft("metric").aggregate("partner").kept(None).explain().cache.startswith("not used")
    assert "2026-05-17" in first.period
    assert first.period.endswith("which is not in it")
    assert wb.draft("metric").aggregate("partner").explain().period == "all of time"
    assert "<pre>SELECT" in first.html()
    label = wb.draft("label", text="x").explain()
    assert (label.sql, label.plan) == ("", "")


def test_an_explanation_has_the_databases_own_plan(wb):
    told = wb.panel("Visitors").explain()
    assert "analytics_event" in told.plan
    assert "SCAN" in told.plan or "SEARCH" in told.plan
    assert told.text().endswith(f"The database's plan:\n{told.plan}")
    assert "<p>The database's plan:</p><pre>" in told.html()


def test_every_seeded_panel_has_a_plan_of_the_statement_that_ran(wb):
    told = [panel.explain() for dashboard in wb.dashboards for panel in dashboard if panel.sql]
    assert len(told) == 16
    assert [item for item in told if "SCAN" not in item.plan and "SEARCH" not in item.plan] == []


def test_a_plan_runs_nothing(wb):
    lines = wb.draft("line").series("analytics_event", group_by="event_type", series_limit=2)
    asked = []
    sql = lines.sql
    event.listen(wb.workbench.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert lines.explain().sql == sql
    assert [statement for statement in asked if "analytics_event" in statement] == [f"EXPLAIN QUERY PLAN {sql}"]


def test_a_source_that_gives_no_plan_leaves_a_line_that_says_so(wb, monkeypatch):
    panel = wb.panel("Visitors")
    assert panel.sql
    monkeypatch.setattr("stats_core.catalog.plans._WAYS", {"duckdb": None})
    assert panel.explain().plan == (
        "The workbench's database gives no plan: the workbench asks sqlite for none. Plans come from duckdb."
    )


def test_refreshing_asks_past_the_cache(wb):
    panel = wb.panel("Total partners")
    assert panel.value == 24
    with wb.workbench.database.write() as session:
        session.add(Partner(name="New", status="active", verified=False))
    assert wb.panel("Total partners").value == 24
    assert panel.refreshed().value == 25
    assert wb.panel("Total partners").value == 25


def test_pinning_twice_makes_one_panel(wb):
    draft = wb.draft("bar", "By partner").aggregate("design", group_by="partner.name", limit=10)
    pinned = draft.pin("My first", create=True)
    assert pinned.id.startswith("panel_")
    again = draft.shown(limit=5).sized(12, 7).pin("My first")
    assert again.id == pinned.id
    (stored,) = wb.dashboard("My first")
    assert (stored.spec.display.limit, stored.spec.width, stored.spec.height) == (5, 12, 7)
    assert stored.asked.hash == draft.asked.hash
    wb.draft("metric", "Partners").aggregate("partner").pin("My first")
    assert [panel.name for panel in wb.dashboard("My first")] == ["By partner", "Partners"]
    with pytest.raises(UnknownNameError):
        draft.pin("My secnd")
    with pytest.raises(InvalidOptionsError, match=r"operation_options\.entity"):
        wb.draft("bar", "Wrong").aggregate("desing").pin("My first")


def test_dashboards_list_their_panels(wb):
    dashboard = wb.dashboard("Website Traffic")
    assert len(dashboard) == 5
    assert str(dashboard).splitlines()[2].split()[:3] == ["Visitors", "metric", "analytics_event"]
    assert f"/dashboard?id={dashboard.id}" in dashboard.html()
    assert "Variables: website (website), range (range)" in dashboard.html()
    assert [line.split("  ")[0] for line in str(wb.dashboards).splitlines()[1:]] == [
        "JYT Overview",
        "Partners & Production",
        "Website Traffic",
    ]


def test_a_dark_session_draws_dark(wb):
    light = wb.panel("Daily pageviews")._repr_mimebundle_()[PLOTLY]["layout"]["paper_bgcolor"]
    wb.theme = "dark"
    dark = wb.panel("Daily pageviews")
    assert dark._repr_mimebundle_()[PLOTLY]["layout"]["paper_bgcolor"] != light
    assert dark.figure(theme="light").layout.font.color != dark.figure().layout.font.color


def test_a_figure_is_saved_for_a_post_and_twice_the_same(wb, tmp_path):
    stored, draft = wb.panel("Daily pageviews"), wb.draft("bar", "Who").aggregate("partner", group_by="status")
    for name, panel in (("stored", stored), ("draft", draft)):
        first = panel.save(tmp_path / f"{name}.html", title="For the blog").read_text()
        assert "For the blog" in first
        assert f"call {panel.asked.hash[:8]}" in first
        assert panel.save(tmp_path / "again.html", title="For the blog").read_text() == first


def test_a_table_has_links_to_pages_and_lengths_beside_its_numbers(wb):
    with wb.workbench.database.write() as session:
        session.query(Partner).update({"name": "https://example.com/?a=1&b=2"})
    names = wb.draft("table").read("partner", fields=["name"], limit=2).html()
    assert (
        names.count(
            '<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener">example.com/?a=1&amp;b=2</a>'
        )
        == 2
    )
    counted = wb.draft("table").aggregate("sales_order", group_by="status").html()
    assert '<td class="wb-lengths"><span style="width:100.0%"></span></td>' in counted
