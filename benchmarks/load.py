"""An HTTP client that posts events as fast as answers come, or at a given pace. Used by `ingest.py`; prints nothing."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SEED = 20260801
ENGINE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
REFERRERS = ("", "", "https://www.google.com/", "https://duckduckgo.com/", "https://news.ycombinator.com/item?id=1")
VISITORS = 20_000
ANSWER = b'{"success": true, "message": "Event tracked"}'


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The least a server can do with an event: read the body, parse it, answer."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    json.loads(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def _answered(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse(json.loads(ANSWER))


bare_route = Starlette(routes=[Route("/{path:path}", _answered, methods=["POST"])])
"""The same as somebody would write it by hand: a route of Starlette's that parses JSON and answers in JSON."""


@dataclass
class Answers:
    """What came back: latencies in milliseconds, and answers other than 200."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def per_second(self) -> float:
        """Answers of status 200."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, percent: int) -> float:
        """The latency that so many percent stay below."""
        return statistics.quantiles(self.latencies_ms, n=100)[percent - 1]


def requests(website_id: str, path: str, *, seed: int) -> Iterator[bytes]:
    """Whole requests without end: visitors of 10 000 addresses and 300 agents, who read several pages a visit.

    Ids look like the script's: those of events and sessions begin with the time.
    """
    rng = random.Random(seed)
    sessions: dict[int, str] = {}
    while True:
        visitor, now = rng.randrange(VISITORS), f"{time.time_ns() // 1_000_000}-{rng.getrandbits(96):029d}"
        event = {
            "website_id": website_id,
            "event_type": "pageview",
            "pathname": f"/blog/article-{rng.randrange(800)}",
            "referrer": rng.choice(REFERRERS),
            "visitor_id": f"visitor-{visitor:08d}-5c1f-4a59",
            "session_id": sessions.setdefault(visitor, now),
            "event_id": now,
            "hostname": "blog.example.com",
            "timezone": "Europe/Berlin",
        }
        body = json.dumps(event).encode()
        agent = f"{ENGINE} Chrome/{100 + visitor % 300}.0.0.0 Safari/537.36"
        address = f"81.7.{visitor % 10_000 // 250}.{visitor % 250 + 1}"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {agent}\r\nX-Forwarded-For: {address}\r\n"
            f"Content-Type: text/plain\r\nOrigin: https://blog.example.com\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


class _Connection(asyncio.Protocol):
    """One request at a time; the next goes out when the answer is whole."""

    def __init__(self, feed: Iterator[bytes], answers: Answers, *, pace_s: float) -> None:
        self._feed, self._answers, self._pace_s = feed, answers, pace_s
        self._received, self._due = b"", 0.0
        self.ended = asyncio.get_running_loop().create_future()
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._due = time.perf_counter() + random.Random(id(self)).random() * self._pace_s
        self._next()

    def _next(self) -> None:
        now = time.perf_counter()
        if self.stopping:
            self._transport.close()
        elif self._pace_s and self._due > now:
            asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + self._due - now, self._send)
        else:
            self._send()

    def _send(self) -> None:
        # At a given pace a request's time counts from when it was due: a slow server cannot hide by delaying the next.
        self._sent = self._due if self._pace_s else time.perf_counter()
        self._due += self._pace_s
        self._transport.write(next(self._feed))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._received = b""
        if head.startswith(b"HTTP/1.1 200"):
            self._answers.latencies_ms.append((time.perf_counter() - self._sent) * 1000)
        else:
            self._answers.failures += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.done() or self.ended.set_result(exc)


def _content_length(head: bytes) -> int:
    low = head.lower()
    return int(low[low.index(b"content-length:") + 15 :].partition(b"\r\n")[0])


async def post(
    port: int, path: str, website_id: str, *, seconds: float, connections: int, seed: int, rate: float | None = None
) -> Answers:
    """Post events for some seconds over so many connections: at `rate` a second in all, or as fast as answers come."""
    answers, loop, feed = Answers(), asyncio.get_running_loop(), requests(website_id, path, seed=seed)
    pace_s = connections / rate if rate else 0.0
    start = time.perf_counter()
    make = partial(_Connection, feed, answers, pace_s=pace_s)
    opened = [(await loop.create_connection(make, "127.0.0.1", port))[1] for _ in range(connections)]
    await asyncio.sleep(seconds)
    answers.seconds = time.perf_counter() - start
    counted = len(answers.latencies_ms)
    for connection in opened:
        connection.stopping = True
    await asyncio.wait([connection.ended for connection in opened], timeout=pace_s + 10)
    del answers.latencies_ms[counted:]
    return answers
