"""The folder whose settings hold for a notebook: kernels run in the notebook's own folder, often below it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from stats_core.errors import ConfigurationError
from stats_core.settings import DEFAULT_CONFIG, Settings

HOME: Final = ".workbench"
_FILES: Final = frozenset({"sqlite", "duckdb"})  # engines whose database is a path


def settings_here(start: Path | None = None, **given: Any) -> Settings:
    """The settings of the project around a folder, with paths that hold wherever the process is.

    Args:
        start: Default: the working directory.
        given: Settings that win over files and environment.

    Raises:
        ConfigurationError: The file of settings cannot be read.
        InvalidOptionsError: A setting does not validate.
    """
    root = project_of(start or Path.cwd())
    with _inside(root):
        settings = Settings.load(**given)
    sources = {
        name: source.model_copy(update={"url": absolute(source.url, root)}) for name, source in settings.sources.items()
    }
    return settings.model_copy(
        update={
            "home": root / settings.home,
            "database_url": absolute(settings.database_url, root),
            "sources": sources,
        }
    )


def check_there(settings: Settings) -> None:
    """Refuse to make a database by looking for one: a wrong folder would get an empty workbench.

    Raises:
        ConfigurationError: The settings name a file that is not there.
    """
    file = _file_of(settings.database_url)
    if file is not None and not Path(file).exists():
        raise ConfigurationError(
            f"There is no workbench at {file}.",
            hint="Run `workbench demo --data-only` for demo data, or `workbench migrate` for an empty one, in the "
            "project's folder; open_workbench(url) opens another.",
        )


def project_of(folder: Path) -> Path:
    """The nearest folder, from this one upwards, with `workbench.toml` or `.workbench`; else this one."""
    folder = folder.resolve()
    found = (at for at in (folder, *folder.parents) if (at / DEFAULT_CONFIG).is_file() or (at / HOME).is_dir())
    return next(found, folder)


def absolute(url: str, root: Path) -> str:
    """The address with a whole path, where it names a file by a relative one."""
    file = _file_of(url)
    if file is None:
        return url
    return make_url(url).set(database=str((root / file).resolve())).render_as_string(hide_password=False)


def _file_of(url: str) -> str | None:
    """The path in an address; None where it names no file."""
    try:
        parsed = make_url(url)
    except ArgumentError:  # `Database` words it
        return None
    file = parsed.database
    return file if parsed.get_backend_name() in _FILES and file and not file.startswith((":", "file:")) else None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Settings are looked for in the working directory; a file of the environment's own stays where it is."""
    with contextlib.chdir(folder):
        yield
