"""How an answer comes about: the question, who answers it, the SQL, and what the cache holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from stats_core.errors import ExpectedError
from stats_core.panels.panel import PanelSpec
from stats_core.query.ranges import ALWAYS, Period
from workbench.figures.text import showable
from workbench.notebook.shown import Shown, heading, table_html, table_text

if TYPE_CHECKING:
    from workbench.notebook.panel import Panel


@dataclass(frozen=True, slots=True)
class Explanation(Shown):
    """The way of one answer.

    Attributes:
        operation: Its type and the version of its options.
        entity: What is asked about.
        source: Which database answers, and on which engine.
        period: From when to when.
        timezone: IANA zone in which days are cut.
        hash: Under which the answer is kept: equal in the app, a notebook, a script and a post that ask the same.
        cache: What the cache held when this was asked, in words.
        sql: The statement, with placeholders where values stand.
        plan: How the database means to run it, as its EXPLAIN says; why it does not say, where that is so.
    """

    operation: str
    entity: str
    source: str
    period: str
    timezone: str
    hash: str
    cache: str
    sql: str
    plan: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is known, line by line."""
        known = [
            ("operation", self.operation),
            ("entity", self.entity),
            ("source", self.source),
            ("period", self.period),
            ("days cut in", self.timezone),
            ("cache", self.cache),
            ("hash", self.hash),
        ]
        return [(name, told) for name, told in known if told]

    def html(self) -> str:
        """A line each, then the SQL and the plan."""
        plan = f"<p>The database's plan:</p>{_pre(self.plan)}" if self.plan else ""
        return heading("How this answer comes") + table_html(("", ""), self.lines) + _pre(self.sql) + plan

    def text(self) -> str:
        """A line each, then the SQL and the plan."""
        plan = f"\n\nThe database's plan:\n{self.plan}" if self.plan else ""
        return f"{table_text(('', ''), self.lines).strip()}\n\n{self.sql}{plan}"

    def __str__(self) -> str:
        return self.text()


def explained(panel: Panel) -> Explanation:
    """The way of a panel's answer.

    Raises:
        ExpectedError: It has none, with what to do.
    """
    spec, workbench = panel.spec, panel.setting.workbench
    if spec.type == "label":
        return Explanation("none: a label says its text", "", "", "", "", "", "", "", "")
    asked = panel.asked
    kept = workbench.cache.kept(asked.hash)  # before the answer is asked for, which would keep one
    version = spec.operation_version or workbench.registry[spec.operation_type or ""].version
    engine = workbench.catalog.source(asked.source).dialect if asked.source else ""
    return Explanation(
        operation=f"{spec.operation_type}, version {version}",
        entity=asked.entity,
        source=f"{asked.source} ({engine})" if engine else "",
        period=_period(asked.period),
        timezone=asked.timezone,
        hash=asked.hash,
        cache=_cache(spec, kept.resolved_at if kept else None, workbench.clock()),
        sql=panel.sql,
        plan=_plan(panel),
    )


def _plan(panel: Panel) -> str:
    """The database's words, or why there are none."""
    if not panel.sql:
        return ""
    try:
        found = panel.setting.workbench.resolver.plan(panel.spec, variables=panel.variables)
    except ExpectedError as problem:
        return str(problem)
    if found is None:
        return "None: the operation asked no database for this."
    return found.text if found.statement == panel.sql else f"Of the statement as it is by now:\n{found.text}"


def _pre(text: str) -> str:
    return f"<pre>{escape(showable(text))}</pre>"


def _period(period: Period) -> str:
    if period == ALWAYS:
        return "all of time"
    return f"{period.start or 'the beginning'} up to {period.end or 'the end'}, which is not in it"


def _cache(spec: PanelSpec, resolved_at: datetime | None, now: datetime) -> str:
    if not spec.cache_ttl_seconds:
        return "not used: the panel keeps no answers"
    ttl = f"good for {spec.cache_ttl_seconds:,} s"
    if resolved_at is None:
        return f"empty; an answer is {ttl}"
    age = (now - resolved_at).total_seconds()
    at = f"{resolved_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    old = age >= spec.cache_ttl_seconds or (spec.updated_at is not None and resolved_at < spec.updated_at)
    return f"{'too old: ' if old else ''}the answer of {at}, {age:,.0f} s ago; {ttl}"
