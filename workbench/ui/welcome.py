"""For those who are not signed in: the ways in. The door sends most of them elsewhere before they get here."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import streamlit as st

from workbench.figures.text import html_text
from workbench.ui.shared import shared

_ELSEWHERE = '<p><a href="./{}" target="_self">{}</a></p>'
_FIRST = '<p><a class="wb-primary" href="./{}" target="_self">{}</a></p>'


def welcome() -> None:
    """Draw them: the organisation's login where there is one, and the page that takes a token."""
    login = shared().workbench.settings.login
    with st.container(key="trouble"):
        st.html('<h1 class="wb-h1">Sign in to the workbench</h1>')
        if login.client_id is None:
            st.html('<p class="wb-notice">You are not signed in, or not any more.</p>')
            st.html(_FIRST.format(_way("sign-in"), "Sign in"))
            return
        if st.user.get("is_logged_in"):  # the provider knows them, and we do not
            who = html_text(st.user.get("email") or "this account")
            st.html(
                f'<p class="wb-notice">{who} has no access here, or the address is not verified. '
                "Ask the owner of this workbench.</p>"
            )
            st.html(_FIRST.format("auth/logout", "Sign in as somebody else"))
        else:
            st.html(_FIRST.format(_way("login"), html_text(f"Sign in with {login.name}")))
        st.html(_ELSEWHERE.format(_way("sign-in"), "Sign in by a token"))


def _way(name: str) -> str:
    """A page of the door, which leads back here."""
    page, query = urlsplit(st.context.url or "").path.rpartition("/")[2], urlencode(st.query_params.to_dict())
    wanted = f"{page}?{query}" if query else page
    return f"{name}?{urlencode({'next': wanted})}" if wanted else name
