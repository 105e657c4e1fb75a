"""The tree of commands: which function answers which name, with an example for its help page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from stats_core.errors import ExpectedError
from workbench.cli import (
    check,
    dashboards,
    demo,
    figure,
    jobs,
    log_import,
    operation,
    panel,
    publish,
    rejected,
    rollup,
    schema,
    seed,
    serve,
    token,
    website,
)
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
    Command("serve", serve.serve, "workbench serve --host 0.0.0.0 --port 8501 --jobs"),
    Command("migrate", schema.migrate, "workbench migrate --database postgresql://stats@db.example/stats"),
    Command("check", check.check, "workbench check"),
    Command("seed", seed.seed, "workbench seed"),
    Command(
        "import-logs", log_import.import_logs, "workbench import-logs /var/log/nginx/access.log* --website example.com"
    ),
    Command("figure", figure.figure, "workbench figure panel_01J9ZV5Y0R -o visitors.svg --size wide --range 90d"),
    Command("publish", publish.publish, "workbench publish posts/*.md --check --tolerance 5"),
    Command("rollup", rollup.rollup, "workbench rollup --from 2026-01-01 --to 2026-01-31"),
    Command("reconcile", rollup.reconcile, "workbench reconcile"),
    Command("close-sessions", jobs.close_sessions, "workbench close-sessions"),
    Command("prune", jobs.prune, "workbench prune --dry-run"),
)
GROUPS = {
    "website": (
        "The websites whose traffic is kept.",
        (
            Command("add", website.add, "workbench website add example.com --timezone Europe/Berlin"),
            Command(
                "set",
                website.change,
                "workbench website set site_1 --allow '*.example.com' --retention-days 365",
            ),
            Command("list", website.list_all, "workbench website list"),
            Command("snippet", website.print_snippet, "workbench website snippet example.com"),
        ),
    ),
    "token": (
        "Tokens: who may come in.",
        (
            Command("create", token.create, "workbench token create --name laptop --permission admin.access --days 90"),
            Command("list", token.list_all, "workbench token list"),
            Command("revoke", token.revoke, "workbench token revoke laptop"),
        ),
    ),
    "rejected": (
        "Events that were refused.",
        (
            Command("list", rejected.list_all, "workbench rejected list --reason foreign_hostname"),
            Command("replay", rejected.replay, "workbench rejected replay --website example.com --dry-run"),
        ),
    ),
    "jobs": (
        "What the workbench does by itself.",
        (
            Command("list", jobs.list_all, "workbench jobs list"),
            Command("run", jobs.run, "workbench jobs run rollup"),
        ),
    ),
    "dashboards": (
        "Dashboards as YAML files, and their last versions.",
        (
            Command("export", dashboards.export, "workbench dashboards export -o dashboards/"),
            Command("import", dashboards.import_files, "workbench dashboards import dashboards/*.yaml --plan"),
            Command("history", dashboards.history, "workbench dashboards history dash_01J9ZV5Y0R"),
            Command("restore", dashboards.restore, "workbench dashboards restore dash_01J9ZV5Y0R 3"),
        ),
    ),
    "panel": (
        "Stored panels.",
        (
            Command("resolve", panel.resolve, "workbench panel resolve panel_01J9ZV5Y0R --csv > figure.csv"),
            Command("list", panel.list_all, "workbench panel list"),
        ),
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
