"""`workbench check`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stats_core.errors import ExpectedError, Note, Problem
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell

if TYPE_CHECKING:
    from stats_core.composition import Workbench

WRONG = 2


def check(database: DatabaseOption = None) -> None:
    """Say what is wrong with the settings, the schema, the attached databases and the stored panels.

    Exit code 2 if anything is. Notes, such as columns that are left out, are no faults.
    """
    with opened(database) as workbench:  # schema and most settings are checked by opening
        found = dict.fromkeys([*workbench.catalog.problems(), *ingest_problems(workbench)])  # each once
        stored = workbench.dashboards.check()
    wrong = [*(problem for problem in found if not isinstance(problem, Note)), *stored]
    for problem in wrong:
        tell(str(problem))
    for note in (problem for problem in found if isinstance(problem, Note)):
        tell(f"note: {note}")
    if wrong:
        say(f"{len(wrong)} problems." if len(wrong) > 1 else "1 problem.")
        sys.exit(WRONG)
    say("Nothing is wrong.")


def ingest_problems(workbench: Workbench) -> Iterator[Problem]:
    """What keeps events from being taken in, and what keeps server-side ones from their providers."""
    from ingest.app import check_ingest
    from ingest.providers.configured import analytics_problems
    from stats_core.traffic.websites import get_website

    settings = workbench.settings
    try:
        check_ingest(settings)
    except ExpectedError as error:
        yield from error.problems
    yield from analytics_problems(settings)
    if (website_id := settings.analytics.website_id) is not None:
        try:
            get_website(workbench.database, website_id)
        except ExpectedError as error:
            yield Problem("analytics.website_id", error.message, error.hint)
