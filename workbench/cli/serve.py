"""`workbench serve`: the one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say

if TYPE_CHECKING:
    from socket import socket

    from stats_core.composition import Workbench

HostOption = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all of this machine's.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


def serve(host: HostOption = "127.0.0.1", port: PortOption = 8501, database: DatabaseOption = None) -> None:
    """Serve the app until it is stopped; `/healthz` answers 200 when it is ready."""
    with opened(database) as workbench, listening(host, port) as bound:
        serve_on(bound, workbench, host)


def listening(host: str, port: int) -> socket:
    """A socket at this address; taken before any other work, so that a port in use is said at once."""
    from workbench.server import listen

    return listen(host, port)


def serve_on(bound: socket, workbench: Workbench, host: str) -> None:
    """Serve there until stopped, and say where."""
    from workbench import server

    for problem in workbench.catalog.problems():
        say(f"warning: {problem}")
    app = server.create_app(workbench, host=host)
    server.run(app, bound, on_ready=lambda: say(f"Workbench is ready: {server.address_of(bound)}  (Ctrl-C stops it)"))
    say("Stopped.")
