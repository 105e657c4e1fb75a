"""`workbench token …` as its users type it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stats_core.access.permissions import Access
from stats_core.access.tokens import Tokens
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.models import Merchant

NOW = datetime.now(UTC)
ADMIN = ("--permission", "admin.access")


def tokens_of(database):
    return Tokens(database, lambda: NOW)


def test_the_token_stands_alone_on_stdout(workbench, database):
    answer = workbench("token", "create", "--name", "ci", *ADMIN, "--database", database.url)
    assert (answer.code, answer.err) == (
        0,
        "Keep it now, it cannot be shown again. It is sent as: Authorization: Bearer TOKEN\n",
    )
    token = answer.out.removesuffix("\n")
    assert tokens_of(database).authenticate(token) == Access("ci", frozenset({"admin.access"}), PLATFORM)


def test_a_token_of_a_merchant_for_some_days_is_listed_and_revoked(workbench, sqlite_database):
    address = ("--database", sqlite_database.url)
    with sqlite_database.write() as session:
        session.add(Merchant(id=7, name="Anna", timezone="UTC", currency="USD"))
    made = workbench("token", "create", "--name", "Anna's shop", *ADMIN, "--merchant", 7, "--days", 3, *address)
    token = made.out.splitlines()[-1]
    assert tokens_of(sqlite_database).authenticate(token).scope == Scope("merchant", 7)

    header, row = workbench("token", "list", *address).out.splitlines()
    assert header.split() == ["name", "permissions", "merchant", "created", "expires"]
    assert row.split()[:4] == ["Anna's", "shop", "admin.access", "7"]
    assert f"{NOW + timedelta(days=3):%Y-%m-%d}" in row
    assert token not in row

    assert workbench("token", "revoke", "Anna's shop", *address).err == 'Revoked "Anna\'s shop".\n'
    assert tokens_of(sqlite_database).authenticate(token) is None
    assert workbench("token", "list", *address).err.startswith("There are none yet.")


def test_a_token_without_a_permission_says_that_it_opens_nothing(workbench, sqlite_database):
    answer = workbench("token", "create", "--name", "later", "--database", sqlite_database.url)
    assert answer.err.startswith("It has no permission, so it opens nothing.")
    assert tokens_of(sqlite_database).authenticate(answer.out.strip()).permissions == frozenset()


def test_an_expired_token_says_so(workbench, sqlite_database):
    Tokens(sqlite_database, lambda: NOW - timedelta(days=9)).create("old", ["admin.access"], days=3)
    assert workbench("token", "list", "--database", sqlite_database.url).out.endswith("UTC (expired)\n")


def test_what_cannot_be_is_one_line_and_exit_code_2(workbench, sqlite_database):
    address = ("--database", sqlite_database.url)
    workbench("token", "create", "--name", "ci", *ADMIN, *address)

    def said(*arguments):
        answer = workbench("token", *arguments, *address)
        assert (answer.code, answer.out) == (2, "")
        return answer.err

    assert said("create", "--name", "ci", *ADMIN) == (
        "error: name: There is a token named 'ci' already. Choose another name, or revoke that one: "
        'workbench token revoke "ci".\n'
    )
    assert said("create", "--name", "x", "--permission", "admin.acces") == (
        "error: permissions: There is no permission 'admin.acces'. Did you mean 'admin.access'?\n"
    )
    assert said("create", "--name", "x", *ADMIN, "--merchant", 7) == (
        "error: merchant_id: There is no merchant 7. There are none.\n"
    )
    assert said("create", "--name", "x", *ADMIN, "--days", 0).startswith("error: days: A token cannot be good for 0")
    assert said("create", "--name", " ", *ADMIN).startswith("error: name: ' ' cannot be the name of a token.")
    assert said("revoke", "cl") == "error: name: There is no token 'cl'. Known: ci.\n"
