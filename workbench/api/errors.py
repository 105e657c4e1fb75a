"""Every fault as the API answers it: `{"errors": [{path?, message, hint?}]}` and a status."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stats_core.errors import (
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    ExpectedError,
    NotFoundError,
    Problem,
    ScopeError,
    SourceUnavailableError,
    nearest,
)
from stats_core.panels.values import dotted
from workbench.api.reference import resolved

STATUSES: tuple[tuple[type[ExpectedError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (ScopeError, 403),
    (SourceUnavailableError, 503),
    (DeadlineExceededError, 504),
    (ConfigurationError, 503),
)
"""What is none of these is a fault of what was sent: 422."""

DESCRIPTIONS: Mapping[int, str] = {
    401: "No token, or one that is unknown, revoked or expired.",
    403: "The token may not do this; the message says whom to ask.",
    404: "There is nothing of this id, or it is not yours.",
    409: "The id is taken, or somebody else changed it at the same moment.",
    413: "The body is too large.",
    415: "The body is not JSON by its Content-Type.",
    422: "Something that was sent does not validate: one error per fault.",
    429: "Too many tokens that are no good were tried from this address: wait as long as Retry-After says.",
    500: "A bug of the workbench: its log says more.",
    503: "The database is away or busy: try again in a moment.",
    504: "The database did not answer in time.",
}
COMMON = (401, 403, 422, 429, 500, 503)
BODY = (413, 415)
_GIVEN = frozenset({"id", "created_at", "updated_at"})  # by the server
_RETRY_S = 5


class Fault(BaseModel):
    """One fault."""

    path: str | None = Field(None, description="The field it is about, dotted; absent where it is about the whole.")
    message: str = Field(description="What is wrong.")
    hint: str | None = Field(None, description="What to do about it.")


class Faults(BaseModel):
    """What went wrong, fault by fault."""

    errors: list[Fault]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers and those that every route can give, for the OpenAPI document."""
    return {status: {"model": Faults, "description": DESCRIPTIONS[status]} for status in sorted({*COMMON, *statuses})}


def fault_response(status: int, problems: Iterable[Problem], headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says what is wrong."""
    faults = [
        {name: text for name, text in (("path", p.path), ("message", p.message), ("hint", p.hint)) if text}
        for p in problems
    ]
    # A name in a message may hold what a client made up: lone surrogates cannot be sent as UTF-8.
    body = json.dumps({"errors": faults}, ensure_ascii=False).encode(errors="replace")
    return Response(body, status, headers, media_type="application/json")


def expected(error: ExpectedError) -> Response:
    """An error that is worded for a person."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 422)
    headers = {"retry-after": str(_RETRY_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return fault_response(status, error.problems, headers)


def install(app: FastAPI) -> None:
    """Make every error of the application one of these answers."""
    app.add_exception_handler(ExpectedError, _on_expected)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_refused)
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(Exception, _on_bug)


async def _on_expected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ExpectedError)
    return expected(error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # it was not even read
        problem = Problem("", "The body is not JSON by its Content-Type.", "Send Content-Type: application/json.")
        return fault_response(415, [problem])
    return fault_response(422, [_problem(request, fault) for fault in error.errors()])


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return fault_response(error.status_code, [_refusal(request, error)], error.headers)


async def _on_database(_request: Request, _error: Exception) -> Response:
    """It went away while it was asked, or was busy for too long."""
    return expected(SourceUnavailableError("The database did not answer.", hint="Try again in a moment."))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    """The server logs the traceback; who asked is told no more than that it was not their fault."""
    return fault_response(500, [Problem("", "Something is wrong in the workbench.", "Its log says more.")])


def _refusal(request: Request, error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem("", f"There is nothing at {request.url.path}.", "See /admin/docs for what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return Problem("", f"{request.method} is not answered here.", "See /admin/docs for what is.")
    return Problem("", f"{str(error.detail).rstrip('.')}.")


def _problem(request: Request, fault: Mapping[str, Any]) -> Problem:
    """One of pydantic's faults in our words."""
    place, *rest = fault["loc"]
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "json_invalid":
        hint = f"Look at character {rest[0]}." if rest[0] else ""
        return Problem("", f"The body is no JSON: {context['error']}.", hint)
    if kind == "extra_forbidden":
        return _extra(request, place, rest)
    path, name = dotted(rest), rest[-1] if rest else "body"
    if kind == "missing":
        return Problem(path, f"{name!r} is missing.", "Add it." if rest else "Send a JSON object.")
    if not rest:
        return Problem("", "The body must be a JSON object.", 'Write {"field": value}.')
    message = str(fault["msg"]).removeprefix("Value error, ")
    return Problem(path, f"{message.rstrip('.')}.", context.get("hint", ""))


def _extra(request: Request, place: str, rest: Sequence[str | int]) -> Problem:
    name = str(rest[-1])
    if place == "body" and name in _GIVEN:
        return Problem(dotted(rest), f"{name!r} is given by the server.", "Leave it out.")
    known = _known(request, place) if len(rest) == 1 else ()
    noun = "field" if place == "body" else "parameter"
    return Problem(dotted(rest), f"There is no {noun} {name!r} here.", nearest(name, known) if known else "Remove it.")


def _known(request: Request, place: str) -> Iterable[str]:
    """The names that may stand there, as the OpenAPI document has them."""
    document: Mapping[str, Any] = request.app.openapi()
    operation = document["paths"][request.scope["route"].path][request.method.lower()]
    if place != "body":
        return [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == place]
    schema = resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
    return tuple(schema.get("properties", ()))
