"""The tree of commands: which function answers which name, with an example for its help page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from stats_core.errors import ExpectedError
from workbench.cli import check, dashboards, demo, log_import, operation, panel, rollup, schema, seed, serve, website
from workbench.cli.talk import complain

EXPECTED = 2  # exit code of an error that its reader can mend; 1 is a bug


@dataclass(frozen=True, slots=True)
class Command:
    """A name, the function behind it, and how one would call it."""

    name: str
    run: Callable[..., Any]
    example: str


COMMANDS = (
    Command("demo", demo.demo, "workbench demo --port 8502"),
    Command("serve", serve.serve, "workbench serve --host 0.0.0.0 --port 8501"),
    Command("migrate", schema.migrate, "workbench migrate --database postgresql://stats@db.example/stats"),
    Command("check", check.check, "workbench check"),
    Command("seed", seed.seed, "workbench seed"),
    Command(
        "import-logs", log_import.import_logs, "workbench import-logs /var/log/nginx/access.log* --website example.com"
    ),
    Command("rollup", rollup.rollup, "workbench rollup --from 2026-01-01 --to 2026-01-31"),
    Command("reconcile", rollup.reconcile, "workbench reconcile"),
)
GROUPS = {
    "website": (
        "The websites whose traffic is kept.",
        (
            Command("add", website.add, "workbench website add example.com --timezone Europe/Berlin"),
            Command("list", website.list_all, "workbench website list"),
        ),
    ),
    "dashboards": (
        "Dashboards as YAML files.",
        (
            Command("export", dashboards.export, "workbench dashboards export -o dashboards/"),
            Command("import", dashboards.import_files, "workbench dashboards import dashboards/*.yaml --plan"),
        ),
    ),
    "panel": (
        "Stored panels.",
        (Command("resolve", panel.resolve, "workbench panel resolve panel_01J9ZV5Y0R --csv > figure.csv"),),
    ),
    "operation": (
        "Single questions.",
        (Command("run", operation.run, """echo '{"entity": "partner"}' | workbench operation run read_data -"""),),
    ),
}


def build() -> typer.Typer:
    """The command-line application."""
    app = _application("Website traffic and business numbers in one place.")
    _add(app, COMMANDS)
    for name, (purpose, commands) in GROUPS.items():
        group = _application(purpose)
        _add(group, commands)
        app.add_typer(group, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 when it worked, 2 for what its caller can mend, 1 with a traceback for a bug."""
    try:
        build()(arguments, prog_name="workbench")
    except ExpectedError as error:
        complain(error)
        sys.exit(EXPECTED)


def _application(purpose: str) -> typer.Typer:
    return typer.Typer(help=purpose, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _add(app: typer.Typer, commands: Sequence[Command]) -> None:
    for command in commands:
        app.command(command.name, epilog=f"Example: {command.example}")(command.run)
