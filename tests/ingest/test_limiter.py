"""How many events a client may send and a website may get: in one process, and in several that share a server."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import limiter as limiter_module
from ingest.arrivals import Reason
from ingest.limiter import EXPIRE_S, MAX_CLIENTS, MAX_WEBSITES, WINDOW, RateLimiter
from stats_core.errors import ConfigurationError

ANN, BOB = "203.0.113.7", "2001:db8:1:2::/64"
SHOP, BLOG = "website_shop", "website_blog"
SECRET = b"a secret of the tests"
WAIT_S = 20
NOW = datetime(2026, 6, 15, 12, 0, 10, tzinfo=UTC)


class HandClock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def hand_clock():
    return HandClock()


@pytest.fixture
def limiter(hand_clock):
    """Makes a limiter of this process alone."""
    return lambda per_client=120, per_website=6000: RateLimiter(
        per_client, per_website, url=None, secret=SECRET, clock=hand_clock
    )


def answers(limiter, times, client=ANN, website=SHOP):
    """How often each answer came."""
    return Counter(limiter.refusal(client, website) for _ in range(times))


# One process


def test_a_client_may_send_so_many_events_a_minute(limiter):
    alone = limiter(per_client=120)
    assert answers(alone, 150) == {None: 120, Reason.CLIENT_LIMIT: 30}
    assert answers(alone, 1, client=BOB) == {None: 1}


def test_a_website_may_get_so_many_events_a_minute(limiter):
    alone = limiter(per_website=100)
    assert Counter(alone.refusal(f"192.0.2.{i}", SHOP) for i in range(150)) == {None: 100, Reason.WEBSITE_LIMIT: 50}
    assert answers(alone, 1, website=BLOG) == {None: 1}


def test_a_client_counts_over_all_websites(limiter):
    alone = limiter(per_client=10)
    assert answers(alone, 6, website=SHOP) == {None: 6}
    assert answers(alone, 6, website=BLOG) == {None: 4, Reason.CLIENT_LIMIT: 2}


def test_only_events_that_pass_count(limiter):
    alone = limiter(per_client=10, per_website=15)
    answers(alone, 1000, client=ANN)
    assert answers(alone, 6, client=BOB) == {None: 5, Reason.WEBSITE_LIMIT: 1}
    assert answers(alone, 6, client=BOB, website=BLOG) == {None: 5, Reason.CLIENT_LIMIT: 1}


def test_the_limit_ends_with_the_minute(limiter, hand_clock):
    alone = limiter(per_client=10)
    answers(alone, 20)
    hand_clock.now = NOW + WINDOW - timedelta(microseconds=1)
    assert answers(alone, 1) == {Reason.CLIENT_LIMIT: 1}
    hand_clock.now = NOW + WINDOW
    assert answers(alone, 20) == {None: 10, Reason.CLIENT_LIMIT: 10}


def test_a_burst_is_in_one_minute_whatever_the_clock_shows(limiter, hand_clock):
    alone = limiter(per_client=10)
    hand_clock.now = NOW.replace(second=59)
    answers(alone, 10)
    hand_clock.now += timedelta(seconds=2)
    assert answers(alone, 1) == {Reason.CLIENT_LIMIT: 1}


def test_a_clock_that_is_set_back_locks_nobody_out(limiter, hand_clock):
    alone = limiter(per_client=10)
    answers(alone, 20)
    hand_clock.now -= timedelta(hours=1)
    assert answers(alone, 20) == {None: 10, Reason.CLIENT_LIMIT: 10}


def test_a_client_who_is_not_known_is_limited_by_the_website_alone(limiter):
    alone = limiter(per_client=10, per_website=50)
    assert answers(alone, 60, client="") == {None: 50, Reason.WEBSITE_LIMIT: 10}


EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 40)), max_size=80)


@given(EVENTS)
def test_no_minute_lets_more_pass_than_it_may(events):
    clock = HandClock()
    limiter = RateLimiter(3, 5, url=None, secret=SECRET, clock=clock)
    starts = None
    passed = Counter()
    for client, website, pause in events:
        clock.now += timedelta(seconds=pause)
        if starts is None or clock.now >= starts + WINDOW:
            starts, passed = clock.now, Counter()
        expected = (
            Reason.CLIENT_LIMIT if passed[client] == 3 else Reason.WEBSITE_LIMIT if passed[website] == 5 else None
        )
        assert limiter.refusal(client, website) == expected
        if expected is None:
            passed.update((client, website))


# Attacks


def test_a_million_clients_do_not_fill_the_memory(limiter):
    alone = limiter(per_website=10_000_000)
    for number in range(1_000_000):
        alone.refusal(f"{number:x}", SHOP)
    assert len(alone._clients) == MAX_CLIENTS
    assert answers(alone, 1, client="one more") == {None: 1}


def test_the_memory_is_some_megabytes_at_most(limiter, hand_clock):
    alone = limiter(per_website=10_000_000)
    tracemalloc.start()
    try:
        for number in range(MAX_CLIENTS + 1000):
            alone.refusal(f"2001:db8:{number % 65536:x}:{number // 65536:x}::/64", SHOP)
        assert tracemalloc.get_traced_memory()[0] < 20_000_000
        hand_clock.now += WINDOW
        alone.refusal(ANN, SHOP)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_those_at_their_limit_stay_there_in_a_flood_of_others(limiter):
    alone = limiter(per_client=10, per_website=10_000_000)
    answers(alone, 10)
    for number in range(MAX_CLIENTS + 10):
        alone.refusal(f"{number:x}", SHOP)
    assert answers(alone, 5) == {Reason.CLIENT_LIMIT: 5}


def test_invented_websites_do_not_fill_the_memory(limiter):
    alone = limiter(per_client=10_000_000)
    for number in range(MAX_WEBSITES + 5000):
        alone.refusal(ANN, f"website_{number}")
    assert len(alone._websites) == MAX_WEBSITES


# Several processes


@pytest.fixture
def pair(valkey, hand_clock):
    """Makes two limiters, as two processes have them, over one server."""

    def make(per_client=120, per_website=6000, secrets=(SECRET, SECRET)):
        return [
            RateLimiter(per_client, per_website, url=valkey.connection_url, secret=secret, clock=hand_clock)
            for secret in secrets
        ]

    return make


def exchanging(*limiters):
    """All of them tell the server and learn, twice: the first to tell learns of the others in the second round."""

    async def run():
        for each in (*limiters, *limiters):
            await each.exchange()

    asyncio.run(run())


def closing(*limiters):
    async def run():
        for each in limiters:
            await each.close()

    asyncio.run(run())


def test_processes_share_a_clients_limit(pair):
    one, other = pair(per_client=100)
    assert answers(one, 60) == {None: 60}
    assert answers(other, 30) == {None: 30}
    exchanging(one, other)
    assert answers(other, 20) == {None: 10, Reason.CLIENT_LIMIT: 10}
    exchanging(other)
    answers(one, 1)
    exchanging(one)
    assert answers(one, 5) == {Reason.CLIENT_LIMIT: 5}
    assert answers(other, 1, client=BOB) == {None: 1}
    closing(one, other)


def test_processes_share_a_websites_limit(pair):
    one, other = pair(per_website=100)
    for number in range(60):
        assert one.refusal(f"192.0.2.{number}", SHOP) is None
        assert other.refusal(f"198.51.100.{number}", SHOP) is None
    exchanging(one, other)
    assert [each.refusal(ANN, SHOP) for each in (one, other)] == [None, Reason.WEBSITE_LIMIT]  # one told first: 60
    exchanging(one)
    assert [each.refusal(ANN, SHOP) for each in (one, other)] == [Reason.WEBSITE_LIMIT] * 2
    closing(one, other)


def test_a_shared_minute_is_the_clocks(pair, hand_clock):
    one, other = pair(per_client=100)
    answers(one, 100)
    exchanging(one)
    hand_clock.now = NOW.replace(second=59)
    answers(other, 50)
    exchanging(other)
    assert answers(other, 1) == {Reason.CLIENT_LIMIT: 1}
    hand_clock.now += timedelta(seconds=1)
    assert answers(other, 120) == {None: 100, Reason.CLIENT_LIMIT: 20}
    closing(one, other)


def test_what_is_counted_while_an_exchange_is_under_way_is_told_next(pair, monkeypatch):
    one, other = pair(per_client=100)
    answers(one, 50)
    incr, counted = one._storage.incr, threading.Event()
    monkeypatch.setattr(one._storage, "incr", lambda *told: counted.wait(WAIT_S) and incr(*told))

    async def busy():
        exchange = asyncio.create_task(one.exchange())
        await asyncio.sleep(0)  # it has taken what it tells
        answers(one, 20)
        counted.set()
        await exchange

    asyncio.run(busy())
    assert one._clients._counts == {ANN: 70}
    answers(other, 20)
    exchanging(one, other)
    assert other._clients._counts == {ANN: 90}
    closing(one, other)


def test_a_minute_that_ends_during_an_exchange_keeps_nothing_of_it(pair, hand_clock):
    one, other = pair(per_client=100)
    answers(one, 100)

    async def at_the_turn():
        exchange = asyncio.create_task(one.exchange())
        await asyncio.sleep(0)
        hand_clock.now += WINDOW
        assert one.refusal(ANN, SHOP) is None
        await exchange

    asyncio.run(at_the_turn())
    assert one._clients._counts == {ANN: 1}
    closing(one, other)


def test_clients_who_send_little_are_not_told(pair, valkey):
    one, _ = both = pair(per_client=160, per_website=16)
    for number in range(9):
        one.refusal(ANN, f"website_{number}")
    exchanging(one)
    with valkey.client() as server:
        assert len(server.keys()) == 9  # the websites: one is a sixteenth of their limit
        one.refusal(ANN, SHOP)
        exchanging(one)
        assert sorted(map(int, server.mget(server.keys()))) == [1] * 10 + [10]
    closing(*both)


def test_the_server_never_sees_an_address(pair, valkey, hand_clock):
    one, other = pair(per_website=1000, secrets=(SECRET, b"another workbench's"))
    for each in (one, other):
        answers(each, 120)
        answers(each, 120, client=BOB)
    exchanging(one, other)
    with valkey.client() as server:
        keys = set(server.keys())
        assert len(keys) == 6  # two clients and a busy website, for each secret
        assert all(key.startswith(b"workbench:limits:") and len(key) == 17 + 32 for key in keys)
        assert all(0 < server.ttl(key) <= EXPIRE_S for key in keys)
        hand_clock.now += WINDOW
        answers(one, 120)
        exchanging(one)
        assert len(set(server.keys()) - keys) == 2  # nobody can follow a client from minute to minute
    closing(one, other)


def test_a_server_that_goes_away_leaves_each_process_to_itself_and_comes_back(pair, valkey, caplog):
    one, other = pair(per_client=100)
    answers(one, 50)
    exchanging(one)
    valkey.stop()
    with caplog.at_level(logging.INFO, logger=limiter_module.__name__):
        assert answers(one, 20) == {None: 20}
        assert answers(other, 110) == {None: 100, Reason.CLIENT_LIMIT: 10}
        exchanging(one, other)
        valkey.start()
        exchanging(one, other)
        assert answers(one, 1) == {None: 1}  # it was the first to tell
        exchanging(one)
    assert answers(one, 1) == {Reason.CLIENT_LIMIT: 1}
    levels = Counter(record.levelname for record in caplog.records)
    assert levels == {"WARNING": 2, "INFO": 2}  # each once
    assert ANN not in caplog.text
    closing(one, other)


def test_nothing_is_told_twice_though_the_server_goes_away_in_between(pair, hand_clock, monkeypatch):
    one, other = pair(per_client=1000)
    answers(one, 200)
    answers(one, 300, client=BOB)
    incr, calls = one._storage.incr, []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError
        return incr(*arguments)

    monkeypatch.setattr(one._storage, "incr", failing)
    asyncio.run(one.exchange())
    asyncio.run(one.exchange())
    answers(other, 100)
    answers(other, 100, client=BOB)
    exchanging(other)
    assert other._clients._counts == {ANN: 300, BOB: 400}
    closing(one, other)


def test_the_background_task_shares_and_stops(pair, monkeypatch):
    monkeypatch.setattr(limiter_module, "EXCHANGE_EVERY_S", 0.001)
    one, other = pair(per_client=1600)

    async def run():
        async with asyncio.timeout(WAIT_S):
            before = asyncio.all_tasks()
            await one.start()
            await other.start()
            answers(one, 1600)
            while other.refusal(ANN, SHOP) is None:  # noqa: ASYNC110 - what is waited for happens in a thread
                await asyncio.sleep(0.001)
            await one.close()
            await other.close()
            assert asyncio.all_tasks() == before

    asyncio.run(run())
    assert other._clients._counts[ANN] > 1600


def test_a_process_alone_has_no_task(limiter):
    async def run():
        alone = limiter()
        await alone.start()
        assert len(asyncio.all_tasks()) == 1
        await alone.exchange()
        await alone.close()

    asyncio.run(run())


def test_a_server_that_takes_connections_and_never_answers_is_away(hand_clock, caplog, monkeypatch):
    monkeypatch.setattr(limiter_module, "SOCKET_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}"
        deaf = RateLimiter(100, 1000, url=url, secret=SECRET, clock=hand_clock)
        answers(deaf, 100)
        exchanging(deaf)
        closing(deaf)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert answers(deaf, 1) == {Reason.CLIENT_LIMIT: 1}


@pytest.mark.parametrize(
    "url", ["memcached://localhost", "localhost:6379", "http://localhost", "", "redis://host:port"]
)
def test_an_address_of_something_else_is_refused(url, hand_clock):
    with pytest.raises(ConfigurationError) as caught:
        RateLimiter(1, 1, url=url, secret=SECRET, clock=hand_clock)
    assert (caught.value.path, caught.value.hint) == ("cache_url", "Write redis://localhost:6379/0, or unset it.")


@pytest.mark.parametrize("scheme", ["redis", "rediss", "valkey", "valkeys"])
def test_servers_go_by_several_names(scheme, hand_clock):
    shared = RateLimiter(1, 1, url=f"{scheme}://localhost:6379/3", secret=SECRET, clock=hand_clock)
    assert shared._storage.storage.connection_pool.connection_kwargs["db"] == 3


def test_a_server_may_listen_on_a_unix_socket(hand_clock):
    shared = RateLimiter(1, 1, url="unix:///run/valkey.sock?db=3", secret=SECRET, clock=hand_clock)
    settings = shared._storage.storage.connection_pool.connection_kwargs
    assert (settings["path"], settings["db"]) == ("/run/valkey.sock", 3)
