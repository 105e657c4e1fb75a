"""Which country a visitor is in: the proxy's word, the .mmdb file's, the browser's time zone's."""

from __future__ import annotations

import csv
import gzip
import json
import logging
import random
import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from ingest.country import LOOK_AGAIN, Countries
from stats_core.errors import ConfigurationError

SWEDE, BRITON = "89.160.20.112", "81.2.69.160"
CLOCKS = {"CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"}
NOWHERE = {"Factory", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "UCT", "UTC", "Universal", "Zulu", "localtime"}


def encoded(value):
    """A value in the MaxMind DB format: texts below 285 bytes, small maps, lists and numbers."""
    if isinstance(value, str):
        content = value.encode()
        head = [0x40 | len(content)] if len(content) < 29 else [0x40 | 29, len(content) - 29]
        return bytes(head) + content
    if isinstance(value, dict):
        return bytes([0xE0 | len(value)]) + b"".join(encoded(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(encoded, value))
    return b"\xc4" + value.to_bytes(4)


def mmdb(records, *, kind="Test-Country", version=6):
    """The bytes of a .mmdb file: records by network."""
    data, offsets, nodes = b"", {}, [[None, None]]
    for network, record in records.items():
        if (key := json.dumps(record)) not in offsets:
            offsets[key] = len(data)
            data += encoded(record)
        given = ip_network(network)
        bits = f"{int(given.network_address):0{given.max_prefixlen}b}"[: given.prefixlen]
        if version == 6 and given.version == 4:
            bits = "0" * 96 + bits
        place = 0
        for bit in map(int, bits[:-1]):
            if nodes[place][bit] is None:
                nodes.append([None, None])
                nodes[place][bit] = len(nodes) - 1
            place = nodes[place][bit]
        nodes[place][int(bits[-1])] = key
    count = len(nodes)
    tree = b"".join(
        (count if side is None else count + 16 + offsets[side] if isinstance(side, str) else side).to_bytes(4)
        for node in nodes
        for side in node
    )
    metadata = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_780_000_000,
        "database_type": kind, "description": {"en": "made by a test"}, "ip_version": version, "languages": ["en"],
        "node_count": count, "record_size": 32,
    }  # fmt: skip
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encoded(metadata)


def country(code):
    return {"country": {"iso_code": code}}


class HandClock:
    def __init__(self):
        self.now = datetime(2026, 6, 15, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def hand_clock():
    return HandClock()


@pytest.fixture
def opened(tmp_path, clock):
    """Countries over a file of these records."""

    def open_file(records, **how):
        path = tmp_path / "geo.mmdb"
        path.write_bytes(mmdb(records, **how))
        return Countries(path, clock=clock)

    return open_file


@pytest.fixture
def without_file(clock):
    return Countries(None, clock=clock)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        (" FR ", "FR"),
        ("XK", "XK"),
        *(
            (junk, None)
            for junk in ("XX", "T1", "ZZ", "EU", "AP", "A1", "UK", "", "D", "DEU", "Germany", "D\x00", "ÄÄ")
        ),
        (None, None),
    ],
)
def test_the_proxys_word_counts_if_it_is_a_country(without_file, header, expected):
    assert without_file.find(None, header, None) == expected


def test_the_proxy_is_asked_first_then_the_file_then_the_time_zone(opened):
    countries = opened({"89.160.20.0/24": country("SE"), "81.2.69.0/24": {"continent": {"code": "EU"}}})
    assert countries.find(SWEDE, "DE", "Asia/Tokyo") == "DE"
    assert countries.find(SWEDE, "T1", "Asia/Tokyo") == "SE"
    assert countries.find(BRITON, "XX", "Asia/Tokyo") == "JP"
    assert countries.find("192.0.2.1", None, "Asia/Tokyo") == "JP"
    assert countries.find(None, None, "Asia/Tokyo") == "JP"
    assert countries.find("192.0.2.1", None, None) is None


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "DE"),
        ("Europe/Oslo", "NO"),  # one clock with Berlin, and yet its own row
        ("America/New_York", "US"),
        ("Arctic/Longyearbyen", "SJ"),
        ("America/Argentina/Buenos_Aires", "AR"),
        # Names that Chromium still reports.
        ("America/Buenos_Aires", "AR"),
        ("America/Coral_Harbour", "CA"),
        ("America/Godthab", "GL"),
        ("America/Indianapolis", "US"),
        ("Africa/Asmera", "ER"),
        ("Asia/Calcutta", "IN"),
        ("Asia/Katmandu", "NP"),
        ("Asia/Rangoon", "MM"),
        ("Asia/Saigon", "VN"),
        ("Atlantic/Faeroe", "FO"),
        ("Europe/Kiev", "UA"),
        ("Pacific/Enderbury", "KI"),
        ("Pacific/Ponape", "FM"),
        ("Pacific/Truk", "FM"),
        # Older ones.
        ("Africa/Timbuktu", "ML"),
        ("Atlantic/Jan_Mayen", "SJ"),
        ("Eire", "IE"),
        ("Iceland", "IS"),
        ("Japan", "JP"),
        ("PRC", "CN"),
        ("US/Eastern", "US"),
        # No country's.
        ("CET", None),
        ("EST5EDT", None),
        ("Etc/GMT-3", None),
        ("UTC", None),
        ("Atlantis/Centre", None),
        ("europe/berlin\x00", None),
        ("", None),
    ],
)
def test_a_time_zone_names_the_country_it_lies_in(without_file, zone, expected):
    assert without_file.find(None, None, zone) == expected


def test_every_zone_of_a_place_has_a_country(without_file):
    missing = {zone for zone in zoneinfo.available_timezones() if without_file.find(None, None, zone) is None}
    assert {zone for zone in missing if not zone.startswith("Etc/")} <= CLOCKS | NOWHERE


@pytest.mark.parametrize(
    "record",
    [country("DE"), {"country_code": "DE", "country": "Germany"}, {"country": "DE"}],
    ids=["MaxMind and DB-IP", "IPinfo and others", "plain"],
)
def test_files_of_several_makers_are_understood(opened, record):
    assert opened({"192.0.2.0/24": record}).find("192.0.2.7", None, None) == "DE"


@pytest.mark.parametrize(
    "record",
    [
        {},
        "DE",
        ["DE"],
        {"country": {}},
        {"country": {"iso_code": 49}},
        {"country": {"iso_code": "EU"}},
        {"country": ["DE"]},
        {"registered_country": {"iso_code": "DE"}},  # where the provider is registered, not where the visitor is
    ],
    ids=str,
)
def test_a_record_without_a_country_leaves_it_to_the_time_zone(opened, record):
    assert opened({"192.0.2.0/24": record}).find("192.0.2.7", None, "Asia/Tokyo") == "JP"


def test_all_ways_to_write_an_address_are_understood(opened):
    countries = opened({"89.160.20.0/24": country("SE"), "2001:218::/32": country("JP")})
    given = (SWEDE, f"::ffff:{SWEDE}", "::ffff:59a0:1470", "2001:218::1", "2001:0218:0:0::1", "2001:218::1%eth0")
    assert [countries.find(address, None, None) for address in given] == ["SE", "SE", "SE", "JP", "JP", "JP"]


@pytest.mark.parametrize(
    "address", ["", "unknown", "89.160.20", "89.160.20.112:443", "[2001:218::1]", "\x00", "1" * 10_000]
)
def test_what_is_no_address_is_passed_over(opened, address):
    countries = opened({"0.0.0.0/1": country("SE")})
    assert countries.find(address, None, "Asia/Tokyo") == "JP"


def test_a_file_of_ipv4_addresses_knows_no_others(opened):
    countries = opened({"89.160.20.0/24": country("SE")}, version=4)
    given = (SWEDE, f"::ffff:{SWEDE}", "2001:218::1")
    assert [countries.find(address, None, None) for address in given] == ["SE", "SE", None]


def test_the_memory_of_addresses_is_bounded(opened):
    countries = opened({"0.0.0.0/1": country("SE")})
    for number in range(20_000):
        countries.find(str(ip_address(number)), None, None)
    assert countries._addresses._remembered.cache_info().currsize == 16_384


# A file that cannot be used


@pytest.mark.parametrize(
    "content",
    [None, b"", b"a text file\n", bytes(5000), mmdb({"0.0.0.0/1": country("SE")})[:-20], mmdb({})[:40]],
    ids=["missing", "empty", "text", "zeros", "cut off", "half"],
)
def test_a_file_that_cannot_be_read_is_named_at_start(tmp_path, clock, content):
    path = tmp_path / "geo.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Countries(path, clock=clock)
    assert caught.value.path == "geoip_database"
    assert str(path) in caught.value.message
    assert "WORKBENCH_GEOIP_DATABASE" in caught.value.hint


def test_a_folder_and_a_database_of_something_else_are_named_at_start(tmp_path, clock):
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        Countries(tmp_path, clock=clock)
    path = tmp_path / "asn.mmdb"
    path.write_bytes(mmdb({"0.0.0.0/1": {"autonomous_system_number": 1}}, kind="GeoLite2-ASN"))
    with pytest.raises(ConfigurationError, match="knows no countries: it is of the kind GeoLite2-ASN"):
        Countries(path, clock=clock)


def test_damage_anywhere_is_an_error_at_start_or_an_unknown_country(tmp_path, clock):
    rng = random.Random(7)
    whole = mmdb({"81.2.69.0/24": country("GB"), "89.160.20.0/24": country("SE"), "2001:218::/32": country("JP")})
    path = tmp_path / "geo.mmdb"
    outcomes = set()
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 2, 8))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged))))])
        try:
            countries = Countries(path, clock=clock)
        except ConfigurationError:
            outcomes.add("refused")
        else:
            outcomes |= {countries.find(address, None, None) for address in (BRITON, SWEDE, "2001:218::1", "1.1.1.1")}
    assert outcomes >= {"refused", "GB", "SE", "JP", None}
    assert all(outcome in {None, "refused"} or len(outcome) == 2 for outcome in outcomes)


def test_damage_that_shows_later_is_said_once(tmp_path, clock, caplog):
    record = country("SE")
    path = tmp_path / "geo.mmdb"
    whole = mmdb({"89.160.20.0/24": record, "90.0.0.0/8": record})
    path.write_bytes(whole.replace(encoded(record), b"\xff" * len(encoded(record))))
    countries = Countries(path, clock=clock)
    with caplog.at_level(logging.WARNING):
        assert [countries.find(a, None, "Asia/Tokyo") for a in (SWEDE, "90.0.0.1")] == ["JP", "JP"]
    assert len(caplog.records) == 1
    assert SWEDE not in caplog.text


# A file that is replaced


@pytest.mark.parametrize("way", ["renamed", "in place"])
def test_a_file_that_was_replaced_is_read_again_after_a_while(tmp_path, hand_clock, way):
    path, other = tmp_path / "geo.mmdb", tmp_path / "new.mmdb"
    path.write_bytes(mmdb({"89.160.20.0/24": country("SE")}))
    countries = Countries(path, clock=hand_clock)
    assert countries.find(SWEDE, None, None) == "SE"
    other.write_bytes(mmdb({"89.160.0.0/16": country("NO")}))
    other.rename(path) if way == "renamed" else shutil.copyfile(other, path)
    hand_clock.now += LOOK_AGAIN - timedelta(seconds=1)
    assert countries.find(SWEDE, None, None) == "SE"
    hand_clock.now += timedelta(seconds=1)
    assert countries.find(SWEDE, None, None) == "NO"


def test_while_the_file_is_away_or_damaged_the_one_before_goes_on(tmp_path, hand_clock, caplog):
    path = tmp_path / "geo.mmdb"
    path.write_bytes(mmdb({"89.160.20.0/24": country("SE")}))
    countries = Countries(path, clock=hand_clock)

    def later():
        hand_clock.now += LOOK_AGAIN
        return countries.find(SWEDE, None, None)

    with caplog.at_level(logging.WARNING):
        path.unlink()
        assert later() == "SE"
        path.write_bytes(b"half a file")
        assert [later(), later()] == ["SE", "SE"]
        path.write_bytes(mmdb({"89.160.20.0/24": country("NO")}))
        assert later() == "NO"
    assert len(caplog.records) == 1


# Data of others


@pytest.mark.parametrize("name", ["GeoIP2-Country-Test", "GeoLite2-Country-Test"])
def test_maxminds_test_databases_answer_as_they_should(shared_data, clock, name):
    folder = shared_data / "geoip-maxmind-test"
    countries = Countries(folder / f"{name}.mmdb", clock=clock)
    documents = json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
    answers = {
        ip_network(network, strict=False): record.get("country", {}).get("iso_code")
        for document in documents
        for network, record in document.items()
    }
    checked = 0
    for network, expected in answers.items():
        for address in (network[0], network[-1]):
            if any(address in other and other.prefixlen > network.prefixlen for other in answers):
                continue
            found = countries.find(str(address), None, None)
            assert (address, found) == (address, expected)
            checked += 1
    assert checked > len(answers)


@pytest.mark.parametrize("name", ["GeoIP2-City-Test", "GeoLite2-City-Test"])
def test_city_databases_know_countries_too(shared_data, clock, name):
    countries = Countries(shared_data / "geoip-maxmind-test" / f"{name}.mmdb", clock=clock)
    expected = {
        "2.125.160.216": "GB", BRITON: "GB", SWEDE: "SE", "175.16.199.0": "CN", "216.160.83.56": "US",
        "2001:218::": "JP", "127.0.0.1": None,
    }  # fmt: skip
    assert {address: countries.find(address, None, None) for address in expected} == expected


def test_damage_in_a_real_database_is_met_without_a_fall(shared_data, tmp_path, clock):
    rng = random.Random(11)
    whole = (shared_data / "geoip-maxmind-test" / "GeoIP2-Country-Test.mmdb").read_bytes()
    path = tmp_path / "geo.mmdb"
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 50, 2000))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice((len(damaged), len(damaged), rng.randrange(len(damaged))))])
        try:
            countries = Countries(path, clock=clock)
        except ConfigurationError:
            refused += 1
        else:
            for address in (BRITON, SWEDE, "2001:218::1", "216.160.83.56"):
                countries.find(address, None, None)
    assert 0 < refused < 200


def test_every_country_that_the_registries_name_is_one(shared_data, without_file):
    folder = shared_data / "geoip-rir"
    codes = set()
    for name in ("ipv4_cidr_country.csv.gz", "ipv6_cidr_country.csv.gz"):
        with gzip.open(folder / name, "rt") as lines:
            codes |= {row["country"] for row in csv.DictReader(lines)}
    assert {code for code in codes if without_file.find(None, code, None) != code} == set()
    assert len(codes) > 230
