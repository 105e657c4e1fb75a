"""A line of the common or combined format, as Apache and nginx write them, into its fields.

    address ident user [time] "request" status bytes                          common
    address ident user [time] "request" status bytes "referrer" "agent"       combined
    host:port address ident user [time] …                                     either with the virtual host in front

Fields behind these are allowed and not read. Source: httpd.apache.org/docs/current/mod/mod_log_config.html,
nginx.org/en/docs/http/ngx_http_log_module.html.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from ingest.logs.reasons import Refused
from ingest.logs.times import read_time

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_HEAD = r"((?:\[[^\]\s]*\]\S* )?[^\[]*?)"  # a virtual host may be an IPv6 address in brackets
_LINE = re.compile(
    rf'{_HEAD} \[([^\]]{{1,64}})\] {_QUOTED} (\d{{3}}|-) (?:\d+|-)(?: {_QUOTED} {_QUOTED}( .*)?|(?: [^"]*)?)', re.DOTALL
)
# nginx's `main` format puts forwarded addresses behind the agent. Text there while the agent is missing means that two
# lines ran together, or that this is another format: what its agent is, nobody can say.
_STRAY = re.compile(r' "(?![-\d.:a-f, ]*")', re.IGNORECASE)
_BEGINS_WELL = re.compile(r"\S+ [^\[]*\[[^\]\"]{1,64}\]")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[0-9a-fA-F](?:%\w+)?")
_MAX_ADDRESS = 255  # characters; names of hosts are no longer
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"b": b"\b", b"f": b"\f", b"a": b"\a"}


class LogLine(NamedTuple):
    """The fields of a line that we read.

    Attributes:
        host: The virtual host in front of the address, maybe with its port; empty where the format has none.
        address: The client's, without its port; a name where the server looks names up.
        referrer: Empty where there is none.
        agent: Empty where the client sent none; null where the format has none (common).
    """

    host: str
    address: str
    time: datetime
    request: str
    status: str
    referrer: str
    agent: str | None


def read_line(line: bytes) -> LogLine | Refused:
    """The fields of a line without its end, or why it cannot be read. Any bytes give an answer.

    Text is UTF-8 where that is possible, else Latin-1.
    """
    if b"\0" in line:
        return Refused.BINARY
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    found = _LINE.fullmatch(text)
    if found is None:
        return _refusal(text)
    head, written, request, status, referrer, agent, rest = found.groups()
    client = _client(head)
    if client is None:
        return Refused.FRAGMENT
    if agent == "-" and rest and _STRAY.match(rest):
        return Refused.BROKEN_LINE
    time = read_time(written)
    if time is None:
        return Refused.DATE
    if "\\" in text:
        request, referrer, agent = unescape(request), unescape(referrer or ""), agent and unescape(agent)
    return LogLine(*client, time, request, status, _given(referrer or ""), agent and _given(agent))


def _given(text: str) -> str:
    """A field that may be missing: servers write `-` then."""
    return "" if text == "-" else text


def _refusal(text: str) -> Refused:
    if not text.strip():
        return Refused.EMPTY
    return Refused.BROKEN_LINE if _BEGINS_WELL.match(text) else Refused.FRAGMENT


def _client(head: str) -> tuple[str, str] | None:
    """Virtual host and address from what stands before the time; null where there is no address."""
    words = head.split(" ")
    if len(words) < 3 or not words[0]:  # noqa: PLR2004 - address, ident, user
        return None
    host, address = "", words[0]
    if len(words) > 3 and _names_host(words[0], words[1]):  # noqa: PLR2004 - one more; a user's name may have blanks too
        host, address = words[0], words[1]
    if len(address) > _MAX_ADDRESS:
        return None
    address = address.rstrip(",")  # of a list of forwarded addresses the first is the client's
    return host, address.partition(":")[0] if address.count(":") == 1 else address


def _names_host(first: str, second: str) -> bool:
    """Whether a line begins with a virtual host: with a port, or before an address."""
    if first.endswith(",") or _ADDRESS.fullmatch(first):
        return False
    return ":" in first or _ADDRESS.fullmatch(second.rstrip(",")) is not None


def unescape(text: str) -> str:
    r"""Undo what servers do to quotes and to bytes that are no text: `\"`, `\\`, `\x22`, `\n`."""
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(_unescaped, text.encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _unescaped(found: re.Match[bytes]) -> bytes:
    hexadecimal, character = found.groups()
    return bytes.fromhex(hexadecimal.decode()) if hexadecimal else _NAMED_ESCAPES.get(character, character)
