"""Who is signed in: their menu, with the pages of the platform's people and the way out."""

from __future__ import annotations

import streamlit as st

from stats_core.access.permissions import Access
from stats_core.catalog.scope import PLATFORM
from stats_core.composition import Workbench
from stats_core.errors import ScopeError
from workbench.figures.text import html_text
from workbench.ui.shared import OWNER, shared, shared_workbench, viewer

TOKENS, REFUSED, JOBS = (f"views/{name}.py" for name in ("tokens", "refused", "jobs"))
PAGES = {
    TOKENS: ("Tokens", ":material/key:"),
    REFUSED: ("Refused events", ":material/block:"),
    JOBS: ("Jobs", ":material/schedule:"),
}
# A form, not a link: what changes something is never behind an address that another site's page can name.
_SIGN_OUT = (
    '<form method="post" action="./sign-out" target="_self"><button class="wb-sign-out">Sign out</button></form>'
)
# Of the organisation's login. No form: the content security policy keeps those from going on to the provider.
_LOG_OUT = '<a class="wb-sign-out" href="./auth/logout" target="_self">Sign out</a>'


def is_platform(access: Access) -> bool:
    """Whether they see everything, so that the pages of those who run the workbench are theirs too."""
    return access.scope == PLATFORM


def may_change() -> bool:
    """Whether to offer what changes dashboards; the services refuse it to others in any case."""
    return is_platform(viewer()())


def platform_workbench() -> Workbench:
    """The workbench, for pages of those who run it.

    Raises:
        ScopeError: Tenants have no business there.
        SignedOutError: Nobody is signed in.
    """
    if not is_platform(viewer()()):
        message = "This page is for those who run the workbench."
        raise ScopeError(message, hint="Ask the owner of this workbench.")
    return shared_workbench()


def person_menu() -> None:
    """The menu right of the bar."""
    access = viewer()()
    with st.popover("You", icon=":material/account_circle:", type="tertiary", key="person"):
        st.html(_told(access))
        if is_platform(access):
            for page, (label, icon) in PAGES.items():
                st.page_link(page, label=label, icon=icon)
        if access is not OWNER:
            _sign_out()


def _told(access: Access) -> str:
    if access is OWNER:
        return '<p class="wb-notice">Nobody signs in here: this workbench answers at this machine alone.</p>'
    of = "" if is_platform(access) else f"<br>Sees {html_text(str(access.scope).replace(':', ' '))}."
    return f'<p class="wb-notice">Signed in as <strong>{html_text(access.name)}</strong>.{of}</p>'


def _sign_out() -> None:
    if st.user.get("is_logged_in") and shared().workbench.settings.login.client_id is not None:
        st.html(_LOG_OUT)
    else:
        st.html(_SIGN_OUT)
