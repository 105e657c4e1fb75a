"""Signing in by a link, below the path of a proxy: pages and charts work there, and no token stays behind."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import pytest

PATH = "/stats"


@contextmanager
def serving_below(path, served, folder):
    """The server over a copy of the demo's database, asking people to sign in; gives the link of the first start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    copy = folder / "workbench.db"
    original = served.workbench.database.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("DELETE FROM access_token")  # other tests' own: the link is that of a first start
        target.commit()
    command = [sys.executable, "-m", "workbench", "serve", "--port", str(port), "--database", f"sqlite:///{copy}"]
    environment = {**os.environ, "WORKBENCH_PUBLIC_URL": f"http://127.0.0.1:{port}{path}"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        said = ""
        for line in process.stderr:
            said += line
            if "ready" in line:
                break
        drained = threading.Thread(target=process.stderr.read)
        drained.start()
        try:
            yield re.search(r"http://\S+#token=\S+", said)[0]
        finally:
            process.terminate()
            process.wait(20)
            drained.join()


@pytest.fixture
def link(served, tmp_path):
    with serving_below(PATH, served, tmp_path) as link:
        yield link


def test_a_link_signs_in_and_leaves_no_token_behind(link, served, chromium):
    base, _, token = link.partition("/sign-in#token=")
    asked, problems = [], []
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    page.goto(f"{base}/dashboard?id=dash_x")
    assert page.url == f"{base}/sign-in?next=dashboard%3Fid%3Ddash_x"
    page.fill("#token", "wb_wrong")
    page.click("button")
    page.wait_for_selector("[role=alert]")

    page.goto(f"{base}/?token={token}")  # as a habit of others has it
    page.wait_for_selector("h1.wb-h1")
    assert page.url == f"{base}/"
    page.get_by_role("link", name="Website Traffic").click()
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.wait_for_selector(".wb-metric-value")
    assert page.url.startswith(f"{base}/dashboard?id=dash_")
    assert token not in page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")

    page.reload()
    page.wait_for_selector(".wb-metric-value")
    page.goto(f"{base}/")
    page.get_by_test_id("stPopover").last.get_by_role("button").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{base}/sign-in")
    page.goto(f"{base}/tokens")
    assert page.url == f"{base}/sign-in?next=tokens"

    origin = base.removesuffix(PATH)
    assert problems == []
    assert [url for url in asked if not url.startswith((f"{origin}{PATH}/", "blob:", "data:"))] == []
    # One request has it in its address: the one that was typed so. None passes it on.
    assert [url.split()[0] for url in asked if token in url] == [f"{base}/?token={token}"]
    context.close()
