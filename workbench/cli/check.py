"""`workbench check`."""

from __future__ import annotations

import sys

from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell

WRONG = 2


def check(database: DatabaseOption = None) -> None:
    """Say what is wrong with the settings, the schema, the attached databases and the stored panels."""
    with opened(database) as workbench:  # settings and schema are checked by opening
        stored = workbench.dashboards.check()
        problems = [*map(str, workbench.catalog.problems()), *map(str, stored)]
    for problem in problems:
        tell(problem)
    if problems:
        say(f"{len(problems)} problems." if len(problems) > 1 else "1 problem.")
        sys.exit(WRONG)
    say("Nothing is wrong.")
