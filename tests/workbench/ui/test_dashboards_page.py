from __future__ import annotations

from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from workbench.ui.dashboards_page import PER_PAGE

NAMES = ["JYT Overview", "Partners & Production", "Website Traffic"]


def names(app: AppTest) -> list[str]:
    """Of the cards, as they are read."""
    labels = [link.proto.label for link in app.get("page_link") if link.proto.query_string]
    return [label.replace("\\", "").replace("\u2060", "") for label in labels]


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def test_the_first_screen_shows_every_dashboard_with_its_figures(app, filled):
    app.run()
    assert not app.exception
    assert names(app) == NAMES
    previews = [element.value for element in app.markdown if "wb-preview" in element.value]
    assert len(previews) == 3
    assert "Total partners" in previews[0]
    assert ">12<" in previews[0]
    assert all("<svg" in preview for preview in previews)


def test_the_list_has_its_own_address_too(app, filled):
    app.run()
    app.switch_page("views/stats.py").run()
    assert names(app) == NAMES


def test_search_finds_by_name_and_says_when_nothing_matches(app, filled):
    app.run()
    app.text_input(key="q").set_value("partners").run()
    assert names(app) == ["JYT Overview", "Partners & Production"]  # one by its description
    app.text_input(key="q").set_value("<b>nothing").run()
    assert names(app) == []
    assert "No dashboard is called anything like &#x27;&lt;b&gt;nothing&#x27;" in html(app)


def test_an_empty_workbench_says_what_to_do(app, bench):
    app.run()
    assert not app.exception
    assert "No dashboards yet" in html(app)
    assert "<code>workbench seed</code>" in html(app)


def test_a_new_dashboard_is_opened(app, bench: Workbench):
    app.run()
    app.button(key="new").click().run()
    assert app.get("dialog")[0].proto.dialog.title == "New dashboard"
    app.text_input(key="new_name").set_value("Mine *and* <b>yours</b>")
    app.button(key="create").click().run()
    assert not app.exception
    assert [item.name for item in bench.dashboards.list().items] == ["Mine *and* <b>yours</b>"]
    assert "Mine *and* &lt;b&gt;yours&lt;/b&gt;</h1>" in html(app)
    assert "No panels yet" in html(app)


def test_a_name_that_says_nothing_is_refused_in_the_dialog(app, bench: Workbench):
    app.run()
    app.button(key="new").click().run()
    app.text_input(key="new_name").set_value("   ")
    app.button(key="create").click().run()
    assert app.get("dialog")
    assert "It was not created" in html(app)
    assert bench.dashboards.list().total == 0


def test_duplicate_makes_a_copy(app, filled: Workbench):
    app.run()
    menu = f"menu_{filled.dashboards.list(q='JYT').items[0].id}"
    app.menu_button(key=menu).click("Duplicate").run()
    assert names(app) == ["JYT Overview", "JYT Overview (copy)", *NAMES[1:]]
    assert app.toast[0].value == "Made JYT Overview \\(copy\\)"


def test_delete_asks_first(app, filled: Workbench):
    app.run()
    dashboard = filled.dashboards.list(q="JYT").items[0]
    app.menu_button(key=f"menu_{dashboard.id}").click("Delete").run()
    assert app.get("dialog")[0].proto.dialog.title == "Delete this dashboard?"
    assert "JYT Overview</strong>, its 7 panels and its history go" in html(app)
    app.button(key="keep").click().run()
    assert names(app) == NAMES
    assert not app.get("dialog")
    app.menu_button(key=f"menu_{dashboard.id}").click("Delete").run()
    app.button(key="delete").click().run()
    assert names(app) == NAMES[1:]
    assert not app.get("dialog")
    assert filled.dashboards.list().total == 2


def test_a_dashboard_that_somebody_else_deleted_meanwhile_is_just_gone(app, filled: Workbench):
    app.run()
    dashboard = filled.dashboards.list(q="JYT").items[0]
    app.menu_button(key=f"menu_{dashboard.id}").click("Delete").run()
    filled.dashboards.delete(dashboard.id)
    app.run()
    assert not app.exception
    assert names(app) == NAMES[1:]


def test_a_long_list_has_pages_and_search_begins_at_the_first(app, bench: Workbench):
    for number in range(PER_PAGE + 3):
        bench.dashboards.create(f"Dashboard {number:02}")
    app.run()
    assert len(names(app)) == PER_PAGE
    app.pagination(key="page").set_value(2).run()
    assert names(app) == [f"Dashboard {PER_PAGE + number}" for number in range(3)]
    app.text_input(key="q").set_value("Dashboard 1").run()
    assert names(app)[0] == "Dashboard 10"


def test_a_dashboard_whose_panels_fail_is_still_listed(app, filled: Workbench):
    broken = filled.dashboards.list(q="JYT").items[0]
    with filled.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE partner RENAME TO away")
    app.run()
    assert not app.exception
    assert broken.name in names(app)
