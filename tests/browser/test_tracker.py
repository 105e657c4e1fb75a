"""The tracker in Chromium, on pages of another origin: which events are stored, and what the page notices of it."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request
from sqlalchemy import select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.app import create_app
from ingest.script import TRACK, snippet
from stats_core.database import Database
from stats_core.models import AnalyticsEvent, AnalyticsSession, Website
from stats_core.settings import Settings
from workbench.server import listen

pytestmark = pytest.mark.browser

DEADLINE_S = 15
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
ANYWHERE = (b"access-control-allow-origin", b"*")
NOON = 1_790_000_000.0  # s
HALF_HOUR = 1_800.0
DAY = 86_400.0
STUB = "window.trackEvent=window.trackEvent||function(){(trackEvent.q=trackEvent.q||[]).push(arguments)}"


@dataclass(frozen=True)
class Sent:
    """A request to the endpoint, once it is answered."""

    method: str
    query: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int


class Front:
    """One server: the real event app at 127.0.0.1, and the pages of sites under all other names.

    It keeps what was sent, and answers 503 in the app's place while `refusing`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.port = 0
        self.refusing = False
        self.pages: dict[str, tuple[str, str]] = {}
        self.sent: list[Sent] = []
        self._answered = threading.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not dict(scope["headers"])[b"host"].startswith(b"127."):
            await self._show(scope["path"], send)
        elif scope["path"] == "/fence":
            await answer(send, 200, b"", ANYWHERE)
        elif scope["path"] == TRACK:
            await self._track(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _show(self, path: str, send: Send) -> None:
        text, policy = self.pages.get(path, ("", ""))
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        if policy:
            headers.append((b"content-security-policy", policy.encode()))
        await answer(send, 200 if text else 404, text.encode(), *headers)

    async def _track(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        while message.get("more_body"):
            more = await receive()
            message = {**more, "body": message["body"] + more["body"]}
        status = 503 if self.refusing else 200

        async def again() -> Message:
            return message

        if self.refusing:
            await answer(send, status, b"", ANYWHERE)
        else:
            await self.app(scope, again, send)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = json.loads(message["body"]) if message["body"] else {}
        with self._answered:
            self.sent.append(Sent(scope["method"], scope["query_string"].decode(), headers, body, status))
            self._answered.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds; it is asked after each answer."""
        with self._answered:
            assert self._answered.wait_for(condition, DEADLINE_S), self.sent


async def answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("tracker") / "workbench.db")
    with Database(f"sqlite:///{file}") as database:
        with database.write() as session:  # the event app reads them at its start
            session.add_all(Website(id=f"site-{number}", domain="localhost", name="x") for number in range(100))
        yield database


@pytest.fixture(scope="module")
def front(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    settings = Settings(
        database_url=database.url, home=tmp_path_factory.mktemp("home"), rate_limit_client=10_000, public_url="http://x"
    )
    front = Front(create_app(settings))
    with listen("127.0.0.1", 0) as bound:
        bound.listen()  # who comes before the app has started waits
        server = uvicorn.Server(uvicorn.Config(front, lifespan="on", ws="none", log_level="warning"))
        front.port = bound.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        yield front
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """Playwright switches the back/forward cache off; names below `example` lead here."""
    browser = launch(
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        f"--user-agent={AGENT}",  # a headless browser's own is that of a bot
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


class Web:
    """A site with pages, a browser that has not seen it before, and what was stored of it."""

    def __init__(self, front: Front, database: Database, browser: Browser, website_id: str) -> None:
        self.front, self.database, self.website_id = front, database, website_id
        self.stats = f"http://127.0.0.1:{front.port}"
        self.site = f"http://localhost:{front.port}"
        self.script = snippet(self.stats, website_id)
        self.requested: list[Request] = []
        self.errors: list[str] = []
        self.context: BrowserContext = browser.new_context(timezone_id="Europe/Berlin")
        self.context.set_default_timeout(DEADLINE_S * 1000)
        self.context.on("request", self._request)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        front.refusing, front.pages = False, {}

    def _request(self, request: Request) -> None:
        if request.url.endswith(TRACK):
            self.requested.append(request)

    def tag(self, attributes: str) -> str:
        """The pasted line with more attributes."""
        return self.script.replace(" defer", f" {attributes} defer")

    def page(self, path: str = "/", *, script: str | None = None, before: str = "", policy: str = "") -> str:
        """A page of the site at `path`, with the pasted line; gives its address."""
        text = f"<!doctype html><title>x</title>{before}{self.script if script is None else script}"
        self.front.pages[path] = (text, policy)
        return f"{self.site}{path}"

    def open(self, address: str) -> Page:
        page = self.context.new_page()
        page.goto(address)
        return page

    def offline(self, page: Page, *steps: str) -> None:
        """Cut the browser off and do what makes an event each; at the end every attempt to send one has failed."""
        self.context.set_offline(True)
        for step in steps:
            with page.expect_event("requestfailed", lambda request: request.url.endswith(TRACK)):
                page.evaluate(step)
            page.evaluate("0")  # the script has heard of it, too

    def attempts(self) -> list[Sent]:
        """What came in of this website, refused or not. A page of an earlier test may still say its last word."""
        return [sent for sent in self.front.sent if sent.body.get("website_id") in {self.website_id, None}]

    def arrived(self) -> list[dict[str, Any]]:
        """What the event app was given, in the order of the events."""
        return sorted((sent.body for sent in self.attempts() if sent.status == 200), key=itemgetter("event_id"))

    def wait(self, count: int) -> None:
        """Until so many events have been answered."""
        self.front.wait(lambda: len(self.arrived()) >= count)

    def sent(self, page: Page, count: int) -> list[dict[str, Any]]:
        """What the browser has sent, in the order of the events: exactly so many, and nothing is on its way."""
        self.wait(count)
        # What the tracker asks the network for before this is in `requested` after it.
        page.evaluate(f"fetch('{self.stats}/fence').then(() => 0)")
        assert len(self.requested) == len(self.arrived()) == count
        return self.arrived()

    def events(self) -> list[tuple[Any, ...]]:
        """Stored events in time, with visitors and sessions numbered as they come."""
        columns = (
            AnalyticsEvent.event_type, AnalyticsEvent.event_name, AnalyticsEvent.pathname,
            AnalyticsEvent.referrer_source, AnalyticsEvent.metadata_,
        )  # fmt: skip
        people = (AnalyticsEvent.visitor_id, AnalyticsEvent.session_id)
        chosen = select(*columns, *people).where(AnalyticsEvent.website_id == self.website_id)
        with self.database.read() as session:
            rows = session.execute(chosen.order_by(AnalyticsEvent.timestamp)).all()
        visitors = list(dict.fromkeys(row.visitor_id for row in rows))
        sessions = list(dict.fromkeys(row.session_id for row in rows))
        return [(*row[: len(columns)], visitors.index(row.visitor_id), sessions.index(row.session_id)) for row in rows]

    def sessions(self) -> list[tuple[Any, ...]]:
        """Stored sessions."""
        table = AnalyticsSession
        columns = (table.entry_page, table.exit_page, table.pageviews, table.events, table.is_bounce)
        chosen = select(*columns).where(table.website_id == self.website_id).order_by(table.started_at)
        with self.database.read() as session:
            return [tuple(row) for row in session.execute(chosen)]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(100))


@pytest.fixture
def web(front: Front, database: Database, browser: Browser, numbers: Iterator[int]) -> Iterator[Web]:
    web = Web(front, database, browser, f"site-{next(numbers)}")
    yield web
    web.context.close()
    assert web.errors == []
    assert {sent.method for sent in front.sent} <= {"POST"}  # no preflight, ever


def pageview(pathname: str = "/", source: str = "direct") -> tuple[Any, ...]:
    """As `Web.events` gives it: of the first visitor in the first session."""
    return ("pageview", None, pathname, source, {}, 0, 0)


def custom(name: str, metadata: dict[str, Any] | None = None, pathname: str = "/") -> tuple[Any, ...]:
    return ("custom_event", name, pathname, "direct", metadata or {}, 0, 0)


def unordered(events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """For events of one moment: the network may turn them round."""
    return sorted(events, key=str)


def storages(page: Page) -> tuple[list[str], list[str], str]:
    return tuple(page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]"))


def wait_for_queue(page: Page, length: int) -> None:
    """Until so many events of the tracker wait in the browser."""
    page.wait_for_function(
        "length => Object.keys(localStorage).filter(key => key.startsWith('workbench_event ')).length == length",
        arg=length,
    )


def test_a_pasted_line_counts_the_page_on_another_origin(web):
    web.page("/shop/café")
    page = web.open(f"{web.site}/shop/caf%C3%A9?utm_source=news&token=secret&REF=a%26b#part")
    (body,) = web.sent(page, 1)
    ids = {name: body.pop(name) for name in ("event_id", "visitor_id", "session_id", "age_ms")}
    assert body == {
        "website_id": web.website_id,
        "event_type": "pageview",
        "hostname": "localhost",
        "pathname": "/shop/caf%C3%A9",
        "query": "utm_source=news&REF=a%26b",
        "timezone": "Europe/Berlin",
        "referrer": "",
    }
    assert 0 <= ids.pop("age_ms") < DAY * 1000
    assert all(re.fullmatch(r"(\d{13}-)?\d{10,30}", value) for value in ids.values()), ids
    (sent,) = web.attempts()
    assert (sent.method, sent.headers["content-type"], sent.headers["origin"]) == (
        "POST", "text/plain;charset=UTF-8", web.site,
    )  # fmt: skip
    assert web.events() == [pageview("/shop/café", "news")]
    assert web.sessions() == [("/shop/café", "/shop/café", 1, 1, True)]
    assert storages(page) == (["workbench_session", "workbench_visitor"], ["workbench_session"], "")


def test_nothing_but_track_event_is_added_to_the_page(web):
    names = "Object.getOwnPropertyNames(window)"
    bare = web.open(web.page("/bare", script="")).evaluate(names)
    page = web.open(web.page())
    web.sent(page, 1)
    assert set(page.evaluate(names)) - set(bare) == {"trackEvent"}


def test_pages_that_lead_to_each_other_are_one_session_from_one_source(web):
    web.page("/a")
    outside = web.page(
        "/outside", script="<a href='http://shop.example:PORT/a'>a</a>".replace("PORT", str(web.front.port))
    )
    page = web.open(outside.replace("localhost", "news.example") + "?private=1")
    page.click("a")
    web.wait(1)
    page.evaluate("location.href = '/a?private=1'")
    web.wait(2)
    page.evaluate("location.href = '/a?b'")
    bodies = web.sent(page, 3)
    port = web.front.port
    assert not page.evaluate("isSecureContext")  # plain http works as well
    assert [body["referrer"] for body in bodies] == [
        f"http://news.example:{port}/", f"http://shop.example:{port}/a", f"http://shop.example:{port}/a",
    ]  # fmt: skip
    assert web.events() == [pageview("/a", "news.example"), pageview("/a"), pageview("/a")]
    assert web.sessions() == [("/a", "/a", 3, 3, False)]


@pytest.mark.parametrize("has_navigation_api", [True, False])
def test_a_site_that_navigates_by_history_counts_each_page_once(web, has_navigation_api):
    if not has_navigation_api:
        web.context.add_init_script("delete window.navigation")
    page = web.context.new_page()
    page.goto(web.page(), referer="https://news.example/today")
    popped = "new Promise(done => { addEventListener('popstate', () => done(), {once: true}); history.go(%d) })"
    seen = ["/"]
    for step, path in (
        ("history.pushState(1, '', '/a')", "/a"),
        ("history.pushState(2, '', '/a')", None),
        ("history.replaceState(3, '', '/b')", "/b"),
        ("history.replaceState(4, '')", None),
        ("history.pushState(5, '', '/b?page=2')", "/b"),
        ("history.pushState(6, '', '/b?page=2#part')", None),
        ("location.hash = 'other'", None),
        ("history.pushState(7, '', '/c'), history.replaceState(8, '', '/c')", "/c"),
        (popped % -1, "/b"),
        (popped % -3, "/b"),
    ):
        page.evaluate(step)
        seen += [path] if path else []
        web.sent(page, len(seen))
    assert page.evaluate("history.state") == 4
    assert web.events() == [pageview("/", "news.example"), *map(pageview, seen[1:])]
    assert web.sessions() == [("/", "/b", 7, 7, False)]


def test_a_site_that_puts_its_own_functions_into_history_is_counted(web):
    before = "<script>const first = history.pushState</script>"
    page = web.open(web.page(before=before))
    page.evaluate("void (history.pushState = function (...given) { return first.apply(this, given) })")
    page.evaluate("history.pushState(null, '', '/bypassed')")
    web.wait(2)
    page.evaluate(
        "{ const ours = history.replaceState; history.replaceState = (...given) => ours.apply(history, given); 0 }"
    )
    page.evaluate("history.replaceState(null, '', '/wrapped')")
    web.sent(page, 3)
    assert web.events() == [pageview("/"), pageview("/bypassed"), pageview("/wrapped")]


def test_what_history_refuses_is_still_refused(web):
    page = web.open(web.page())
    refused = page.evaluate(
        "(() => { try { history.pushState(1, '', 'https://other.example') } catch (error) { return error.name } })()"
    )
    assert refused == "SecurityError"
    web.sent(page, 1)


def test_an_event_of_the_site_is_stored_with_its_properties(web):
    page = web.open(web.page())
    web.wait(1)
    page.evaluate("trackEvent('signup', {plan: 'pro', seats: 3, trial: true, price: 9.5, note: 'ü', none: null})")
    web.wait(2)
    page.evaluate("trackEvent('plain')")
    web.sent(page, 3)
    properties = {"plan": "pro", "seats": 3, "trial": True, "price": 9.5, "note": "ü", "none": None}
    assert web.events() == [pageview(), custom("signup", properties), custom("plain")]
    assert web.sessions() == [("/", "/", 1, 3, False)]


def test_events_before_the_script_is_there_are_kept_by_the_stub(web):
    before = f"<script>{STUB};trackEvent('early', {{a: 1}});trackEvent('second')</script>"
    page = web.open(web.page(before=before))
    web.sent(page, 3)
    assert unordered(web.events()) == unordered([pageview(), custom("early", {"a": 1}), custom("second")])
    assert page.evaluate("trackEvent.q") is None


def test_track_event_never_throws(web):
    page = web.open(web.page())
    web.wait(1)
    page.evaluate(
        """() => {
            const circle = {}; circle.self = circle
            for (const given of [circle, {big: 1n}, {get trap() { throw new Error() }}]) trackEvent('bad', given)
            crypto.getRandomValues = () => { throw new Error() }
            trackEvent('no randomness')
        }"""
    )
    web.sent(page, 1)


def test_a_page_that_closes_right_after_a_click_has_told_of_it(web):
    button = "<button onclick=\"trackEvent('bought', {price: 5}); window.close()\">Buy</button>"
    web.page(before=button)
    opener = web.open(web.page("/opener", script=""))
    with opener.expect_popup() as opened:
        opener.evaluate("void window.open('/')")
    page = opened.value
    web.wait(1)
    with page.expect_event("close"):
        page.click("button", no_wait_after=True)
    web.wait(2)
    assert web.events() == [pageview(), custom("bought", {"price": 5})]
    assert web.sessions() == [("/", "/", 1, 2, False)]


def test_a_link_that_leaves_right_after_a_click_has_told_of_it(web):
    web.page("/next", script="")
    page = web.open(web.page(before="<a href=/next onclick=\"trackEvent('left')\">Next</a>"))
    web.wait(1)
    page.click("a")
    page.wait_for_url("**/next")
    web.wait(2)
    assert web.events() == [pageview(), custom("left")]


def test_two_tabs_are_one_visitor_in_one_session(web):
    first = web.open(web.page("/a"))
    web.wait(1)
    second = web.open(web.page("/b"))
    web.wait(2)
    first.evaluate("trackEvent('back in the first')")
    web.sent(second, 3)
    assert web.events() == [pageview("/a"), pageview("/b"), custom("back in the first", pathname="/a")]
    assert web.sessions() == [("/a", "/b", 2, 3, False)]


def test_a_session_ends_after_half_an_hour_for_all_tabs(web):
    web.page("/a")
    first, second = web.context.new_page(), web.context.new_page()
    for count, (page, after) in enumerate(
        [(first, 0), (second, HALF_HOUR), (first, 2 * HALF_HOUR + 0.001), (second, 2 * HALF_HOUR + 0.002)], 1
    ):
        page.clock.set_fixed_time(NOON + after)
        page.goto(f"{web.site}/a")
        web.wait(count)
    bodies = web.sent(second, 4)
    sessions = [body["session_id"] for body in bodies]
    assert [sessions.index(session) for session in sessions] == [0, 0, 2, 2]
    assert len({body["visitor_id"] for body in bodies}) == 1
    assert second.evaluate("sessionStorage.workbench_session") == sessions[3]


def test_a_site_that_clears_its_storage_ends_no_session(web):
    page = web.open(web.page())
    web.wait(1)
    page.evaluate("localStorage.clear()")
    page.evaluate("trackEvent('logged_out')")
    pageview_body, custom_body = web.sent(page, 2)
    assert pageview_body["session_id"] == custom_body["session_id"]
    assert pageview_body["visitor_id"] != custom_body["visitor_id"]


def test_what_happens_offline_is_stored_once_online_with_its_time(web):
    page = web.context.new_page()
    page.clock.set_fixed_time(NOON)
    page.goto(web.page())
    web.wait(1)
    web.offline(page, "history.pushState(null, '', '/offline')", "trackEvent('read', {words: 7})")
    wait_for_queue(page, 2)
    page.clock.set_fixed_time(NOON + 60)
    web.context.set_offline(False)
    web.wait(3)
    wait_for_queue(page, 0)
    assert sorted(body["age_ms"] for body in web.arrived()) == [0, 60_000, 60_000]
    # In the browser a minute went by and here none did, so that what happened offline comes first.
    assert unordered(web.events()[:2]) == unordered([pageview("/offline"), custom("read", {"words": 7}, "/offline")])
    assert web.events()[2:] == [pageview("/")]


def test_what_happens_offline_waits_for_the_next_visit(web):
    page = web.open(web.page())
    web.wait(1)
    web.offline(page, "trackEvent('offline')")
    wait_for_queue(page, 1)
    page.close()
    web.context.set_offline(False)
    again = web.open(f"{web.site}/")
    web.wait(3)
    wait_for_queue(again, 0)
    assert unordered(web.events()) == unordered([pageview(), custom("offline"), pageview()])


def test_a_server_in_trouble_gets_one_request_an_event_and_everything_later(web):
    web.front.refusing = True
    page = web.open(web.page())
    page.evaluate("trackEvent('first')")
    page.evaluate("trackEvent('second')")
    web.front.wait(lambda: len(web.attempts()) == 3)
    wait_for_queue(page, 3)
    web.front.refusing = False
    page.evaluate("trackEvent('third')")
    web.wait(4)
    wait_for_queue(page, 0)
    assert len(web.requested) == 7
    expected = [pageview(), custom("first"), custom("second"), custom("third")]
    assert unordered(web.events()) == unordered(expected)
    assert web.sessions() == [("/", "/", 1, 4, False)]


@pytest.mark.parametrize("storage", ["", 'data-storage="none"'])
def test_what_could_not_be_sent_is_sent_when_the_page_goes(web, storage):
    web.front.refusing = True
    web.page("/next", script="")
    page = web.context.new_page()
    with page.expect_response(f"**{TRACK}"):
        page.goto(web.page(script=web.tag(storage)))
    page.evaluate(f"fetch('{web.stats}/fence').then(() => 0)")  # by now the tracker has read its answer, too
    web.front.refusing = False
    page.goto(f"{web.site}/next")
    web.wait(1)
    assert [sent.headers["sec-fetch-mode"] for sent in web.attempts()] == ["cors", "no-cors"]  # a beacon
    assert web.events() == [pageview()]


def test_a_server_in_trouble_hears_of_an_event_twice_at_most(web):
    web.front.refusing = True
    page = web.context.new_page()
    for path in ("/a", "/b"):
        with page.expect_response(f"**{TRACK}"):
            page.goto(web.page(path))
        page.evaluate(f"fetch('{web.stats}/fence').then(() => 0)")
    page.goto(web.page("/bare", script=""))
    web.front.wait(lambda: len(web.attempts()) >= 4)
    assert sorted((sent.body["pathname"], sent.headers["sec-fetch-mode"]) for sent in web.attempts()) == [
        ("/a", "cors"), ("/a", "no-cors"), ("/b", "cors"), ("/b", "no-cors"),
    ]  # fmt: skip


def test_no_more_than_thirty_events_wait(web):
    page = web.context.new_page()
    page.clock.set_fixed_time(NOON)
    page.goto(web.page())
    web.wait(1)
    wait_for_queue(page, 0)
    for number in range(34):
        page.clock.set_fixed_time(NOON + number)
        web.offline(page, f"trackEvent('{number}')")
    wait_for_queue(page, 30)
    web.context.set_offline(False)
    wait_for_queue(page, 0)
    assert [body.get("event_name") for body in web.arrived()] == [None, *map(str, range(4, 34))]


def test_no_event_waits_longer_than_a_day(web):
    page = web.context.new_page()
    page.clock.set_fixed_time(NOON)
    page.goto(web.page())
    web.wait(1)
    web.offline(page, "trackEvent('two days ago')")
    page.clock.set_fixed_time(NOON + DAY + 1)
    web.offline(page, "trackEvent('a day ago')")
    page.clock.set_fixed_time(NOON + 2 * DAY + 1)
    web.offline(page, "trackEvent('today')")
    wait_for_queue(page, 2)
    web.context.set_offline(False)
    wait_for_queue(page, 0)
    assert [(body.get("event_name"), body["age_ms"]) for body in web.arrived()] == [
        (None, 0), ("a day ago", DAY * 1000), ("today", 0),
    ]  # fmt: skip


def test_an_event_that_is_too_large_holds_up_no_other(web):
    page = web.open(web.page())
    web.wait(1)
    page.evaluate("trackEvent('large', {text: 'x'.repeat(3e6)})")
    page.evaluate("trackEvent('small')")
    web.wait(3)
    wait_for_queue(page, 0)
    assert web.events() == [pageview(), custom("small")]


@pytest.mark.parametrize(
    "wish",
    [
        "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})",
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})",
        "if (location.protocol == 'http:') localStorage.workbench_ignore = 'true'",
    ],
    ids=["DNT", "GPC", "ignore flag"],
)
def test_who_does_not_want_to_be_counted_is_not(web, wish):
    web.context.add_init_script(wish)
    page = web.open(web.page(before=f"<script>{STUB};trackEvent('early')</script>"))
    page.evaluate("history.pushState(null, '', '/a')")
    page.evaluate("trackEvent('x')")
    web.sent(page, 0)
    flag = ["workbench_ignore"] if "ignore" in wish else []
    assert storages(page) == (flag, [], "")


def test_without_storage_nothing_is_kept_and_the_server_finds_the_session(web):
    web.context.add_init_script(
        """window.touched = []
        const guard = (owner, name) =>
            Object.defineProperty(owner, name, {get() { touched.push(name) }, set() { touched.push(name) }})
        for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) guard(window, name)
        guard(Document.prototype, 'cookie')"""
    )
    web.page("/b", script=web.tag('data-storage="none"'))
    page = web.open(web.page("/a", script=web.tag('data-storage="none"')))
    web.wait(1)
    page.evaluate("trackEvent('x')")
    web.wait(2)
    page.goto(f"{web.site}/b")
    bodies = web.sent(page, 3)
    assert page.evaluate("touched") == []
    assert not [name for body in bodies for name in ("visitor_id", "session_id") if name in body]
    assert web.events() == [pageview("/a"), custom("x", pathname="/a"), pageview("/b")]
    assert web.sessions() == [("/a", "/b", 2, 3, False)]


def test_without_storage_events_wait_in_memory(web):
    page = web.open(web.page(script=web.tag('data-storage="none"')))
    web.wait(1)
    web.offline(page, "trackEvent('offline')")
    web.context.set_offline(False)
    web.wait(2)
    assert unordered(web.events()) == unordered([pageview(), custom("offline")])
    assert storages(page) == ([], [], "")


def test_a_page_whose_storage_throws_is_counted_without_ids(web):
    page = web.open(web.page(policy="sandbox allow-scripts"))  # as a browser that blocks all cookies does
    assert (
        page.evaluate("(() => { try { return localStorage } catch (error) { return error.name } })()")
        == "SecurityError"
    )
    web.wait(1)
    page.evaluate("trackEvent('x')")
    bodies = web.sent(page, 2)
    assert not [name for body in bodies for name in ("visitor_id", "session_id") if name in body]
    assert web.events() == [pageview(), custom("x")]
    assert web.sessions() == [("/", "/", 1, 2, False)]


def test_a_page_whose_storage_is_full_is_counted_and_remembers_by_itself(web):
    fill = """<script>
        for (let size = 1 << 22; size; size >>= 1)
            for (const storage of [localStorage, sessionStorage])
                try { storage.setItem('x' + size, 'x'.repeat(size)) } catch {}
    </script>"""
    page = web.open(web.page(before=fill))
    web.wait(1)
    web.offline(page, "trackEvent('offline')")
    web.context.set_offline(False)
    web.wait(2)
    assert unordered(web.events()) == unordered([pageview(), custom("offline")])
    assert not [key for key in storages(page)[0] if key.startswith("workbench")]


def test_a_page_that_comes_back_from_the_cache_of_the_browser_counts_again(web):
    web.page("/next", script="")
    page = web.open(web.page())
    web.wait(1)
    page.evaluate("window.kept = 1")
    page.goto(f"{web.site}/next")
    page.go_back(wait_until="commit")
    web.wait(2)
    assert page.evaluate("window.kept") == 1  # no script ran again
    web.sent(page, 2)
    assert web.events() == [pageview(), pageview()]
    assert web.sessions() == [("/", "/", 2, 2, False)]


def test_a_script_that_stands_on_the_page_twice_counts_once(web):
    page = web.open(web.page(script=f"{web.script}<script>{STUB}</script>{web.script}"))
    web.wait(1)
    page.add_script_tag(url=f"{web.stats}/analytics.js")
    page.evaluate("history.pushState(null, '', '/a')")
    web.wait(2)
    page.evaluate("trackEvent('x')")
    web.sent(page, 3)
    assert web.events() == [pageview(), pageview("/a"), custom("x", pathname="/a")]


def test_a_page_that_is_prepared_ahead_counts_when_it_is_shown(web):
    # Browsers that are driven from outside prepare nothing: this plays what Chromium does otherwise.
    web.context.add_init_script(
        "window.ahead = true; Object.defineProperty(Document.prototype, 'prerendering', {get: () => ahead})"
    )
    page = web.open(web.page(before=f"<script>{STUB};trackEvent('early')</script>"))
    page.evaluate("history.replaceState(null, '', '/a')")
    web.sent(page, 0)
    assert storages(page) == ([], [], "")
    page.evaluate("ahead = false; document.dispatchEvent(new Event('prerenderingchange'))")
    web.sent(page, 2)
    assert unordered(web.events()) == unordered([pageview("/a"), custom("early", pathname="/a")])


def test_a_saved_page_tells_nothing(web, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html>{web.script}")
    page = web.open(file.as_uri())
    page.evaluate("trackEvent('x')")
    web.sent(page, 0)


def test_the_line_may_name_another_endpoint(web):
    web.open(web.page(script=web.tag(f'data-api="{web.stats}{TRACK}?by=proxy"')))
    web.wait(1)
    assert web.events() == [pageview()]
    assert web.attempts()[0].query == "by=proxy"


@pytest.mark.parametrize("kind", ["type=module", "async", ""])
def test_it_does_not_matter_how_the_script_is_loaded(web, kind):
    page = web.open(web.page(script=web.script.replace("defer", kind)))
    web.sent(page, 1)
    assert web.events() == [pageview()]
