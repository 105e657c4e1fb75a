"""The one workbench of this process, as the person in front of the screen may have it.

Streamlit runs the script by its path and passes nothing to it, so this is the one place where something lives as long
as the process: the workbench that `workbench serve` handed over, else one opened from the settings at the first visit.
Its parts are made for many threads at once: the database and the sources lend a connection per call, the cache locks,
all else is immutable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from threading import Lock

import streamlit as st

from stats_core.access.people import access_of_person
from stats_core.access.permissions import ADMIN_ACCESS, Access
from stats_core.access.tokens import Tokens
from stats_core.composition import Workbench, open_workbench
from stats_core.errors import ScopeError
from stats_core.panels.audience import dashboards_under
from workbench.sign_in import COOKIE, SignIns

OWNER = Access("the owner of this machine", frozenset({ADMIN_ACCESS}))
Who = Callable[[], Access]
"""Says who is in front of the screen, anew with every call."""


class SignedOutError(ScopeError):
    """Nobody is signed in here, or not any more."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the server hands to the pages.

    Attributes:
        sign_ins: Reads the cookies of people; None where everybody is let in.
    """

    workbench: Workbench
    tokens: Tokens
    sign_ins: SignIns | None


class Handover:
    """Where the server leaves its workbench for the pages."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shared: Shared | None = None

    def give(self, workbench: Workbench | None, tokens: Tokens | None = None, sign_ins: SignIns | None = None) -> None:
        """The pages show this from now on; None takes it back."""
        with self._lock:
            self._shared = None
            if workbench is not None:
                self._shared = Shared(workbench, tokens or Tokens(workbench.database, workbench.clock), sign_ins)

    def take(self) -> Shared | None:
        """What was given."""
        with self._lock:
            return self._shared


HANDOVER = Handover()


def shared() -> Shared:
    """What this process has for every page.

    Raises:
        ExpectedError: The settings, the database or its schema need the operator; the next visit tries again.
    """
    return HANDOVER.take() or _opened()


def shared_workbench() -> Workbench:
    """The workbench under the scope of the person in front of the screen.

    What it answers and lets change is decided with every call by who they are then: a token that is revoked ends what
    an open page shows too.

    Raises:
        SignedOutError: Nobody is signed in.
        ExpectedError: As `shared`.
    """
    whole, who = shared().workbench, viewer()
    who()
    resolver = whole.resolver.under(lambda: who().scope)
    dashboards = dashboards_under(whole.dashboards, lambda: who().scope, lambda: None if who() is OWNER else who().name)
    return replace(whole, resolver=resolver, dashboards=dashboards)


def viewer() -> Who:
    """Who is in front of the screen; it may be called from other threads, and later.

    The call raises `SignedOutError` where nobody is signed in.
    """
    given = shared()
    if given.sign_ins is None:
        return lambda: OWNER
    cookie, claims = st.context.cookies.get(COOKIE), dict(st.user) if st.user.get("is_logged_in") else {}
    sign_ins, login = given.sign_ins, given.workbench.settings.login

    def who() -> Access:
        access = sign_ins.access(cookie) or (access_of_person(claims, login) if claims else None)
        if access is None or ADMIN_ACCESS not in access.permissions:
            raise SignedOutError("You are not signed in any more.", hint="Sign in again to go on.")
        return access

    return who


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.workbench.close())
def _opened() -> Shared:
    """For `streamlit run`, by whoever sits at this machine."""
    if not _is_loopback(str(st.get_option("server.address"))):
        message = "These pages are open to whoever reaches them."
        raise ScopeError(message, hint="Start them with `workbench serve`, which asks people to sign in.")
    workbench = open_workbench()
    return Shared(workbench, Tokens(workbench.database, workbench.clock), None)


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False
