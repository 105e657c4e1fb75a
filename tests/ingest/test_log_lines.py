"""A line of a server log into its fields."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.logs.formats import LogLine, read_line, unescape
from ingest.logs.lines import MAX_LINE, TOO_LONG, Lines
from ingest.logs.reasons import LeftOut, Refused
from ingest.logs.requests import MAX_PATHNAME, Request, read_request
from ingest.logs.times import read_time

TEN_PAST = datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
COMMON = b'203.0.113.7 - ann [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 512'
COMBINED = COMMON + b' "http://example.com/" "Mozilla/5.0 (X11)"'
FIELDS = LogLine("", "203.0.113.7", TEN_PAST, "GET /a?b=c HTTP/1.1", "200", "http://example.com/", "Mozilla/5.0 (X11)")


def test_a_combined_line_has_all_fields():
    assert read_line(COMBINED) == FIELDS


def test_a_common_line_has_no_referrer_and_no_agent():
    assert read_line(COMMON) == FIELDS._replace(referrer="", agent=None)


def test_missing_fields_are_empty():
    line = b'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "-" 408 - "-" "-"'
    assert read_line(line) == LogLine("", "203.0.113.7", TEN_PAST, "-", "408", "", "")


@pytest.mark.parametrize(
    ("more", "reads_on"),
    [
        (b" ", True),
        (b' "-"', True),
        (b' "203.0.113.9, 10.0.0.1"', True),
        (b" 0.003 0.002 - cache:HIT", True),
        (b' "cookie=1" 77', True),
        (b"x", False),
    ],
)
def test_fields_behind_the_agent_are_not_read(more, reads_on):
    assert (read_line(COMBINED + more) == FIELDS) is reads_on
    assert read_line(COMMON + b" 0.003") == FIELDS._replace(referrer="", agent=None)


@pytest.mark.parametrize(
    ("head", "host", "address"),
    [
        ("example.com:443 203.0.113.7 - -", "example.com:443", "203.0.113.7"),
        ("www.example.com 203.0.113.7 - -", "www.example.com", "203.0.113.7"),
        ("[2001:db8::1]:443 2001:db8::7 - -", "[2001:db8::1]:443", "2001:db8::7"),
        ("2001:db8::7 - -", "", "2001:db8::7"),
        ("203.0.113.7:51234 - -", "", "203.0.113.7"),
        ("::ffff:203.0.113.7 - -", "", "::ffff:203.0.113.7"),
        ("client.example.net - ann", "", "client.example.net"),
        ("203.0.113.7 - Ann Lee", "", "203.0.113.7"),
        ("client.example.net - Ann Lee", "", "client.example.net"),
        ("203.0.113.7, 10.0.0.1 - -", "", "203.0.113.7"),
        ("example.com:80 203.0.113.7, 10.0.0.1 - -", "example.com:80", "203.0.113.7"),
    ],
)
def test_hosts_and_addresses_stand_before_the_time(head, host, address):
    found = read_line(head.encode() + b' [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1')
    assert (found.host, found.address) == (host, address)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", Refused.EMPTY),
        (b" \t ", Refused.EMPTY),
        (b' "Mozilla/5.0"', Refused.FRAGMENT),
        (b"#Fields: date time cs-method", Refused.FRAGMENT),
        (b'{"remote_addr": "203.0.113.7"}', Refused.FRAGMENT),
        (b' - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1', Refused.FRAGMENT),
        (b'203.0.113.7 [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1', Refused.FRAGMENT),
        (b"9" * 300 + COMMON, Refused.FRAGMENT),
        (COMBINED[:-1], Refused.BROKEN_LINE),
        (COMMON[:-8], Refused.BROKEN_LINE),
        (COMBINED.replace(b"200 512", b"OK 512"), Refused.BROKEN_LINE),
        (COMMON + b' "-" "-" "curl/7.54.0"', Refused.BROKEN_LINE),
        (COMBINED.replace(b"17/May", b"31/Feb"), Refused.DATE),
        (COMBINED.replace(b"17/May", b"May 17"), Refused.DATE),
        (COMBINED.replace(b" +0000", b""), Refused.DATE),
        (COMBINED.replace(b"/a", b"/\0"), Refused.BINARY),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_reason(line, reason):
    assert read_line(line) is reason


@pytest.mark.parametrize("reason", [*LeftOut, *Refused])
def test_every_reason_has_words(reason):
    assert reason.description


def test_text_is_utf_8_where_possible_and_latin_1_otherwise():
    assert read_line(COMBINED.replace(b"/a", "/å".encode())).request == "GET /å?b=c HTTP/1.1"
    assert read_line(COMBINED.replace(b"/a", "/å".encode("latin-1"))).request == "GET /å?b=c HTTP/1.1"


def test_what_servers_escape_is_undone():
    line = COMBINED.replace(b"Mozilla/5.0", rb"\"Moz\\illa\" \x22\xc3\xa5\x22 \xe5".replace(rb" \xe5", b""))
    assert read_line(line).agent == '"Moz\\illa" "å" (X11)'
    assert unescape(r"\xe5\n\x4") == "å\nx4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17/May/2015:10:05:03 +0000", TEN_PAST),
        ("17/May/2015:12:05:03 +0200", TEN_PAST),
        ("17/may/2015:15:50:03 +0545", TEN_PAST),
        ("17/May/2015:02:05:03 -0800", TEN_PAST),
        ("17/May/2015:10:05:03.250 +0000", TEN_PAST),
        ("2015-05-17T10:05:03+00:00", TEN_PAST),
        ("2015-05-17 10:05:03Z", TEN_PAST),
        ("May 17, 2015T10:05:03 +0000", TEN_PAST),
        ("November 23, 2021T00:18:22 +0000", datetime(2021, 11, 23, 0, 18, 22, tzinfo=UTC)),
        ("31/Dec/2016:23:59:60 +0000", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_moment_in_utc(text, expected):
    assert read_time(text) == expected
    assert read_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17/May/2015:10:05:03",
        "17/Foo/2015:10:05:03 +0000",
        "32/May/2015:10:05:03 +0000",
        "17/May/2015:25:05:03 +0000",
        "17/May/2015:10:61:03 +0000",
        "17/May/2015:10:05:61 +0000",
        "17/May/2015:10:05:0x +0000",
        "17/May/2015:10:05:03 +9900",
        "17/May/0000:10:05:03 +0000",
        "01/Jan/1970:00:00:00 +0000",
        "31/Dec/9999:23:59:59 -1200",
        "2015-13-17T10:05:03Z",
    ],
)
def test_what_is_no_time_is_none(text):
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET / HTTP/1.1", Request("GET", "/", "", False)),
        ("get /a?b=c#d HTTP/2.0", Request("GET", "/a", "b=c", False)),
        ("GET /caf%C3%A9%20bar HTTP/1.1", Request("GET", "/café bar", "", False)),
        ("GET /caf%E9 HTTP/1.1", Request("GET", "/caf%E9", "", False)),
        ("GET /a%00b HTTP/1.1", Request("GET", "/a%00b", "", False)),
        ("GET /100% HTTP/1.1", Request("GET", "/100%", "", False)),
        ("GET /a b HTTP/1.1", Request("GET", "/a b", "", False)),
        ("GET /a\x01b%20 HTTP/1.1", Request("GET", "/ab%20", "", False)),
        ("GET /", Request("GET", "/", "", False)),
        ("GET ?x HTTP/1.1", Request("GET", "/", "x", False)),
        ("GET http://example.com/a HTTP/1.1", Request("GET", "/a", "", False)),
        ("GET http://example.com HTTP/1.1", Request("GET", "/", "", False)),
        ("POST /form HTTP/1.1", Request("POST", "/form", "", False)),
        ("GET /style.css?v=3 HTTP/1.1", Request("GET", "/style.css", "v=3", True)),
        ("GET /IMG.PNG HTTP/1.1", Request("GET", "/IMG.PNG", "", True)),
        ("GET /robots.txt HTTP/1.1", Request("GET", "/robots.txt", "", True)),
        ("GET /feed.xml HTTP/1.1", Request("GET", "/feed.xml", "", True)),
        ("GET /notes.txt HTTP/1.1", Request("GET", "/notes.txt", "", False)),
        ("GET /paper.pdf HTTP/1.1", Request("GET", "/paper.pdf", "", False)),
        ("GET /png HTTP/1.1", Request("GET", "/png", "", False)),
    ],
)
def test_a_request_is_read(text, expected):
    assert read_request(text) == expected


@pytest.mark.parametrize(
    "text", ["-", "", "GET", "\x16\x03\x01", "CONNECT example.com:443 HTTP/1.1", "OPTIONS * HTTP/1.0"]
)
def test_what_asks_for_no_path_is_no_request(text):
    assert read_request(text) is None


@pytest.mark.parametrize("path", ["/" + "a" * 9000, "/" + "é" * 3000, "/" + "%C3%A9" * 3000, "/" + "%E2%82%AC" * 800])
def test_a_long_path_is_cut_to_what_an_index_holds(path):
    pathname = read_request(f"GET {path} HTTP/1.1").pathname
    assert 1900 < len(pathname.encode()) <= MAX_PATHNAME


def test_lines_end_with_lf_or_crlf():
    lines = Lines([b"\xef\xbb", b"\xbfone\r\ntw", b"o\n\n", b"three"])
    assert list(lines) == [b"one", b"two", b"", b"three"]
    assert lines.unfinished


def test_a_file_that_ends_well_is_finished():
    lines = Lines([b"one\n", b"two\n"])
    assert list(lines) == [b"one", b"two"]
    assert not lines.unfinished


@pytest.mark.parametrize("blocks", [[], [b""], [b"\xef\xbb\xbf"], [b"\0" * 99]])
def test_an_empty_file_has_no_lines(blocks):
    assert list(Lines(blocks)) == []


def test_the_hole_before_a_truncated_logs_lines_is_no_line():
    assert list(Lines([b"\0" * 9000, b"\0" * MAX_LINE * 2, b"\0\0one\ntwo\n"])) == [b"one", b"two"]


def test_a_line_that_is_too_long_is_told_and_takes_no_memory():
    blocks = [b"one\n", *[b"x" * MAX_LINE] * 50, b"y\ntwo\n", b"z" * (MAX_LINE + 1) + b"\nthree"]
    found = list(Lines(blocks))
    assert found == [b"one", TOO_LONG, b"two", TOO_LONG, b"three"]
    assert found[1] is TOO_LONG


@given(st.binary(max_size=400), st.lists(st.integers(0, 400)))
def test_lines_do_not_depend_on_how_the_bytes_come_in(content, cuts):
    edges = [0, *sorted(cut for cut in cuts if cut <= len(content)), len(content)]
    blocks = [content[start:end] for start, end in pairwise(edges)]
    assert list(Lines(blocks)) == list(Lines([content]))


PIECES = st.sampled_from([COMMON, COMBINED, b'"', b"[", b"]", b" ", b"\\", b"\xff", b"\0", b"203.0.113.7 - - [", b"- "])


@given(st.lists(PIECES | st.binary(max_size=9), max_size=9).map(b"".join))
def test_any_bytes_are_read_or_refused(line):
    found = read_line(line)
    if isinstance(found, LogLine):
        assert found.address
        request = read_request(found.request)
        assert request is None or request.pathname.encode()
    else:
        assert found in Refused


@pytest.mark.parametrize(
    "line",
    [
        b"a [" + b"1" * MAX_LINE,
        b"a b c [" * (MAX_LINE // 7),
        COMMON + b' "' + b'\\"' * (MAX_LINE // 2),
        COMMON[:-30] + b"/" + b" H" * (MAX_LINE // 2) + b'" 200 1',
        b'"' * MAX_LINE,
        b" " * MAX_LINE + b"x",
    ],
)
def test_no_line_takes_long(line):
    started = perf_counter()
    found = read_line(line)
    if isinstance(found, LogLine):
        read_request(found.request)
    assert perf_counter() - started < 0.5
