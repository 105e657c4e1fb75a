"""Figures as Chromium draws them: the map without anybody else's geometry, tables with links and lengths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from stats_core.panels.panel import PanelSpec

pytestmark = pytest.mark.browser

BY_COUNTRY = {"entity": "analytics_event", "aggregate": {"fn": "count"}, "group_by": "country"}


def panel(name: str, panel_type: str, **more: object) -> PanelSpec:
    return PanelSpec.model_validate(
        {"name": name, "type": panel_type, "operation_type": "aggregate_data", "operation_options": BY_COUNTRY, **more}
    )


def test_a_map_is_drawn_and_read_without_a_request_to_anybody(watch, served):
    made = served.workbench.dashboards.create("Where from")
    add = served.workbench.dashboards.add_panel
    world = add(made.id, panel("Countries", "bar", width=8, height=8, display={"map": True}))
    table = add(made.id, panel("Lengths", "table", x=8, width=4, height=6))
    none = {**BY_COUNTRY, "filters": {"pathname": "/nowhere"}}
    add(made.id, panel("None", "bar", y=8, operation_options=none, display={"map": True}))

    watched = watch()
    page = watched.open(served.dashboard("Where from"))
    card = page.locator(f".st-key-panel_{world.id}")
    expect(card.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_visible()
    expect(card.locator("[aria-label^='Map of the world: Countries.']")).to_have_count(1)
    expect(card.locator(".legend .traces").first).to_be_visible()
    india = page.evaluate(
        """id => {
            const plot = document.querySelector(`.st-key-panel_${id} .js-plotly-plot`);
            const at = plot.data.findIndex(trace => trace.name === "India");
            const { xaxis, yaxis, margin } = plot._fullLayout, box = plot.getBoundingClientRect();
            const middle = line => (Math.min(...line.filter(n => n !== null)) + Math.max(...line)) / 2;
            const { x, y } = plot.data[at];
            return [
                box.left + xaxis._offset + xaxis.d2p(middle(x)), box.top + yaxis._offset + yaxis.d2p(middle(y)),
                plot.data[at].text,
            ];
        }""",
        world.id,
    )
    page.mouse.move(india[0], india[1])
    expect(card.locator(".hoverlayer")).to_contain_text(india[2])
    expect(page.locator(f".st-key-panel_{table.id} canvas").first).to_be_visible()
    expect(page.locator(".wb-empty")).to_contain_text("Pathname is /nowhere")
    assert watched.outside == []
    assert watched.errors == []
    served.workbench.dashboards.delete(made.id)
