"""Keys of groups and series: as a person reads them, and in the order that breaks ties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

NONE: Final = "(none)"
OTHER: Final = "(other)"
_EXACT: Final = 2**53  # floats above are not every whole number
_BETWEEN: Final = " · "


def shown_key(values: Sequence[Any], zone: ZoneInfo) -> str:
    """The values of a group as one text, different for different groups: `DE · mobile`, `(none)` for null.

    A text that would be taken for something else stands in quotation marks: `"(none)"`.
    """
    return _BETWEEN.join(_shown(value, zone, alone=len(values) == 1) for value in values)


def order_of(values: Sequence[Any]) -> tuple[tuple[bool, Any], ...]:
    """For sorting: ascending, texts by code point, null last."""
    return tuple((value is None, 0 if value is None else value) for value in values)


def _shown(value: Any, zone: ZoneInfo, *, alone: bool) -> str:
    match value:
        case None:
            return NONE
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
        case datetime():  # str() of it is ISO with a blank
            return str(value if value.tzinfo is None else value.astimezone(zone))
        case str() if _misread(value, alone=alone):
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _misread(text: str, *, alone: bool) -> bool:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text in {NONE, OTHER} or quoted or (_BETWEEN in text and not alone)
