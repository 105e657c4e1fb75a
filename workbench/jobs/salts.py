"""Salts of days gone by."""

from __future__ import annotations

from datetime import timedelta

from ingest.salts import destroy_old_salts
from stats_core.composition import Workbench
from stats_core.errors import ConfigurationError
from stats_core.traffic.steps import Stopping
from workbench.jobs.job import Every, Job, counted


def destroy_salts(workbench: Workbench, stopping: Stopping) -> str | None:
    """Destroy salts older than 48 hours, also where no event has come since.

    Raises:
        ConfigurationError: A file cannot be deleted.
    """
    del stopping  # there are a few files
    folder = workbench.settings.home / "salts"
    try:
        destroyed = destroy_old_salts(folder, workbench.clock())
    except OSError as error:
        msg = f"Old salts in {folder} cannot be destroyed: {error.strerror}."
        raise ConfigurationError(msg, hint="Delete them by hand.") from error
    return f"{counted(destroyed, 'salt')} destroyed." if destroyed else None


DESTROY_SALTS = Job(
    "destroy-salts",
    "Salts of visitors without an id of their own are destroyed after 48 hours.",
    Every(timedelta(hours=1)),
    destroy_salts,
)
