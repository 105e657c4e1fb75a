"""The address of whoever sent a request, also behind proxies; it is used in memory and stored nowhere.

Headers that a proxy adds are believed only where the connection comes from one we trust
(`WORKBENCH_TRUSTED_PROXIES`): anybody can send them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

RawHeaders = Sequence[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case, repeated ones in their order."""

Peer = tuple[str, int] | None
"""The other end of the connection, as ASGI gives it; None on a Unix socket."""

LOOPBACK = "127.0.0.1"
MAX_HOPS = 32  # the nearest that are looked at; no real chain of proxies is longer

_MEMO = 8192
_LONGEST = 80  # characters of a hop that are read: `for="[…]:65535";proto=https` is shorter
_IPV6_CUSTOMER = 64  # bits that providers give one customer


class Client(NamedTuple):
    """Who sent a request.

    Attributes:
        address: In its shortest writing; empty where the connection has none.
        is_forwarded: Whether it was told by a proxy that we trust, whose other headers can be believed too.
    """

    address: str
    is_forwarded: bool

    @property
    def network(self) -> str:
        """What one customer of a provider has: the IPv4 address, or the network of the IPv6 address."""
        return _network(self.address)


class Clients:
    """Finds the client of a request.

    Args:
        trusted: Proxies whose `X-Forwarded-For` is believed, or `Forwarded` where there is no such header.
    """

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        networks = tuple(trusted)

        def trusts(address: str) -> bool:
            return any(ip_address(address) in network for network in networks) if address else False

        self._trusts = lru_cache(maxsize=_MEMO)(trusts)

    def find(self, peer: Peer, headers: RawHeaders) -> Client:
        """The nearest address that is not a proxy we trust.

        Proxies append whom they saw, so hops are read from the right: what stands left of a stranger is the stranger's
        own word. Where a hop cannot be read, the proxy that wrote it is the last address known.
        """
        hops = _hops(headers)
        address = _connected(peer, hops)
        if not self._trusts(address):
            return Client(address, is_forwarded=False)
        for hop in reversed(hops):
            if not (known := hop.address):
                break
            address = known
            if not self._trusts(address):
                break
        return Client(address, is_forwarded=True)


class _Hop(NamedTuple):
    """An address in a forwarded header, as it is written, with its port (0 for none)."""

    host: str
    port: int

    @property
    def address(self) -> str:
        return _address(self.host)


def _connected(peer: Peer, hops: Sequence[_Hop]) -> str:
    """The address that the connection comes from; empty where it has none."""
    if peer is None or _is_rewritten(peer, hops):
        return LOOPBACK
    return _address(peer[0])


def _is_rewritten(peer: tuple[str, int], hops: Sequence[_Hop]) -> bool:
    """Whether the server has put a forwarded address in the place of the connection's.

    TRICKY: uvicorn does so by default (without `--no-proxy-headers`) for connections from 127.0.0.1, whether we trust
    that address or not. No connection has port 0, which it writes where the header names none; nor does a proxy see a
    client at the very port that the proxy itself connects from.
    """
    if not hops:
        return False
    nearest = next((hop for hop in reversed(hops) if hop.host != LOOPBACK), hops[0])
    return peer == nearest or (peer[1] == 0 and peer in hops)


def _hops(headers: RawHeaders) -> list[_Hop]:
    """The hops of `X-Forwarded-For`, else of `Forwarded`, the nearest last."""
    plain = [value for name, value in headers if name == b"x-forwarded-for"]
    if plain:
        return [_hop(text) for text in _parts(plain)]
    standard = [value for name, value in headers if name == b"forwarded"]
    return [_hop(_forwarded_for(text)) for text in _parts(standard)] if standard else []


def _parts(values: Sequence[bytes]) -> list[str]:
    text = b",".join(values).decode("latin-1")
    return [part.strip()[:_LONGEST] for part in text.rsplit(",", MAX_HOPS)[-MAX_HOPS:]]


def _forwarded_for(element: str) -> str:
    """`for="[2001:db8::1]:4711";proto=https` → `[2001:db8::1]:4711`."""
    for pair in element.split(";"):
        name, _, value = pair.strip().partition("=")
        if name.lower() == "for":
            return value.strip('"')
    return ""


@lru_cache(maxsize=_MEMO)
def _hop(text: str) -> _Hop:
    """`1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]:80`."""
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if colon and (is_bracketed or ":" not in host):
        try:
            return _Hop(host.strip("[]"), int(port))
        except ValueError:
            return _Hop(text, 0)
    return _Hop(text[1:-1] if text.startswith("[") and text.endswith("]") else text, 0)


@lru_cache(maxsize=_MEMO)
def _address(host: str) -> str:
    """The shortest writing of an address; empty for what is none (`unknown`, `_hidden`, `testclient`)."""
    address = _parsed(host)
    return "" if address is None else str(address)


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])  # without the zone of a link-local address
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=_MEMO)
def _network(address: str) -> str:
    return str(ip_network(f"{address}/{_IPV6_CUSTOMER}", strict=False)) if ":" in address else address
