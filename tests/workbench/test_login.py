"""From `[login]` in the settings to what Streamlit wants to know."""

from __future__ import annotations

import sys

import pytest

from stats_core.errors import ConfigurationError
from stats_core.settings import LoginSettings, Settings
from workbench.login import login_secrets

PROVIDER = "https://login.example/.well-known/openid-configuration"


@pytest.fixture
def settings(tmp_path):
    login = LoginSettings(client_id="workbench", client_secret="a-${OIDC_SECRET}", server_metadata_url=PROVIDER)
    return Settings(home=tmp_path, secret_key="k", public_url="https://stats.example/board/", login=login)


def test_the_secret_of_the_client_comes_from_the_environment_and_ours_is_not_told(settings, monkeypatch):
    monkeypatch.setenv("OIDC_SECRET", "b")
    told = login_secrets(settings)["auth"]
    key = told.pop("cookie_secret")
    assert told == {
        "redirect_uri": "https://stats.example/board/oauth2callback",
        "client_id": "workbench",
        "client_secret": "a-b",
        "server_metadata_url": PROVIDER,
    }
    assert (len(key), key == login_secrets(settings)["auth"]["cookie_secret"]) == (64, True)


def test_without_a_client_there_is_no_login(tmp_path):
    assert login_secrets(Settings(home=tmp_path)) is None


def test_a_variable_that_is_not_set_is_named(settings, monkeypatch):
    monkeypatch.delenv("OIDC_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match="OIDC_SECRET is not set"):
        login_secrets(settings)


@pytest.mark.parametrize("missing", [("authlib",), ("httpx", "httpx2")], ids=str)
def test_what_is_not_installed_is_told_at_the_start(settings, monkeypatch, missing):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError) as caught:
        login_secrets(settings)
    assert "stats-workbench[login]" in caught.value.hint
