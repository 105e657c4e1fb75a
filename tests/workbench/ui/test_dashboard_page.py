from __future__ import annotations

import json
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from stats_core.models import StatsPanel
from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec
from workbench.ui.panel_card import Once

RANGE = {"range": {"type": "range", "label": "Range", "default": {"preset": "30d"}}}


def called(bench: Workbench, name: str) -> Dashboard:
    return next(bench.dashboards.get(item.id) for item in bench.dashboards.list().items if item.name == name)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def card(app: AppTest, panel: PanelSpec) -> str:
    """Everything that stands in a panel's card, as text."""
    block = app.get_by_key(f"panel_{panel.id}")
    parts = [element.proto.body for element in block.get("html")] + [element.value for element in block.markdown]
    return " ".join(parts)


def charts(app: AppTest) -> dict[str, dict]:
    return {chart.proto.alt: json.loads(chart.proto.spec) for chart in app.get("plotly_chart")}


def panel(name: str, panel_type: str, operation: str | None, options: dict, **more: object) -> PanelSpec:
    return PanelSpec.model_validate(
        {"name": name, "type": panel_type, "operation_type": operation, "operation_options": options, **more}
    )


ALL_TYPES = (
    panel("A metric", "metric", "aggregate_data", {"entity": "partner", "aggregate": {"fn": "count"}}),
    panel(
        "A list",
        "list",
        "aggregate_data",
        {"entity": "sales_order", "aggregate": {"fn": "count"}, "group_by": "status"},
        display={"label": "orders"},
    ),
    panel(
        "A table",
        "table",
        "read_data",
        {"entity": "sales_order", "fields": ["status", "total_cents"], "sort": [{"field": "total_cents"}]},
        display={"field": "total_cents", "format": "currency", "currency": "USD"},
    ),
    panel(
        "A bar",
        "bar",
        "aggregate_data",
        {"entity": "partner", "aggregate": {"fn": "count"}, "group_by": "status"},
    ),
    panel(
        "A line",
        "line",
        "time_series",
        {
            "entity": "production_run",
            "aggregate": {"fn": "count"},
            "date_field": "created_at",
            "range": {"$var": "range"},
        },
    ),
    panel(
        "An area",
        "area",
        "time_series",
        {
            "entity": "analytics_daily_stats",
            "aggregate": {"measure": "sessions"},
            "date_field": "date",
            "group_by": "website.name",
            "range": {"$var": "range"},
        },
    ),
    panel("A label", "label", None, {}, display={"text": "**Bold** and <script>alert(1)</script>"}),
)


@pytest.mark.parametrize(("name", "count"), [("JYT Overview", 7), ("Partners & Production", 4), ("Website Traffic", 5)])
def test_every_panel_of_a_seeded_dashboard_has_data(dashboard, filled, name, count):
    found = called(filled, name)
    app = dashboard(found.id)
    assert not app.exception
    assert len(found.panels) == count
    for spec in found.panels:
        assert "wb-age" in card(app, spec)
        assert "wb-error" not in card(app, spec)
        assert "wb-empty" not in card(app, spec)
    drawn = [spec for spec in found.panels if spec.type in {"bar", "line", "area"}]
    assert len(charts(app)) == len(drawn)


def test_all_seven_types_are_drawn(dashboard, filled: Workbench):
    made = filled.dashboards.create("All", panels=ALL_TYPES, metadata={"variables": RANGE})
    app = dashboard(made.id)
    assert not app.exception
    by_name = {spec.name: spec for spec in filled.dashboards.get(made.id).panels}
    assert ">12</div>" in card(app, by_name["A metric"])
    assert '<span class="wb-name" title="PAID">PAID</span><span class="wb-number" title="2">2</span>' in card(
        app, by_name["A list"]
    )
    assert list(app.dataframe[0].value["1"]) == [0, 1000, 2000, 3000]
    assert "<strong>Bold</strong> and &lt;script&gt;" in card(app, by_name["A label"])
    assert {len(figure["data"]) for figure in charts(app).values()} == {1, 3, 6}  # the running day is drawn in three


def test_panels_stand_exactly_where_they_are_stored(dashboard, filled: Workbench):
    found = called(filled, "Partners & Production")
    app = dashboard(found.id)
    grid = app.grid[0]
    assert (grid.column_count, grid.row_height, grid.gap) == (12, 48, 14)
    spans = [
        (cell.proto.grid_cell.column_span or 1, cell.proto.grid_cell.row_span or 1) for cell in grid.children.values()
    ]
    assert spans == [(3, 3), (9, 6), (3, 3), (12, 6)]


def test_a_panel_that_fails_fails_alone_and_says_why(dashboard, filled: Workbench):
    found = called(filled, "JYT Overview")
    broken = found.panels[0]
    with filled.database.write() as session:
        row = session.get(StatsPanel, broken.id)
        row.operation_options = {"entity": "partnr", "aggregate": {"fn": "count"}, "group_by": "<img src=x>"}
    app = dashboard(found.id)
    assert not app.exception
    assert "wb-error" in card(app, broken)
    assert "<code>entity</code> No entity named &#x27;partnr&#x27;." in card(app, broken)
    assert "Did you mean &#x27;partner&#x27;" in card(app, broken)
    assert html(app).count("wb-error") == 1
    assert len(charts(app)) == 4


def test_a_fault_of_ours_is_said_without_a_traceback(dashboard, filled: Workbench, caplog):
    with filled.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE partner RENAME TO away")
    found = called(filled, "JYT Overview")
    app = dashboard(found.id)
    assert not app.exception
    assert html(app).count("wb-error") == 2
    assert "Traceback" not in html(app)


def test_an_empty_panel_says_what_matched_nothing(dashboard, filled: Workbench):
    lost = panel(
        "Lost",
        "bar",
        "aggregate_data",
        {
            "entity": "sales_order",
            "aggregate": {"fn": "count"},
            "group_by": "status",
            "filters": {"customer_name": "<b>Nobody"},
            "range": {"$var": "range"},
        },
    )
    made = filled.dashboards.create("Lost", panels=[lost], metadata={"variables": RANGE})
    app = dashboard(made.id, range="2026-01-01..2026-01-31")
    assert "No sales order matches" in html(app)
    assert "<li>Customer name is &lt;b&gt;Nobody</li><li>1 Jan 2026 to 31 Jan 2026</li>" in html(app)


# ---------------------------------------------------------------- choices and the URL


def query(app: AppTest) -> dict[str, str]:
    """The URL's query; Streamlit gives a value or a list of one."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def metrics(app: AppTest, found: Dashboard) -> list[str]:
    return [card(app, spec).split('wb-metric-value" title="')[1].split('"')[0] for spec in found.panels[:3]]


def test_the_range_reaches_panels_and_the_url(dashboard, filled: Workbench):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id)
    assert metrics(app, found)[0] == "120"  # 30 days, 3 + 1 visitors each
    app.segmented_control(key="choose_range").set_value("7d").run()
    assert metrics(app, found)[0] == "28"
    assert query(app) == {"id": found.id, "range": "7d"}
    app.segmented_control(key="choose_range").set_value("30d").run()
    assert query(app) == {"id": found.id}  # the default is left out


def test_the_website_reaches_panels_and_the_url(dashboard, filled: Workbench):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id)
    assert app.selectbox(key="choose_website").options == ["All websites", "Atelier", "Blog"]
    app.selectbox(key="choose_website").set_value("site_b").run()
    assert metrics(app, found)[0] == "30"
    assert query(app) == {"id": found.id, "website": "site_b"}
    app.selectbox(key="choose_website").set_value("").run()
    assert query(app) == {"id": found.id}


def test_a_url_restores_everything(dashboard, filled: Workbench):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id, range="2026-05-01..2026-05-10", website="site_a")
    assert metrics(app, found)[0] == "30"
    assert app.selectbox(key="choose_website").value == "site_a"
    assert app.segmented_control(key="choose_range").value == "custom"
    assert app.date_input(key="days_range").value == (date(2026, 5, 1), date(2026, 5, 10))
    (bars,) = next(figure for alt, figure in charts(app).items() if alt.startswith("Bar"))["data"]
    assert bars["x"][0] == "2026-05-01"
    assert len(bars["x"]) == 10


def test_custom_begins_with_the_days_shown_and_waits_for_both_ends(dashboard, filled: Workbench):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id, range="7d")
    app.segmented_control(key="choose_range").set_value("custom").run()
    assert query(app)["range"] == "2026-06-09..2026-06-15"
    app.date_input(key="days_range").set_value((date(2026, 6, 1),)).run()
    assert query(app)["range"] == "2026-06-09..2026-06-15"
    app.date_input(key="days_range").set_value((date(2026, 6, 1), date(2026, 6, 3))).run()
    assert query(app)["range"] == "2026-06-01..2026-06-03"
    assert metrics(app, found)[0] == "12"


@pytest.mark.parametrize("preset", ["90d", "ytd", "all"])
def test_every_preset_works(dashboard, filled: Workbench, preset):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id, range=preset)
    assert metrics(app, found)[0] == "304"  # all 76 days
    assert "wb-error" not in html(app)


def test_what_the_url_gets_wrong_is_left_out_and_told(dashboard, filled: Workbench):
    found = called(filled, "Website Traffic")
    app = dashboard(found.id, range="<b>soon", website="site_9")
    assert not app.exception
    assert metrics(app, found)[0] == "120"
    assert "range=&lt;b&gt;soon: a range is 7d" in html(app)
    assert "website=site_9: there is no such website" in html(app)


def test_only_what_a_dashboard_declares_can_be_chosen(dashboard, filled: Workbench):
    app = dashboard(filled.dashboards.create("Plain", panels=ALL_TYPES[:1]).id)
    assert not app.segmented_control
    assert not app.toggle
    assert [choice.key for choice in app.selectbox] == ["refresh"]


# ---------------------------------------------------------------- freshness


def test_a_panel_tells_its_age_and_refreshes_alone(dashboard, filled: Workbench):
    found = called(filled, "JYT Overview")
    first = found.panels[0]
    app = dashboard(found.id)
    with filled.database.write() as session:
        session.connection().exec_driver_sql("UPDATE sales_order SET status = 'PAID'")
        session.connection().exec_driver_sql(
            "DELETE FROM partner WHERE id > 6 AND NOT EXISTS (SELECT 1 FROM design WHERE partner_id = partner.id)"
        )
    app.run()
    assert ">12</div>" in card(app, first)
    assert 'data-cached="1"' in card(app, first)
    app.button(key=f"refresh_{first.id}").click().run()
    assert ">6</div>" in card(app, first)
    assert "data-cached" not in card(app, first)
    assert "just now</span>" in card(app, first)
    app.run()
    assert ">6</div>" in card(app, first)  # the new answer was written back
    assert "1 row considered" not in card(app, first)
    assert "6 rows considered." in card(app, first)


def test_skeletons_are_drawn_once_and_not_over_what_is_there(dashboard, filled: Workbench, monkeypatch):
    drawn: list[str] = []
    from workbench.ui import panel_card

    real = panel_card._waiting
    monkeypatch.setattr(
        panel_card, "_waiting", lambda bench, panel, *more: drawn.append(panel.name) or real(bench, panel, *more)
    )
    found = called(filled, "Partners & Production")
    app = dashboard(found.id)
    app.run()
    assert sorted(drawn) == sorted(panel.name for panel in found.panels)


def test_a_card_that_runs_again_by_itself_keeps_what_it_shows():
    once = Once(first=True)
    assert [once.take(), once.take(), Once(first=False).take()] == [True, False, False]


# ---------------------------------------------------------------- when it does not work


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("dash_nope<b>", "There is no dashboard &#x27;dash_nope&lt;b&gt;&#x27;."),
        ("", "The address names no dashboard."),
    ],
)
def test_an_unknown_dashboard_is_said_with_a_way_back(dashboard, filled, asked, words):
    app = dashboard(asked)
    assert not app.exception
    assert words in html(app)
    assert app.get("page_link")[0].proto.label == "All dashboards"


def test_a_database_that_does_not_answer_gives_one_readable_page(app, filled: Workbench):
    with filled.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE stats_dashboard RENAME TO away")
    app.run()
    assert not app.exception
    assert "The database does not answer: OperationalError." in html(app)
    with filled.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE away RENAME TO stats_dashboard")
    app.button(key="try_again").click().run()
    assert "wb-error" not in html(app)
    assert len([link for link in app.get("page_link") if link.proto.query_string]) == 3


def test_a_database_that_is_not_migrated_says_what_to_run(app, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app.run()
    assert not app.exception
    assert "<code>workbench migrate</code>" in html(app)


def test_without_a_server_the_pages_open_the_workbench_of_the_settings(app, sqlite_database, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app.run()
    assert "No dashboards yet" in html(app)


def test_panels_stand_beside_the_period_before_when_asked(dashboard, filled: Workbench):
    traffic = called(filled, "Website Traffic")
    app = dashboard(traffic.id, website="site_a", range="7d", compare="previous")
    assert not app.exception
    views, daily = traffic.panels[1], next(alt for alt in charts(app) if "pageviews" in alt.lower())
    now, before = (
        filled.resolver.resolve_panel(views, variables={"website": "site_a", "range": value}).data["value"]
        for value in ({"preset": "7d"}, {"from": "2026-06-02", "to": "2026-06-08"})
    )
    assert views.name == "Pageviews"
    assert f"from {before}" in card(app, views)
    assert str(now) in card(app, views)
    assert "Before" in [trace.get("name") for trace in charts(app)[daily]["data"]]


def test_the_switch_writes_the_url_and_keeps_what_else_stands_there(dashboard, filled: Workbench):
    traffic = called(filled, "Website Traffic")
    app = dashboard(traffic.id, website="site_a")
    app.toggle(key="compare").set_value(True).run()
    assert app.query_params == {"id": traffic.id, "website": "site_a", "compare": "previous"}
    app.segmented_control(key="choose_range").set_value("7d").run()
    assert app.query_params["compare"] == "previous"
    app.toggle(key="compare").set_value(False).run()
    assert app.query_params == {"id": traffic.id, "website": "site_a", "range": "7d"}
    assert "wb-change" not in card(app, traffic.panels[1])


def test_where_nothing_was_before_panels_stand_alone(dashboard, filled: Workbench):
    traffic = called(filled, "Website Traffic")
    app = dashboard(traffic.id, range="all", compare="previous")
    assert not app.exception
    assert "wb-change" not in card(app, traffic.panels[1])


def test_an_address_that_compares_with_something_else_is_told(dashboard, filled: Workbench):
    app = dashboard(called(filled, "Website Traffic").id, compare="year")
    assert "compare=year: what is compared with is previous" in html(app)


# ---------------------------------------------------------------- how it is looked at


def test_it_refreshes_by_itself_when_asked_and_the_address_says_so(dashboard, filled: Workbench):
    found = called(filled, "Partners & Production")
    app = dashboard(found.id)
    app.selectbox(key="refresh").set_value(60).run()
    assert app.query_params["refresh"] == "60"
    assert not app.exception
    app.selectbox(key="refresh").set_value(0).run()
    assert "refresh" not in app.query_params


def test_an_interval_that_is_not_offered_is_told(dashboard, filled: Workbench):
    app = dashboard(called(filled, "Partners & Production").id, refresh="1")
    assert "refresh=1: seconds are 30, 60, 300, 900" in html(app)


def test_the_kiosk_shows_panels_alone(dashboard, filled: Workbench):
    found = called(filled, "Partners & Production")
    app = dashboard(found.id)
    app.button(key="kiosk").click().run()
    assert app.query_params["kiosk"] == "1"
    styles = [element.proto.body for element in app.get("html") if "<style>" in element.proto.body]
    assert any(".st-key-bar" in style and "display: none" in style for style in styles[1:])


def test_a_dashboard_can_be_taken_along_as_a_file(dashboard, filled: Workbench):
    app = dashboard(called(filled, "Partners & Production").id)
    (button,) = [found for found in app.get("download_button") if found.proto.label == "Download as YAML"]
    assert not button.proto.disabled
