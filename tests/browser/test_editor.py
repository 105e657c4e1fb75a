"""A panel made by the form, changed as JSON, looked at, saved, and found again."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect


def test_a_bar_panel_is_made_by_the_form_and_changed_as_json(watch, served):
    made = served.workbench.dashboards.create("Made by hand")
    watched = watch()
    page = watched.open(f"{served.url}/dashboard?id={made.id}")
    page.get_by_role("button", name="Add panel").click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("New panel")
    drawer.get_by_role("radio", name="Bar by").click()
    preview = drawer.locator(".st-key-panel_draft")
    expect(preview.locator(".js-plotly-plot")).to_be_visible()
    drawer.get_by_label("Name", exact=True).fill("Orders <b>by</b> *status*")
    drawer.get_by_label("Name", exact=True).press("Enter")
    expect(preview.locator(".wb-title")).to_have_text("Orders <b>by</b> *status*")
    watched.settle()

    drawer.get_by_role("tab", name="JSON").click()
    text = drawer.get_by_label("The panel as JSON")
    expect(text).to_have_value(re.compile("Orders <b>by"))
    document = json.loads(text.input_value())
    assert (document["type"], document["operation_type"]) == ("bar", "aggregate_data")
    text.fill('{"name": ')
    text.press("Control+Enter")
    expect(drawer.locator(".wb-fault").first).to_contain_text("Line 1, column 10")
    expect(drawer.get_by_role("button", name="Save")).to_be_disabled()
    document["operation_options"] |= {"entity": "partner", "group_by": "status"}
    del document["operation_options"]["range"]
    text.fill(json.dumps(document))
    text.press("Control+Enter")
    expect(preview).to_contain_text("active")
    watched.settle()

    drawer.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (stored,) = served.workbench.dashboards.get(made.id).panels
    assert (stored.name, stored.operation_options) == (document["name"], document["operation_options"])
    page.reload()
    watched.settle()
    card = page.locator(f".st-key-panel_{stored.id}")
    expect(card.locator(".wb-title")).to_have_text("Orders <b>by</b> *status*")
    expect(card).to_contain_text("active")
    assert watched.outside == []
    assert watched.errors == []
