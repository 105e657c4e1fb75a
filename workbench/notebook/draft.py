"""A panel that is made in a notebook, step by step: each step gives a new draft and leaves the one before.

wb.draft("bar").aggregate("design", fn="count", group_by="partner.name", limit=10)
wb.draft("line", "Revenue").series("sales_order", fn="sum", field="total_cents", precision="week")
wb.draft("table").read("partner", fields=["name", "status"], sort="name")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from pydantic import ValidationError

from stats_core.errors import InvalidOptionsError
from stats_core.panels.finding import find_dashboard
from stats_core.panels.panel import PanelSpec, PanelType
from stats_core.panels.values import model_problems
from workbench.notebook.panel import Panel
from workbench.notebook.pinning import pinned
from workbench.notebook.shown import Setting

TTL_S: Final = 300  # what new panels of the editor have too


@dataclass(frozen=True, repr=False)
class Draft(Panel):
    """A panel that is not stored; `pin` stores it."""

    def aggregate(
        self,
        entity: str,
        *,
        fn: str | None = None,
        field: str | None = None,
        measure: str | None = None,
        group_by: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Self:
        """One figure over the rows of an entity, as a whole or by group.

        Args:
            entity: What a row is: `wb.catalog` lists them.
            fn: count, sum, avg, min, max or count_distinct; default: count, unless a measure is named.
            field: What fn is of; not needed for count.
            measure: A measure of the entity, in place of fn.
            group_by: A field or several, dotted over relations.
            options: filters, range, date_field, limit, sort, fetch_limit.
        """
        return self.ask(
            "aggregate_data", entity=entity, aggregate=_aggregate(fn, field, measure), group_by=group_by, **options
        )

    def series(
        self,
        entity: str,
        *,
        precision: str = "day",
        fn: str | None = None,
        field: str | None = None,
        measure: str | None = None,
        group_by: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Self:
        """One figure by hour, day, week, month, quarter or year.

        Args:
            entity: What a row is.
            precision: How long a bucket is.
            fn: As in `aggregate`.
            field: As in `aggregate`.
            measure: As in `aggregate`.
            group_by: A field whose values become lines.
            options: filters, range, date_field, timezone, series_limit, fill_gaps, fetch_limit.
        """
        aggregate = _aggregate(fn, field, measure)
        return self.ask(
            "time_series", entity=entity, aggregate=aggregate, precision=precision, group_by=group_by, **options
        )

    def read(
        self,
        entity: str,
        *,
        fields: Sequence[str] | None = None,
        sort: str | Sequence[Any] | None = None,
        **options: Any,
    ) -> Self:
        """Rows of an entity.

        Args:
            entity: What a row is.
            fields: Which of its fields, dotted over relations; default: all of its own.
            sort: A field, `-field` for the greatest first, or the operation's own list.
            options: filters, range, date_field, limit, offset.
        """
        return self.ask("read_data", entity=entity, fields=fields, sort=_sort(sort), **options)

    def ask(self, operation_type: str, **options: Any) -> Self:
        """Any operation with its options: `wb.operations` lists both. Options that are None are left out."""
        given = {name: _plain(value) for name, value in options.items() if value is not None}
        return self._with(operation_type=operation_type, operation_options=given, operation_version=None)

    def where(self, filters: Mapping[str, Any] | None = None, **equal: Any) -> Self:
        """Only these rows: `.where(status="PAID")`, `.where({"total_cents": {"$gte": 1000}})`; over earlier ones."""
        before = self.spec.operation_options.get("filters") or {}
        return self._option("filters", {**before, **(filters or {}), **equal})

    def over(self, range: str | int | Mapping[str, Any]) -> Self:  # noqa: A002 - the option's name
        """From when to when: "90d", 14 for so many days, or any range: {"from": "2026-01-01", "to": "2026-03-31"}."""
        given = (
            {"preset": range} if isinstance(range, str) else {"last_days": range} if isinstance(range, int) else range
        )
        return self._option("range", dict(given))

    def titled(self, name: str) -> Self:
        """With another title."""
        return self._with(name=name)

    def drawn_as(self, type: PanelType) -> Self:  # noqa: A002 - as panels call it
        """As another type: metric, list, table, bar, line, area or label."""
        return self._with(type=type)

    def shown(self, **display: Any) -> Self:
        """How it is shown, over what was said before: `format="percent"`, `limit=5`, `description="…"`."""
        before = self.spec.display.model_dump(exclude_defaults=True)
        return self._with(display={**before, **display})

    def sized(self, width: int, height: int) -> Self:
        """So many columns of twelve, and rows of 48 px."""
        return self._with(width=width, height=height)

    def kept(self, seconds: int | None) -> Self:
        """How old an answer may be; None: it is computed at every look."""
        return self._with(cache_ttl_seconds=seconds)

    def on(self, dashboard: str) -> Self:
        """With the variables and time zone of a dashboard, by name or id: its options may say {"$var": "range"}."""
        found = find_dashboard(self.setting.workbench.dashboards, dashboard)
        return replace(self, spec=self.spec.on(found.context))

    def pin(self, dashboard: str, *, create: bool = False) -> Panel:
        """Store it on a dashboard: a panel of the same name there is changed, else a new one stands below the others.

        Args:
            dashboard: Its name or id.
            create: Make the dashboard where there is none of this name.

        Raises:
            InvalidOptionsError: It does not validate, with a path for each fault.
            UnknownNameError: There is no such dashboard.
        """
        dashboards = self.setting.workbench.dashboards
        if create:
            dashboards.ensure(dashboard)
        return Panel(self.setting, pinned(dashboards, find_dashboard(dashboards, dashboard), self.spec))

    def _option(self, name: str, value: Any) -> Self:
        return self._with(operation_options={**self.spec.operation_options, name: _plain(value)})

    def _with(self, **changes: Any) -> Self:
        context = self.spec.context
        document = {**_document(self.spec), **changes}
        return replace(self, spec=_checked(document).on(context))


def begun(setting: Setting, type_: PanelType, name: str, display: Mapping[str, Any]) -> Draft:
    """An empty draft."""
    ttl = {} if type_ == "label" else {"cache_ttl_seconds": TTL_S}
    return Draft(setting, _checked({"type": type_, "name": name, "display": dict(display), **ttl}))


def draft_of(setting: Setting, spec: PanelSpec) -> Draft:
    """A panel to go on with in steps."""
    return Draft(setting, spec)


def _document(spec: PanelSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.model_fields_set}


def _checked(document: Mapping[str, Any]) -> PanelSpec:
    try:
        return PanelSpec.model_validate(document)
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, document, PanelSpec)) from error


def _aggregate(fn: str | None, field: str | None, measure: str | None) -> dict[str, str]:
    given = {"fn": fn, "field": field, "measure": measure}
    named = {name: value for name, value in given.items() if value is not None}
    return named if fn or measure else {"fn": "count", **named}


def _sort(sort: str | Sequence[Any] | None) -> list[Any] | None:
    if sort is None:
        return None
    wanted = [sort] if isinstance(sort, str) else list(sort)
    return [_sort_by(item) if isinstance(item, str) else item for item in wanted]


def _sort_by(name: str) -> dict[str, str]:
    return {"field": name.removeprefix("-"), "direction": "desc" if name.startswith("-") else "asc"}


def _plain(value: Any) -> Any:
    """As JSON has it: dates as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
