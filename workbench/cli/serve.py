"""`workbench serve`: the one process."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

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


def serve(
    host: HostOption = "127.0.0.1", port: PortOption = 8501, jobs: JobsOption = False, database: DatabaseOption = None
) -> None:
    """Serve the app until it is stopped; `/healthz` answers 200 when it is ready."""
    with opened(database) as workbench, listening(host, port) as bound:
        say_first_link(workbench, bound)
        serve_on(bound, workbench, host, jobs=jobs)


def listening(host: str, port: int) -> socket:
    """A socket at this address; taken before any other work, so that a port in use is said at once."""
    from workbench.server import listen

    return listen(host, port)


def say_first_link(workbench: Workbench, bound: socket) -> None:
    """A link with a token, as Jupyter prints one, as long as there is none that opens the workbench."""
    from stats_core.access.tokens import FIRST_START_DAYS, Tokens
    from workbench.server import address_of

    if (token := Tokens(workbench.database, workbench.clock).create_first()) is None:
        return
    settings = workbench.settings
    address = settings.public_url.rstrip("/") if "public_url" in settings.model_fields_set else address_of(bound)
    say(f"First start. This link has a token for you, good for {FIRST_START_DAYS} days: {address}/?token={token}")


def serve_on(bound: socket, workbench: Workbench, host: str, *, jobs: bool) -> None:
    """Serve there until stopped, with the jobs or without, and say where."""
    from workbench import server
    from workbench.jobs.scheduler import running_jobs

    for problem in workbench.catalog.problems():
        say(f"warning: {problem}")
    if not jobs:
        say("Jobs do not run here: start with --jobs, or have cron call `workbench jobs run`.")
    app = server.create_app(workbench, host=host)
    with running_jobs(workbench) if jobs else nullcontext():
        server.run(
            app, bound, on_ready=lambda: say(f"Workbench is ready: {server.address_of(bound)}  (Ctrl-C stops it)")
        )
    say("Stopped.")
