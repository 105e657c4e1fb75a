from __future__ import annotations

from datetime import date

import pytest

from stats_core.panels.variables import Variable
from workbench.ui.choices import Choices, dashboard_url, read_choices, written

VARIABLES = {
    "website": Variable(type="website", label="Website"),
    "range": Variable(type="range", label="Range", default={"preset": "30d"}),
    "status": Variable(type="text"),
    "least": Variable(type="number"),
    "paid": Variable(type="boolean"),
    "since": Variable(type="date", default="2026-01-01"),
}
FREE = {"status": "PAID", "least": "12.5", "paid": "false"}
WEBSITES = {"site_1": "One", "site_2": "Two"}


@pytest.mark.parametrize(
    ("params", "values"),
    [
        ({"id": "dash_1"}, {}),
        ({"range": "7d"}, {"range": {"preset": "7d"}}),
        ({"range": "all", "website": "site_2"}, {"range": {"preset": "all"}, "website": "site_2"}),
        ({"range": "2026-10-01..2026-10-31"}, {"range": {"from": "2026-10-01", "to": "2026-10-31"}}),
        ({"range": "2026-10-01..2026-10-01"}, {"range": {"from": "2026-10-01", "to": "2026-10-01"}}),
        ({"website": ""}, {"website": None}),
        ({"utm_source": "mail", "unknown": "x"}, {}),
        ({"status": "PAID", "least": "-12"}, {"status": "PAID", "least": -12}),
        (
            {"least": "12.5", "paid": "false", "since": "2026-10-01"},
            {"least": 12.5, "paid": False, "since": "2026-10-01"},
        ),
    ],
)
def test_the_address_says_what_was_chosen(params, values):
    assert read_choices(params, VARIABLES, WEBSITES) == Choices(values)


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"website": "site_9"}, "website=site_9: there is no such website"),
        ({"range": "2026-10-31..2026-10-01"}, "range=2026-10-31..2026-10-01: the range ends before it begins"),
        ({"range": "2026-10-31..soon"}, "range=2026-10-31..soon: a day is written like 2026-10-01"),
        (
            {"range": "<b>"},
            "range=<b>: a range is 7d, 30d, 90d, ytd, all, or two days such as 2026-10-01..2026-10-31",
        ),
        ({"status": "a\0b"}, "status=a\0b: a text is printable and has at most 200 characters"),
        ({"least": "nan"}, "least=nan: a number is written like 12 or 12.5"),
        ({"least": "1e99"}, "least=1e99: a number is written like 12 or 12.5"),
        ({"least": "twelve"}, "least=twelve: a number is written like 12 or 12.5"),
        ({"paid": "yes"}, "paid=yes: it is true or false"),
        ({"since": "soon"}, "since=soon: a day is written like 2026-10-01"),
        ({"since": "0001-01-01"}, "since=0001-01-01: days are from 1900-01-01 to 2199-12-31"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_told(params, problem):
    assert read_choices(params, VARIABLES, WEBSITES) == Choices({}, (problem,))


@pytest.mark.parametrize(
    ("values", "params"),
    [
        ({}, {}),
        ({"range": {"preset": "30d"}, "website": None}, {}),
        ({"range": {"preset": "7d"}, "website": "site_1"}, {"range": "7d", "website": "site_1"}),
        ({"range": {"from": "2026-10-01", "to": "2026-10-31"}}, {"range": "2026-10-01..2026-10-31"}),
        ({"status": "PAID", "least": 12.5, "paid": False, "since": "2026-01-01"}, FREE),
    ],
)
def test_defaults_are_left_out_of_the_address(values, params):
    assert written(values, VARIABLES) == params


def test_unset_is_written_where_the_default_is_not():
    variables = {"website": Variable(type="website", default="site_1")}
    assert written({"website": None}, variables) == {"website": ""}
    assert read_choices({"website": ""}, variables, WEBSITES) == Choices({"website": None})


def test_what_is_written_is_read_again():
    values = {
        "range": {"from": "2026-10-01", "to": "2026-10-31"},
        "website": "site_2",
        "status": "true",
        "least": 3,
        "paid": True,
        "since": None,
    }
    assert read_choices(written(values, VARIABLES), VARIABLES, WEBSITES).values == values


def test_commands_print_the_address_of_what_they_did():
    days = {"first": date(2015, 5, 17), "last": date(2015, 5, 20)}
    assert dashboard_url("http://127.0.0.1:8501/", "dash_1", website="site_1", **days) == (
        "http://127.0.0.1:8501/dashboard?id=dash_1&website=site_1&range=2015-05-17..2015-05-20"
    )
    assert dashboard_url("https://a.example", "dash_1") == "https://a.example/dashboard?id=dash_1"
