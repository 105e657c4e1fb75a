"""Importing server logs: every line accounted for, nothing twice."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from random import Random

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ingest import log_import
from ingest.log_import import FileReport, ImportOptions, ImportReport, Progress, RefusedLines, import_logs
from ingest.logs.reasons import LeftOut, Refused
from ingest.store import verify
from stats_core.database import Database
from stats_core.errors import ExpectedError, NotFoundError
from stats_core.models import AnalyticsEvent, AnalyticsSession, Website

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
SECRET = b"a secret of the tests"


def line(
    path: str = "/",
    *,
    address: str = "203.0.113.7",
    at: str = "17/May/2026:10:05:03 +0000",
    method: str = "GET",
    status: int = 200,
    referrer: str = "-",
    agent: str = FIREFOX,
) -> str:
    return f'{address} - - [{at}] "{method} {path} HTTP/1.1" {status} 512 "{referrer}" "{agent}"\n'


@pytest.fixture
def site(database):
    return add_site(database)


def add_site(database: Database, **fields) -> Database:
    with database.write() as session:
        session.add(
            Website(**{"id": "site_a", "name": "A", "domain": "example.com", "timezone": "Europe/Berlin"} | fields)
        )
    return database


@pytest.fixture
def log(tmp_path):
    """A function that writes a log and gives its path."""

    def write(content: str | bytes, name: str = "access.log"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def run(database: Database, *paths, **options) -> ImportReport:
    report = import_logs(database, "site_a", paths, secret=SECRET, **options)
    assert accounted(report) == report.lines
    return report


def accounted(report: ImportReport) -> int:
    return report.stored + report.duplicates + sum(report.left_out.values()) + sum(report.refused.values())


def rows(database: Database, *names: str) -> list[tuple]:
    columns = [getattr(AnalyticsEvent, name) for name in names]
    with database.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(AnalyticsEvent.id))]


def count(database: Database, table) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_line_becomes_an_event_with_all_it_tells(site, log):
    path = log(
        line("/caf%C3%A9?utm_source=letter&utm_medium=email&utm_campaign=may&x=1", referrer="https://www.t.co/a?b")
    )
    report = run(site, path)
    assert rows(site, "website_id", "event_type", "event_name", "pathname") == [("site_a", "pageview", None, "/café")]
    assert rows(site, "referrer", "referrer_source", "referrer_medium") == [("t.co/a", "letter", "email")]
    assert rows(site, "utm_source", "utm_medium", "utm_campaign") == [("letter", "email", "may")]
    assert rows(site, "browser", "os", "device_type", "country") == [("Firefox", "Linux", "desktop", None)]
    assert rows(site, "timestamp", "user_agent") == [(datetime(2026, 5, 17, 10, 5, 3, tzinfo=UTC), None)]
    assert report.days == {("site_a", date(2026, 5, 17))}
    assert report.first == report.last == datetime(2026, 5, 17, 10, 5, 3, tzinfo=UTC)


def test_the_address_is_kept_nowhere(sqlite_database, log, tmp_path):
    run(add_site(sqlite_database), log(line(agent=FIREFOX + " Unique/7")))
    sqlite_database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("workbench.db*"))
    assert b"/" in stored
    assert b"203.0.113.7" not in stored
    assert b"Unique/7" not in stored


def test_visitors_are_told_apart_by_address_and_agent_and_sessions_by_the_gap(site, log):
    lines = [
        line(at="17/May/2026:10:00:00 +0000"),
        line(at="17/May/2026:10:30:00 +0000"),
        line(at="17/May/2026:13:00:01 +0200"),
        line(address="203.0.113.8"),
        line(agent=FIREFOX.replace("126", "127")),
    ]
    Random(1).shuffle(lines)
    run(site, log("".join(lines)))
    assert len(set(rows(site, "visitor_id"))) == 3
    assert count(site, AnalyticsSession) == 4
    assert not list(verify(site))


def test_the_sites_own_pages_are_no_source(site, log):
    run(site, log(line(referrer="https://www.example.com/") + line("/b", referrer="https://shop.example.com/")))
    assert rows(site, "referrer_source", "referrer") == [("direct", None), ("shop.example.com", "shop.example.com")]


LEFT_OUT = [
    (line("-", method="").replace("GET - HTTP/1.1", "-").replace(' - HTTP/1.1"', '-"'), LeftOut.BROKEN_REQUEST),
    (line(agent="curl/8.0"), LeftOut.BOT),
    (line(agent="-"), LeftOut.BOT),
    (line(agent="SomeApp/1 CFNetwork/758 Darwin/15"), LeftOut.BOT),
    (line(method="POST"), LeftOut.METHOD),
    (line(method="HEAD"), LeftOut.METHOD),
    (line(status=404), LeftOut.STATUS),
    (line(status=304), LeftOut.STATUS),
    (line("/style.css?v=3"), LeftOut.ASSET),
]


@pytest.mark.parametrize(("text", "reason"), LEFT_OUT)
def test_what_no_person_saw_is_left_out_by_reason(sqlite_database, log, text, reason):
    report = run(add_site(sqlite_database), log(text))
    assert (report.stored, report.left_out) == (0, {reason: 1})


def test_each_of_these_rules_can_be_changed(site, log):
    path = log("".join(text for text, _ in LEFT_OUT))
    options = ImportOptions(methods=["*"], statuses=["2xx", "304"], keep_bots=True, keep_assets=True)
    report = run(site, path, options=options)
    assert report.left_out == {LeftOut.BROKEN_REQUEST: 1, LeftOut.STATUS: 1}
    assert report.stored == 7


@pytest.mark.parametrize("statuses", [["99"], ["2x"], ["ok"], [""]])
def test_a_status_that_is_none_is_refused(statuses):
    with pytest.raises(ValueError, match="status code"):
        ImportOptions(statuses=statuses)


def test_other_hosts_of_a_shared_log_are_left_out_where_the_site_names_its_own(sqlite_database, log):
    hosts = ("www.example.com:443", "b.net:80", "a.shop.example.net:443", "shop.example.net")
    content = "".join(f"{host} {line(f'/{number}')}" for number, host in enumerate(hosts))
    report = run(add_site(sqlite_database, allowed_hostnames=["*.shop.example.net"]), log(content))
    assert (report.stored, report.left_out) == (2, {LeftOut.FOREIGN_HOST: 2})


def test_refused_lines_are_counted_with_their_numbers(site, log):
    path = log(line("/a") + "nonsense\n\n" + line("/b") + "nonsense\n" + line("/c", at="31/Feb/2026:10:05:03 +0000"))
    report = run(site, path)
    assert report.stored == 2
    assert report.refused == {Refused.FRAGMENT: 2, Refused.EMPTY: 1, Refused.DATE: 1}
    refused = {
        Refused.FRAGMENT: RefusedLines(2, (2, 5)),
        Refused.EMPTY: RefusedLines(1, (3,)),
        Refused.DATE: RefusedLines(1, (6,)),
    }
    assert report.files == (FileReport(str(path), 6, refused, None),)


def test_line_numbers_are_bounded_and_counts_are_not(sqlite_database, log, monkeypatch):
    monkeypatch.setattr(log_import, "MAX_NUMBERS", 3)
    report = run(add_site(sqlite_database), log("x\n" * 10))
    assert report.files[0].refused == {Refused.FRAGMENT: RefusedLines(10, (1, 2, 3))}


def test_a_second_run_stores_nothing(site, log):
    path = log(line("/a") + line("/b") + line("/a"))
    first, second = run(site, path), run(site, path)
    assert (first.stored, first.duplicates) == (3, 0)
    assert (second.stored, second.duplicates, second.days) == (0, 3, frozenset())
    assert (second.first, second.last) == (first.first, first.last)


def test_a_grown_log_adds_what_is_new(site, log):
    run(site, log(line("/a") + line("/a") + line("/b")))
    report = run(site, log(line("/a") + line("/a") + line("/b") + line("/a") + line("/c")))
    assert (report.stored, report.duplicates) == (2, 3)
    assert count(site, AnalyticsEvent) == 5


def test_a_rotated_and_compressed_log_adds_nothing(site, log):
    content = (line("/a") + line("/b") + line("/a")).encode()
    run(site, log(content))
    rotated = [log(gzip.compress(content), "access.log.1.gz"), log(zstandard.compress(content), "access.log.1.zst")]
    report = run(site, *rotated, log(content.replace(b"\n", b"\r\n"), "access.log.2"))
    assert (report.stored, report.duplicates) == (0, 9)


def test_the_order_of_lines_does_not_matter(sqlite_database, log):
    lines = [line(f"/{number % 7}", at=f"17/May/2026:{number % 24:02}:00:00 +0000") for number in range(100)]
    run(add_site(sqlite_database), log("".join(lines)))
    ids = set(rows(sqlite_database, "event_id"))
    Random(2).shuffle(lines)
    report = run(sqlite_database, log("".join(lines)))
    assert (report.stored, report.duplicates) == (0, 100)
    assert len(ids) == 100
    assert not list(verify(sqlite_database))


def test_another_secret_makes_other_events(sqlite_database, log):
    path = log(line())
    run(add_site(sqlite_database), path)
    report = import_logs(sqlite_database, "site_a", [path], secret=b"another")
    assert report.stored == 1


def test_chunks_change_nothing(sqlite_database, log, monkeypatch):
    monkeypatch.setattr(log_import, "CHUNK", 7)
    seen: list[Progress] = []
    path = log("".join(line(f"/{number % 3}") for number in range(30)))
    report = run(add_site(sqlite_database), path, on_progress=seen.append)
    assert (report.stored, report.duplicates) == (30, 0)
    assert [(step.lines, step.stored) for step in seen] == [(7, 7), (14, 14), (21, 21), (28, 28), (30, 30)]
    assert seen[-1] == Progress(str(path), path.stat().st_size, path.stat().st_size, 30, 30)


def test_time_is_told_by_the_given_timer(sqlite_database, log):
    report = run(add_site(sqlite_database), log(line()), timer=iter([10.0, 12.5]).__next__)
    assert report.seconds == 2.5


def test_standard_input_is_a_log_too(sqlite_database):
    stream = io.BufferedReader(io.BytesIO(gzip.compress(line().encode())))
    report = run(add_site(sqlite_database), "-", stdin=stream)
    assert (report.stored, report.files[0].name) == (1, "-")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_any_encoding_is_read(sqlite_database, log, encoding):
    run(add_site(sqlite_database), log(line("/brühe").encode(encoding)))
    assert rows(sqlite_database, "pathname") == [("/brühe",)]


def test_nothing_a_line_holds_is_too_much_for_the_database(site, log):
    texts = [
        line("/a%00b"),
        line(r"/\x00\xff"),
        line("/" + "é" * 4000),
        line("/?utm_source=%00%ff"),
        line("/?" + "a=b&" * 9000),
        line("/'; DROP TABLE analytics_event; --"),
        line("/\ufffe\U0010ffff"),
        line(agent=FIREFOX + r"\x00"),
        line(referrer=r"http://a.example/\x00"),
        line(referrer="http://a.example/" + "x" * 30_000),
    ]
    assert run(site, log("".join(texts))).stored == len(texts)


def test_a_cut_gzip_gives_what_it_holds_and_says_so(sqlite_database, log):
    lines = [line(f"/{number}", address=f"203.0.{number % 200}.{number % 7}") for number in range(3000)]
    whole = gzip.compress("".join(lines).encode())
    report = run(add_site(sqlite_database), log(whole[: len(whole) // 2]))
    assert report.files[0].fault == "the compressed data ends too early"
    assert report.refused in ({Refused.TRUNCATED: 1}, {})
    assert 500 < report.stored < 3000
    again = run(sqlite_database, log(whole))
    assert (again.stored + report.stored, again.duplicates) == (3000, report.stored)


def test_a_last_line_without_an_end_counts_unless_it_lost_its_fields(sqlite_database, log):
    add_site(sqlite_database)
    whole, cut = line("/b").rstrip("\n"), line("/c").partition(' "-"')[0]
    assert run(sqlite_database, log(line("/a") + whole)).stored == 2
    assert run(sqlite_database, log(line("/a") + cut)).refused == {Refused.TRUNCATED: 1}
    assert run(sqlite_database, log(cut)).stored == 1


def test_a_log_in_the_common_format_is_imported_without_agents(site, log):
    report = run(site, log("".join(line(f"/{number}").partition(' "-"')[0] + "\n" for number in range(3))))
    assert report.stored == 3
    assert rows(site, "browser", "os", "device_type", "referrer_source")[0] == (None, None, "other", "direct")


def test_an_unknown_website_or_file_stops_before_anything_is_stored(sqlite_database, log, tmp_path):
    path = log(line())
    with pytest.raises(NotFoundError, match="There is no website 'site_a'"):
        run(sqlite_database, path)
    add_site(sqlite_database)
    with pytest.raises(NotFoundError, match="There is no log file"):
        run(sqlite_database, path, tmp_path / "nowhere")
    with pytest.raises(ExpectedError, match="is a folder"):
        run(sqlite_database, path, tmp_path)
    assert count(sqlite_database, AnalyticsEvent) == 0


PIECES = st.sampled_from([line("/a"), line("/b", agent="curl"), '"', "[", "\\", "\n", "\r\n", "- - [17/May/2026:"])
CONTENTS = st.lists(PIECES.map(str.encode) | st.binary(max_size=20), max_size=30).map(b"".join)


@given(content=CONTENTS, compressed=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_accounted_for(sqlite_database, log, content, compressed):
    with sqlite_database.write() as session:
        session.merge(Website(id="site_a", name="A", domain="example.com"))
    path = log(gzip.compress(content) if compressed else content)
    first, second = run(sqlite_database, path), run(sqlite_database, path)
    assert first.lines == second.lines
    assert second.stored == 0
    assert not list(verify(sqlite_database))


def test_elastics_apache_log_is_imported_whole(site, shared_data):
    folder = shared_data / "weblogs-elastic-apache"
    facts = json.loads((folder / "facts.dev.json").read_text())
    path = folder / "apache_access_2015-05-17_18.log.gz"
    report = run(site, path)
    assert (report.lines, report.refused) == (facts["lines"], {})
    assert report.left_out == {LeftOut.ASSET: 1911, LeftOut.BOT: 1657, LeftOut.STATUS: 240, LeftOut.METHOD: 6}
    assert report.stored == 711
    assert (report.first.date(), report.last.date()) == (date(2015, 5, 17), date(2015, 5, 18))
    assert {day for _, day in report.days} == {date(2015, 5, 17), date(2015, 5, 18), date(2015, 5, 19)}
    again = run(site, path)
    assert (again.stored, again.duplicates) == (0, 711)
    assert not list(verify(site))


def test_the_erddap_logs_fragments_are_refused_by_reason(sqlite_database, shared_data):
    folder = shared_data / "weblogs-erddap"
    facts = json.loads((folder / "facts.dev.json").read_text())
    report = run(add_site(sqlite_database), *sorted(folder.glob("*.gz")))
    assert report.lines == facts["lines"]
    assert sum(report.refused.values()) == facts["unparsed_by_strict_combined_regex"] == 1424
    assert report.refused == {Refused.FRAGMENT: 1396, Refused.BROKEN_LINE: 28}
    assert (report.stored, report.left_out) == (0, {LeftOut.BOT: facts["lines"] - 1424})


@pytest.mark.parametrize(
    ("name", "lines", "stored", "refused"),
    [
        ("combined_no_errors.log.gz", 885, 0, {}),
        ("dreamhost_apache_access.log.gz", 130, 9, {Refused.EMPTY: 1}),
        ("nginx_custom_date.log.gz", 20, 2, {}),
    ],
)
def test_the_advertools_logs_are_imported_whole(sqlite_database, shared_data, name, lines, stored, refused):
    report = run(add_site(sqlite_database), shared_data / "weblogs-advertools" / name)
    assert (report.lines, report.stored, report.refused) == (lines, stored, refused)
