"""`POST|OPTIONS /web/analytics/track`: an event in, and the same answer to whatever a client sends.

Plain ASGI: of the time that a request takes here, starlette's `Request` and `Response` would be a third.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from enum import Enum

from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from ingest.arrivals import Reason
from ingest.intake import Intake
from ingest.payload import MAX_BODY
from ingest.script import TRACK
from ingest.tickets import NowhereToStoreError

STATE = "intake"
"""Under this name the lifespan hands the `Intake` to the requests."""

DISCARDED = 33_554_432  # bytes of a body that are read to be thrown away, so that its sender gets to read the answer
PATIENCE_S = 20.0  # for a body to arrive whole

_log = logging.getLogger(__name__)

_JSON = (b"content-type", b"application/json")
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")


class _Unread(Enum):
    """Why a body was not read to its end."""

    TOO_LARGE = "too_large"
    GONE = "gone"
    SLOW = "slow"


class _Answer:
    """An answer that is always the same."""

    def __init__(self, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        self._status, self._body = status, body
        self._headers = [_JSON, (b"content-length", str(len(body)).encode()), _ANY_ORIGIN, *headers]

    async def send(self, send: Send) -> None:
        # A new list each time: middleware adds to it.
        await send({"type": "http.response.start", "status": self._status, "headers": [*self._headers]})
        await send({"type": "http.response.body", "body": self._body})


_TRACKED = b'{"success": true, "message": "Event tracked"}'
_CLOSE = (b"connection", b"close")
_OK = _Answer(200, _TRACKED)
_OK_AND_CLOSE = _Answer(200, _TRACKED, _CLOSE)
_PREFLIGHT = _Answer(
    200,
    _TRACKED,
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, *"),  # * for what monitoring scripts add to every request
    (b"access-control-max-age", b"86400"),
)
_NOT_ALLOWED = _Answer(
    405,
    b'{"errors": [{"message": "Events are sent with POST.", "hint": "See docs/tracking.md."}]}',
    (b"allow", b"POST, OPTIONS"),
)
_UNAVAILABLE = _Answer(
    503,
    b'{"errors": [{"message": "The event cannot be stored now.", "hint": "Send it again in a moment."}]}',
    (b"retry-after", b"30"),
)


def track_route() -> Route:
    """The route; the lifespan's state has the intake."""
    return Route(TRACK, Track())


class Track:
    """The endpoint; the lifespan's state has the intake."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] == "POST":
            answer = await _track(scope["state"][STATE], scope, receive)
        else:
            answer = _PREFLIGHT if scope["method"] == "OPTIONS" else _NOT_ALLOWED
        with suppress(OSError, RuntimeError):  # uvloop's, where the client has gone without waiting for the answer
            await answer.send(send)


async def _track(intake: Intake, scope: Scope, receive: Receive) -> _Answer:
    try:
        body = await _read(receive)
        if isinstance(body, bytes):
            await intake.take(body, scope.get("client"), scope["headers"])
            return _OK
        reason, detail = _UNREAD[body]
        intake.refuse(reason, detail)
    except NowhereToStoreError:
        return _UNAVAILABLE
    except Exception as error:  # noqa: BLE001 - a fault of ours is no reason for the page to hear of it
        _log.error("An event was lost by a fault of the workbench: %s", _without_values(error))
        intake.refuse(Reason.UNSTORABLE, "A fault of the workbench; its log says where.")
        return _OK
    return _OK_AND_CLOSE


_UNREAD = {
    _Unread.TOO_LARGE: (Reason.TOO_LARGE, f"The body has more than {MAX_BODY} bytes."),
    _Unread.GONE: (Reason.NOT_JSON, "The client went away before its body had arrived."),
    _Unread.SLOW: (Reason.NOT_JSON, "The body did not arrive in time."),
}


async def _read(receive: Receive) -> bytes | _Unread:
    """The body; most come in one message."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _read_on(message, receive)
    except TimeoutError:
        return _Unread.SLOW


async def _read_on(message: Message, receive: Receive) -> bytes | _Unread:
    """The rest of a body that comes in pieces; of a large one no more is kept than it takes to know that."""
    body, size = b"", 0
    while message["type"] == "http.request":
        piece = message.get("body", b"")
        size += len(piece)
        if size <= MAX_BODY:
            body += piece
        if size > DISCARDED:
            return _Unread.TOO_LARGE
        if not message.get("more_body"):
            return body if size <= MAX_BODY else _Unread.TOO_LARGE
        message = await receive()
    return _Unread.GONE


def _without_values(error: Exception) -> str:
    """What kind of error and where, without its message: that may quote the body."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " < ".join(f"{place.filename}:{place.lineno}" for place in reversed(places))
