"""A file on the list's page: what it would change is shown, and then done."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from stats_core.composition import Workbench


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


@pytest.fixture
def upload(app, filled: Workbench):
    """The dialog with this file in it."""

    def uploaded(content: str | bytes) -> AppTest:
        app.run()
        app.button(key="import_open").click().run()
        raw = content if isinstance(content, bytes) else content.encode()
        app.file_uploader(key="import_file").upload("dashboard.yaml", raw)
        return app.run()

    return uploaded


@pytest.fixture
def traffic(filled: Workbench) -> str:
    return filled.dashboards.list(q="Traffic").items[0].id


def test_a_new_dashboard_is_planned_made_and_opened(app, upload, filled: Workbench):
    upload("kind: dashboard\nversion: 1\nname: <b>Shop</b>\npanels:\n- {type: label, display: {text: Hi}}\n")
    assert "<strong>&lt;b&gt;Shop&lt;/b&gt;</strong> is new: a dashboard with 1 panel is made." in html(app)
    assert filled.dashboards.list().total == 3
    app.button(key="import").click().run()
    assert not app.exception
    made = filled.dashboards.list(q="Shop").items[0]
    assert app.query_params["id"] == made.id
    assert app.toast[0].value == "Imported \\<b\\>Shop\\<\\/b\\>"
    assert filled.dashboards.history(made.id)[0].action == "Imported from a file."


def test_every_change_is_shown_before_it_is_made(app, upload, filled: Workbench, traffic):
    text = filled.dashboards.export_yaml(traffic)
    upload(text.replace("Bounce rate", "Bounces").replace("name: Website Traffic", "name: <i>Our</i> Traffic"))
    shown = html(app)
    assert "Website Traffic</del> <ins" in shown
    assert ">&lt;i&gt;Our&lt;/i&gt; Traffic</ins>" in shown
    assert '<strong>Bounces</strong> <span class="wb-kind">changed · panels[2]</span>' in shown
    assert filled.dashboards.export_yaml(traffic) == text
    app.button(key="import").click().run()
    assert not app.exception
    assert filled.dashboards.get(traffic).name == "<i>Our</i> Traffic"


def test_a_file_that_is_as_stored_has_nothing_to_do(app, upload, filled: Workbench, traffic):
    upload(filled.dashboards.export_yaml(traffic))
    assert "nothing would change" in html(app)
    assert app.button(key="import").disabled


def test_a_broken_file_names_every_fault_and_offers_nothing(app, upload, filled: Workbench, traffic):
    text = filled.dashboards.export_yaml(traffic)
    upload(
        text.replace("entity: analytics_event", "entity: analytics_evnt").replace("name: Web", "colour: red\nname: ")
    )
    shown = html(app)
    assert "3 faults in the file; nothing was changed" in shown
    for path in ("colour", "panels[0].operation_options.entity", "panels[1].operation_options.entity"):
        assert f"<code>{path}</code>" in shown
    assert "import" not in {button.key for button in app.button}
    assert filled.dashboards.export_yaml(traffic) == text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"[", b"<script>alert(1)</script>"])
def test_what_is_no_dashboard_is_said(app, upload, content):
    upload(content)
    assert not app.exception
    assert "One fault in the file; nothing was changed" in html(app)


def test_what_changed_between_plan_and_click_is_not_overwritten(app, upload, filled: Workbench, traffic):
    upload(filled.dashboards.export_yaml(traffic).replace("Bounce rate", "Bounces"))
    filled.dashboards.update(traffic, name="Renamed meanwhile")
    app.button(key="import").click().run()
    assert "It was not imported" in html(app)
    assert "Renamed meanwhile</del>" in html(app)
    assert [version.action for version in filled.dashboards.history(traffic)] == ["Changed name.", "Created."]
    app.button(key="import").click().run()
    assert filled.dashboards.get(traffic).name == "Website Traffic"
