"""Values of filters, coerced to the type of the field they are compared with.

Strict, since a value of the wrong type is a mistake that would match nothing. A numeral in a text may stand for a
number (forms and URLs have only texts), but true is no 1 and 1 is no text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from stats_core.catalog.entity import FieldType
from stats_core.query.moments import is_day, parse_moment

MAX_TEXT: Final = 10_000  # characters
_INT64: Final = range(-(2**63), 2**63)
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_NUMERAL: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_MAX_NUMERAL: Final = 40  # characters
_SHOWN: Final = 60  # characters of a value in a message


class UnfitError(ValueError):
    """A value does not fit what it is compared with; the message says what is wanted, without a full stop."""


def coerce(value: object, type_: FieldType) -> Any:
    """The value as the field's type has it; a DATETIME's may be a `date`, which stands for the whole day.

    Raises:
        UnfitError: It is of another type.
    """
    return _COERCIONS[type_](value)


def coerce_text(value: object) -> str:
    """A text that every engine can hold.

    Raises:
        UnfitError: It is no text, too long, or holds a NUL or half a surrogate pair.
    """
    if not isinstance(value, str):
        raise _wrong(value, "a text")
    if len(value) > MAX_TEXT:
        raise UnfitError(f"A text of {len(value)} characters is longer than the {MAX_TEXT} that filters take")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise UnfitError(f"{shown(value)} holds a character that no database stores (NUL or half a surrogate pair)")
    return value


def coerce_json_text(value: object) -> str:
    """A value as the text that a JSON document's key gives: 12 is "12", true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(_integer(value)) if isinstance(value, int) else coerce_text(value)


def shown(value: object) -> str:
    """A value for a message: short, printable, and not the whole of a document."""
    if isinstance(value, Mapping):
        return "{…}" if value else "{}"
    if isinstance(value, list | tuple):
        return "[…]" if value else "[]"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _wrong(value: object, wanted: str) -> UnfitError:
    return UnfitError(f"{shown(value)} is not {wanted}")


def _integer(value: object) -> int:
    found = value
    if isinstance(found, str) and len(found) <= _MAX_NUMERAL and _WHOLE.fullmatch(found):
        found = int(found)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise _wrong(value, "a whole number")
    if found not in _INT64:
        raise UnfitError(f"{shown(value)} is beyond the 64 bits of a whole number")
    return found


def _number(value: object) -> float | int | Decimal:
    found = value
    if isinstance(found, str) and len(found) <= _MAX_NUMERAL and _NUMERAL.fullmatch(found):
        found = float(found) if set(found) & set(".eE") else int(found)
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        raise _wrong(value, "a number")
    if (found not in _INT64) if isinstance(found, int) else not math.isfinite(found):
        raise UnfitError(f"{shown(value)} is no number that a database can compare with")
    return found


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise _wrong(value, "true or false")


def _day(value: object) -> date:
    moment = _time(value)
    if not is_day(moment):
        raise UnfitError(f"{shown(value)} is not a day")
    return moment


def _time(value: object) -> date | datetime:
    try:
        return parse_moment(value)
    except ValueError as error:
        raise UnfitError(str(error)) from None


_COERCIONS: Final[Mapping[FieldType, Callable[[object], Any]]] = MappingProxyType(
    {
        FieldType.TEXT: coerce_text,
        FieldType.INTEGER: _integer,
        FieldType.NUMBER: _number,
        FieldType.BOOLEAN: _boolean,
        FieldType.DATE: _day,
        FieldType.DATETIME: _time,
        FieldType.JSON: coerce_json_text,
    }
)
