"""The organisation's login: what Streamlit's `st.login` wants to know, from `[login]` in `workbench.toml`."""

from __future__ import annotations

import hmac
import os
import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from streamlit.auth_util import encode_provider_token

from stats_core.access.people import check_login
from stats_core.errors import ConfigurationError
from stats_core.settings import Settings

_CLIENTS = ("httpx2", "httpx")  # with either Authlib asks the provider
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def login_secrets(settings: Settings) -> dict[str, Any] | None:
    """The `secrets` of the app; None where no login is set up.

    Raises:
        ConfigurationError: It is set up half, or the package that does the work is not installed.
        InvalidOptionsError: Somebody has a permission that there is not.
    """
    login = settings.login
    if login.client_id is None:
        return None
    check_login(login)
    if find_spec("authlib") is None or not any(map(find_spec, _CLIENTS)):
        message = "[login] is set, and what it needs is not installed."
        raise ConfigurationError(message, path="login", hint="Install stats-workbench[login], or remove [login].")
    return {
        "auth": {
            "redirect_uri": f"{settings.public_url.rstrip('/')}/oauth2callback",
            # Streamlit signs its cookie with this; it tells nothing about the secret that it is made from.
            "cookie_secret": hmac.digest(settings.secret(), b"streamlit login", "sha256").hex(),
            "client_id": filled(login.client_id),
            "client_secret": filled(login.client_secret or ""),
            "server_metadata_url": login.server_metadata_url,
        }
    }


def login_path() -> str:
    """Where the login begins, seen from a page; good for some minutes.

    As a path that is relative: `st.login` sends browsers to `/auth/login`, which below the path of a proxy is not ours.
    """
    return f"./auth/login?{urlencode({'provider': encode_provider_token('default')})}"


def filled(text: str) -> str:
    """The text with the environment variables that it names.

    Raises:
        ConfigurationError: One is not set.
    """

    def fill(match: re.Match[str]) -> str:
        if not (value := os.environ.get(match[1])):
            message = f"The environment variable {match[1]} is not set."
            raise ConfigurationError(message, path="login", hint="Set it before the workbench starts.")
        return value

    return _PLACEHOLDER.sub(fill, text)
