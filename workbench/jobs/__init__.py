"""What the workbench does by itself: one file for each subject, and one line for each job in `JOBS`.

`docs/adding-a-job.md` adds one.
"""

from stats_core.operations.registry import Registry
from workbench.jobs.job import Job
from workbench.jobs.pruning import PRUNE
from workbench.jobs.refused import FORGET_REFUSED
from workbench.jobs.rollup import NIGHTLY_ROLLUP, ROLLUP
from workbench.jobs.salts import DESTROY_SALTS
from workbench.jobs.sessions import CLOSE_SESSIONS

JOBS: Registry[Job] = Registry(
    "job",
    (ROLLUP, NIGHTLY_ROLLUP, CLOSE_SESSIONS, PRUNE, FORGET_REFUSED, DESTROY_SALTS),
    name=lambda job: job.name,
)
"""All jobs, in the order in which `workbench jobs run` runs them."""
