from __future__ import annotations

import locale
import math
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display
from workbench.figures.formats import Style, Written, as_moment, style_of, tick, write, write_date

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "style", "text", "full"),
    [
        (0, Style(), "0", "0"),
        (1234567, Style(), "1,234,567", "1,234,567"),
        (-1234, Style(), f"{MINUS}1,234", f"{MINUS}1,234"),
        (3.14159, Style(), "3.14", "3.14159"),
        (2.5, Style(), "2.5", "2.5"),
        (0.000456789, Style(), "0.000457", "0.000456789"),
        (-0.001, Style(decimals=2), "0.00", f"{MINUS}0.001"),
        (0.1 + 0.2, Style(), "0.3", "0.3"),
        (2.675, Style(decimals=2), "2.68", "2.675"),
        (1e308, Style(), "1.00e308", "1.00e308"),
        (Decimal("12.50"), Style(decimals=1), "12.5", "12.5"),
        (2.5, Style("integer"), "3", "2.5"),
        (999, Style("compact"), "999", "999"),
        (1234, Style("compact"), "1.2k", "1,234"),
        (-1234, Style("compact"), f"{MINUS}1.2k", f"{MINUS}1,234"),
        (123456, Style("compact"), "123k", "123,456"),
        (999_949, Style("compact"), "1M", "999,949"),
        (999_499, Style("compact"), "999k", "999,499"),
        (12_000_000, Style("compact"), "12M", "12,000,000"),
        (3_456_000_000, Style("compact", decimals=2), "3.46B", "3,456,000,000"),
        (0.5918367, Style("percent"), "59.2%", "59.18367%"),
        (59.18, Style("percent", unit="percent"), "59.2%", "59.18%"),
        (1, Style("percent", decimals=0), "100%", "100%"),
        (123456, Style("currency", currency="USD", unit="cents"), "$1,234.56", "$1,234.56"),
        (-5, Style("currency", currency="EUR", unit="cents"), f"{MINUS}\N{EURO SIGN}0.05", f"{MINUS}\N{EURO SIGN}0.05"),
        (1234.5, Style("currency", currency="CHF"), "CHF 1,234.50", "CHF 1,234.50"),
        (1234, Style("currency", currency="JPY", unit="cents"), "\N{YEN SIGN}1,234", "\N{YEN SIGN}1,234"),
        (1234, Style("currency", currency="KWD", unit="cents"), "KWD 1.234", "KWD 1.234"),
        (1999, Style("currency", unit="cents"), "19.99", "19.99"),
        (1999.5, Style("currency", currency="USD", unit="cents", decimals=0), "$20", "$19.995"),
        (0, Style("duration"), "0s", "0 s"),
        (3.44, Style("duration"), "3.4s", "3.44 s"),
        (59.7, Style("duration"), "1m", "59.7 s"),
        (125, Style("duration"), "2m 5s", "125 s"),
        (3600, Style("duration"), "1h", "3,600 s"),
        (11_520, Style("duration"), "3h 12m", "11,520 s"),
        (187_200, Style("duration"), "2d 4h", "187,200 s"),
        (-90, Style("duration"), f"{MINUS}1m 30s", f"{MINUS}90 s"),
        (1500, Style("duration", unit="ms"), "1.5s", "1.5 s"),
        (512, Style("bytes"), "512 B", "512 B"),
        (1536, Style("bytes"), "1.5 KiB", "1,536 B"),
        (5 * 1024**3, Style("bytes"), "5 GiB", "5,368,709,120 B"),
        (1024**2 - 1, Style("bytes"), "1 MiB", "1,048,575 B"),
        (7, Style(prefix="~", suffix=" pcs"), "~7 pcs", "~7 pcs"),
        (True, Style(), DASH, DASH),
        (None, Style("currency", prefix="~", currency="USD"), DASH, DASH),
        (math.nan, Style("percent"), DASH, DASH),
        (math.inf, Style(), DASH, DASH),
        ("PAID", Style("currency"), "PAID", "PAID"),
        ("", Style(), DASH, DASH),
        ("2026-11-21", Style("date"), "21 Nov 2026", "2026-11-21"),
    ],
)
def test_values_are_written(value, style, text, full):
    assert write(value, style) == Written(text, full)


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (date(2026, 1, 5), None, "5 Jan 2026"),
        ("2026-11-16", "week", "Week of 16 Nov 2026"),
        ("2026-11-01", "month", "Nov 2026"),
        ("2026-10-01", "quarter", "Q4 2026"),
        ("2026-01-01", "year", "2026"),
        ("2026-11-21T14:00:00+01:00", "hour", "21 Nov 2026, 14:00"),
        (datetime(2026, 11, 21, 14, 5), None, "21 Nov 2026, 14:05"),  # noqa: DTZ001 - a wall clock
        ("2026-11-21T14:05:00Z", None, "21 Nov 2026, 14:05"),
        ("last Tuesday", None, "last Tuesday"),
        (None, "day", DASH),
    ],
)
def test_dates_have_one_format(value, precision, text):
    assert write_date(value, precision).text == text


def test_only_iso_text_is_a_date():
    assert [as_moment(text) for text in ("2026-11-21", "2026", "12345678901", "2026-13-01", "21/11/2026")] == [
        date(2026, 11, 21),
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("display", "unit", "style"),
    [
        ({}, None, Style()),
        ({}, "cents", Style("currency", unit="cents")),
        ({"currency": "EUR"}, "cents", Style("currency", unit="cents", currency="EUR")),
        ({}, "USD", Style("currency", currency="USD")),
        ({}, "ratio", Style("percent", unit="ratio")),
        ({}, "percent", Style("percent", unit="percent")),
        ({}, "seconds", Style("duration", unit="seconds")),
        ({}, "bytes", Style("bytes", unit="bytes")),
        ({}, "sessions", Style(unit="sessions")),
        ({"format": "compact", "suffix": "!"}, "seconds", Style("compact", suffix="!", unit="seconds")),
    ],
)
def test_the_unit_suggests_the_format_and_the_panel_decides(display, unit, style):
    assert style_of(Display.model_validate(display), Meta(unit=unit)) == style


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (1500.0, Style(), "1.5k"),
        (0.0, Style(), "0"),
        (0.25, Style("percent"), "25%"),
        (200_000.0, Style("currency", currency="USD", unit="cents"), "$2k"),
        (300.0, Style("duration"), "5m"),
        (2048.0, Style("bytes"), "2 KiB"),
        (20.0, Style(suffix=" km"), "20 km"),
    ],
)
def test_ticks_are_short(value, style, text):
    assert tick(value, style) == text


def test_the_machines_locale_changes_nothing():
    before = locale.setlocale(locale.LC_ALL)
    german = next((name for name in ("de_DE.UTF-8", "C.UTF-8") if _is_there(name)), "C")
    try:
        locale.setlocale(locale.LC_ALL, german)
        assert write(1234.5).text == "1,234.5"
        assert write_date("2026-05-01").text == "1 May 2026"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def _is_there(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    return True


@given(
    st.one_of(st.integers(), st.floats(), st.decimals(), st.text(), st.none(), st.booleans(), st.dates()),
    st.sampled_from(["number", "integer", "compact", "percent", "currency", "duration", "date", "bytes"]),
    st.sampled_from([None, "cents", "percent", "ms"]),
)
def test_every_value_is_written_somehow(value, format_, unit):
    written = write(value, Style(format_, unit=unit))
    assert written.text
    assert "\n" not in written.text
    written.full.encode()


@given(st.integers(-(10**14), 10**14))
def test_the_full_text_holds_the_exact_number(number):
    assert int(write(number, Style("compact")).full.replace(",", "").replace(MINUS, "-")) == number
