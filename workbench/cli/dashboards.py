"""`workbench dashboards …`: dashboards as YAML files, for version control and other machines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stats_core.errors import ConfigurationError, ExpectedError, InvalidOptionsError, Problem
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell, tell_table

if TYPE_CHECKING:
    from stats_core.composition import Workbench
    from stats_core.panels.dashboards import Plan
    from stats_core.panels.difference import Difference, FieldChange

PAGE = 500  # dashboards per read
AUTHOR = "shell"  # in the history, of what these commands change
LONGEST = 120  # characters of a value in a plan
_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def export(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; default: all.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write a file each; default: to stdout.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Write dashboards with their panels as YAML: the same bytes as long as nothing changed."""
    with opened(database) as workbench:
        for dashboard_id in ids or all_ids(workbench):
            text = workbench.dashboards.export_yaml(dashboard_id)
            if folder is None:
                tell(f"---\n{text}".rstrip("\n"))
            else:
                tell(str(_write(folder, _file_name(workbench.dashboards.get(dashboard_id).name, dashboard_id), text)))


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files as `dashboards export` writes them.")],
    plan: Annotated[bool, typer.Option("--plan", help="Say what would change, and change nothing.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Make stored dashboards equal to files: by id, else as new ones. A file that is wrong changes nothing."""
    with opened(database) as workbench:
        texts = [(file, _read(file)) for file in files]
        plans = [_planned(workbench, file, text) for file, text in texts]
        for (file, text), item in zip(texts, plans, strict=True):
            if plan:
                tell("\n".join(_plan_lines(item, file)))
            else:
                dashboard = workbench.dashboards.by(AUTHOR).import_yaml(text)
                tell(f"{dashboard.id}  {dashboard.name}")


def history(
    dashboard_id: Annotated[str, typer.Argument(metavar="ID", help="Of the dashboard.")],
    number: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", help="Say what restoring this version would change.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """List the last versions of a dashboard: when, who, what; or what is different in one of them."""
    with opened(database) as workbench:
        if number is not None:
            found = workbench.dashboards.compare(dashboard_id, number)
            tell("\n".join(_lines(found)) if found else "Nothing is different.")
        elif versions := workbench.dashboards.history(dashboard_id):
            moment = "%Y-%m-%d %H:%M:%S"
            rows = [(item.number, item.created_at.strftime(moment), item.author, item.action) for item in versions]
            tell_table(("version", "when (UTC)", "who", "what"), rows)
        else:
            say("Nothing was changed since changes are recorded.")


def restore(
    dashboard_id: Annotated[str, typer.Argument(metavar="ID", help="Of the dashboard.")],
    number: Annotated[int, typer.Argument(metavar="VERSION", help="As `dashboards history` lists it.")],
    database: DatabaseOption = None,
) -> None:
    """Make a dashboard what it was in a version; that is a new version, so nothing in between is lost."""
    with opened(database) as workbench:
        dashboard = workbench.dashboards.by(AUTHOR).restore(dashboard_id, number)
        tell(f"{dashboard.id}  {dashboard.name}")


def all_ids(workbench: Workbench) -> list[str]:
    """Every dashboard, by name."""
    ids: list[str] = []
    while (page := workbench.dashboards.list(limit=PAGE, offset=len(ids))).items:
        ids += [item.id for item in page.items]
    return ids


def _planned(workbench: Workbench, file: Path, text: str) -> Plan:
    try:
        return workbench.dashboards.plan_yaml(text)
    except ExpectedError as error:
        raise InvalidOptionsError(_in_file(file, problem) for problem in error.problems) from error


def _plan_lines(plan: Plan, file: Path) -> Iterator[str]:
    if plan.dashboard_id is None:
        yield f"create  {plan.name}  ({len(plan.difference.panels)} panels, from {file})"
    elif plan.difference:
        yield f"change  {plan.name}  ({plan.dashboard_id}, from {file})"
        yield from _lines(plan.difference)
    else:
        yield f"keep    {plan.name}"


def _lines(found: Difference) -> Iterator[str]:
    """A line per field and panel that is different, with its path."""
    yield from _field_lines(found.fields, indent="  ")
    for panel in found.panels:
        yield f"  {_MARKS[panel.kind]} {panel.path} {panel.title}"
        yield from _field_lines(panel.fields, indent="      ")


def _field_lines(fields: Iterable[FieldChange], indent: str) -> Iterator[str]:
    for field in fields:
        sides = {"added": [field.after], "removed": [field.before], "changed": [field.before, field.after]}
        yield f"{indent}{_MARKS[field.kind]} {field.path}: {' -> '.join(map(_shown, sides[field.kind]))}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _in_file(file: Path, problem: Problem) -> Problem:
    return Problem(f"{file}: {problem.path}" if problem.path else str(file), problem.message, problem.hint)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}."
        raise ConfigurationError(msg, hint="Give files as `workbench dashboards export` writes them.") from error


def _write(folder: Path, name: str, text: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder / name} cannot be written: {error.strerror}.") from error
    return folder / name


def _file_name(name: str, dashboard_id: str) -> str:
    """`website-traffic.dash_01J….yaml`: readable, and different for dashboards of one name."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{slug[:60]}.{dashboard_id}.yaml" if slug else f"{dashboard_id}.yaml"
