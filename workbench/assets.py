"""Streamlit's own browser files, packed: it sends 7 MB of JavaScript as it is, and asks for the chart library last.

This middleware gzips what is under `/static/`, and gives pages an `index.html` that loads the chart library at once and
knows where its server is.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(streamlit.__file__).parent / "static"
LEVEL = 6  # of gzip; 9 takes three times as long for 1 % less
EARLY_CHUNKS = "PlotlyChart.*.js"
WHERE = 'window.__streamlit={BACKEND_BASE_URL:new URL("./",location.href).href}'
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
PAGE = re.compile(r"/[a-z_-]*")  # `/`, `/stats`, `/dashboard`: what Streamlit answers with its index.html
FOREVER = "public, immutable, max-age=31536000"  # the names of Streamlit's chunks hold a hash of their content


class PackedAssets:
    """Serves Streamlit's scripts, styles and index page to browsers that take gzip; passes all else on."""

    def __init__(self, app: ASGIApp, *, title: str) -> None:
        self.app = app
        self.index = gzip.compress(index_page(title).encode(), LEVEL, mtime=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        answer = await self._answer(scope) if scope["type"] == "http" else None
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or "gzip" not in headers.get("accept-encoding", ""):
            return None
        if PAGE.fullmatch(scope["path"]) and "text/html" in headers.get("accept", ""):
            return _packed(self.index, "text/html", "no-cache")
        if (path := asset(scope["path"])) is not None:
            return _packed(await run_in_threadpool(packed_file, path), MEDIA_TYPES[path.suffix], FOREVER)
        return None


def index_page(title: str) -> str:
    """Streamlit's page with our title, so that the tab never says "Streamlit", and what makes it start sooner.

    The chart library is loaded early, though after what the page itself waits for. And Streamlit is told where its
    server is: below `/dashboard` it would look at `/dashboard/_stcore` first, be refused, and wait before it tries `/`.
    """
    chunks = sorted(path.name for path in (STATIC / "static" / "js").glob(EARLY_CHUNKS))
    links = "".join(f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in chunks)
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    page = re.sub(r"<title>.*?</title>", f"<title>{title}</title><script>{WHERE}</script>", page, count=1)
    return page.replace("</head>", f"{links}</head>", 1)


def inline_scripts(page: str) -> tuple[str, ...]:
    """What the scripts say that stand in the page itself; a content security policy names each."""
    return tuple(re.findall(r"<script>(.*?)</script>", page, re.DOTALL))


def asset(path: str) -> Path | None:
    """The file behind `/static/js/x.js` or `/static/css/x.css`, if there is one."""
    if not re.fullmatch(r"/static/(js|css)/[\w.-]+\.(js|css)", path):
        return None
    file = STATIC / path.lstrip("/")
    return file if file.is_file() else None


@cache  # a few hundred files of a fixed installation, 7 MB when all are packed
def packed_file(path: Path) -> bytes:
    """The content of `path`, gzipped once per process."""
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)


def _packed(body: bytes, media_type: str, cache_control: str) -> Response:
    headers = {"content-encoding": "gzip", "vary": "accept-encoding", "cache-control": cache_control}
    return Response(body, media_type=media_type, headers=headers)
