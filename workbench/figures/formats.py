"""How values are written: the same text on every machine, whatever its locale.

Thousands are grouped by commas, the point is the decimal mark, months are English, null is a dash.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display, Format
from workbench.figures.text import NULL, one_line

MINUS = "\N{MINUS SIGN}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYMBOLS = {"USD": "$", "EUR": "\N{EURO SIGN}", "GBP": "\N{POUND SIGN}", "JPY": "\N{YEN SIGN}"}

MINOR_UNITS = frozenset({"cent", "cents", "minor", "pence"})
PERCENT_UNITS = frozenset({"%", "percent"})
RATIO_UNITS = frozenset({"ratio", "share", "rate"})
SECONDS = {
    "ms": Decimal("0.001"),
    "milliseconds": Decimal("0.001"),
    "s": Decimal(1),
    "seconds": Decimal(1),
    "minutes": Decimal(60),
    "hours": Decimal(3600),
    "days": Decimal(86400),
}

# ISO 4217: digits of the minor unit where they are not two.
_NO_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_CODE_LETTERS = 3

_THOUSANDS = tuple((name, Decimal(1000) ** power) for power, name in enumerate(("", "k", "M", "B", "T")))
_BYTES = tuple((name, Decimal(1024) ** power) for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB")))
_LARGEST_GROUPED = Decimal(10) ** 15
_FULL_DECIMALS = 12
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Style:
    """How the numbers of one panel are written.

    Attributes:
        unit: The unit the values come in: `cents` makes currency minor, `percent` says that 59.2 means 59.2 %.
        precision: Grain of dates: hour, day, week, month, quarter, year.
    """

    format: Format = "number"
    prefix: str = ""
    suffix: str = ""
    decimals: int | None = None
    currency: str | None = None
    unit: str | None = None
    precision: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A value in words: `text` to read at a glance, `full` with nothing rounded away, for hover."""

    text: str
    full: str


PLAIN = Style()


def style_of(display: Display, meta: Meta) -> Style:
    """The style a panel asks for, else the one its unit suggests."""
    unit = meta.unit
    is_code = unit is not None and len(unit) == _CODE_LETTERS and unit.isascii() and unit.isupper()
    return Style(
        format=display.format or _format_of_unit(unit, is_code=is_code),
        prefix=one_line(display.prefix or ""),
        suffix=one_line(display.suffix or ""),
        decimals=display.decimals,
        currency=display.currency or (unit if is_code else None),
        unit=None if is_code else unit,
        precision=display.precision,
    )


def _format_of_unit(unit: str | None, *, is_code: bool) -> Format:
    if is_code or unit in MINOR_UNITS:
        return "currency"
    if unit in PERCENT_UNITS | RATIO_UNITS:
        return "percent"
    if unit in SECONDS:
        return "duration"
    return "bytes" if unit == "bytes" else "number"


def write(value: Any, style: Style = PLAIN) -> Written:
    """The value in the style; text stays text, null and NaN are a dash without prefix or suffix."""
    if style.format == "date":
        return write_date(value, style.precision)
    number = as_number(value)
    if number is None:
        if isinstance(value, str) and value:
            line = one_line(value)
            return Written(line, line)
        return Written(NULL, NULL)
    text, full = _WRITERS[style.format](number, style)
    return Written(f"{style.prefix}{text}{style.suffix}", f"{style.prefix}{full}{style.suffix}")


def moved(before: Decimal, now: Decimal, style: Style) -> str:
    """How far a number went: "↑ 12.5%", of a share "↓ 1.2 pp", "±0%"; "new" where nothing was before."""
    if style.format == "percent":
        far, unit = _percent_of(now, style) - _percent_of(before, style), " pp"
    elif before:
        far, unit = (now - before) / abs(before) * 100, "%"
    else:
        return "new" if now else "±0%"
    text = _grouped(abs(far), 0, 1)
    if text == "0":
        return f"±0{unit}"
    return f"{'↑' if far > 0 else '↓'} {text}{unit}"


def tick(value: float, style: Style) -> str:
    """The value as short as an axis wants it: "1.5k", "$2M", "40%", "5m"."""
    number = Decimal(repr(value))
    short = replace(style, decimals=None)
    if style.format in {"number", "integer", "compact"}:
        text = _compact(number, short)[0]
    elif style.format == "currency":
        text = _money(number, style, lambda amount: _compact(amount, short)[0])
    elif style.format == "percent":
        text = _grouped(_percent_of(number, style), 0, 2) + "%"
    else:
        text = write(value, replace(short, prefix="", suffix="")).text
    return f"{style.prefix}{text}{style.suffix}"


def as_number(value: Any) -> Decimal | None:
    """The value as an exact decimal; None for what is no finite number (booleans are none)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def as_float(value: Any) -> float | None:
    """The value as a float that a chart can draw; None for what is no number, or too large."""
    number = as_number(value)
    drawn = None if number is None else float(number)
    return drawn if drawn is not None and math.isfinite(drawn) else None


# ---------------------------------------------------------------- numbers


def _number(value: Decimal, style: Style) -> tuple[str, str]:
    if style.decimals is not None:
        return _grouped(value, style.decimals, style.decimals), _exact(value)
    if abs(value) >= 1 or not value:
        return _grouped(value, 0, 2), _exact(value)
    return _grouped(value, 0, 2 - value.adjusted()), _exact(value)  # three significant digits


def _integer(value: Decimal, style: Style) -> tuple[str, str]:
    return _grouped(value, style.decimals or 0, style.decimals or 0), _exact(value)


def _compact(value: Decimal, style: Style) -> tuple[str, str]:
    if abs(value) < 1000:  # noqa: PLR2004 - where "k" begins
        return _number(value, style)[0], _exact(value)
    return _scaled(value, _THOUSANDS, style.decimals), _exact(value)


def _percent(value: Decimal, style: Style) -> tuple[str, str]:
    shown = _percent_of(value, style)
    decimals = 1 if style.decimals is None else style.decimals
    return _grouped(shown, decimals, decimals) + "%", _exact(shown) + "%"


def _percent_of(value: Decimal, style: Style) -> Decimal:
    return value if style.unit in PERCENT_UNITS else value * 100


def _currency(value: Decimal, style: Style) -> tuple[str, str]:
    digits = minor_digits(style.currency)
    decimals = digits if style.decimals is None else style.decimals
    return (
        _money(value, style, lambda amount: _grouped(amount, decimals, decimals)),
        _money(value, style, lambda amount: _grouped(amount, digits, _FULL_DECIMALS)),
    )


def _money(value: Decimal, style: Style, write_amount: Any) -> str:
    amount = value.scaleb(-minor_digits(style.currency)) if style.unit in MINOR_UNITS else value
    sign, digits = _sign_and_digits(write_amount(amount))
    code = style.currency or ""
    return f"{sign}{SYMBOLS.get(code, one_line(code) + ' ' if code else '')}{digits}"


def minor_digits(currency: str | None) -> int:
    """Digits after the point of a currency: 2, but 0 for the yen and 3 for the dinars (ISO 4217)."""
    if currency in _NO_MINOR_UNIT:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def _bytes(value: Decimal, style: Style) -> tuple[str, str]:
    if abs(value) < 1024:  # noqa: PLR2004 - where KiB begins
        return f"{_grouped(value, 0, style.decimals or 0)} B", f"{_exact(value)} B"
    return _scaled(value, _BYTES, style.decimals, space=" "), f"{_exact(value)} B"


def _scaled(value: Decimal, steps: tuple[tuple[str, Decimal], ...], decimals: int | None, space: str = "") -> str:
    """The value in the largest step it reaches, after rounding: 999 950 is "1M", not "1,000k"."""
    written = ""
    for name, step in steps:
        amount = value / step
        places = decimals if decimals is not None else 1 if abs(amount) < 99.95 else 0  # noqa: PLR2004 - 3 digits
        written = f"{_grouped(amount, decimals or 0, places)}{space}{name}"
        if abs(_rounded(amount, places)) < steps[1][1]:
            break
    return written


def _rounded(value: Decimal, places: int) -> Decimal:
    with localcontext(prec=400, rounding=ROUND_HALF_UP):
        return value.quantize(Decimal(1).scaleb(-places))


def _grouped(value: Decimal, least: int, most: int) -> str:
    """Half rounded up, between `least` and `most` decimals, without trailing zeros beyond `least`."""
    if abs(value) >= _LARGEST_GROUPED:
        return f"{value:.2e}".replace("e+", "e").replace("-", MINUS)
    with localcontext(rounding=ROUND_HALF_UP):
        text = f"{abs(value):,.{most}f}"
    if most > least and "." in text:
        whole, fraction = text.split(".")
        kept = fraction.rstrip("0").ljust(least, "0")
        text = f"{whole}.{kept}" if kept else whole
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS if negative else ''}{text}"


def _exact(value: Decimal) -> str:
    return _grouped(value, 0, _FULL_DECIMALS)


def _sign_and_digits(text: str) -> tuple[str, str]:
    return (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)


# ---------------------------------------------------------------- durations and dates


def _duration(value: Decimal, style: Style) -> tuple[str, str]:
    seconds = value * SECONDS.get(style.unit or "s", Decimal(1))
    sign = MINUS if seconds < 0 else ""
    return sign + _two_largest(abs(seconds)), f"{_exact(seconds)} s"


def _two_largest(seconds: Decimal) -> str:
    """Days and hours, "3h 12m", "2m 5s" or "45s"; the second part is left out where it is zero."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth matters
        return f"{_grouped(seconds, 0, 1)}s"
    whole = int(_rounded(seconds, 0))
    if whole < _MINUTE:
        return f"{whole}s"
    for above, unit, part in ((_DAY, "d", _HOUR), (_HOUR, "h", _MINUTE), (_MINUTE, "m", 1)):
        if whole >= above:
            rest = (whole % above) // part
            return f"{whole // above:,}{unit}" + (f" {rest}{_UNIT_OF[part]}" if rest else "")
    raise AssertionError  # pragma: no cover - a minute or more is in the table


_UNIT_OF = {_HOUR: "h", _MINUTE: "m", 1: "s"}


def write_date(value: Any, precision: str | None = None) -> Written:
    """A date, a datetime or their ISO text in the one format of all screens: "21 Nov 2026", "21 Nov 2026, 14:05"."""
    moment = as_moment(value)
    if moment is None:
        line = one_line(value) or NULL
        return Written(line, line)
    return Written(_date_text(moment, precision), moment.isoformat())


def as_moment(value: Any) -> date | datetime | None:
    """The date or datetime that the value is or that its ISO text says."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value) if len(value) > len("2026-11-21") else date.fromisoformat(value)
    except ValueError:
        return None


def _date_text(moment: date | datetime, precision: str | None) -> str:
    month = f"{MONTHS[moment.month - 1]} {moment.year}"
    day = f"{moment.day} {month}"
    grains = {
        "day": day,
        "week": f"Week of {day}",
        "month": month,
        "quarter": f"Q{(moment.month + 2) // 3} {moment.year}",
        "year": str(moment.year),
    }
    if precision in grains:
        return grains[precision]
    return f"{day}, {moment:%H:%M}" if isinstance(moment, datetime) else day


_WRITERS = {
    "number": _number,
    "integer": _integer,
    "compact": _compact,
    "percent": _percent,
    "currency": _currency,
    "duration": _duration,
    "bytes": _bytes,
}
