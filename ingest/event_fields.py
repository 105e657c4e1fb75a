"""An event as a document: what may be written of it, what may be changed, and what is read back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # the Web is younger than that
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
PATHNAME_BYTES = 2_048  # an index of PostgreSQL takes little more
KEY_LENGTH, VALUE_LENGTH, MOST_KEYS = 64, 512, 30
MOST_NUMBER = 2**63  # a JSON document may hold more, but not every reader of it does

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL's text has no NUL, UTF-8 has no lone surrogates
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*", re.ASCII)
_ZONE = re.compile(r"([Zz]|[+-]\d\d:?\d\d)$", re.ASCII)
_MOMENT_HINT = "Write it like 2026-03-01T09:30:00Z or 2026-03-01T10:30:00+01:00 (in an address, + is %2B)."
_PROPERTY_HINT = f"Use text of up to {VALUE_LENGTH} characters, a finite number, true, false or null."


def _fault(message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("value", "{message}", {"message": message, "hint": hint})


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise _fault("This has a character that no database can hold.", "Remove NUL and lone surrogates.")
    return text


def _written(value: Any) -> Any:
    """Only ISO text with a zone: a bare number could be seconds or milliseconds."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _fault("This is no moment.", _MOMENT_HINT)
    if not _ZONE.search(value):
        raise _fault("This moment has no time zone, so it does not say when it was.", _MOMENT_HINT)
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _fault("This moment is beyond the calendar.", "Check its year.") from None


def _sensible(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise _fault(f"This moment is not between {EARLIEST.year} and {LATEST.year}.", "Check its year.")
    return value


def _flat(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(metadata) > MOST_KEYS:
        raise _fault(f"There are {len(metadata)} keys.", f"An event has at most {MOST_KEYS} properties.")
    for key, value in metadata.items():
        _storable(key)
        if len(key) > KEY_LENGTH:
            raise _fault(f"The key {key[:KEY_LENGTH]!r}… is too long.", f"Use up to {KEY_LENGTH} characters.")
        if not _is_property(value):
            raise _fault(f"The value of {key!r} cannot be a property.", _PROPERTY_HINT)
    return metadata


def _path(pathname: str) -> str:
    if not pathname.startswith("/"):
        raise _fault("This is no path.", "Begin it with a slash.")
    if len(pathname.encode()) > PATHNAME_BYTES:
        raise _fault("This path is too long.", f"Use up to {PATHNAME_BYTES} bytes of UTF-8.")
    return pathname


def _is_property(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= VALUE_LENGTH and not _UNSTORABLE.search(value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) < MOST_NUMBER)


_STORABLE = AfterValidator(_storable)
Text = Annotated[str, _STORABLE]
"""Text that every database can hold."""

Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""An aware moment, in UTC."""

Id = Annotated[str, Field(min_length=1, max_length=128), _STORABLE]
EventId = Annotated[str, Field(min_length=1, max_length=64), _STORABLE]
Short = Annotated[str, Field(min_length=1, max_length=120), _STORABLE]
Agent = Annotated[str, Field(min_length=1, max_length=512), _STORABLE]
Address = Annotated[str, Field(min_length=1, max_length=2_048), _STORABLE]
Pathname = Annotated[
    str,
    Field(max_length=PATHNAME_BYTES, json_schema_extra={"pattern": "^/"}),
    _STORABLE,
    AfterValidator(_path),
]
EventType = Literal["pageview", "custom_event"]
DeviceType = Literal["desktop", "mobile", "tablet", "other"]
Medium = Literal["direct", "search", "social", "ai", "email", "campaign", "referral"]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Metadata = Annotated[dict[str, Any], AfterValidator(_flat)]

WebsiteIdField = Annotated[Id, Field(description="The website it happened on.")]
EventTypeField = Annotated[EventType, Field(description="A pageview, or something the site tracks itself.")]
EventNameField = Annotated[Short | None, Field(description="What a custom event is called.")]
PathnameField = Annotated[Pathname, Field(description="The page, without its query.")]
ReferrerField = Annotated[Address | None, Field(description="Where the visitor came from, without scheme and query.")]
ReferrerSourceField = Annotated[Short | None, Field(description="The same by name: `google`, `direct`, a host.")]
ReferrerMediumField = Annotated[Medium | None, Field(description="The kind of source.")]
VisitorIdField = Annotated[Id, Field(description="As it is stored: the hash, not what a browser sent.")]
SessionIdField = Annotated[Id, Field(description="As it is stored: events that share it may form a session.")]
UserAgentField = Annotated[Agent | None, Field(description="Usually not stored.")]
BrowserField = Annotated[Short | None, Field(description="Family of the browser: `Firefox`.")]
OsField = Annotated[Short | None, Field(description="Family of the operating system: `Android`.")]
DeviceTypeField = Annotated[DeviceType | None, Field(description="Kind of device.")]
CountryField = Annotated[Country | None, Field(description="ISO 3166-1 alpha-2, in capitals: `DE`.")]
UtmSourceField = Annotated[Short | None, Field(description="`utm_source` of the page's query.")]
UtmMediumField = Annotated[Short | None, Field(description="`utm_medium` of the page's query.")]
UtmCampaignField = Annotated[Short | None, Field(description="`utm_campaign` of the page's query.")]
MetadataField = Annotated[
    Metadata,
    Field(
        description=f"Properties, flat: up to {MOST_KEYS} keys of up to {KEY_LENGTH} characters; values are text of up "
        f"to {VALUE_LENGTH} characters, numbers, true, false or null."
    ),
]
TimestampField = Annotated[Moment, AfterValidator(_sensible), Field(description="When it happened, with a time zone.")]
EventIdField = Annotated[
    Annotated[Text, Field(min_length=1, max_length=64)],
    Field(description="Tells the events of a website apart: an event comes in once."),
]


class NewEvent(BaseModel):
    """An event to be stored as it is given: nothing is derived from the agent or the referrer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    website_id: WebsiteIdField
    event_type: EventTypeField
    pathname: PathnameField
    visitor_id: VisitorIdField
    session_id: SessionIdField
    timestamp: TimestampField | None = Field(None, description="When it happened, with a time zone; default: now.")
    event_id: EventIdField | None = Field(None, description="Tells the events of a website apart; default: a new one.")
    event_name: EventNameField = None
    referrer: ReferrerField = None
    referrer_source: ReferrerSourceField = None
    referrer_medium: ReferrerMediumField = None
    country: CountryField = None
    device_type: DeviceTypeField = None
    browser: BrowserField = None
    os: OsField = None
    user_agent: UserAgentField = None
    utm_source: UtmSourceField = None
    utm_medium: UtmMediumField = None
    utm_campaign: UtmCampaignField = None
    metadata: MetadataField = Field(default_factory=dict)


@with_config(ConfigDict(extra="forbid"))
class EventChanges(TypedDict, total=False):
    """What is to be changed of an event: the fields that are given, and no others."""

    website_id: WebsiteIdField
    event_type: EventTypeField
    pathname: PathnameField
    visitor_id: VisitorIdField
    session_id: SessionIdField
    timestamp: TimestampField
    event_id: EventIdField
    event_name: EventNameField
    referrer: ReferrerField
    referrer_source: ReferrerSourceField
    referrer_medium: ReferrerMediumField
    country: CountryField
    device_type: DeviceTypeField
    browser: BrowserField
    os: OsField
    user_agent: UserAgentField
    utm_source: UtmSourceField
    utm_medium: UtmMediumField
    utm_campaign: UtmCampaignField
    metadata: MetadataField


class StoredEvent(BaseModel):
    """An event as it is stored."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(description="Number of the row.")
    website_id: str
    event_type: EventType
    event_name: str | None
    pathname: str
    referrer: str | None
    referrer_source: str | None
    referrer_medium: Medium | None
    visitor_id: str
    session_id: str
    user_agent: str | None
    browser: str | None
    os: str | None
    device_type: DeviceType | None
    country: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    metadata: dict[str, Any]
    timestamp: AwareDatetime
    event_id: str
    created_at: AwareDatetime = Field(description="When it was stored.")
