"""Failed attempts are counted by client, for a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench import attempts
from workbench.attempts import Attempts

START = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_who_failed_too_often_waits_until_the_minute_is_over_and_others_do_not(clock):
    tried = Attempts(clock, most=3)
    for _ in range(3):
        assert tried.wait_s("192.0.2.1") is None
        tried.failed("192.0.2.1")
    clock.now += timedelta(seconds=20)
    assert (tried.wait_s("192.0.2.1"), tried.wait_s("192.0.2.2")) == (40, None)
    clock.now += timedelta(seconds=40)
    assert tried.wait_s("192.0.2.1") is None
    tried.failed("192.0.2.1")
    assert tried.wait_s("192.0.2.1") is None


def test_a_clock_that_is_put_back_keeps_nobody_out(clock):
    tried = Attempts(clock, most=1)
    tried.failed("192.0.2.1")
    clock.now -= timedelta(days=1)
    assert tried.wait_s("192.0.2.1") is None


def test_more_clients_than_are_remembered_count_as_one(clock, monkeypatch):
    monkeypatch.setattr(attempts, "MOST_CLIENTS", 2)
    tried = Attempts(clock, most=2)
    for client in ("a", "b", "c", "d"):
        tried.failed(client)
    assert [tried.wait_s(client) for client in ("a", "b", "c", "e")] == [None, None, 60, 60]
