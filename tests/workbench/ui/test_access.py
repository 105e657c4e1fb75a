"""The pages under the person in front of the screen: what they see, what they may do, and when that ends."""

from __future__ import annotations

import pytest
from streamlit.runtime.context import ContextProxy

from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens
from stats_core.models import EventRejectionCount, Merchant, RejectedEvent, SalesOrder, Store
from stats_core.panels.panel import PanelSpec
from workbench.sign_in import COOKIE, SignIns
from workbench.ui.shared import HANDOVER

ORDERS = PanelSpec(
    name="Orders",
    type="metric",
    operation_type="aggregate_data",
    operation_options={"entity": "sales_order", "aggregate": {"fn": "count"}},
    cache_ttl_seconds=3_600,
)


@pytest.fixture
def tokens(filled):
    return Tokens(filled.database, filled.clock)


@pytest.fixture
def signed_in(filled, tokens, monkeypatch):
    """`signed_in(merchant_id)`: from now on a person with such a token is in front of the screen; gives its name."""
    sign_ins = SignIns(tokens, b"secret", filled.clock)
    HANDOVER.give(filled, tokens, sign_ins)
    cookies = {}
    monkeypatch.setattr(ContextProxy, "cookies", cookies)  # AppTest has no browser that would send some

    def enter(merchant_id=None):
        name = f"token {len(tokens.list())}"
        cookies[COOKIE] = sign_ins.cookie(tokens.create(name, [ADMIN_ACCESS], merchant_id=merchant_id))
        return name

    return enter


def html(app):
    return " ".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def keys(app):
    return {button.key for button in app.button}


def dashboards(app):
    return [link.proto.label for link in app.get("page_link") if link.proto.query_string]


def second_merchant(filled, orders):
    with filled.database.write() as session:
        merchant = Merchant(name="Oak")
        session.add(merchant)
        session.flush()
        store = Store(merchant_id=merchant.id, name="Oak's")
        session.add(store)
        session.flush()
        session.add_all(
            SalesOrder(store_id=store.id, status="PAID", customer_name="B", total_cents=1) for _ in range(orders)
        )
        return merchant.id


def shown_metric(app):
    return next(text.value for text in app.markdown if "wb-metric" in text.value)


def test_two_people_of_different_merchants_on_one_panel_see_their_own_figures(app, dashboard, filled, signed_in):
    oak = second_merchant(filled, orders=31)
    made = filled.dashboards.create("Orders", panels=[ORDERS], metadata={"audience": "tenant"})
    seen = {}
    for whose, merchant_id in {"platform": None, "fern": 1, "oak": oak, "fern again": 1}.items():
        signed_in(merchant_id)
        seen[whose] = shown_metric(dashboard(made.id))
    assert {whose: next(n for n in (35, 31, 4) if f">{n}<" in text) for whose, text in seen.items()} == {
        "platform": 35,
        "fern": 4,
        "oak": 31,
        "fern again": 4,
    }


def test_a_tenant_sees_the_dashboards_that_are_meant_for_them_and_nothing_that_changes_them(
    app, dashboard, filled, signed_in
):
    made = filled.dashboards.create("Orders", panels=[ORDERS], metadata={"audience": "tenant"})
    signed_in(1)
    app.run()
    assert dashboards(app) == ["Orders"]
    assert not {"new", "import_open"} & keys(app)
    assert [link.proto.page for link in app.get("page_link") if "tokens" in link.proto.page] == []
    ours = filled.dashboards.list(q="JYT").items[0]
    dashboard(ours.id)
    assert f"There is no dashboard &#x27;{ours.id}&#x27;" in html(app)
    dashboard(made.id, edit="new", arrange="1")
    assert not {"add_panel", "arrange", "history"} & keys(app)
    assert not app.get("dialog")


@pytest.mark.parametrize("page", ["tokens", "refused", "jobs"])
def test_pages_of_those_who_run_it_are_closed_to_tenants(app, filled, signed_in, page):
    signed_in(1)
    app.run()
    app.switch_page(f"views/{page}.py").run()
    assert "This page is for those who run the workbench" in html(app)
    assert keys(app) == {"try_again"}


def test_a_page_that_stands_open_shows_nothing_more_once_the_token_is_revoked(app, filled, signed_in, tokens):
    name = signed_in()
    app.run()
    assert len(dashboards(app)) == 3
    tokens.revoke(name)
    app.run()
    assert dashboards(app) == []
    assert "not signed in, or not any more" in html(app)
    assert not app.exception


def test_changes_are_kept_in_the_name_of_who_made_them(app, filled, signed_in):
    name = signed_in()
    app.run()
    app.button(key="new").click().run()
    app.text_input(key="new_name").set_value("Mine")
    app.button(key="create").click().run()
    [made] = filled.dashboards.list(q="Mine").items
    assert filled.dashboards.history(made.id)[0].author == name


def test_a_token_is_made_shown_once_and_revoked(app, filled, tokens):
    app.run()
    app.switch_page("views/tokens.py").run()
    app.text_input(key="token_name").set_value("report *of* Fern")
    app.selectbox(key="token_merchant").set_value(1)
    app.button(key="token_make").click().run()
    [code] = app.code
    assert tokens.authenticate(code.value).scope.id == 1
    app.run()
    assert [*app.code] == []
    assert "report \\*of\\* Fern" in {text.value for text in app.markdown}
    app.button(key="revoke_0").click().run()
    app.button(key="revoke").click().run()
    assert list(tokens.list()) == []


def test_what_cannot_be_a_token_is_told(app, filled, tokens):
    tokens.create("laptop", [ADMIN_ACCESS])
    app.run()
    app.switch_page("views/tokens.py").run()
    app.text_input(key="token_name").set_value("laptop")
    app.button(key="token_make").click().run()
    assert "There is a token named &#x27;laptop&#x27; already" in html(app)
    assert [*app.code] == []


def test_refused_events_are_counted_shown_and_tried_again(app, filled):
    app.run()
    app.switch_page("views/refused.py").run()
    assert "Nothing was refused in the last 7 days" in html(app)
    hour = filled.clock().replace(minute=0)
    with filled.database.write() as session:
        session.add(EventRejectionCount(website_id="", hour=hour, reason="unknown_website", count=7))
        body = {"payload": "<script>alert(1)</script>"}
        session.add(RejectedEvent(received_at=hour, reason="unknown_website", detail="<b>no site</b>", body=body))
    app.run()
    assert "<td>Unknown website</td><td>unknown</td><td>7</td><td>7</td><td>2026-06-15 12:00</td>" in html(app)
    assert "&lt;b&gt;no site&lt;/b&gt;" in html(app)
    assert "<script>" in app.code[0].value
    (chart,) = app.get("plotly_chart")
    assert "Unknown website" in chart.proto.spec
    assert "unknown_website" not in chart.proto.spec
    app.button(key="rehearse").click().run()
    assert "0 would be stored, 0 there already, 1 refused still: unknown website." in html(app)
    assert not app.exception


def test_jobs_tell_how_they_went_and_run_when_asked(app, filled):
    app.run()
    app.switch_page("views/jobs.py").run()
    assert "No job has run yet" in html(app)
    app.button(key="run_close-sessions").click().run()
    assert not app.exception
    assert "No job has run yet" not in html(app)
    assert "Last run: 2026-06-15 12:00 UTC" in html(app)
