"""`workbench dashboards …`: dashboards as YAML files, for version control and other machines."""

from __future__ import annotations

import re
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stats_core.errors import ConfigurationError, ExpectedError, InvalidOptionsError, NotFoundError, Problem
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import tell

if TYPE_CHECKING:
    from stats_core.composition import Workbench

PAGE = 500  # dashboards per read


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
        for file, text in texts:
            try:
                _plan(workbench, file, text) if plan else _import(workbench, text)
            except ExpectedError as error:
                raise InvalidOptionsError(_in_file(file, problem) for problem in error.problems) from error


def all_ids(workbench: Workbench) -> list[str]:
    """Every dashboard, by name."""
    ids: list[str] = []
    while (page := workbench.dashboards.list(limit=PAGE, offset=len(ids))).items:
        ids += [item.id for item in page.items]
    return ids


def _import(workbench: Workbench, text: str) -> None:
    dashboard = workbench.dashboards.import_yaml(text)
    tell(f"{dashboard.id}  {dashboard.name}")


def _plan(workbench: Workbench, file: Path, text: str) -> None:
    wished = workbench.dashboards.read_yaml(text)
    stored = _stored(workbench, wished.id)
    if stored is None:
        tell(f"create  {wished.name}  ({len(wished.panels)} panels, from {file})")
    elif changes := list(unified_diff(stored.splitlines(), text.splitlines(), "stored", str(file), lineterm="")):
        tell("\n".join([f"change  {wished.name}", *changes]))
    else:
        tell(f"keep    {wished.name}")


def _stored(workbench: Workbench, dashboard_id: str | None) -> str | None:
    try:
        return workbench.dashboards.export_yaml(dashboard_id) if dashboard_id else None
    except NotFoundError:
        return None


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
