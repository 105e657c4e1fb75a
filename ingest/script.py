"""`GET /analytics.js`: the tracker, as browsers on other people's sites load it, and the line that they paste."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/analytics.js"
TRACK = "/web/analytics/track"
# A fix reaches everybody within two days. Stale: while the server is away, pages go on tracking into their queue.
CACHE_CONTROL = "public, max-age=86400, stale-while-revalidate=86400"
HEADERS = {
    "cache-control": CACHE_CONTROL,
    "vary": "accept-encoding",
    "cross-origin-resource-policy": "cross-origin",  # pages that isolate themselves load nothing without it
    "access-control-allow-origin": "*",  # for <script crossorigin integrity="…">
    "x-content-type-options": "nosniff",
}
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_REFUSED = re.compile(r"\s*q=0(\.0*)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Form:
    """The script in one encoding. Forms have tags of their own, so that no cache takes one for the other."""

    body: bytes
    tag: str
    headers: dict[str, str]


def snippet(public_url: str, website_id: str, *, cookieless: bool = False) -> str:
    """The line that the site's owner pastes into every page.

    Args:
        public_url: Where browsers reach this server; with a path where a proxy serves it below one.
        website_id: Whose pages these are.
        cookieless: Nothing is kept in the browser; visitors are then told apart within a day only.
    """
    base = public_url.rstrip("/")
    attributes = {"src": f"{base}{PATH}", "data-website-id": website_id}
    if urlsplit(base).path:  # the script looks at the root of its host
        attributes["data-api"] = f"{base}{TRACK}"
    if cookieless:
        attributes["data-storage"] = "none"
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<script {written} defer></script>"


def script_route() -> Route:
    """The route of the tracker; it is read and packed once, here."""
    content = files("ingest").joinpath("tracker/tracker.min.js").read_bytes()
    name = hashlib.sha256(content).hexdigest()[:16]
    plain = _form(content, f'"{name}"')
    packed = _form(gzip.compress(content, 9, mtime=0), f'"{name}-gzip"', {"content-encoding": "gzip"})

    async def script(request: Request) -> Response:
        form = packed if takes_gzip(request.headers.get("accept-encoding", "")) else plain
        if is_known(form.tag, ", ".join(request.headers.getlist("if-none-match"))):
            return Response(status_code=304, headers={**HEADERS, "etag": form.tag})
        body = b"" if request.method == "HEAD" else form.body
        return Response(body, media_type="text/javascript", headers=form.headers)

    return Route(PATH, script, methods=["GET"])  # with GET comes HEAD


def _form(body: bytes, tag: str, more: dict[str, str] | None = None) -> _Form:
    return _Form(body, tag, {**HEADERS, **(more or {}), "etag": tag, "content-length": str(len(body))})


def takes_gzip(accepted: str) -> bool:
    """Whether `Accept-Encoding` allows gzip: `br, gzip;q=0.5` does, `gzip;q=0, *` does not."""
    codings = (item.partition(";") for item in accepted.lower().split(","))
    wanted = {name.strip(): _REFUSED.fullmatch(weight) is None for name, _, weight in codings}
    return wanted.get("gzip", wanted.get("*", False))


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether `If-None-Match` names the tag: `*`, a list, and weak tags (a proxy that packs makes them weak) count."""
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)
