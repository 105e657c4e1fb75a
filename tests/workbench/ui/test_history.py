"""The history of a dashboard on its page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench
from stats_core.models import StatsDashboardVersion


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


@pytest.fixture
def traffic(filled: Workbench) -> str:
    """The id of a dashboard with three versions."""
    found = filled.dashboards.list(q="Traffic").items[0].id
    filled.dashboards.by("Ann <a@x.example>").update(found, name="Traffic *of* ours")
    filled.dashboards.delete_panel(filled.dashboards.get(found).panels[0].id)
    return found


@pytest.fixture
def history(app, dashboard, traffic) -> AppTest:
    """The dialog, opened from the menu."""
    dashboard(traffic)
    return app.button(key="history").click().run()


def test_versions_are_listed_with_who_and_what_and_the_newest_is_what_it_is_now(history, filled):
    assert not history.exception
    assert history.get("dialog")[0].proto.dialog.title == "History"
    assert [option.replace("\\", "") for option in history.radio(key="version").options] == [
        "3 · Removed 'Visitors'.",
        "2 · Changed name.",
        "1 · Created.",
    ]
    captions = [
        caption.replace("\\", "").replace("\u2060", "") for caption in history.radio(key="version").proto.captions
    ]
    assert captions[1].endswith(", Ann <a@x.example>")
    assert "This is what the dashboard is now." in html(history)
    assert history.button(key="restore").disabled


def test_what_restoring_would_change_is_shown_and_then_done(history, filled: Workbench, traffic):
    history.radio(key="version").set_value(1).run()
    assert ">Traffic *of* ours</del> <ins" in html(history)
    assert '<strong>Visitors</strong> <span class="wb-kind">new' in html(history)
    history.button(key="restore").click().run()
    assert not history.exception
    assert not history.get("dialog")
    assert history.toast[0].value == "Restored version 1"
    assert filled.dashboards.get(traffic).name == "Website Traffic"
    assert filled.dashboards.history(traffic)[0].action == "Restored version 1."


def test_a_change_of_somebody_else_is_not_overwritten_unseen(history, filled: Workbench, traffic):
    history.radio(key="version").set_value(2).run()
    filled.dashboards.update(traffic, name="Theirs")
    history.button(key="restore").click().run()
    assert "It was not restored" in html(history)
    assert filled.dashboards.get(traffic).name == "Theirs"
    assert history.radio(key="version").options[0] == "4 · Changed name\\."
    history.radio(key="version").set_value(2).run()
    history.button(key="restore").click().run()
    assert filled.dashboards.get(traffic).name == "Traffic *of* ours"


def test_a_dashboard_that_is_older_than_its_history_says_so(app, dashboard, filled: Workbench, traffic):
    with filled.database.write() as session:
        session.execute(StatsDashboardVersion.__table__.delete())
    dashboard(traffic)
    app.button(key="history").click().run()
    assert "No versions yet" in html(app)
