"""What a visitor chose, as it stands in the URL: a dashboard's variables by name, defaults left out.

/dashboard?id=dash_01J…&range=90d&website=site_7
/dashboard?id=dash_01J…&range=2026-10-01..2026-10-31      both days included
/dashboard?id=dash_01J…&store=3&status=PAID&paid=true     free choices: text, number, boolean, date
/dashboard?id=dash_01J…&website=                          unset, though the dashboard has a default
/dashboard?id=dash_01J…&compare=previous                  beside the period before
/dashboard?id=dash_01J…&refresh=60&kiosk=1                every minute anew, panels alone
/dashboard?id=dash_01J…&arrange=1                         panels are dragged and resized
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from stats_core.panels.variables import Variable

DASHBOARD_PATH = "/dashboard"
ID = "id"
COMPARE = "compare"
PRESETS = {"7d": "7d", "30d": "30d", "90d": "90d", "ytd": "YTD", "all": "All"}  # on the range bar, with its words
MORE_PRESETS = {"today": "Today", "12m": "12m"}  # known, and on the bar where a dashboard starts with them
PREVIOUS = "previous"
PANEL = "panel"  # the panel whose drawer is open
EDIT = "edit"  # the panel that is edited, or "new"
REFRESH, EVERY = "refresh", (30, 60, 300, 900)  # seconds
KIOSK = "kiosk"
ARRANGE = "arrange"
RESERVED = frozenset({ID, COMPARE, PANEL, EDIT, REFRESH, KIOSK, ARRANGE})  # no names of variables to us
LONGEST = 200  # characters of a text in the address
MOST = 2**53  # numbers below are exact in every engine and in JSON
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_BETWEEN = ".."
_NO_DAY = "a day is written like 2026-10-01"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """The values that a visitor gave, as panels take them, and what in the address could not be read.

    Attributes:
        compare: Whether panels show the period before too.
        refresh_s: Seconds after which panels are asked again; None: only when somebody asks.
        kiosk: Whether the panels stand alone.
        arrange: Whether the panels are being arranged.
    """

    values: Values
    problems: tuple[str, ...] = ()
    compare: bool = False
    refresh_s: int | None = None
    kiosk: bool = False
    arrange: bool = False


def read_choices(params: Mapping[str, str], variables: Mapping[str, Variable], websites: Collection[str]) -> Choices:
    """The choices in a URL's query.

    Args:
        params: The query, one value per name.
        variables: What the dashboard declares; other names are not ours to read.
        websites: Ids that there are.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, variable in variables.items():
        if name in RESERVED or name not in params:
            continue
        try:
            values[name] = _read(params[name], variable, websites)
        except ValueError as problem:
            problems.append(f"{name}={params[name]}: {problem}")
    compare = params.get(COMPARE, "")
    if compare not in {"", PREVIOUS}:
        problems.append(f"{COMPARE}={compare}: what is compared with is {PREVIOUS}")
    refresh = params.get(REFRESH, "")
    if refresh and refresh not in map(str, EVERY):
        problems.append(f"{REFRESH}={refresh}: seconds are {', '.join(map(str, EVERY))}")
    return Choices(
        values,
        tuple(problems),
        compare=compare == PREVIOUS,
        refresh_s=int(refresh) if refresh in map(str, EVERY) else None,
        kiosk=params.get(KIOSK) == "1",
        arrange=params.get(ARRANGE) == "1" and params.get(KIOSK) != "1",
    )


def _read(text: str, variable: Variable, websites: Collection[str]) -> Any:
    if not text:
        return None
    if variable.type == "range":
        return _read_range(text)
    if variable.type == "website":
        if text not in websites:
            msg = "there is no such website"
            raise ValueError(msg)
        return text
    return _FREE[variable.type](text)


def _read_text(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        msg = f"a text is printable and has at most {LONGEST} characters"
        raise ValueError(msg)
    return text


def _read_number(text: str) -> float:
    try:
        number = int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        number = math.nan
    if not -MOST < number < MOST:
        msg = "a number is written like 12 or 12.5"
        raise ValueError(msg)
    return number


def _read_boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        msg = "it is true or false"
        raise ValueError(msg)
    return text == "true"


def _read_day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(_NO_DAY) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        msg = f"days are from {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)
    return day.isoformat()


def _read_range(text: str) -> dict[str, str]:
    if text in PRESETS | MORE_PRESETS:
        return {"preset": text}
    first, between, last = text.partition(_BETWEEN)
    if not between:
        msg = "a range is 7d, 30d, 90d, ytd, all, or two days such as 2026-10-01..2026-10-31"
        raise ValueError(msg)
    try:
        ends = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise ValueError(_NO_DAY) from None
    if ends[0] > ends[1]:
        msg = "the range ends before it begins"
        raise ValueError(msg)
    return {"from": ends[0].isoformat(), "to": ends[1].isoformat()}


def written(values: Values, variables: Mapping[str, Variable]) -> dict[str, str]:
    """The choices as query parameters; what equals the dashboard's default is left out."""
    return {name: _written(value) for name, value in values.items() if value != variables[name].default}


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["preset"]) if "preset" in value else f"{value['from']}{_BETWEEN}{value['to']}"
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


_FREE = MappingProxyType({"text": _read_text, "number": _read_number, "boolean": _read_boolean, "date": _read_day})


def dashboard_url(
    public_url: str,
    dashboard_id: str,
    *,
    website: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> str:
    """The address of a dashboard, as commands print it: with a website, and with the days `first` to `last` included.

    The dashboard's variables are expected to be named `website` and `range`.
    """
    query = {ID: dashboard_id}
    if website is not None:
        query["website"] = website
    if first is not None and last is not None:
        query["range"] = f"{first.isoformat()}{_BETWEEN}{last.isoformat()}"
    return f"{public_url.rstrip('/')}{DASHBOARD_PATH}?{urlencode(query)}"
