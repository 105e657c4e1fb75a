"""An embed with its answer, or with the note that stands in the post instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.panel import PanelResult, PanelSpec
from stats_core.panels.resolver import Asked
from workbench.figures.answers import answer
from workbench.figures.drawing import view
from workbench.figures.text import one_line
from workbench.figures.views import Canvas, EmptyView, ErrorView, MetricView, TableView, View
from workbench.publishing.embed import Embed, Mode
from workbench.publishing.source_line import source_line

TABLE_ROWS = 100  # of a table in a post; more are not read
DATA_ROWS = 2_000  # that a post keeps of an answer

_MODE_OF: Mapping[str, Mode] = {"metric": "value", "list": "table", "table": "table"}
_LISTS = ("rows", "groups", "buckets")


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel with its answer, as a post shows it.

    Attributes:
        title: Above it; the author's, else the panel's name.
        resolved_at: When the numbers came; of equal numbers the first moment stays, so that a post stays as it is.
        cut: What is not in the post, in words; empty where everything is.
    """

    embed: Embed
    panel: PanelSpec
    result: PanelResult
    asked: Asked
    mode: Mode
    title: str
    source: str
    resolved_at: datetime
    cut: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """The answer as the post keeps it, cut where it is huge."""
        return _cut(self.result.data, TABLE_ROWS if self.mode == "table" else DATA_ROWS)

    @property
    def value(self) -> Any:
        """The one number: the value, the first row's or group's, or that of the latest bucket."""
        found = answer(self.result.data, self.result.display)
        if not found.rows or found.value is None:
            return None
        return found.rows[-1 if found.kind == "buckets" else 0].get(found.value)

    def view(self, canvas: Canvas) -> View:
        """What is shown of it on a canvas."""
        return view(
            self.panel,
            self.result,
            canvas=replace(canvas, timezone=self.asked.timezone),
            variables=self.embed.variables,
        )


@dataclass(frozen=True, slots=True)
class Note:
    """Why there is no answer: it stands in the post, where everybody sees it."""

    embed: Embed | None
    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """In a line."""
        return one_line(" ".join(map(str, self.problems)))


def answered(embed: Embed, workbench: Workbench, *, skip_cache: bool = False) -> Answered:
    """The embed's answer.

    Raises:
        ExpectedError: The panel is unknown or has no answer, or its answer cannot be shown like that.
    """
    panel = _panel(embed, workbench)
    mode = embed.mode or _MODE_OF.get(panel.type, "figure")
    panel = panel.model_copy(update={"type": _type(panel.type, mode)})
    resolver, variables = workbench.resolver, embed.variables
    asked = resolver.asked(panel, variables=variables, timezone=embed.timezone)
    result = resolver.resolve_panel(panel, skip_cache=skip_cache, variables=variables, timezone=embed.timezone)
    shown = view(panel, result, canvas=Canvas(timezone=asked.timezone), variables=variables)
    if isinstance(shown, ErrorView):
        raise InvalidOptionsError(shown.problems)
    if isinstance(shown, EmptyView) and mode != "value":
        raise InvalidOptionsError([Problem("", f"{shown.title}.", shown.hint)])
    return Answered(
        embed=embed,
        panel=panel,
        result=result,
        asked=asked,
        mode=mode,
        title=panel.name if embed.title is None else embed.title,
        source=source_line(asked, workbench.catalog, result.resolved_at),
        resolved_at=result.resolved_at,
        cut=_left_out(shown, result.data, mode),
    )


def note(error: ExpectedError, embed: Embed | None) -> Note:
    """The error as what stands in the post."""
    return Note(embed, error.problems)


def since(found: Answered, resolved_at: datetime, workbench: Workbench) -> Answered:
    """The same numbers, known since an earlier moment."""
    return replace(found, resolved_at=resolved_at, source=source_line(found.asked, workbench.catalog, resolved_at))


def _panel(embed: Embed, workbench: Workbench) -> PanelSpec:
    if embed.panel_id is not None:
        panel = workbench.dashboards.panel(embed.panel_id)
        if panel.type == "label":
            raise InvalidOptionsError(
                [Problem("panel_id", "A label panel has no numbers.", "Write its text yourself.")]
            )
        return panel if embed.type is None else panel.model_copy(update={"type": embed.type})
    shape = "bar" if embed.operation_options.get("group_by") or embed.operation_options.get("groupBy") else "metric"
    default = {"time_series": "line", "read_data": "table"}.get(embed.operation_type or "", shape)
    return PanelSpec(
        name=embed.title or "",
        type=embed.type or default,
        operation_type=embed.operation_type,
        operation_options=embed.operation_options,
        display=embed.display,
    )


def _type(of_panel: str, mode: Mode) -> str:
    """The panel type that draws the mode."""
    if mode == "value":
        return "metric"
    if mode == "table":
        return "table"
    return "bar" if of_panel in {"list", "table"} else of_panel


def _cut(data: Mapping[str, Any], limit: int) -> dict[str, Any]:
    return {
        name: value[:limit] if name in _LISTS and isinstance(value, list) else value for name, value in data.items()
    }


def _left_out(shown: View, data: Mapping[str, Any], mode: Mode) -> str:
    if isinstance(shown, TableView) and (drawn := min(len(shown.rows), TABLE_ROWS)) < shown.total:
        return f"{drawn:,} of {shown.total:,} rows are shown."
    if isinstance(shown, MetricView) or mode == "value":
        return ""
    rows = max((len(data[name]) for name in _LISTS if name in data), default=0)
    return f"{DATA_ROWS:,} of {rows:,} rows are kept." if rows > DATA_ROWS else getattr(shown, "note", "")
