"""The way of a panel: from a stored call to the answer that a page, a notebook, a post or a script shows.

1. find the operation            `find_operation`
2. upgrade the options           `upgrade_options`
3. fill variables, validate      `fill_variables`, `validate_options`
4. look in the cache             `address`, then `Cache.answer`: callers of one address share one execution
5. execute the operation         `execute`
6. the result                    `Resolver.resolve_panel`

Paths of errors name the place in the options as their author wrote them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from stats_core.catalog.catalog import Catalog
from stats_core.catalog.plans import Plan
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem, UnknownNameError
from stats_core.operations.context import OperationContext
from stats_core.operations.registry import Meta, Operation, Options, Registry
from stats_core.panels.cache import Answer, Cache, Freshness, Lru
from stats_core.panels.frozen import freeze
from stats_core.panels.panel import PanelResult, PanelSpec
from stats_core.panels.planning import PlanningCatalog, plan_of
from stats_core.panels.rehearsal import RehearsalCatalog, rehearse
from stats_core.panels.upgrades import upgraded
from stats_core.panels.values import canonical, model_problems, plain
from stats_core.panels.variables import Variables, fill
from stats_core.query.ranges import ALWAYS, Period, Range, resolve_range
from stats_core.query.zones import find_zone

QUESTIONS_REMEMBERED = 2048
QUESTIONS_BYTES = 32_000_000
PREVIEW = "preview"
TRIGGERED_BY: Final = MappingProxyType({"triggered_by": "stats_panel"})


@dataclass(frozen=True, slots=True)
class Call:
    """A question on its way; each step gives the next one what it needs.

    Attributes:
        variables: What the dashboard declares and the caller gives.
        document: The options as plain JSON: as written, then upgraded, then filled.
        options: The validated options.
        identity: Equal for calls that ask the same, whatever the day: see `identify`.
        website: The one website that is asked about, if there is one.
    """

    operation_type: str
    operation_version: int | None
    document: dict[str, Any]
    variables: Variables
    catalog: Catalog
    registry: Registry[Operation[Any]]
    operation: Operation[Any] | None = None
    options: Options | None = None
    identity: str = ""
    ranges: tuple[tuple[str, Range], ...] = ()
    website: str | None = None


def find_operation(call: Call) -> Call:
    """The operation by its name; an unknown one is answered with the nearest."""
    try:
        return replace(call, operation=call.registry[call.operation_type])
    except UnknownNameError as error:
        raise UnknownNameError("operation", call.operation_type, call.registry, path="operation_type") from error


def upgrade_options(call: Call) -> Call:
    """The options in the operation's current version."""
    return replace(call, document=upgraded(_of(call), plain(call.document), call.operation_version))


def fill_variables(call: Call) -> Call:
    """The options with values where variables stood."""
    fields = _of(call).options.model_fields.items()
    required = {alias for name, info in fields if info.is_required() for alias in (name, str(info.validation_alias))}
    return replace(call, document=fill(call.document, call.variables, required=required))


def validate_options(call: Call) -> Call:
    """The options as the operation's model reads them."""
    model = _of(call).options
    try:
        return replace(call, options=model.model_validate(call.document))
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, call.document, model)) from error


def identify(call: Call) -> Call:
    """What is asked, as text that is equal for equal questions: operation, version, options with defaults, source.

    Ranges are left out: they become dates only when somebody asks (`address`).
    """
    operation, options = _of(call), _validated(call)
    ranges = tuple((name, value) for name, value in options if isinstance(value, Range))
    asked = options.model_dump(mode="json", exclude={name for name, _ in ranges})
    entity = call.catalog.entities.get(str(asked.get("entity")))
    source = entity.source if entity is not None else None
    identity = canonical([operation.type, operation.version, asked, source])
    return replace(call, identity=identity, ranges=ranges, website=_website(call.document))


STEPS: Final[tuple[Callable[[Call], Call], ...]] = (
    find_operation,
    upgrade_options,
    fill_variables,
    validate_options,
    identify,
)


def address(call: Call, *, now: datetime, timezone: str, scope: Scope) -> str:
    """Under which the answer is kept: equal for equal questions of one scope and zone on one day.

    Raises:
        InvalidOptionsError: A range is no range.
    """
    zone = getattr(call.options, "timezone", None) or timezone
    periods = [(name, resolve_range(value, now, zone, path=name)) for name, value in call.ranges]
    dates = [(name, str(period.start), str(period.end)) for name, period in periods]
    return sha256(canonical([call.identity, str(scope), timezone, dates]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a call before it is answered.

    Attributes:
        hash: Under which its answer is kept: equal wherever the same is asked.
        entity: What is asked about; empty where the operation asks for none.
        source: Which database answers.
        timezone: IANA zone in which days are cut.
        period: What the call's range stands for today; all of time where it has none.
    """

    hash: str
    entity: str
    source: str
    timezone: str
    period: Period


def execute(call: Call, context: OperationContext, clock: Callable[[], datetime]) -> Answer:
    """The operation's own answer, frozen, with the moment it came."""
    result = _of(call).execute(_validated(call), context)
    return Answer(
        data=freeze(result.model_dump(mode="json")),
        row_count=result.row_count,
        truncated=result.truncated,
        statement=result.statement,
        meta=result.meta,
        resolved_at=clock(),
    )


def _shown(panel: PanelSpec, answer: Answer, started: float, *, hit: bool) -> PanelResult:
    return PanelResult(
        data=answer.data,
        display=panel.display,
        resolved_at=answer.resolved_at,
        cache_hit=hit,
        duration_ms=(time.perf_counter() - started) * 1000,
        row_count=answer.row_count,
        truncated=answer.truncated,
        statement=answer.statement,
        meta=answer.meta,
    )


class Resolver:
    """Answers panels.

    Args:
        catalog: What may be asked.
        registry: The operations.
        cache: Where answers are kept.
        clock: Gives the current moment, aware.
        timezone: IANA zone of days where neither caller, dashboard nor website says.
        deadline_s: Seconds that a statement may take; None = as its source says.
        zone_of: The zone of a website by its id.
        scope_of: Whose data callers see who name no scope.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        registry: Registry[Operation[Any]],
        cache: Cache,
        clock: Callable[[], datetime],
        timezone: str = "UTC",
        deadline_s: float | None = None,
        zone_of: Callable[[str], str | None] = lambda _website: None,
        scope_of: Callable[[], Scope] = lambda: PLATFORM,
    ) -> None:
        self.catalog, self.registry = catalog, registry
        self._cache, self._clock, self._zone_of = cache, clock, zone_of
        self._timezone, self._deadline_s, self._scope_of = timezone, deadline_s, scope_of
        self._rehearsal = RehearsalCatalog(catalog)
        self._questions: Lru[str, Call] = Lru(entries=QUESTIONS_REMEMBERED, size=QUESTIONS_BYTES, weigh=_weight)

    def under(self, scope_of: Callable[[], Scope]) -> Resolver:
        """The same one, with the same cache, for callers of this scope; it is asked for with every question."""
        bound = copy(self)
        bound._scope_of = scope_of  # noqa: SLF001 - a copy of our own
        return bound

    def resolve_panel(
        self,
        panel: PanelSpec,
        *,
        skip_cache: bool = False,
        variables: Mapping[str, Any] | None = None,
        scope: Scope | None = None,
        timezone: str | None = None,
    ) -> PanelResult:
        """The panel's answer, from the cache where that is fresh enough.

        Args:
            panel: Stored or a draft; `panel.on(context)` says which dashboard it stands on.
            skip_cache: Compute it anew, and keep that for others.
            variables: Values by name, over the dashboard's defaults; null = unset, which drops the condition.
            scope: Whose data may be seen; default: the resolver's own, the platform unless it is `under` another.
            timezone: IANA zone of days; default: the dashboard's, else the website's, else the workbench's.

        Raises:
            ExpectedError: With a path into the options, wherever a person can put it right.
        """
        started = time.perf_counter()
        whose = scope or self._scope_of()
        if panel.type == "label":
            return self._label(panel, started)
        call = self._question(panel, variables or {})
        now, zone = self._clock(), self._zone(panel, call, timezone)
        key = address(call, now=now, timezone=zone, scope=whose)
        answer, hit = self._cache.answer(
            key,
            lambda: execute(call, self._context(panel, call, now, zone, whose, self.catalog), self._clock),
            Freshness(ttl_s=panel.cache_ttl_seconds, not_before=panel.updated_at, recompute=skip_cache),
        )
        return _shown(panel, answer, started, hit=hit)

    def outdated(
        self, panel: PanelSpec, *, variables: Mapping[str, Any] | None = None, timezone: str | None = None
    ) -> PanelResult | None:
        """An answer that is kept and too old, to look at until `resolve_panel` has a new one; nothing is asked for it.

        None where there is none, where a kept one is fresh enough, and where the panel was changed since.
        """
        started = time.perf_counter()
        if panel.type == "label":
            return None
        try:
            call = self._question(panel, variables or {})
            now, zone = self._clock(), self._zone(panel, call, timezone)
        except ExpectedError:
            return None
        key = address(call, now=now, timezone=zone, scope=self._scope_of())
        answer = self._cache.outdated(key, Freshness(ttl_s=panel.cache_ttl_seconds, not_before=panel.updated_at))
        return None if answer is None else _shown(panel, answer, started, hit=True)

    def run(
        self,
        operation_type: str,
        options: Mapping[str, Any],
        *,
        cache_ttl_seconds: int | None = None,
        skip_cache: bool = False,
        variables: Mapping[str, Any] | None = None,
        scope: Scope | None = None,
        timezone: str | None = None,
    ) -> PanelResult:
        """One operation call without a panel, as scripts and notebooks make it; see `resolve_panel`."""
        asked = {
            "operation_type": operation_type,
            "operation_options": options,
            "cache_ttl_seconds": cache_ttl_seconds,
        }
        try:
            panel = PanelSpec.model_validate(asked)
        except ValidationError as error:
            raise InvalidOptionsError(model_problems(error, asked, PanelSpec)) from error
        return self.resolve_panel(panel, skip_cache=skip_cache, variables=variables, scope=scope, timezone=timezone)

    def asked(
        self,
        panel: PanelSpec,
        *,
        variables: Mapping[str, Any] | None = None,
        scope: Scope | None = None,
        timezone: str | None = None,
    ) -> Asked:
        """What `resolve_panel` would ask, without asking: sources of figures name it.

        Raises:
            ExpectedError: As `resolve_panel`, up to the database.
        """
        whose = scope or self._scope_of()
        call = self._question(panel, variables or {})
        now, zone = self._clock(), self._zone(panel, call, timezone)
        entity = self.catalog.entities.get(str(getattr(call.options, "entity", "")))
        days_zone = getattr(call.options, "timezone", None) or zone
        periods = [resolve_range(value, now, days_zone, path=name) for name, value in call.ranges]
        return Asked(
            hash=address(call, now=now, timezone=zone, scope=whose),
            entity=entity.name if entity else "",
            source=entity.source if entity else "",
            timezone=days_zone,
            period=periods[0] if periods else ALWAYS,
        )

    def plan(
        self,
        panel: PanelSpec,
        *,
        variables: Mapping[str, Any] | None = None,
        scope: Scope | None = None,
        timezone: str | None = None,
    ) -> Plan | None:
        """How the database means to answer the panel, in its own words; nothing is run.

        Args:
            panel: As for `resolve_panel`, like the rest.
            variables: Values by name.
            scope: Whose data may be seen.
            timezone: IANA zone of days.

        Returns:
            None for a label, and for an operation that asks no database.

        Raises:
            UnsupportedError: The source gives no plans.
            ExpectedError: As `resolve_panel`.
        """
        if panel.type == "label":
            return None
        call = self._question(panel, variables or {})
        now, zone = self._clock(), self._zone(panel, call, timezone)
        catalog = PlanningCatalog(self.catalog)
        context = self._context(panel, call, now, zone, scope or self._scope_of(), catalog)
        return plan_of(_of(call), _validated(call), context)

    def validate(self, panel: PanelSpec, *, variables: Mapping[str, Any] | None = None) -> None:
        """Whether the panel can be asked, without asking: everything up to the statement is done.

        Raises:
            InvalidOptionsError: One problem per fault, with paths as `resolve_panel` gives them.
        """
        if panel.type == "label":
            return
        try:
            call = self._question(panel, variables or {})
            now, zone = self._clock(), self._zone(panel, call, None)
            context = self._context(panel, call, now, zone, PLATFORM, self._rehearsal)
            rehearse(_of(call), _validated(call), context)
        except InvalidOptionsError:
            raise
        except ExpectedError as error:
            raise InvalidOptionsError(error.problems) from error

    def _question(self, panel: PanelSpec, given: Mapping[str, Any]) -> Call:
        """Steps 1 to 3, which depend on nothing but what is written; so a question asked again costs nothing."""
        if panel.operation_type is None:
            message = f"A {panel.type} panel needs an operation."
            raise InvalidOptionsError([Problem("operation_type", message, "Choose one, or make it a label.")])
        written = _written(panel, given)
        if written is not None and (known := self._questions.get(written)) is not None:
            return known  # type: ignore[no-any-return]
        call = Call(
            operation_type=panel.operation_type,
            operation_version=panel.operation_version,
            document=panel.operation_options,
            variables=Variables(panel.context.variables, given),
            catalog=self.catalog,
            registry=self.registry,
        )
        call = reduce(lambda current, step: step(current), STEPS, call)
        if written is not None:
            self._questions[written] = call
        return call

    def _zone(self, panel: PanelSpec, call: Call, timezone: str | None) -> str:
        """In which days are cut, unless the options themselves say so."""
        if zone := timezone or panel.context.timezone:
            return find_zone(zone).key
        of_website = self._zone_of(call.website) if call.website is not None else None
        return of_website or self._timezone

    def _context(
        self, panel: PanelSpec, call: Call, now: datetime, timezone: str, scope: Scope, catalog: Catalog
    ) -> OperationContext:
        name = panel.id or PREVIEW
        return OperationContext(
            catalog=catalog,
            now=now,
            timezone=timezone,
            scope=scope,
            deadline_s=self._deadline_s,
            flow_id=f"panel:{panel.dashboard_id or PREVIEW}",
            execution_id=f"panel-render-{name}-{now.timestamp() * 1000:.0f}",
            operation_id=name,
            operation_key=name,
            data_chain={"trigger": {}, "accountability": TRIGGERED_BY, "env": {}, "last": None},
            needs=_of(call).needs,
        )

    def _label(self, panel: PanelSpec, started: float) -> PanelResult:
        return PanelResult(
            data=freeze({}),
            display=panel.display,
            resolved_at=self._clock(),
            cache_hit=False,
            duration_ms=(time.perf_counter() - started) * 1000,
            row_count=0,
            truncated=False,
            statement="",
            meta=Meta(),
        )


def _of(call: Call) -> Operation[Any]:
    assert call.operation is not None, "find_operation comes first"
    return call.operation


def _validated(call: Call) -> Options:
    assert call.options is not None, "validate_options comes first"
    return call.options


def _weight(call: Call) -> int:
    return 5 * len(call.identity) + 2_000  # the text twice, and the objects made of it


def _written(panel: PanelSpec, given: Mapping[str, Any]) -> str | None:
    """The question as it is written, as text; None where it is no JSON yet (dates of a notebook, or faults)."""
    asked = [panel.operation_type, panel.operation_version, panel.operation_options, given, panel.context.fingerprint]
    try:
        return canonical(asked)
    except (TypeError, ValueError, RecursionError):
        return None


def _website(document: Mapping[str, Any]) -> str | None:
    """The one website whose id the options name, as an option or as a filter."""
    filters = document.get("filters")
    named = document.get("website_id") or (filters.get("website_id") if isinstance(filters, Mapping) else None)
    if isinstance(named, Mapping):
        named = named.get("$eq")
    return named if isinstance(named, str) else None
