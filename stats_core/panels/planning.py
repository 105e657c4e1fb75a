"""Plans: an operation gets as far as a statement, which its database explains and does not run.

Some operations ask twice: which groups are the greatest, then their lines. What comes before the wanted statement is
answered, since the statement is made of that answer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.plans import Plan
from stats_core.catalog.rows import Rows
from stats_core.catalog.source import RunContext, Source
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Operation, Options


class PlanningCatalog(Catalog):
    """The same entities as another catalog's; its sources explain a statement before they answer it.

    Args:
        catalog: Whose sources are asked.
        wanted: The SQL whose plan is looked for.
    """

    def __init__(self, catalog: Catalog, wanted: str) -> None:
        vars(self).update(vars(catalog))
        self._wanted = wanted

    def source(self, name: str) -> Source:
        """The source, which stops at the wanted statement."""
        return _Planner(super().source(name), self._wanted)


def plan_of(operation: Operation[Any], options: Options, context: OperationContext) -> Plan | None:
    """The plan of the statement that the context's PlanningCatalog looks for; None where it is never asked.

    Raises:
        ExpectedError: What executing it would raise, or the source gives no plans.
    """
    try:
        operation.execute(options, context)
    except _PlannedError as found:
        return found.plan
    return None


class _PlannedError(Exception):
    """The wanted statement is explained; that is all there is to do."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class _Planner:
    """A source that explains."""

    def __init__(self, source: Source, wanted: str) -> None:
        self.name, self.dialect = source.name, source.dialect
        self._source, self._wanted = source, wanted

    def run(self, statement: Select[Any], context: RunContext) -> Rows:
        """The answer, unless it is the wanted statement."""
        found = self._source.plan(statement, context)
        if found.statement == self._wanted:
            raise _PlannedError(found)
        return self._source.run(statement, context)

    def plan(self, statement: Select[Any], context: RunContext) -> Plan:
        """The source's own."""
        return self._source.plan(statement, context)
