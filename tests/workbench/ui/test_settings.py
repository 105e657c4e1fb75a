"""The settings of a dashboard: its name, its days, who reads it, and its variables."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


@pytest.fixture
def board(filled: Workbench) -> str:
    """The id of an empty dashboard."""
    return filled.dashboards.create("Board").id


@pytest.fixture
def settings(app, dashboard, board) -> AppTest:
    """The dialog, opened from the menu."""
    dashboard(board)
    return app.button(key="settings").click().run()


def test_a_dashboard_is_named_described_and_given_its_days(settings, filled, board):
    assert settings.get("dialog")[0].proto.dialog.title == "Dashboard settings"
    settings.text_input(key="settings_name").set_value("Shops & *more*")
    settings.text_area(key="settings_description").set_value("Every shop.")
    settings.selectbox(key="settings_timezone").set_value("Asia/Tokyo")
    settings.selectbox(key="settings_audience").set_value("tenant")
    settings.button(key="settings_save").click().run()
    assert not settings.exception
    assert not settings.get("dialog")
    assert settings.toast[0].value.replace("\\", "") == "Saved Shops & *more*"
    stored = filled.dashboards.get(board)
    assert (stored.name, stored.description, stored.audience) == ("Shops & *more*", "Every shop.", "tenant")
    assert stored.context.timezone == "Asia/Tokyo"
    assert filled.dashboards.history(board)[0].action.startswith("Changed")


def test_variables_are_added_changed_and_taken_away(settings, filled, board):
    for words in ("Date range", "Website", "Store", "Free choice", "Free choice"):
        settings.button(key=f"add_{words}").click().run()
    settings.text_input(key="settings_3.name").set_value("status")
    settings.selectbox(key="settings_3.entity").set_value("partner").run()
    settings.selectbox(key="settings_3.field").set_value("status")
    settings.text_input(key="settings_3.default").set_value("active")
    settings.button(key="settings_1_remove").click().run()
    assert not settings.exception
    settings.selectbox(key="settings_3.type").set_value("number").run()  # the second free choice, which moved up
    settings.text_input(key="settings_3.default").set_value("[1, 2]")
    settings.button(key="settings_save").click().run()
    assert not settings.get("dialog")
    assert filled.dashboards.get(board).metadata["variables"] == {
        "range": {"type": "range", "label": "Range", "default": {"preset": "30d"}},
        "store": {"type": "text", "label": "Store", "entity": "store"},
        "status": {"type": "text", "label": "Choice", "entity": "partner", "field": "status", "default": "active"},
        "choice_2": {"type": "number", "label": "Choice", "default": [1, 2]},
    }


def test_what_is_wrong_is_told_and_what_was_entered_stays(settings, filled, board):
    settings.button(key="add_Free choice").click().run()
    settings.text_input(key="settings_name").set_value(" ")
    settings.selectbox(key="settings_0.type").set_value("number").run()
    settings.text_input(key="settings_0.default").set_value("<b>many</b>")
    settings.button(key="settings_save").click().run()
    assert "A dashboard needs a name." in html(settings)
    settings.text_input(key="settings_name").set_value("Named")
    settings.button(key="settings_save").click().run()
    assert "a number or a list of numbers" in html(settings)
    assert "<b>many" not in html(settings)
    assert settings.text_input(key="settings_0.default").value == "<b>many</b>"
    assert filled.dashboards.get(board).name == "Board"
    settings.button(key="settings_cancel").click().run()
    assert not settings.get("dialog")
    settings.button(key="settings").click().run()
    assert settings.text_input(key="settings_name").value == "Board"


def test_ranges_and_websites_begin_with_what_is_picked_or_written(settings, filled, board):
    website = filled.resolver.run("read_data", {"entity": "website", "fields": ["id", "name"]}).data["rows"][0]
    settings.button(key="add_Date range").click().run()
    settings.button(key="add_Website").click().run()
    picked = settings.selectbox(key="settings_0.default_range")
    assert picked.value == '{"preset": "30d"}'
    assert picked.options[:3] == ["Today", "Last 7 days", "Last 30 days"]
    picked.set_value('{"preset": "7d"}')
    assert website["name"] in settings.selectbox(key="settings_1.default_website").options
    settings.selectbox(key="settings_1.default_website").set_value(website["id"])
    settings.button(key="settings_save").click().run()
    assert not settings.exception
    assert filled.dashboards.get(board).metadata["variables"] == {
        "range": {"type": "range", "label": "Range", "default": {"preset": "7d"}},
        "website": {"type": "website", "label": "Website", "default": website["id"]},
    }


def test_a_range_that_is_not_offered_stays(app, dashboard, filled: Workbench):
    variables = {"range": {"type": "range", "label": "", "default": {"last_days": 14}}}
    made = filled.dashboards.create("Board", metadata={"variables": variables}).id
    dashboard(made)
    app.button(key="settings").click().run()
    assert app.selectbox(key="settings_0.default_range").value == '{"last_days": 14}'
    app.button(key="settings_save").click().run()
    assert not app.get("dialog")
    assert filled.dashboards.get(made).variables["range"].default == {"last_days": 14}


def test_the_default_of_one_type_is_none_of_another(settings, filled, board):
    settings.button(key="add_Date range").click().run()
    settings.selectbox(key="settings_0.type").set_value("text").run()
    assert settings.text_input(key="settings_0.default").value == ""
    settings.button(key="settings_save").click().run()
    assert filled.dashboards.get(board).metadata["variables"] == {"range": {"type": "text", "label": "Range"}}


def test_what_is_wrong_is_told_above_the_button_too(settings):
    settings.text_input(key="settings_name").set_value("")
    assert "Not saved" not in html(settings)
    settings.button(key="settings_save").click().run()
    assert "Not saved. A dashboard needs a name." in html(settings)
    settings.button(key="add_Free choice").click().run()
    settings.button(key="add_Free choice").click().run()
    for at in range(2):
        settings.text_input(key=f"settings_{at}.name").set_value("")
    settings.button(key="settings_save").click().run()
    assert "Not saved. 3 things above have to be put right." in html(settings)


def test_a_variable_that_panels_use_cannot_go(app, dashboard, filled: Workbench):
    traffic = filled.dashboards.list(q="Traffic").items[0].id
    dashboard(traffic)
    app.button(key="settings").click().run()
    app.button(key="settings_0_remove").click().run()
    app.button(key="settings_save").click().run()
    assert app.get("dialog")
    assert "wb-fault" in html(app)
    assert filled.dashboards.get(traffic).variables
