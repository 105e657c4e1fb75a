"""The body of a tracked event: its limits, the page it names, and what of a faulty one may be kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from ingest.event_fields import KEY_LENGTH, MOST_KEYS, VALUE_LENGTH
from ingest.logs.requests import MAX_PATHNAME, readable_path
from ingest.referrers import locate
from ingest.rejections import LARGEST
from stats_core.database.types import write_json

MAX_BODY = 16_384  # bytes
MAX_AGE_MS = 86_400_000
_MAX_EVENT_NAME = 120
_MAX_ID = 128  # characters of a website's id; of an event's 64
_MAX_EVENT_ID = 64
_MAX_NAME = 255  # characters of ids that are hashed, and of host names
_KEPT_TEXT = 256  # characters of a faulty field

_BIG = 2**63  # what every reader of a JSON document holds

_BOM = b"\xef\xbb\xbf"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

# PostgreSQL's text has no NUL. Lone surrogates are no UTF-8: the parser refuses them.
_STORABLE = r"^[^\x00]*$"


def _text(longest: int = MAX_BODY, shortest: int = 0) -> StringConstraints:
    return StringConstraints(max_length=longest, min_length=shortest, pattern=_STORABLE)


_Key = Annotated[str, _text(KEY_LENGTH)]
# A whole number of more than 64 bits becomes a floating-point one, which it was in the browser.
_Value = Annotated[str, _text(VALUE_LENGTH)] | bool | Annotated[int, Field(ge=-_BIG, lt=_BIG)] | float | None
_Name = Annotated[str, _text(_MAX_NAME)]


class Page(NamedTuple):
    """The page of an event.

    Attributes:
        pathname: As it is stored: readable, with a leading slash, without query and fragment.
        query: Without `?`.
        hostname: Empty where the body names none.
    """

    pathname: str
    query: str
    hostname: str


class Payload(BaseModel):
    """What a browser sends. Unknown keys are ignored; of keys that come twice the last counts."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    website_id: Annotated[str, _text(_MAX_ID, 1)]
    event_type: Literal["pageview", "custom_event"]
    pathname: Annotated[str, _text()]
    event_name: Annotated[str, _text(_MAX_EVENT_NAME)] | None = None
    referrer: Annotated[str, _text()] | None = None
    visitor_id: _Name | None = None
    session_id: _Name | None = None
    metadata: Annotated[dict[_Key, _Value], Field(max_length=MOST_KEYS)] | None = None
    event_id: Annotated[str, _text(_MAX_EVENT_ID)] | None = None
    query: Annotated[str, _text()] | None = None
    timezone: _Name | None = None
    age_ms: Annotated[float, Field(ge=0, le=MAX_AGE_MS)] | None = None
    hostname: _Name | None = None

    @field_validator("pathname")
    @classmethod
    def _fits(cls, value: str) -> str:
        """The limit is that of the path. It counts bytes too: an index of PostgreSQL takes no more."""
        if len(value) > MAX_PATHNAME or not value.isascii():
            path = _split(value).pathname
            if max(len(path), len(path.encode())) > MAX_PATHNAME:
                raise PydanticCustomError("too_long", "Should have at most 2048 characters and bytes of UTF-8")
        return value

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.event_type == "custom_event" and not (self.event_name or "").strip():
            raise PydanticCustomError("event_name", "event_name: A custom event needs a name")
        return self

    def page(self) -> Page:
        """The page, also where `pathname` is a whole address, or has a query and a fragment."""
        path, query, hostname = _split(self.pathname)
        pathname = readable_path(path)
        return Page(
            pathname if pathname.startswith("/") else f"/{pathname}",
            query if self.query is None else self.query.removeprefix("?"),
            self.hostname or hostname,
        )


def _split(pathname: str) -> Page:
    """`https://example.com/a?b#c` → `/a`, `b`, `example.com`."""
    path, hostname = pathname.strip(), ""
    if found := _ADDRESS.match(path):
        hostname, path = found.groups()
    path, _, query = path.partition("#")[0].partition("?")
    return Page(path, query, hostname)


def parse(body: bytes) -> Any:
    """The JSON document of a body; NaN and infinity are no JSON.

    Raises:
        ValueError: It is none, or nested too deeply.
    """
    return from_json(body.removeprefix(_BOM), allow_inf_nan=False)


def faults(error: ValidationError) -> str:
    """What is wrong with a payload, for the site's owner: names and words of ours, nothing that was sent."""
    found = {str(place[0]) if (place := fault["loc"]) else "": _worded(fault) for fault in error.errors()}
    return "; ".join(f"{field}: {message}" if field else message for field, message in found.items())


def _worded(fault: ErrorDetails) -> str:
    return _PROPERTY if fault["loc"][:1] == ("metadata",) and len(fault["loc"]) > 1 else fault["msg"]


_PROPERTY = (
    f"A key should have at most {KEY_LENGTH} characters; a value should be text of at most {VALUE_LENGTH} characters, "
    "a number, true, false or null, without NUL"
)


def cleaned(document: dict[str, Any], hashed: Callable[[str, str], str]) -> dict[str, Any]:
    """What may be kept of a faulty payload: known keys, short values, no query, no time zone, and ids as hashes.

    Args:
        document: As `parse` gives it.
        hashed: Makes the stored form of an id, out of its field's name and its value.

    Returns:
        A document that is not too large to be kept.
    """
    for longest in (_KEPT_TEXT, _KEPT_TEXT // 8):
        kept = {name: _kept(name, document[name], longest, hashed) for name in _KEPT if name in document}
        if len(write_json(kept).encode()) <= LARGEST:
            return kept
    return kept | {"metadata": _shown(document.get("metadata"), longest)}


_HASHED = frozenset({"visitor_id", "session_id"})
_KEPT = tuple(name for name in Payload.model_fields if name not in {"query", "timezone"})


def _kept(name: str, value: Any, longest: int, hashed: Callable[[str, str], str]) -> Any:
    if name in _HASHED and value is not None:
        return hashed(name, value) if isinstance(value, str) else _kind(value)
    if name == "metadata" and isinstance(value, dict):
        return {_shown(key, longest): _shown(item, longest) for key, item in islice(value.items(), MOST_KEYS)}
    if name == "referrer" and isinstance(value, str):
        value, _ = locate(value)
    if name == "pathname" and isinstance(value, str):
        value = _split(value).pathname
    return _shown(value, longest)


def _shown(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value[:longest].replace("\0", "")
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < _BIG):
        return value
    return _kind(value)


def _kind(value: Any) -> str:
    """What stands in the place of a value that is not kept."""
    if isinstance(value, dict):
        return "(object)"
    return "(list)" if isinstance(value, list) else "(number)"
