"""Cookies stand for tokens: as good as the token, made by nobody else, over when they are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stats_core.access.permissions import ADMIN_ACCESS, Access
from stats_core.access.tokens import Tokens, key_of
from stats_core.errors import ScopeError
from workbench.sign_in import LASTS, SignIns

SECRET = b"secret"


class Clock:
    def __init__(self):
        self.now = datetime(2026, 6, 15, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(sqlite_database, clock):
    return Tokens(sqlite_database, clock)


@pytest.fixture
def sign_ins(tokens, clock):
    return SignIns(tokens, SECRET, clock)


def test_a_cookie_opens_what_its_token_opens_and_does_not_hold_it(tokens, sign_ins):
    token = tokens.create("laptop", [ADMIN_ACCESS])
    cookie = sign_ins.cookie(token)
    assert sign_ins.access(cookie) == Access("laptop", frozenset({ADMIN_ACCESS}))
    assert token not in cookie
    assert tokens.authenticate(cookie) is None


def test_a_cookie_is_over_with_its_token(tokens, sign_ins, clock):
    revoked = sign_ins.cookie(tokens.create("revoked", [ADMIN_ACCESS]))
    ended = sign_ins.cookie(tokens.create("ended", [ADMIN_ACCESS], days=1))
    tokens.revoke("revoked")
    clock.now += timedelta(days=1)
    assert (sign_ins.access(revoked), sign_ins.access(ended)) == (None, None)


def test_a_cookie_is_over_after_a_month_and_when_its_holder_signs_out(tokens, sign_ins, clock):
    token = tokens.create("laptop", [ADMIN_ACCESS])
    here, there = sign_ins.cookie(token), sign_ins.cookie(token)
    sign_ins.end(here)
    assert (sign_ins.access(here), sign_ins.access(there) is not None) == (None, True)
    clock.now += LASTS
    assert sign_ins.access(there) is None


def test_nobody_else_makes_cookies(tokens, sign_ins, clock):
    token = tokens.create("laptop", [ADMIN_ACCESS])
    by_another_secret = SignIns(tokens, b"other", clock).cookie(token)
    cookie = sign_ins.cookie(token)
    payload, dot, signature = cookie.rpartition(".")
    forged = [by_another_secret, payload, f"{payload}{dot}{signature[::-1]}", f"x{cookie}", key_of(token)]
    for text in [*forged, token, "", None, "ä", "." * 5_000]:
        assert sign_ins.access(text) is None
        sign_ins.end(text)
    assert sign_ins.access(cookie) is not None


def test_a_token_that_is_no_good_makes_no_cookie_and_one_without_the_permission_says_whom_to_ask(tokens, sign_ins):
    assert sign_ins.cookie("wb_" + "x" * 43) is None
    assert sign_ins.cookie("") is None
    with pytest.raises(ScopeError, match="lacks the permission"):
        sign_ins.cookie(tokens.create("poor", []))
