"""Which country a visitor is in: what a trusted proxy says, else a .mmdb file, else the browser's time zone.

A code is one of ISO 3166-1 alpha-2 (or XK, Kosovo); whatever else is said (`XX` for unknown, `T1` for Tor, `EU`, `AP`,
`ZZ`, junk) is passed over, and the next source is asked. The list of countries, and the country of each zone, come
from tzdata; `data/countries.toml` has what is missing there. A zone that tzdata gives to several countries counts for
the first of them.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from stats_core.errors import ConfigurationError

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(minutes=1)  # how long the file is not asked whether it was replaced
_MEMO = 16_384  # addresses: a look-up takes 50 to 90 µs
_LONGEST = 64  # characters of an address
_PROBES = ("0.0.0.0", "1.1.1.1", "8.8.8.8", "81.2.69.160", "223.255.255.255")  # noqa: S104 - looked up, not bound to
_OTHER_KINDS = ("ASN", "ISP", "Domain", "Connection-Type", "Anonymous-IP", "Anonymous-Plus", "User-Count")


class Countries:
    """The country of a visitor.

    Args:
        geoip_database: A .mmdb file that knows addresses' countries (MaxMind, DB-IP, IPinfo …); read into memory, and
            again within a minute or so after it was replaced.
        clock: Gives the current moment, aware.

    Raises:
        ConfigurationError: The file is missing, damaged, or knows no countries.
    """

    def __init__(self, geoip_database: Path | None, *, clock: Callable[[], datetime]) -> None:
        self._addresses = _Addresses(geoip_database, clock) if geoip_database is not None else None

    def find(self, address: str | None, header: str | None, timezone: str | None) -> str | None:
        """The country's two letters in capitals; None where nobody says.

        Args:
            address: The visitor's, IPv4 or IPv6; anything that is none is passed over.
            header: What the proxy wrote. Pass it only if the proxy is trusted: anybody can send the header.
            timezone: What the browser calls its zone: `Europe/Kyiv`, or an older name of it.
        """
        if (named := _listed(header)) is not None:
            return named
        if self._addresses is not None and address and (found := self._addresses.country(address)) is not None:
            return found
        return _facts().zones.get(timezone) if timezone else None


class _Addresses:
    """A .mmdb file in memory.

    TRICKY: not mapped, though the package's mapped reader is ten times as fast: whoever copies a new file over a mapped
    one in place kills the process that reads it (SIGBUS). The plain reader also has limits that damaged files meet.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path, self._clock = path, clock
        self._mark = _mark(path)
        self._reader = _opened(path)
        self._is_damaged = False
        self._look_again_at = clock() + LOOK_AGAIN
        self._remembered = lru_cache(maxsize=_MEMO)(self._looked_up)

    def country(self, address: str) -> str | None:
        if self._clock() >= self._look_again_at:
            self._look_again()
        return self._remembered(address) if len(address) <= _LONGEST else None

    def _look_again(self) -> None:
        """Read the file if it is another one. One that is away or cannot be read leaves things as they are."""
        self._look_again_at = self._clock() + LOOK_AGAIN
        if (mark := _mark(self._path)) in {self._mark, None}:
            return
        self._mark = mark
        try:
            self._reader = _opened(self._path)
        except ConfigurationError as error:
            log.warning("The GeoIP database was replaced, and the one before stays in use: %s", error)
            return
        self._is_damaged = False
        self._remembered.cache_clear()
        log.info("The GeoIP database was read again.")

    def _looked_up(self, text: str) -> str | None:
        if (address := _address(text)) is None:
            return None
        try:
            if address.version > self._reader.metadata().ip_version:
                return None
            return _country_of(self._reader.get(address))
        except Exception as error:  # noqa: BLE001 - damaged data makes the reader raise nearly anything
            if not self._is_damaged:
                log.warning("The GeoIP database %s is damaged: %s", self._path, error)
            self._is_damaged = True
            return None


def _opened(path: Path) -> maxminddb.Reader:
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        for probe in _PROBES:
            reader.get(probe)
        kind = str(reader.metadata().database_type)
    except OSError as error:
        message = f"The GeoIP database {path} cannot be read: {error.strerror}."
        raise ConfigurationError(message, path="geoip_database", hint=_WAY_OUT) from error
    except Exception as error:
        message = f"{path} is no MaxMind DB file, or a damaged one."
        raise ConfigurationError(message, path="geoip_database", hint=_WAY_OUT) from error
    if kind.endswith(_OTHER_KINDS):
        message = f"{path} knows no countries: it is of the kind {kind}."
        raise ConfigurationError(message, path="geoip_database", hint=_WAY_OUT)
    return reader


_WAY_OUT = "Let WORKBENCH_GEOIP_DATABASE name a country or city .mmdb file, or unset it: then time zones must do."


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file is replaced; None while it is away."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _country_of(record: Any) -> str | None:
    """`{"country": {"iso_code": "DE"}}` as MaxMind writes it, `{"country_code": "DE"}` or `{"country": "DE"}`."""
    if not isinstance(record, dict):
        return None
    country = record.get("country")
    return _listed(country.get("iso_code") if isinstance(country, dict) else record.get("country_code", country))


def _listed(code: object) -> str | None:
    """The code as it is stored, if it is one of a country."""
    if not isinstance(code, str):
        return None
    capitals = code.strip().upper()
    return capitals if capitals in _facts().codes else None


class _Facts(NamedTuple):
    codes: frozenset[str]
    zones: Mapping[str, str]


@cache
def _facts() -> _Facts:
    ours = tomllib.loads(files("ingest").joinpath("data/countries.toml").read_text(encoding="utf-8"))
    zones: dict[str, str] = {}
    for code, _, zone, *_ in _rows("zone.tab"):
        zones.setdefault(zone, code)
    links = [line.split()[1:] for line in _lines("tzdata.zi") if line.startswith("L ")]
    older = {name: zones[target] for target, name in links if target in zones}
    named = {**older, **zones, **ours["zones"]}
    for clock in ours["clocks"]["names"]:
        named.pop(clock, None)
    return _Facts(frozenset([code for code, *_ in _rows("iso3166.tab")] + ours["codes"]["further"]), named)


def _rows(table: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in _lines(table) if not line.startswith("#"))


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
