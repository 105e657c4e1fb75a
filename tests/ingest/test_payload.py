"""The body of an event: what is let through, what is not, and what is kept of that."""

from __future__ import annotations

import json
import math

import pytest
from pydantic import ValidationError

from ingest.payload import Page, Payload, cleaned, faults, parse
from ingest.rejections import LARGEST
from stats_core.database.types import write_json

EVENT = {"website_id": "site_a", "event_type": "pageview", "pathname": "/"}


def read(**fields) -> Payload:
    return Payload.model_validate(parse(json.dumps({**EVENT, **fields}).encode()))


def fault(**fields) -> str:
    with pytest.raises(ValidationError) as caught:
        read(**fields)
    return faults(caught.value)


FITS = {
    "website_id": ["a" * 128],
    "event_name": ["n" * 120, "ü" * 120, "a\nb\t", None],
    "pathname": ["/" + "a" * 2047, "/" + "ü" * 1023, "", "x", "https://example.com/a?" + "q" * 5000],
    "referrer": ["", "not an address", "r" * 5000, None],
    "visitor_id": ["v" * 255, "", None],
    "session_id": ["s" * 255, "", None],
    "event_id": ["e" * 64, "", None],
    "query": ["?a=b", "q" * 5000, None],
    "timezone": ["Europe/Berlin", "nonsense", None],
    "hostname": ["h" * 255, None],
    "age_ms": [0, 86_400_000, 12.5, None],
    "metadata": [
        {},
        None,
        {str(number): number for number in range(30)},
        {"k" * 64: "v" * 512, "ü" * 64: "😀" * 512},
        {"a": 1, "b": -1.5, "c": True, "d": False, "e": None, "f": "", "": "empty key", "g": 2**63 - 1, "h": -(2**63)},
    ],
    "unknown": ["anything", {"deep": [1, {"er": []}]}, None],
}
TOO_MUCH = {
    "website_id": ["", "a" * 129, 7, None, ["site_a"], {}, "a\0"],
    "event_type": ["", "click", "PAGEVIEW", None, 1],
    "event_name": ["n" * 121, 7, [], "a\0b"],
    "pathname": ["/" + "a" * 2048, "/" + "ü" * 1024, "/" + "😀" * 512, None, 7, {}, "/\0"],
    "referrer": [7, [], "\0"],
    "visitor_id": ["v" * 256, 7, {}, "\0"],
    "session_id": ["s" * 256, 7, True, "\0"],
    "event_id": ["e" * 65, 7, "\0"],
    "query": [7, {}, "\0"],
    "timezone": [7, "t" * 256, "\0"],
    "hostname": ["h" * 256, 7, "\0"],
    "age_ms": [-1, 86_400_001, "5", True, [], math.inf],
    "metadata": [
        {str(number): number for number in range(31)},
        {"k" * 65: 1},
        {"a": "v" * 513},
        {"a": {}},
        {"a": []},
        {"a": "\0"},
        {"\0": 1},
        [],
        "text",
        7,
    ],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in FITS.items() for value in values])
def test_what_fits_is_taken_as_it_is(field, value):
    assert getattr(read(**{field: value}), field, value) == value


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in TOO_MUCH.items() for value in values])
def test_what_does_not_fit_is_told_by_field_without_quoting_it(field, value):
    document = json.dumps({**EVENT, field: value}).replace("Infinity", "1e999").encode()
    with pytest.raises(ValidationError) as caught:
        Payload.model_validate(parse(document))
    assert faults(caught.value).startswith(f"{field}: ")
    assert len(faults(caught.value)) < 250


def test_required_fields_are_named():
    with pytest.raises(ValidationError) as caught:
        Payload.model_validate({})
    assert faults(caught.value) == ("website_id: Field required; event_type: Field required; pathname: Field required")


@pytest.mark.parametrize("name", [None, "", "  ", "\u2028"])
def test_a_custom_event_needs_a_name(name):
    assert fault(event_type="custom_event", event_name=name) == "event_name: A custom event needs a name"
    assert read(event_name=name).event_name == name, "a pageview needs none"


def test_a_faulty_property_is_told_without_its_key():
    assert fault(metadata={"secret key": ["secret value"]}) == (
        "metadata: A key should have at most 64 characters; a value should be text of at most 512 characters, "
        "a number, true, false or null, without NUL"
    )


def test_whole_numbers_of_more_than_64_bits_become_what_they_were_in_the_browser():
    assert read(metadata={"a": 2**64}).metadata == {"a": float(2**64)}
    assert fault(metadata={"a": 10**400}).startswith("metadata: ")


def test_keys_are_snake_case():
    with pytest.raises(ValidationError):
        Payload.model_validate({"websiteId": "site_a", "eventType": "pageview", "pathname": "/"})


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({"pathname": "/a/b"}, Page("/a/b", "", "")),
        ({"pathname": "a/b"}, Page("/a/b", "", "")),
        ({"pathname": ""}, Page("/", "", "")),
        ({"pathname": " /a "}, Page("/a", "", "")),
        ({"pathname": "//a"}, Page("//a", "", "")),
        ({"pathname": "/caf%C3%A9"}, Page("/café", "", "")),
        ({"pathname": "/caf%E9"}, Page("/caf%E9", "", "")),
        ({"pathname": "/%00%0a"}, Page("/%00%0a", "", "")),
        ({"pathname": "/a\nb\x7f"}, Page("/ab", "", "")),
        ({"pathname": "/a?utm_source=x#top"}, Page("/a", "utm_source=x", "")),
        ({"pathname": "/a#top?utm_source=x"}, Page("/a", "", "")),
        ({"pathname": "?utm_source=x"}, Page("/", "utm_source=x", "")),
        ({"pathname": "/a?b", "query": "?c=d"}, Page("/a", "c=d", "")),
        ({"pathname": "/a?b", "query": ""}, Page("/a", "", "")),
        ({"pathname": "http://www.example.com"}, Page("/", "", "www.example.com")),
        ({"pathname": "HTTPS://me:secret@example.com:8080/a?b#c"}, Page("/a", "b", "example.com:8080")),
        ({"pathname": "https://a.example/x", "hostname": "b.example"}, Page("/x", "", "b.example")),
        ({"pathname": "javascript:alert(1)"}, Page("/javascript:alert(1)", "", "")),
    ],
)
def test_the_page_is_a_path_whatever_was_sent(fields, page):
    assert read(**fields).page() == page


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"x", b"{", b"{} x", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}',
        b'{"a":"\xff"}', b'{"a":"\x00"}', b"[" * 16_000, b'{"a":' * 3_000, b'{"a":' + b"9" * 5_000 + b"}",
        "{}".encode("utf-16"), b"\x1f\x8b\x08\x00", b"a=b&c=d", b"{'a': 1}", b'{"a":1,}', b"\xef\xbb\xbf",
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_at_once(body):
    with pytest.raises(ValueError, match=" at line 1 column "):
        parse(body)


def test_a_byte_order_mark_is_passed_over_and_the_last_of_equal_keys_counts():
    assert parse(b'\xef\xbb\xbf{"a": 1, "a": 2}') == {"a": 2}


def hashed(field, value):
    return f"<{field}>"


def test_of_a_faulty_body_known_fields_are_kept_with_ids_as_hashes_and_without_the_query():
    document = {
        "website_id": "site_a",
        "event_type": "click",
        "pathname": "https://me:pw@example.com/a?token=secret",
        "query": "token=secret",
        "referrer": "https://mail.example/inbox?user=secret",
        "visitor_id": "raw visitor",
        "session_id": "raw session",
        "age_ms": -5,
        "email": "secret@example.com",
        "metadata": {"a": 1, "b": [1], "c": {"d": 1}, "e": "text\0", "f": None, "g": True, "h": 10**99},
    }
    assert cleaned(document, hashed) == {
        "website_id": "site_a",
        "event_type": "click",
        "pathname": "/a",
        "referrer": "mail.example/inbox",
        "visitor_id": "<visitor_id>",
        "session_id": "<session_id>",
        "age_ms": -5,
        "metadata": {"a": 1, "b": "(list)", "c": "(object)", "e": "text", "f": None, "g": True, "h": "(number)"},
    }


def test_ids_of_another_type_are_not_kept():
    document = {"visitor_id": 4711, "session_id": ["raw session"], "metadata": ["raw"], "referrer": 7}
    assert cleaned(document, hashed) == {
        "visitor_id": "(number)",
        "session_id": "(list)",
        "metadata": "(list)",
        "referrer": 7,
    }


@pytest.mark.parametrize("letter", ["a", "😀", "\x01", '"'])
def test_what_is_kept_fits_whatever_was_sent(letter):
    document = dict.fromkeys(Payload.model_fields, letter * 5000)
    for metadata in (letter, {f"{number}{letter * 100}": letter * 1000 for number in range(100)}, [letter]):
        kept = cleaned({**document, "metadata": metadata}, hashed)
        assert len(write_json(kept).encode()) <= LARGEST
        assert set(kept) == set(Payload.model_fields) - {"query", "timezone"}
