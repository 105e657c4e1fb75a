"""`workbench serve`: the one process."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from stats_core.errors import Note
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say

if TYPE_CHECKING:
    from socket import socket

    from stats_core.composition import Workbench

HostOption = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all of this machine's.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
JobsOption = Annotated[
    bool, typer.Option("--jobs", help="Run the jobs too: daily figures, pruning (`workbench jobs list`).")
]

SignInOption = Annotated[
    bool,
    typer.Option(
        "--no-sign-in", help="Let in whoever sits at this machine, without a token; at 127.0.0.1 alone, for a try."
    ),
]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LATELY = timedelta(hours=1)
NO_JOBS = (
    "Nobody runs the jobs: daily figures fall behind, and nothing is deleted in time. "
    "Start one process with --jobs, or have cron call `workbench jobs run`."
)


def serve(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8501,
    jobs: JobsOption = False,
    no_sign_in: SignInOption = False,
    database: DatabaseOption = None,
) -> None:
    """Serve the app until it is stopped; `/healthz` answers 200 when it is ready."""
    if no_sign_in:
        check_loopback(host)
    with opened(database) as workbench, listening(host, port) as bound:
        check_start(workbench)
        if not no_sign_in:
            say_first_link(workbench, bound)
        serve_on(bound, workbench, host, jobs=jobs, sign_in=not no_sign_in)


def check_loopback(host: str) -> None:
    """Refuse to let everybody in who comes from elsewhere.

    Raises:
        ConfigurationError: Other machines reach this address.
    """
    from stats_core.errors import ConfigurationError

    if host not in LOOPBACK:
        message = f"Without sign-in, {host} would be open to whoever reaches it."
        raise ConfigurationError(message, hint="Leave out --no-sign-in, or listen on 127.0.0.1.")


def listening(host: str, port: int) -> socket:
    """A socket at this address; taken before any other work, so that a port in use is said at once."""
    from workbench.server import listen

    return listen(host, port)


def check_start(workbench: Workbench) -> None:
    """Refuse to start where the server would fail on its way up.

    Raises:
        ConfigurationError: The secret or the GeoIP file cannot be used.
    """
    from ingest.app import check_ingest

    check_ingest(workbench.settings, clock=workbench.clock)


def has_jobs_elsewhere(workbench: Workbench) -> bool:
    """Whether cron or another process with --jobs has run a job lately."""
    from workbench.jobs.runs import last_runs

    since = workbench.clock() - LATELY
    return any(run.finished_at >= since for run in last_runs(workbench.database).values())


def say_first_link(workbench: Workbench, bound: socket) -> None:
    """A link with a token, as Jupyter prints one, as long as there is none that opens the workbench."""
    from stats_core.access.tokens import FIRST_START_DAYS, Tokens
    from workbench.server import address_of

    if (token := Tokens(workbench.database, workbench.clock).create_first()) is None:
        return
    settings = workbench.settings
    address = settings.public_url.rstrip("/") if "public_url" in settings.model_fields_set else address_of(bound)
    say(
        f"First start. This link has a token for you, good for {FIRST_START_DAYS} days: {address}/sign-in#token={token}"
    )


def serve_on(bound: socket, workbench: Workbench, host: str, *, jobs: bool, sign_in: bool = True) -> None:
    """Serve there until stopped, with the jobs or without, asking people to sign in or not, and say where."""
    from workbench import server
    from workbench.jobs.scheduler import running_jobs

    for problem in workbench.catalog.problems():
        say(f"{'note' if isinstance(problem, Note) else 'warning'}: {problem}")
    if not jobs and not has_jobs_elsewhere(workbench):
        say(f"warning: {NO_JOBS}")
    app = server.create_app(workbench, host=host, sign_in=sign_in)
    with running_jobs(workbench) if jobs else nullcontext():
        server.run(
            app, bound, on_ready=lambda: say(f"Workbench is ready: {server.address_of(bound)}  (Ctrl-C stops it)")
        )
    say("Stopped.")
