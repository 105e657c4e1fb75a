"""The panel builder in a real JupyterLab: built, previewed, refused, pinned; then the panel stands in the app."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading

import nbformat
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

CELL = """from workbench.notebook import wb
builder = wb.builder(dashboard="From Jupyter")
builder"""
START_S = 90_000  # JupyterLab and a kernel, on a busy machine
LAB = ["--no-browser", "--port=0", "--allow-root", "--ServerApp.token=", "--LabApp.news_url=None", "--ip=127.0.0.1"]


@pytest.fixture
def lab(served, tmp_path):
    """The address of a JupyterLab whose kernels ask the workbench that is served."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "builder.ipynb")
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {
        **os.environ,
        **own,
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "WORKBENCH_DATABASE_URL": served.workbench.settings.database_url,
        "WORKBENCH_PUBLIC_URL": served.url,
    }
    command = [sys.executable, "-m", "jupyterlab", *LAB]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        assert found, "".join(said)
        drained = threading.Thread(target=process.stderr.read)
        drained.start()
        yield found[0]
        process.terminate()
        process.wait(30)
        drained.join()


def field(page, label, tag):
    """The control of this label in the form."""
    return page.locator(f".jupyter-widgets:has(> label:text-is('{label}')) {tag}:visible").first


def run_first_cell(page, url):
    """Open a notebook, run its first cell, and wait for the form."""
    page.goto(url)
    cell = page.locator(".jp-CodeCell").first
    cell.wait_for(timeout=START_S)
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=START_S)
    form = page.locator(".jupyter-widget-tab")
    for _ in range(3):  # a kernel that has just become idle may not take what is sent yet
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        with contextlib.suppress(PlaywrightTimeout):
            form.wait_for(timeout=START_S / 3)
            break
    expect(form).to_be_visible()


def pinned_over(page, dashboards, stored):
    """The panel with a condition, pinned again over what somebody else made of it meanwhile."""
    page.get_by_role("tab", name="Display").click()
    page.get_by_role("button", name="Add a condition").click()
    than = page.locator("input[placeholder=value]:visible")
    than.fill("6")
    than.press("Enter")
    dashboards.update_panel(stored.id, name="Theirs")
    page.get_by_role("button", name="Pin to dashboard").click()
    expect(page.locator(".wb-told", has_text="Somebody else changed this panel")).to_be_visible()
    page.get_by_role("button", name="Pin mine over it").click()
    expect(page.locator(".wb-told", has_text="Changed on")).to_be_visible()
    (changed,) = dashboards.get(stored.dashboard_id).panels
    return changed


@pytest.mark.slow
def test_a_panel_is_built_in_jupyterlab_pinned_and_shown_in_the_app(lab, served, watch):
    made = served.workbench.dashboards.ensure("From Jupyter")
    page = watch().page
    run_first_cell(page, f"{lab}/lab/tree/builder.ipynb")

    page.get_by_role("button", name="Bar by").click()
    plot = page.locator(".jp-OutputArea .js-plotly-plot")
    expect(plot).to_be_visible(timeout=START_S)
    name = field(page, "Name", "input")
    name.fill("Designs <b>by</b> partner")
    name.press("Enter")
    expect(plot).to_contain_text("Designs <b>by</b> partner")

    page.get_by_role("tab", name="Question").click()
    field(page, "Rows of", "select").select_option(label="Designs · design")
    field(page, "Group by", "select").select_option(label="partner.name · text")
    expect(page.locator(".jupyter-widget-tag", has_text="partner.name")).to_be_visible()
    page.locator(".jupyter-widget-tag", has_text="status").locator(".jupyter-widget-tag-close").click()
    field(page, "Range", "select").select_option(label="All of time")
    expect(plot).to_contain_text("Kanchi Silk Weavers")

    limit = field(page, "Limit", "input")
    limit.fill("0")
    limit.press("Enter")
    fault = page.locator(".wb-fault:visible")
    expect(fault.first).to_contain_text("greater than or equal to 1")
    pin = page.get_by_role("button", name="Pin to dashboard")
    expect(pin).to_be_disabled()
    limit = field(page, "Limit", "input")
    limit.fill("5")
    limit.press("Enter")
    expect(pin).to_be_enabled()
    expect(plot).to_be_visible()

    pin.click()
    expect(page.locator(".wb-told", has_text="Pinned to")).to_be_visible()
    (stored,) = served.workbench.dashboards.get(made.id).panels
    assert (stored.name, stored.operation_options) == (
        "Designs <b>by</b> partner",
        {"entity": "design", "aggregate": {"fn": "count"}, "group_by": "partner.name", "limit": 5},
    )
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".jp-OutputArea textarea:visible").last).to_have_value(re.compile("wb.draft"))

    changed = pinned_over(page, served.workbench.dashboards, stored)
    assert (changed.id, changed.name) == (stored.id, stored.name)
    (condition,) = changed.display.conditional_formatting
    assert (condition.when.op, condition.when.value, condition.color) == (">", 6, "green")

    app = watch()
    app.open(f"{served.url}/dashboard?id={made.id}")
    card = app.page.locator(f".st-key-panel_{stored.id}")
    expect(card.locator(".wb-title")).to_have_text("Designs <b>by</b> partner")
    expect(card.locator(".js-plotly-plot")).to_be_visible()
    assert app.errors == []
