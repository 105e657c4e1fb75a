"""Answers that are kept: bounded, fresh, and computed once for all who ask at once."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from dogpile.cache.api import CantDeserializeException
from hypothesis import given
from hypothesis import strategies as st

from stats_core.errors import ConfigurationError, DeadlineExceededError, UnknownNameError
from stats_core.operations.registry import Meta
from stats_core.panels.cache import (
    EXPIRE_S,
    FAILURE_TTL,
    RETRY_AFTER,
    Answer,
    Freshness,
    Lru,
    decoded,
    encoded,
    memory_cache,
    server_cache,
)
from stats_core.panels.frozen import freeze

THREADS = 20
WAIT_S = 20
MINUTE = Freshness(ttl_s=60)
UNCACHED = Freshness(ttl_s=None)


def make_answer(value, resolved_at):
    return Answer(
        data=freeze({"value": value}),
        row_count=1,
        truncated=False,
        statement="SELECT ?",
        meta=Meta(unit="orders"),
        resolved_at=resolved_at,
    )


class Counting:
    """An execution that says how often it ran."""

    def __init__(self, clock, error=None):
        self.clock, self.error, self.runs = clock, error, 0

    def __call__(self):
        self.runs += 1
        if self.error is not None:
            raise self.error
        return make_answer(self.runs, self.clock())


class Tickets:
    """Numbers from 1 on, which says when so many were drawn."""

    def __init__(self, awaited):
        self._numbers, self._awaited, self._mutex = iter(range(1, 10_000)), awaited, threading.Lock()
        self.drawn = threading.Event()

    def __next__(self):
        with self._mutex:
            number = next(self._numbers)
        if number >= self._awaited:
            self.drawn.set()
        return number


class Slow(Counting):
    """The first execution ends when everybody has asked."""

    def __init__(self, clock, everybody, error=None):
        super().__init__(clock, error)
        self.everybody = everybody

    def __call__(self):
        if self.runs == 0:
            assert self.everybody.wait(WAIT_S)
        return super().__call__()


@pytest.fixture
def cache(hand_clock):
    return memory_cache(clock=hand_clock, entries=100, megabytes=1)


@pytest.fixture
def server(cache_server, hand_clock) -> Iterator:
    cache = server_cache(f"valkey://{cache_server.address}", clock=hand_clock, namespace="test")
    yield cache
    cache.close()


def all_at_once(cache, compute, fresh):
    """What each of 20 threads got that ask for one key while it is computed: (value, hit), or the error."""

    def ask(_):
        try:
            answer, hit = cache.answer("key", compute, fresh)
        except Exception as error:  # noqa: BLE001 - bugs too are what a caller gets
            return error
        return answer.data["value"], hit

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, range(THREADS)))


def everybody_asks(cache):
    cache._tickets = Tickets(THREADS + 1)  # theirs, and that of the execution
    return cache._tickets.drawn


def test_an_answer_is_kept_for_its_ttl_and_no_longer(cache, hand_clock):
    compute = Counting(hand_clock)
    assert cache.answer("key", compute, MINUTE) == (make_answer(1, hand_clock()), False)
    first = hand_clock()
    hand_clock.move(seconds=59)
    assert cache.answer("key", compute, MINUTE) == (make_answer(1, first), True)
    hand_clock.move(seconds=1)
    assert cache.answer("key", compute, MINUTE) == (make_answer(2, hand_clock()), False)


def test_each_caller_says_how_old_an_answer_may_be(cache, hand_clock):
    compute = Counting(hand_clock)
    cache.answer("key", compute, MINUTE)
    hand_clock.move(seconds=30)
    assert cache.answer("key", compute, Freshness(ttl_s=3600))[1]
    assert not cache.answer("key", compute, Freshness(ttl_s=10))[1]


def test_an_answer_older_than_the_panel_is_none(cache, hand_clock):
    compute = Counting(hand_clock)
    before = hand_clock()
    cache.answer("key", compute, MINUTE)
    assert cache.answer("key", compute, Freshness(ttl_s=60, not_before=before))[1]
    changed = hand_clock.move(seconds=1)
    assert not cache.answer("key", compute, Freshness(ttl_s=60, not_before=changed))[1]
    assert cache.answer("key", compute, MINUTE)[1]
    assert compute.runs == 2


def test_an_answer_from_the_future_is_not_fresh_for_ever(cache, hand_clock):
    compute = Counting(hand_clock)
    hand_clock.move(days=1)
    cache.answer("key", compute, MINUTE)
    hand_clock.move(days=-1)
    assert not cache.answer("key", compute, MINUTE)[1]


@pytest.mark.parametrize("ttl_s", [None, 0])
def test_without_a_ttl_nothing_is_kept(cache, hand_clock, ttl_s):
    compute = Counting(hand_clock)
    values = [cache.answer("key", compute, Freshness(ttl_s=ttl_s)) for _ in range(3)]
    assert [(answer.data["value"], hit) for answer, hit in values] == [(1, False), (2, False), (3, False)]
    assert not cache.answer("key", compute, MINUTE)[1]


def test_recomputing_writes_back_for_others(cache, hand_clock):
    compute = Counting(hand_clock)
    cache.answer("key", compute, MINUTE)
    assert cache.answer("key", compute, Freshness(ttl_s=60, recompute=True)) == (make_answer(2, hand_clock()), False)
    assert cache.answer("key", compute, MINUTE) == (make_answer(2, hand_clock()), True)


def test_keys_do_not_share(cache, hand_clock):
    compute = Counting(hand_clock)
    assert not cache.answer("one", compute, MINUTE)[1]
    assert not cache.answer("other", compute, MINUTE)[1]


def test_twenty_threads_on_a_cold_key_cost_one_execution(cache, hand_clock):
    compute = Slow(hand_clock, everybody_asks(cache))
    got = all_at_once(cache, compute, MINUTE)
    assert compute.runs == 1
    assert sorted(got) == [(1, False)] + [(1, True)] * (THREADS - 1)


def test_twenty_threads_on_a_cold_key_share_one_failure(cache, hand_clock):
    error = UnknownNameError("entity", "ordr", ["order"], path="entity")
    compute = Slow(hand_clock, everybody_asks(cache), error)
    got = all_at_once(cache, compute, MINUTE)
    assert compute.runs == 1
    assert {type(each) for each in got} == {UnknownNameError}
    assert {each.problems for each in got} == {error.problems}
    assert len({id(each) for each in got}) == THREADS  # a traceback grows in each error of its own


def test_a_failure_is_kept_for_a_few_seconds(cache, hand_clock):
    compute = Counting(hand_clock, DeadlineExceededError("Too slow."))
    for _ in range(2):
        with pytest.raises(DeadlineExceededError, match="Too slow"):
            cache.answer("key", compute, MINUTE)
    assert compute.runs == 1
    hand_clock.now += FAILURE_TTL
    compute.error = None
    assert cache.answer("key", compute, MINUTE) == (make_answer(2, hand_clock()), False)


def test_a_failure_goes_with_an_answer_and_with_a_change_of_the_panel(cache, hand_clock):
    compute = Counting(hand_clock, DeadlineExceededError("Too slow."))
    with pytest.raises(DeadlineExceededError):
        cache.answer("key", compute, MINUTE)
    changed = hand_clock.move(seconds=1)
    with pytest.raises(DeadlineExceededError):
        cache.answer("key", compute, Freshness(ttl_s=60, not_before=changed))
    assert compute.runs == 2
    compute.error = None
    cache.answer("key", compute, Freshness(ttl_s=60, recompute=True))
    assert cache.answer("key", compute, MINUTE)[1]


def test_a_failed_refresh_does_not_hide_the_answer_that_is_still_fresh(cache, hand_clock):
    compute = Counting(hand_clock)
    cache.answer("key", compute, MINUTE)
    compute.error = DeadlineExceededError("Too slow.")
    with pytest.raises(DeadlineExceededError):
        cache.answer("key", compute, Freshness(ttl_s=60, recompute=True))
    assert cache.answer("key", compute, MINUTE)[1]


def test_a_bug_is_kept_for_nobody_and_lets_everybody_go(cache, hand_clock):
    compute = Slow(hand_clock, everybody_asks(cache), ZeroDivisionError("a bug"))
    got = all_at_once(cache, compute, MINUTE)
    assert {type(each) for each in got} == {ZeroDivisionError}
    assert compute.runs == THREADS
    compute.error = None
    assert not cache.answer("key", compute, MINUTE)[1]


@pytest.mark.parametrize("fresh", [UNCACHED, Freshness(ttl_s=60, recompute=True)], ids=["uncached", "skip_cache"])
def test_a_burst_of_callers_who_want_no_kept_answer_costs_two_executions(cache, hand_clock, fresh):
    compute = Slow(hand_clock, everybody_asks(cache))
    got = all_at_once(cache, compute, fresh)
    assert compute.runs == 2
    assert sorted(value for value, _ in got) == [1] + [2] * (THREADS - 1)
    assert sum(not hit for _, hit in got) == 2


def test_nobody_keeps_flights_that_have_landed(cache, hand_clock):
    for i in range(10):
        cache.answer(f"key {i}", Counting(hand_clock), MINUTE)
    assert len(cache._flights._values) == 0


def test_the_memory_is_bounded_by_entries(hand_clock):
    cache = memory_cache(clock=hand_clock, entries=3, megabytes=1)
    for key in "abcd":
        cache.answer(key, Counting(hand_clock), MINUTE)
    assert [cache.answer(key, Counting(hand_clock), MINUTE)[1] for key in "dcb"] == [True, True, True]
    assert not cache.answer("a", Counting(hand_clock), MINUTE)[1]


def test_the_memory_is_bounded_by_bytes(hand_clock):
    cache = memory_cache(clock=hand_clock, entries=1000, megabytes=0.1)

    def wide():
        return make_answer("x" * 30_000, hand_clock())

    for key in "abcd":
        cache.answer(key, wide, MINUTE)
    assert [cache.answer(key, wide, MINUTE)[1] for key in "dcb"] == [True, True, True]
    assert not cache.answer("a", wide, MINUTE)[1]


def test_an_answer_bigger_than_the_memory_is_given_but_not_kept(hand_clock):
    cache = memory_cache(clock=hand_clock, entries=1000, megabytes=0.01)
    compute = lambda: make_answer("x" * 30_000, hand_clock())  # noqa: E731
    assert not cache.answer("key", compute, MINUTE)[1]
    assert not cache.answer("key", compute, MINUTE)[1]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=40))
def test_an_lru_never_exceeds_its_bounds_and_keeps_what_was_used_last(writes):
    kept = Lru(entries=3, size=100, weigh=lambda value: value)
    for key, value in writes:
        kept[key] = value
        assert kept[key] == value
        assert len(kept) <= 3
        assert kept.size == sum(kept.values()) <= 100
    assert kept.evictions <= len(writes)


def test_an_lru_counts_what_it_threw_out():
    kept = Lru(entries=2)
    for key in "abc":
        kept[key] = key
    assert kept.get("b") == "b"
    kept["d"] = "d"
    assert (list(kept), kept.evictions) == (["b", "d"], 2)
    with pytest.raises(KeyError):
        del kept["a"]


def test_an_lru_survives_many_threads():
    kept = Lru(entries=10, size=100, weigh=lambda value: value)

    def churn(seed):
        for i in range(2000):
            kept[(seed * i) % 17] = i % 20
            kept.get((seed + i) % 17)
            kept.pop((seed - i) % 17, None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, (3, 5, 7, 11)))
    assert kept.size == sum(kept.values())
    assert len(kept) <= 10


# A server that processes share


def test_processes_share_answers_by_a_server(server, cache_server, hand_clock):
    compute = Counting(hand_clock)
    other = server_cache(f"redis://{cache_server.address}", clock=hand_clock, namespace="test")
    assert server.answer("key", compute, MINUTE) == (make_answer(1, hand_clock()), False)
    assert other.answer("key", compute, MINUTE) == (make_answer(1, hand_clock()), True)
    other.close()
    assert list(cache_server.stored) == [b"workbench:test:key"]
    assert cache_server.expiries == [EXPIRE_S]


def test_a_change_of_the_panel_counts_in_every_process(server, cache_server, hand_clock):
    compute = Counting(hand_clock)
    server.answer("key", compute, MINUTE)
    changed = hand_clock.move(seconds=1)
    other = server_cache(f"valkey://{cache_server.address}", clock=hand_clock, namespace="test")
    assert not other.answer("key", compute, Freshness(ttl_s=60, not_before=changed))[1]
    other.close()


def test_workbenches_over_different_data_do_not_meet_on_one_server(server, cache_server, hand_clock):
    compute = Counting(hand_clock)
    server.answer("key", compute, MINUTE)
    other = server_cache(f"valkey://{cache_server.address}", clock=hand_clock, namespace="other")
    assert not other.answer("key", compute, MINUTE)[1]
    other.close()


def test_what_comes_from_a_server_cannot_be_changed_either(server, hand_clock):
    server.answer("key", Counting(hand_clock), MINUTE)
    answer, hit = server.answer("key", Counting(hand_clock), MINUTE)
    assert hit
    with pytest.raises(TypeError, match=r"copy\.deepcopy"):
        answer.data["value"] = 2


def test_twenty_threads_share_one_execution_over_a_server_too(server, hand_clock):
    compute = Slow(hand_clock, everybody_asks(server))
    assert sorted(all_at_once(server, compute, MINUTE)) == [(1, False)] + [(1, True)] * (THREADS - 1)


@pytest.mark.parametrize(
    "junk",
    [b"", b"junk", b"{}|{}", b'{"ct": 1, "v": 2}|[]', b"\x80\x04K\x01.", b'{"ct": 1, "v": 2}|{"data": {}, "meta": 3}'],
    ids=repr,
)
def test_what_somebody_else_wrote_on_the_server_is_no_answer(server, cache_server, hand_clock, junk):
    cache_server.stored[b"workbench:test:key"] = junk
    assert server.answer("key", Counting(hand_clock), MINUTE) == (make_answer(1, hand_clock()), False)
    assert server.answer("key", Counting(hand_clock), MINUTE)[1]


def test_a_server_that_is_away_costs_answers_and_is_named_once(hand_clock, caplog):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    cache = server_cache(f"valkey://127.0.0.1:{port}", clock=hand_clock, namespace="test")
    compute = Counting(hand_clock)
    with caplog.at_level(logging.INFO):
        for key in "abc":
            assert not cache.answer(key, compute, MINUTE)[1]
            hand_clock.now += RETRY_AFTER
    cache.close()
    assert [record.getMessage().partition(".")[0] for record in caplog.records] == [
        "The cache server is away; answers are computed each time"
    ]


def test_twenty_threads_share_one_execution_while_the_server_is_away(hand_clock):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    cache = server_cache(f"valkey://127.0.0.1:{port}", clock=hand_clock, namespace="test")
    compute = Slow(hand_clock, everybody_asks(cache))
    assert sorted(all_at_once(cache, compute, MINUTE)) == [(1, False)] + [(1, True)] * (THREADS - 1)
    cache.close()


def test_a_server_that_comes_back_is_used_again(cache_server, hand_clock, caplog):
    cache = server_cache(f"valkey://{cache_server.address}", clock=hand_clock, namespace="test")
    cache._lost(OSError("gone"))
    compute = Counting(hand_clock)
    assert not cache.answer("key", compute, MINUTE)[1]
    assert cache_server.stored == {}
    hand_clock.now += RETRY_AFTER
    with caplog.at_level(logging.INFO):
        assert not cache.answer("key", compute, MINUTE)[1]
    assert cache.answer("key", compute, MINUTE)[1]
    assert "The cache server is back." in caplog.text
    cache.close()


@pytest.mark.parametrize("url", ["memcached://localhost", "localhost:6379", "http://localhost", ""])
def test_an_address_of_something_else_is_refused(url, hand_clock):
    with pytest.raises(ConfigurationError) as caught:
        server_cache(url, clock=hand_clock, namespace="test")
    assert (caught.value.path, caught.value.hint) == ("cache_url", "Write redis://localhost:6379/0, or unset it.")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DATA = st.dictionaries(
    st.text(), st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(DATA, st.integers(0), st.booleans(), st.text(), MOMENTS)
def test_an_answer_survives_the_server_whatever_is_in_it(data, row_count, truncated, statement, resolved_at):
    answer = Answer(freeze(data), row_count, truncated, statement, Meta(unit="x", exactness="sum_of_days"), resolved_at)
    assert decoded(encoded(answer)) == answer


@given(st.binary() | st.text().map(str.encode))
def test_bytes_that_are_no_answer_are_taken_for_none(document):
    with pytest.raises(CantDeserializeException):
        decoded(document)


def test_freshness_is_judged_in_one_place():
    now = datetime(2026, 6, 15, tzinfo=UTC)
    minute = timedelta(seconds=60)
    assert MINUTE.reads
    assert not UNCACHED.reads
    assert not Freshness(ttl_s=60, recompute=True).reads
    assert MINUTE.allows(now - timedelta(seconds=59), now, minute)
    assert not MINUTE.allows(now - minute, now, minute)
    assert not Freshness(60, not_before=now).allows(now - timedelta(microseconds=1), now, minute)
