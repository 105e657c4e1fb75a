"""Tokens: shown once, stored as a hash, good until they expire or are revoked."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, event, select

from stats_core.access.permissions import Access
from stats_core.access.tokens import FIRST_START, Tokens, TokenSummary
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, ScopeError
from stats_core.models import AccessToken, Merchant

ADMIN = ["admin.access"]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(database, clock):
    return Tokens(database, clock)


@pytest.fixture
def merchant(database):
    with database.write() as session:
        session.add(Merchant(id=7, name="Anna", timezone="UTC", currency="USD"))
    return 7


def asked(database):
    """The questions that readers ask, as they come."""
    questions = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("SELECT"):
            questions.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    return questions


def test_a_token_opens_what_it_was_made_for(tokens, merchant):
    assert tokens.authenticate(tokens.create("ci", ADMIN)) == Access("ci", frozenset(ADMIN), PLATFORM)
    shop = tokens.create("shop", ADMIN, merchant_id=merchant)
    assert tokens.authenticate(shop) == Access("shop", frozenset(ADMIN), Scope("merchant", 7))
    assert tokens.authenticate(tokens.create("none", [])) == Access("none", frozenset(), PLATFORM)


def test_a_token_is_long_readable_and_nowhere_in_the_database(tokens, database):
    token, other = tokens.create("a", ADMIN), tokens.create("b", ADMIN)
    assert re.fullmatch(r"wb_[A-Za-z0-9_-]{43}", token)
    assert token != other
    with database.read() as session:
        rows = session.execute(select(AccessToken.__table__).order_by(AccessToken.id)).all()
    assert [row.token_hash for row in rows] == [sha256(text.encode()).hexdigest() for text in (token, other)]
    assert token[3:] not in str(rows)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "wb_",
        "x",
        "wb_" + "A" * 43,
        "wb_" + "A" * 100_000,
        "wb_\x00" + "A" * 42,
        "wb_\ud800",
        "Bearer x",
        "wb_" + "é" * 43,
    ],
)
def test_what_is_no_token_opens_nothing(tokens, wrong):
    tokens.create("a", ADMIN)
    assert tokens.authenticate(wrong) is None


def test_a_token_with_one_other_character_opens_nothing(tokens):
    token = tokens.create("a", ADMIN)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert (tokens.authenticate(changed), tokens.authenticate(token + "A"), tokens.authenticate(token[:-1])) == (
        None,
    ) * 3


def test_a_token_ends_with_its_days_also_while_it_is_remembered(tokens, clock):
    token = tokens.create("week", ADMIN, days=7)
    clock.advance(days=7, milliseconds=-500)
    assert tokens.authenticate(token)
    clock.advance(milliseconds=500)
    assert tokens.authenticate(token) is None


def test_a_busy_client_costs_a_query_a_second(tokens, database, clock):
    token = tokens.create("busy", ADMIN)
    questions = asked(database)
    for _ in range(30):
        assert tokens.authenticate(token)
        clock.advance(milliseconds=100)
    assert len(questions) == 3


def test_a_revoked_token_opens_nothing_here_at_once_and_elsewhere_within_a_second(tokens, database, clock):
    elsewhere = Tokens(database, clock)
    token = tokens.create("ci", ADMIN)
    assert tokens.authenticate(token) == elsewhere.authenticate(token) != None  # noqa: E711 - a chain of comparisons
    tokens.revoke("ci")
    assert tokens.authenticate(token) is None
    clock.advance(seconds=1)
    assert elsewhere.authenticate(token) is None


def test_a_clock_that_is_set_back_keeps_nothing_open(tokens, database, clock):
    elsewhere = Tokens(database, clock)
    token = tokens.create("ci", ADMIN)
    assert elsewhere.authenticate(token)
    tokens.revoke("ci")
    clock.advance(hours=-1)
    assert elsewhere.authenticate(token) is None


def test_a_token_goes_with_its_merchant(tokens, database, merchant, clock):
    token = tokens.create("shop", ADMIN, merchant_id=merchant)
    with database.write() as session:
        session.execute(delete(Merchant).where(Merchant.id == merchant))
    assert tokens.authenticate(token) is None
    assert tokens.list() == []


def test_tokens_are_listed_by_name_without_their_secret(tokens, merchant, clock):
    tokens.create("b", ADMIN, days=2)
    tokens.create("A", ADMIN, merchant_id=merchant)
    listed = tokens.list()
    created = [token.created_at for token in listed]
    assert listed == [
        TokenSummary("A", ("admin.access",), 7, created[0], None),
        TokenSummary("b", ("admin.access",), None, created[1], clock() + timedelta(days=2)),
    ]
    assert [token.opens_platform for token in listed] == [False, True]
    assert listed[1].is_good(clock())
    assert not listed[1].is_good(clock() + timedelta(days=2))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "\ud800", "a" * 101])
def test_a_name_that_cannot_be_one_is_refused(tokens, name):
    with pytest.raises(InvalidOptionsError, match="cannot be the name of a token"):
        tokens.create(name, ADMIN)


@pytest.mark.parametrize("days", [0, -1, 36_501, 10**30])
def test_days_that_cannot_be_are_refused(tokens, days):
    with pytest.raises(InvalidOptionsError, match="cannot be good for"):
        tokens.create("a", ADMIN, days=days)


def test_an_unknown_permission_is_answered_with_the_nearest(tokens):
    with pytest.raises(InvalidOptionsError) as caught:
        tokens.create("a", ["admin.acess", "admin.access"])
    assert str(caught.value) == "permissions: There is no permission 'admin.acess'. Did you mean 'admin.access'?"


@pytest.mark.parametrize("number", [8, 0, -1, 2**31, 2**63, 10**40])
def test_an_unknown_merchant_is_answered_with_the_known(tokens, merchant, number):
    with pytest.raises(NotFoundError) as caught:
        tokens.create("a", ADMIN, merchant_id=number)
    assert str(caught.value) == f"merchant_id: There is no merchant {number}. Known: 7 (Anna)."
    assert tokens.list() == []


def test_a_name_is_taken_once(tokens):
    first = tokens.create("ci", ADMIN)
    with pytest.raises(ConflictError) as caught:
        tokens.create(" ci ", [])
    assert str(caught.value) == (
        "name: There is a token named 'ci' already. Choose another name, or revoke that one: "
        'workbench token revoke "ci".'
    )
    assert tokens.authenticate(first)


def test_an_unknown_token_cannot_be_revoked(tokens):
    tokens.create("nightly", ADMIN)
    with pytest.raises(NotFoundError, match="Did you mean 'nightly'"):
        tokens.revoke("nightley")


def test_the_first_start_makes_a_token_only_while_nobody_can_get_in(tokens, merchant, clock):
    tokens.create("shop", ADMIN, merchant_id=merchant)
    tokens.create("powerless", [])
    first = tokens.create_first()
    assert tokens.authenticate(first) == Access(FIRST_START, frozenset(ADMIN), PLATFORM)
    assert tokens.create_first() is None

    clock.advance(days=30)
    assert tokens.authenticate(first) is None
    second = tokens.create_first()
    assert tokens.authenticate(second)
    tokens.create("mine", ADMIN)
    tokens.revoke(FIRST_START)
    assert tokens.create_first() is None


def test_two_processes_that_start_at_once_make_one_token(database, clock):
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: Tokens(database, clock).create_first(), range(4)))
    [token] = [token for token in made if token]
    assert Tokens(database, clock).authenticate(token)


def test_a_missing_permission_says_whom_to_ask():
    access = Access("viewer", frozenset({"other"}))
    with pytest.raises(ScopeError) as caught:
        access.require("admin.access")
    assert str(pickle.loads(pickle.dumps(caught.value))) == (
        "'viewer' lacks the permission 'admin.access'. Ask the owner of this workbench for a token that has it."
    )
    Access("admin", frozenset(ADMIN)).require("admin.access")
