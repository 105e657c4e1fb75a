"""`/tokens`: who has a token; one more, shown once; one less."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st
from sqlalchemy import select
from streamlit.delta_generator import DeltaGenerator

from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens, TokenSummary
from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, NotFoundError
from stats_core.models import Merchant
from workbench.figures.html import empty_html, error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.figures.views import EmptyView
from workbench.ui.admin import admin_bar, minute
from workbench.ui.escape import plain_markdown
from workbench.ui.person import platform_workbench
from workbench.ui.shared import shared

MADE, ASKED = "token_made", "token_asked"
DAYS = {30: "30 days", 90: "90 days", 365: "A year", None: "Until it is revoked"}
EVERYTHING = "The whole platform"
_WIDTHS = (3, 3, 2, 2, 1)


def tokens_page() -> None:
    """Draw the list, and the form for a new one."""
    workbench = platform_workbench()
    admin_bar("Tokens")
    merchants = _merchants(workbench)
    _form(merchants)
    tokens = shared().tokens
    if not (known := tokens.list()):
        st.html(empty_html(EmptyView("No tokens yet", hint="Make one above.")))
        return
    with st.container(border=True, key="card_tokens"):
        with st.container(key="token_heads"):
            _row(*(f"**{name}**" for name in ("Name", "Sees", "Made (UTC)", "Ends (UTC)")))
        for number, token in enumerate(known):
            with _row(*_cells(token, merchants, workbench)):
                st.button("Revoke", type="tertiary", key=f"revoke_{number}", on_click=_ask, args=(token.name,))
    if name := st.session_state.get(ASKED):
        _revoke(tokens, name)


def _merchants(workbench: Workbench) -> dict[int, str]:
    with workbench.database.read() as session:
        rows = session.execute(select(Merchant.id, Merchant.name).order_by(Merchant.name)).all()
    return {row.id: row.name for row in rows}


def _form(merchants: dict[int, str]) -> None:
    with st.container(border=True, key="card_new_token"):
        with (
            st.form("token_form", border=False, clear_on_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input("What it is for", key="token_name", max_chars=100, placeholder="laptop, monthly report …")
            st.selectbox(
                "Sees", [None, *merchants], key="token_merchant", format_func=lambda one: merchants.get(one, EVERYTHING)
            )
            st.selectbox("Is good for", list(DAYS), key="token_days", index=1, format_func=DAYS.__getitem__)
            st.form_submit_button("Make a token", type="primary", key="token_make", on_click=_make)
        _made()


def _make() -> None:
    """In the callback, before the form is emptied; asks again who is there."""
    state = st.session_state
    try:
        platform_workbench()
        token = shared().tokens.create(
            state["token_name"] or "",
            [ADMIN_ACCESS],
            merchant_id=state["token_merchant"],
            days=state["token_days"],
        )
    except ExpectedError as problem:
        state[MADE] = problem
    else:
        state[MADE] = token


def _made() -> None:
    """The new token, in this run and in no other."""
    made = st.session_state.pop(MADE, None)
    if isinstance(made, ExpectedError):
        st.html(error_html(error(made, "It was not made")))
    elif made is not None:
        st.html('<p class="wb-notice" role="status">Copy it now: it cannot be shown again.</p>')
        st.code(made, language=None)


def _cells(token: TokenSummary, merchants: dict[int, str], workbench: Workbench) -> tuple[str, str, str, str]:
    sees = EVERYTHING if token.merchant_id is None else merchants.get(token.merchant_id, "A merchant that is gone")
    if ADMIN_ACCESS not in token.permissions:
        sees = "Nothing: it has no permission"
    ends = minute(token.expires_at) if token.is_good(workbench.clock()) else f"{minute(token.expires_at)}, over"
    return plain_markdown(token.name), plain_markdown(sees), minute(token.created_at), ends


def _row(*cells: str) -> DeltaGenerator:
    columns = st.columns(_WIDTHS, vertical_alignment="center")
    for column, cell in zip(columns, cells, strict=False):
        column.markdown(cell)
    return columns[-1]


def _ask(name: str) -> None:
    st.session_state[ASKED] = name


def _forget() -> None:
    st.session_state.pop(ASKED, None)


@st.dialog("Revoke this token?", on_dismiss=_forget)
def _revoke(tokens: Tokens, name: str) -> None:
    st.html(
        f"<p>Whoever uses <strong>{html_text(name)}</strong> is refused from now on, and signed out where they signed "
        "in by it. This cannot be undone.</p>"
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        keep = st.button("Keep it", key="keep")
        revoke = st.button("Revoke", type="primary", key="revoke")
    if not keep and not revoke:
        return
    _forget()
    if revoke:
        platform_workbench()
        with suppress(NotFoundError):  # somebody else was faster: it is gone, as was asked
            tokens.revoke(name)
        st.session_state["toast"] = f"Revoked {plain_markdown(name)}"
    st.rerun()
