"""People who sign in by the organisation's login: from what the provider says of them to what they may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from stats_core.access.permissions import Access, checked_permissions
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import ConfigurationError
from stats_core.settings import LoginSettings

# Nobody can answer in between: by https, or on this machine.
_PRIVATE: Final = re.compile(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)")


def access_of_person(claims: Mapping[str, Any], login: LoginSettings) -> Access | None:
    """What a person may do; None for those whom the settings do not name.

    An address counts when the provider calls it verified: others let people choose what stands there. The whole address
    is looked for first, then its domain.

    Args:
        claims: Of the provider's identity token, with `email` and `email_verified`.
        login: Who may do what.
    """
    email = claims.get("email")
    if not isinstance(email, str) or not (login.unverified_emails or claims.get("email_verified") is True):
        return None
    address, people = email.strip().casefold(), {name.casefold(): person for name, person in login.people.items()}
    name, at, domain = address.rpartition("@")
    if not name:
        return None
    person = people.get(address) or people.get(at + domain)
    if person is None:
        return None
    scope = PLATFORM if person.merchant_id is None else Scope("merchant", person.merchant_id)
    return Access(email.strip(), frozenset(person.permissions), scope)


def check_login(login: LoginSettings) -> None:
    """Whether somebody can sign in this way.

    Raises:
        ConfigurationError: Something is missing.
        InvalidOptionsError: There is no such permission.
    """
    for person in login.people.values():
        checked_permissions(person.permissions)
    missing = [name for name in ("client_id", "client_secret", "server_metadata_url") if not getattr(login, name)]
    if missing:
        message = f"The login lacks {' and '.join(missing)}."
        raise ConfigurationError(message, path=f"login.{missing[0]}", hint="The provider tells them all three.")
    if not _PRIVATE.match(login.server_metadata_url):
        message = "The login's provider is not asked over https."
        hint = "Anybody in between could sign in as anybody. Write https://…/.well-known/openid-configuration."
        raise ConfigurationError(message, path="login.server_metadata_url", hint=hint)
