"""Rehearsals: an operation gets as far as its finished statement, which nobody runs.

So a panel is proved when it is saved: names, values and ranges are looked up as they will be, and no database is asked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.plans import Plan
from stats_core.catalog.rows import Rows
from stats_core.catalog.source import RunContext, Source
from stats_core.errors import SourceUnavailableError
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Operation, Options


class RehearsalCatalog(Catalog):
    """The same entities as another catalog's; its sources do not answer."""

    def __init__(self, catalog: Catalog) -> None:
        vars(self).update(vars(catalog))

    def source(self, name: str) -> Source:
        """The source as it looks, without its database."""
        return _Stage(super().source(name))


def rehearse(operation: Operation[Any], options: Options, context: OperationContext) -> None:
    """Whether the operation can make a statement of these options.

    Args:
        operation: It sees the options as when it is executed.
        options: Validated.
        context: With a RehearsalCatalog.

    Raises:
        ExpectedError: What it would raise before it asks its source. A source that is away is no fault of the options.
    """
    try:
        operation.execute(options, context)
    except (_StatementReadyError, SourceUnavailableError):
        return


class _StatementReadyError(Exception):
    """The operation has asked its source; that is all a rehearsal wants to see."""


class _Stage:
    """A source that is asked nothing."""

    def __init__(self, source: Source) -> None:
        self.name, self.dialect = source.name, source.dialect

    def run(self, _statement: Select[Any], _context: RunContext) -> Rows:
        """Never an answer."""
        raise _StatementReadyError

    def plan(self, _statement: Select[Any], _context: RunContext) -> Plan:
        """Never a plan."""
        raise _StatementReadyError
