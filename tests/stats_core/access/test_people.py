"""From what the organisation's login says of a person to what they may do."""

from __future__ import annotations

import pytest

from stats_core.access.people import access_of_person, check_login
from stats_core.access.permissions import ADMIN_ACCESS, Access
from stats_core.catalog.scope import Scope
from stats_core.errors import ConfigurationError, InvalidOptionsError
from stats_core.settings import LoginSettings

LOGIN = LoginSettings(
    client_id="workbench",
    client_secret="s",
    server_metadata_url="https://login.example/.well-known/openid-configuration",
    people={
        "Ann@acme.example": {},
        "bob@shop.example": {"merchant_id": 3},
        "@acme.example": {"permissions": []},
    },
)


def person(email, **claims):
    return access_of_person({"email": email, "email_verified": True, **claims}, LOGIN)


def test_people_are_known_by_their_address_or_its_domain_in_whatever_case():
    assert person("ann@ACME.example") == Access("ann@ACME.example", frozenset({ADMIN_ACCESS}))
    assert person("bob@shop.example") == Access("bob@shop.example", frozenset({ADMIN_ACCESS}), Scope("merchant", 3))
    assert person("someone@acme.example") == Access("someone@acme.example", frozenset())


@pytest.mark.parametrize(
    "email",
    [
        "eve@shop.example",
        "ann@acme.example.evil.example",
        "@acme.example",
        "acme.example",
        "",
        None,
        7,
        ["ann@acme.example"],
    ],
    ids=str,
)
def test_nobody_else_is_let_in(email):
    assert person(email) is None


@pytest.mark.parametrize("verified", [False, "true", None, 1])
def test_an_address_counts_when_the_provider_has_verified_it(verified):
    assert person("ann@acme.example", email_verified=verified) is None
    trusting = LOGIN.model_copy(update={"unverified_emails": True})
    assert access_of_person({"email": "ann@acme.example"}, trusting) is not None


def test_a_login_that_is_set_up_half_is_refused():
    check_login(LOGIN)
    for name in ("client_id", "client_secret", "server_metadata_url"):
        with pytest.raises(ConfigurationError) as caught:
            check_login(LOGIN.model_copy(update={name: ""}))
        assert caught.value.path == f"login.{name}"
    with pytest.raises(InvalidOptionsError, match=r"admin\.acces"):
        check_login(
            LoginSettings(**(LOGIN.model_dump() | {"people": {"a@b.example": {"permissions": ["admin.acces"]}}}))
        )


@pytest.mark.parametrize(
    "url", ["http://login.example/", "http://127.0.0.1.evil.example/", "ftp://127.0.0.1/", "http://[::1", "x"]
)
def test_a_provider_that_others_could_pretend_to_be_is_refused(url):
    with pytest.raises(ConfigurationError, match="https"):
        check_login(LOGIN.model_copy(update={"server_metadata_url": url}))


@pytest.mark.parametrize(
    "url", ["https://login.example/", "http://127.0.0.1:9000/x", "http://[::1]/", "http://localhost/x"]
)
def test_a_provider_is_asked_over_https_or_on_this_machine(url):
    check_login(LOGIN.model_copy(update={"server_metadata_url": url}))
