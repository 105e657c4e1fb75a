"""`workbench serve` as a process of its own, and the parts of it that need no process."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from stats_core.errors import ConfigurationError
from stats_core.models import AnalyticsEvent, Website
from workbench.server import address_of, listen


@contextmanager
def starting(database, folder, *options):
    """The process and all that it says until it is ready; started in a folder that knows nothing of the project."""
    command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--database", database.url, *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, said_until_ready(process)
        finally:
            process.kill()


@contextmanager
def serving(database, folder, *options):
    """The process and the address it says."""
    with starting(database, folder, *options) as (process, said):
        found = re.search(r"Workbench is ready: (http://\S+)", said)
        assert found, said
        yield process, found[1]


def said_until_ready(process):
    """Everything up to the line that says it is ready, or to the end."""
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith("Workbench is ready: "):
            break
    return said


def get(url, **headers):
    with urlopen(Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})) as answer:
        return answer.status, answer.headers, answer.read()


def test_it_serves_pages_health_and_streamlit_and_stops_when_told(sqlite_database, tmp_path):
    with serving(sqlite_database, tmp_path, "--no-sign-in") as (process, url):
        status, headers, body = get(f"{url}/healthz")
        assert (status, json.loads(body)) == (200, {"status": "ok"})
        assert headers["x-content-type-options"] == "nosniff"

        status, headers, body = get(f"{url}/dashboard", accept="text/html", accept_encoding="gzip")
        assert b"<title>Workbench</title>" in gzip.decompress(body)

        assert get(f"{url}/_stcore/health")[2] == b"ok"
        with pytest.raises(HTTPError, match="400"):
            get(f"{url}/", host="evil.example")

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors.strip()) == (0, "Stopped.")


def test_sources_that_do_not_work_are_told_at_start(sqlite_database, tmp_path):
    (tmp_path / "workbench.toml").write_text('[sources.shop]\nurl = "sqlite:///none.db"\ntables = ["orders"]\n')
    with starting(sqlite_database, tmp_path) as (_, said):
        assert (
            f"warning: sources.shop.url: The source 'shop' is off. There is no file {tmp_path / 'none.db'}. "
            "Check the path in the source's url."
        ) in said.splitlines()


def test_the_first_start_prints_a_link_whose_token_opens_the_api(sqlite_database, tmp_path):
    with starting(sqlite_database, tmp_path) as (_, said):
        [(url, token)] = re.findall(r"(http://\S+)/sign-in#token=(wb_\S+)", said)
        assert f"Workbench is ready: {url} " in said
        events = f"{url}/admin/analytics-events"
        assert json.loads(get(events, authorization=f"Bearer {token}")[2])["total"] == 0
        with pytest.raises(HTTPError, match="401"):
            get(events)
        assert get(f"{url}/admin/docs")[1].get_content_type() == "text/html"
    with starting(sqlite_database, tmp_path) as (_, said):
        assert "token" not in said


def test_it_takes_events_under_any_name_and_believes_no_forwarded_address(sqlite_database, tmp_path):
    with sqlite_database.write() as session:
        session.add(Website(id="site_a", name="A", domain="example.com"))
    body = json.dumps({"website_id": "site_a", "event_type": "pageview", "pathname": "/a"}).encode()
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with serving(sqlite_database, tmp_path) as (process, url):
        for number in range(3):
            headers = {"host": "count.example.com", "user-agent": firefox, "x-forwarded-for": f"203.0.113.{number}"}
            with urlopen(Request(f"{url}/web/analytics/track", body, headers)) as answer:
                assert answer.read() == b'{"success": true, "message": "Event tracked"}'
        status, headers, _ = get(f"{url}/analytics.js", host="count.example.com")
        assert (status, headers.get_content_type()) == (200, "text/javascript")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors.strip()) == (0, "Stopped.")
    with sqlite_database.read() as session:
        stored = session.execute(select(AnalyticsEvent.pathname, AnalyticsEvent.visitor_id)).all()
    assert len(stored) == 3
    assert {pathname for pathname, _ in stored} == {"/a"}
    assert len({visitor_id for _, visitor_id in stored}) == 1


def test_a_host_that_is_not_ours_is_an_expected_error():
    with pytest.raises(ConfigurationError, match=r"Cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", r"http://127\.0\.0\.1:\d+"),
        ("0.0.0.0", r"http://127\.0\.0\.1:\d+"),
        ("::1", r"http://\[::1\]:\d+"),
    ],
)
def test_the_printed_address_is_one_a_browser_can_open(host, expected):
    with listen(host, 0) as bound:
        assert re.fullmatch(expected, address_of(bound))
