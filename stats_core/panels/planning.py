"""Plans: an operation gets as far as its finished statement, which its database explains and does not run."""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import Select

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.plans import Plan
from stats_core.catalog.source import RunContext, Source
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Operation, Options


class PlanningCatalog(Catalog):
    """The same entities as another catalog's; its sources explain and do not answer."""

    def __init__(self, catalog: Catalog) -> None:
        vars(self).update(vars(catalog))

    def source(self, name: str) -> Source:
        """The source, which stops at the first statement."""
        return _Planner(super().source(name))


def plan_of(operation: Operation[Any], options: Options, context: OperationContext) -> Plan | None:
    """The plan of the first statement that the operation makes; None where it makes none.

    Args:
        operation: It sees the options as when it is executed.
        options: Validated.
        context: With a PlanningCatalog.

    Raises:
        ExpectedError: What executing it would raise, or the source gives no plans.
    """
    try:
        operation.execute(options, context)
    except _PlannedError as found:
        return found.plan
    return None


class _PlannedError(Exception):
    """The statement is explained; that is all there is to do."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class _Planner:
    """A source that explains."""

    def __init__(self, source: Source) -> None:
        self.name, self.dialect, self._source = source.name, source.dialect, source

    def run(self, statement: Select[Any], context: RunContext) -> NoReturn:
        """Never an answer."""
        raise _PlannedError(self._source.plan(statement, context))

    def plan(self, statement: Select[Any], context: RunContext) -> Plan:
        """The source's own."""
        return self._source.plan(statement, context)
