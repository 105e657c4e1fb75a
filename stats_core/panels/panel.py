"""A panel as a value, and what resolving it gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PrivateAttr, SkipValidation

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display
from stats_core.panels.variables import NO_DASHBOARD, DashboardContext

PanelType = Literal["metric", "list", "table", "bar", "line", "area", "label"]


class PanelSpec(BaseModel):
    """A serialised operation call, how to show it and where it stands on the 12-column grid.

    A panel that is not stored (a preview, a notebook draft) has no id. A box outside the grid or too small for its type
    is put right when the panel is stored (`layout.py`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = Field(None, description="`panel_…`; none before it is stored.")
    dashboard_id: str | None = Field(None, description="`dash_…` of the dashboard it stands on.")
    name: str = Field("", max_length=200, description="The title.")
    type: PanelType = Field("table", description="How the answer is drawn; a label draws its own text.")
    x: int = Field(0, description="First column, 0 to 11.")
    y: int = Field(0, description="First row.")
    width: int = Field(6, description="Columns, at most 12.")
    height: int = Field(4, description="Rows of 48 px.")
    operation_type: str | None = Field(None, description="The operation that answers; none for a label.")
    operation_version: int | None = Field(
        None, description="The version of the options; default: the operation's current one."
    )
    operation_options: dict[str, Any] = Field(default_factory=dict, description="What is asked of the operation.")
    display: Display = Field(default_factory=Display, description="How the answer is shown.")
    cache_ttl_seconds: int | None = Field(
        None, ge=0, le=2**31 - 1, description="How old an answer may be; null: it is always computed."
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="Whatever else belongs to the panel.")
    updated_at: AwareDatetime | None = Field(None, description="Last change; older answers are not shown.")

    _context: DashboardContext = PrivateAttr(default=NO_DASHBOARD)

    @property
    def context(self) -> DashboardContext:
        """The variables and time zone of the dashboard it stands on; not part of the panel's own document."""
        return self._context

    def on(self, context: DashboardContext) -> PanelSpec:
        """The same panel on a dashboard: stored panels come so; do it with the draft of a new one."""
        panel = self.model_copy()
        panel._context = context  # noqa: SLF001 - its own class
        return panel


class PanelResult(BaseModel):
    """What a panel shows: the same value on a page, in a notebook, in a post and in a script.

    Attributes:
        data: The operation's answer in the specification's shape, of JSON values (times are ISO text); empty for a
            label. It is shared with other callers and cannot be changed: `copy.deepcopy` gives one of your own.
        resolved_at: When the database answered (aware, UTC); older than now where the cache answered.
        cache_hit: Whether this call came without asking the database: from the cache, or with a call that was running.
        duration_ms: How long this call took, cache hits included.
        statement: The SQL that ran, with placeholders where values stood.
        meta: Unit, definition and exactness.
    """

    model_config = ConfigDict(frozen=True)

    data: Annotated[dict[str, Any], SkipValidation]
    display: Display
    resolved_at: AwareDatetime
    cache_hit: bool
    duration_ms: float
    row_count: int
    truncated: bool
    statement: str
    meta: Meta = Field(default_factory=Meta)
