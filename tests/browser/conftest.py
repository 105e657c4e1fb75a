"""A real server over demo data, and Chromium that looks at it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from stats_core.composition import Workbench, open_workbench
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.demo import load_demo

TIMEOUT_MS = 30_000  # the first chart waits for 5 MB of script
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
# Streamlit looks for its own routes below the page's address first, and finds them at the root after a 404.
EXPECTED_404 = "/_stcore/"


@dataclass(frozen=True)
class Served:
    """A running server: its address, and the same database from this process."""

    url: str
    workbench: Workbench

    def dashboard(self, name: str) -> str:
        """The address of the dashboard of this name."""
        found = next(item for item in self.workbench.dashboards.list().items if item.name == name)
        return f"{self.url}/dashboard?id={found.id}"


@dataclass  # not frozen: Playwright marks the object whose methods it calls
class Watched:
    """A page, and what should not have happened on it."""

    page: Page
    origin: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, url: str) -> Page:
        """Go there and wait until everything is drawn."""
        self.page.goto(url)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the page has its title, no script runs, no skeleton waits, and no chart is still loading."""
        self.page.wait_for_selector("h1.wb-h1")
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_selector(".wb-skeleton, [data-testid=stSkeleton]", state="detached")

    def requested(self, request: Request) -> None:
        if not request.url.startswith((self.origin, self.origin.replace("http", "ws", 1), "data:", "blob:")):
            self.outside.append(request.url)

    def said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and EXPECTED_404 not in message.location["url"]:
            self.errors.append(message.text)


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """`launch("--an-argument", ignore_default_args=[…])`: a Chromium of its own.

    For a module, since Playwright keeps an event loop running meanwhile, in which `asyncio.run` of other tests fails.
    """
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"no Chromium here: none of {', '.join(NAMES)} is installed")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        yield lambda *args, **options: playwright.chromium.launch(
            executable_path=executable, args=[*ARGS, *args], **options
        )


@pytest.fixture(scope="module")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """`workbench serve` over a small part of the demo data."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/workbench.db"
        with open_workbench(Settings(database_url=url, home=Path(folder)), migrate=True) as workbench:
            load_demo(workbench.database, now=workbench.clock(), scale=0.05)
            seed(workbench.dashboards)
            with _running("serve", "--no-sign-in", "--port", "0", "--database", url, folder=folder) as address:
                yield Served(address, workbench)


@pytest.fixture(scope="session")
def running() -> Callable[..., AbstractContextManager[str]]:
    """`with running("serve", "--port", "0", folder=folder) as address`: the command until the block ends."""
    return _running


@pytest.fixture
def watch(chromium: Browser, served: Served) -> Iterator[Callable[..., Watched]]:
    """A page of the given width, in a browser that has seen nothing before."""
    contexts = []

    def opened(width: int = 1400, scheme: str = "light") -> Watched:
        context = chromium.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        watched = Watched(context.new_page(), served.url)
        watched.page.on("request", watched.requested)
        watched.page.on("console", watched.said)
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.on("dialog", lambda dialog: (watched.errors.append(dialog.message), dialog.dismiss()))
        return watched

    yield opened
    for context in contexts:
        context.close()


@contextmanager
def _running(*arguments: str, folder: str) -> Iterator[str]:
    """The command, until the block ends; gives the address that it says it listens on."""
    command = [sys.executable, "-m", "workbench", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "ready" in line:
                break
        address = next((word for word in "".join(said[-1:]).split() if word.startswith("http://127.0.0.1")), None)
        assert address, "".join(said)
        drained = threading.Thread(target=process.stdout.read)  # else a full pipe stops the server
        drained.start()
        try:
            yield address
        finally:
            process.terminate()
            process.wait(20)
            drained.join()
