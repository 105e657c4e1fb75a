"""`workbench import-logs`: the report, the daily figures, the address."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from stats_core.models import AnalyticsDailyStats
from stats_core.traffic.reconciliation import reconcile
from stats_core.traffic.websites import add_website

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(address="203.0.113.7", time="17/May/2026:23:30:00 +0000", request="GET / HTTP/1.1", status=200, agent=FIREFOX):
    return f'{address} - - [{time}] "{request}" {status} 1234 "-" "{agent}"\n'


LOG = "".join(
    [
        line(),
        line(time="17/May/2026:23:31:00 +0000", request="GET /pricing HTTP/1.1"),
        line(address="203.0.113.8", time="18/May/2026:09:00:00 +0000"),
        line(agent=BOT),
        line(request="GET /logo.png HTTP/1.1"),
        line(request="POST /buy HTTP/1.1"),
        line(status=404),
        "this is no line of a log\n",
    ]
)


@pytest.fixture
def site(database, workbench):
    assert workbench("seed", "--database", database.url).code == 0
    return add_website(database, "example.com", website_id="site_1", timezone="Europe/Berlin")


def counts(out):
    """The first number of each line of the report, by its title."""
    return {
        title.strip(): int(number.replace(",", ""))
        for title, number in re.findall(r"^ *([a-z_ ]+?) +([\d,]+)\b", out, re.MULTILINE)
    }


def test_a_log_is_stored_rolled_up_and_its_address_printed(workbench, database, site, tmp_path):
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench("import-logs", "access.log", "--website", site.id, "--database", database.url)
    assert answer.code == 0
    assert counts(answer.out) == {
        "lines": 8, "stored": 3, "there already": 0,
        "left out": 4, "bot": 1, "asset": 1, "method": 1, "status": 1,
        "refused": 1, "fragment": 1,
    }  # fmt: skip
    assert ": access.log, line 8\n" in answer.out
    progress, done = answer.err.splitlines()
    assert progress == "import-logs: 100 %, 8 lines, 3 stored"
    assert re.fullmatch(r"8 lines in \d+\.\d s; rolling up their days\.", done)
    # 23:30 in UTC is the next day in Berlin, where this website's days begin.
    assert re.fullmatch(
        r"http://127\.0\.0\.1:8501/dashboard\?id=dash_\w+&website=site_1&range=2026-05-18\.\.2026-05-18",
        answer.out.splitlines()[-1],
    )
    assert reconcile(database) == []


def test_again_adds_nothing_and_still_says_where_to_look(workbench, sqlite_database, tmp_path):
    url = sqlite_database.url
    workbench("seed", "--database", url)
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log.gz").write_bytes(gzip.compress(LOG.encode()))
    first = workbench("import-logs", "access.log.gz", "--website", "example.com", "--database", url)
    second = workbench("import-logs", "access.log.gz", "--website", "example.com", "--database", url)
    assert counts(first.out)["stored"] == 3
    assert (counts(second.out)["stored"], counts(second.out)["there already"]) == (0, 3)
    assert first.out.splitlines()[-1] == second.out.splitlines()[-1]
    assert first.out.splitlines()[-1].endswith("range=2026-05-17..2026-05-18")


def test_an_import_that_was_broken_off_before_its_days_were_rolled_up_is_mended(workbench, sqlite_database, tmp_path):
    url = sqlite_database.url
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(LOG)
    workbench("import-logs", "access.log", "--website", "site_1", "--database", url)
    with sqlite_database.write() as session:
        session.query(AnalyticsDailyStats).delete()
    assert reconcile(sqlite_database) != []
    workbench("import-logs", "access.log", "--website", "site_1", "--database", url)
    assert reconcile(sqlite_database) == []


def test_what_counts_can_be_widened(workbench, sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench(
        "import-logs", "access.log", "--website", "site_1", "--keep-bots", "--keep-assets",
        "--method", "GET", "--method", "POST", "--status", "2xx", "--status", "404", "--database", sqlite_database.url,
    )  # fmt: skip
    assert (counts(answer.out)["stored"], counts(answer.out)["left out"]) == (7, 0)


def test_a_status_that_is_none_names_the_option(workbench, sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench(
        "import-logs", "access.log", "--website", "site_1", "--status", "good", "--database", sqlite_database.url
    )
    assert answer.code == 2
    assert answer.err == "error: --status: 'good' is no status code; codes look like 200, 2xx, 304 or *\n"


def test_the_whole_report_goes_into_a_file(workbench, sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(LOG)
    workbench(
        "import-logs", "access.log", "--website", "site_1", "--report", "report.json", "--database", sqlite_database.url
    )
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["lines"] == 8
    assert report["refused"] == {"fragment": 1}
    assert report["files"][0]["refused"]["fragment"] == {"count": 1, "numbers": [8]}
    assert report["days"] == ["2026-05-17", "2026-05-18"]
    assert report["url"] is None


def test_an_unknown_website_is_not_created(workbench, sqlite_database, tmp_path):
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench("import-logs", "access.log", "--website", "example.com", "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: --website: There is no website 'example.com'. Add it with `workbench website add example.com`.\n"
    )


def test_a_domain_that_two_websites_have_is_not_guessed(workbench, sqlite_database, tmp_path):
    for website_id in ("site_1", "site_2"):
        add_website(sqlite_database, "example.com", website_id=website_id)
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench("import-logs", "access.log", "--website", "example.com", "--database", sqlite_database.url)
    assert answer.code == 2
    assert "Several have this domain, name one: site_1, site_2." in answer.err


def test_a_file_that_is_not_there_stores_nothing(workbench, sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(LOG)
    answer = workbench(
        "import-logs", "access.log", "missing.log", "--website", "site_1", "--database", sqlite_database.url
    )
    assert answer.code == 2
    assert "missing.log" in answer.err
    again = workbench("import-logs", "access.log", "--website", "site_1", "--database", sqlite_database.url)
    assert counts(again.out)["stored"] == 3


def test_a_log_may_come_by_standard_input(workbench, sqlite_database):
    add_website(sqlite_database, "example.com", website_id="site_1")
    answer = workbench("import-logs", "-", "--website", "site_1", "--database", sqlite_database.url, stdin=LOG)
    assert counts(answer.out)["stored"] == 3


def test_a_log_without_pages_has_no_address(workbench, sqlite_database, tmp_path):
    add_website(sqlite_database, "example.com", website_id="site_1")
    (tmp_path / "access.log").write_text(line(agent=BOT))
    answer = workbench("import-logs", "access.log", "--website", "site_1", "--database", sqlite_database.url)
    assert answer.code == 0
    assert "http" not in answer.out
    assert "nothing to show" in answer.err
