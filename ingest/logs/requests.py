"""The request of a log line: what was asked for, and whether it is a page."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_PATHNAME = 2048  # characters, and bytes of UTF-8: PostgreSQL's index takes at most 2 704
_MEMO_LENGTH = 512  # longer requests are rare, seldom repeat and would make the memo heavy

# `GET /path HTTP/1.1`, also with blanks in the path, without protocol (HTTP/0.9) and with the whole address (proxies).
_REQUEST = re.compile(
    r"([a-z_-]{1,32}) (?:[a-z][a-z0-9+.-]{0,16}://[^/? ]*)?([/?].*?|)(?: (?:HTTP|ICY)/[\d.]+)?",
    re.DOTALL | re.IGNORECASE,
)
_ASSET = re.compile(
    r"\.(?:css|less|scss|m?js|jsx|tsx?|map|json|wasm|webmanifest|png|apng|jpe?g|jfif|gif|svgz?|webp|avif|heic|bmp|tiff?|ico|cur|"
    r"woff2?|ttf|otf|eot|mp3|ogg|oga|ogv|opus|wav|flac|aac|m4[av]|mp4|webm|mov|avi|mkv|m3u8|vtt|swf|xml|xsl|rss|atom|rdf)$"
    r"|^/(?:robots|ads|app-ads|security|humans|llms)\.txt$|^/\.well-known/|^/favicon\b|^/apple-touch-icon|^/cdn-cgi/",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Request(NamedTuple):
    """What a client asked for.

    Attributes:
        method: In capital letters.
        pathname: Without query, percent-decoded where that gives readable UTF-8.
        query: Without `?`; as it was written.
        is_asset: Whether pages load it or machines read it, by its ending or place.
    """

    method: str
    pathname: str
    query: str
    is_asset: bool


def read_request(text: str) -> Request | None:
    """The request of a line such as `GET /a?b HTTP/1.1`; null where it asks for no path."""
    return _remembered(text) if len(text) <= _MEMO_LENGTH else _read(text)


def _read(text: str) -> Request | None:
    found = _REQUEST.fullmatch(text)
    if found is None or not (found[2] or "://" in text):
        return None
    path, _, query = found[2].partition("?")
    pathname = readable_path(path.partition("#")[0] or "/")
    return Request(found[1].upper(), pathname, query.partition("#")[0], _ASSET.search(pathname) is not None)


_remembered = lru_cache(maxsize=16_384)(_read)


def readable_path(path: str) -> str:
    """`path` percent-decoded, where that gives short UTF-8 without control characters; else as it is, cut to fit."""
    if "%" in path:
        try:
            decoded = unquote_to_bytes(path.encode("utf-8", "surrogatepass")).decode()
        except UnicodeDecodeError:
            decoded = path
        if not _CONTROL.search(decoded) and len(decoded.encode()) <= MAX_PATHNAME:
            return decoded.rstrip()
    clean = _CONTROL.sub("", path).rstrip()
    if clean.isascii():
        return clean[:MAX_PATHNAME]
    return clean.encode()[:MAX_PATHNAME].decode("utf-8", "ignore")
