"""Bodies: how large they may be, and strict JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_BODY = 1_048_576  # bytes: a dashboard of hundreds of panels


class SizeLimit:
    """Stops reading a body after `most` bytes, whatever length it gave beforehand."""

    def __init__(self, app: ASGIApp, *, most: int = MAX_BODY) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, f"The body is larger than {self.most:,} bytes")
            return message

        await self.app(scope, limited, send)


class StrictRoute(APIRoute):
    """A route whose JSON bodies are read by `read_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI asks for it once."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        return read_json(await self.body())


def read_json(body: bytes) -> Any:
    """The document, by the letter of RFC 8259: UTF-8, no NaN or infinity, no key twice.

    Raises:
        json.JSONDecodeError: It is none. Deep nesting and endless numbers are refused so too.
    """
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise _no_json("it is not UTF-8", error.start) from error
    except RecursionError as error:
        raise _no_json("it is nested too deeply") from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # Python reads no number of more than some thousand digits
        raise _no_json("a number is too long") from error


def _refuse_constant(name: str) -> Any:
    raise _no_json(f"{name} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise _no_json(f"the key {name!r} comes twice")
        if _SURROGATE.search(name):
            raise _no_json("a key has a lone surrogate")
        document[name] = value
    return document


def _no_json(reason: str, position: int = 0) -> json.JSONDecodeError:
    return json.JSONDecodeError(reason, "", position)
