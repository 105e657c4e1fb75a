"""Panels as tests ask them: their number, their rows, and the same question over other days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from stats_core.composition import Workbench
from stats_core.panels.finding import find_panel
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import Answer, answer
from workbench.figures.formats import as_number


@dataclass(frozen=True)
class AskedPanel:
    """A panel or a call, asked once: the first look at its answer resolves it.

    Attributes:
        name: How messages call it.
        variables: Values for the variables of its dashboard.
    """

    workbench: Workbench = field(repr=False)
    name: str
    panel: PanelSpec = field(repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None

    @cached_property
    def result(self) -> PanelResult:
        """The whole answer.

        Raises:
            ExpectedError: It has none.
        """
        return self.workbench.resolver.resolve_panel(self.panel, variables=self.variables, timezone=self.timezone)

    @property
    def hash(self) -> str:
        """Of the call: equal wherever the same is asked."""
        return self.workbench.resolver.asked(self.panel, variables=self.variables, timezone=self.timezone).hash

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its rows, groups or buckets; a single value is one row."""
        return [dict(row) for row in self._answer.rows]

    @property
    def value(self) -> Any:
        """The one number: the value, or that of the first row or group, or of the latest bucket; None without any."""
        found = self._answer
        if not found.rows or found.value is None:
            return None
        return found.rows[-1 if found.kind == "buckets" else 0].get(found.value)

    @property
    def values(self) -> list[Any]:
        """The number of every row, group or bucket."""
        found = self._answer
        return [] if found.value is None else [row.get(found.value) for row in found.rows]

    @property
    def total(self) -> Any:
        """The sum of its numbers; null counts as nothing."""
        return sum(value for value in self.values if as_number(value) is not None)

    def given(self, **variables: Any) -> AskedPanel:
        """The same with other values for variables: `.given(website="website_example")`."""
        return replace(self, variables={**self.variables, **variables})

    def over(self, first: date, last: date) -> AskedPanel:
        """The same over these days, the last one included."""
        days = {"from": first.isoformat(), "to": last.isoformat()}
        options = {**self.panel.operation_options, "range": days}
        name = f"{self.name} from {first} to {last}"
        return replace(self, name=name, panel=self.panel.model_copy(update={"operation_options": options}))

    def days(self, count: int, *, ago: int = 0) -> AskedPanel:
        """The same over so many full days, the last of them yesterday or `ago` days before that.

        Example:
            `.days(7)` is the last week and `.days(7, ago=7)` the one before.
        """
        asked = self.workbench.resolver.asked(self.panel, variables=self.variables, timezone=self.timezone)
        yesterday = self.workbench.clock().astimezone(ZoneInfo(asked.timezone)).date() - timedelta(days=1 + ago)
        return self.over(yesterday - timedelta(days=count - 1), yesterday)

    @cached_property
    def _answer(self) -> Answer:
        return answer(self.result.data, self.result.display)


@dataclass(frozen=True)
class Questions:
    """What the fixture `wb` is: panels by id or name, and any other call."""

    workbench: Workbench

    def panel(self, name: str, **variables: Any) -> AskedPanel:
        """A stored panel by its id, its name, or `Dashboard / Name` where several have that name.

        Raises:
            UnknownNameError: There is no such panel.
            AmbiguousNameError: Several have the name.
            NotFoundError: There is no panel with this id.
        """
        found = find_panel(self.workbench.dashboards, name)
        return AskedPanel(self.workbench, name, found, variables)

    def ask(self, operation_type: str, **options: Any) -> AskedPanel:
        """A call of an operation: `wb.ask("aggregate_data", entity="sales_order", aggregate={"fn": "count"})`."""
        panel = PanelSpec(operation_type=operation_type, operation_options=options)
        return AskedPanel(self.workbench, f"{operation_type} of {options.get('entity', '')}", panel)
