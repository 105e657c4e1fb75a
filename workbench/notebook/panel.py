"""A panel in a notebook: it shows itself, and gives its answer as a frame, a figure and SQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from stats_core.errors import ExpectedError, InvalidOptionsError, Problem
from stats_core.panels.panel import PanelResult, PanelSpec
from stats_core.panels.resolver import Asked
from workbench.figures.drawing import view
from workbench.figures.layout import CONFIG
from workbench.figures.states import error
from workbench.figures.text import plotly_text
from workbench.figures.theme import theme as theme_of
from workbench.figures.views import Canvas, ChartView, View
from workbench.notebook.shown import (
    HTML,
    PLOTLY,
    TEXT,
    Setting,
    Shown,
    chosen,
    framed,
    heading,
    view_html,
    view_text,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.figures.theme import ThemeName
    from workbench.notebook.explanation import Explanation

WIDTH_PX: Final = 720
HEIGHT_PX: Final = 340
_TITLE_PX: Final = 40


@dataclass(frozen=True, repr=False)
class Panel(Shown):
    """A panel with the values of its variables. Asked once: each property tells of the same answer.

    Attributes:
        setting: The workbench that is asked, and the theme.
        spec: The panel itself, on its dashboard.
        variables: Values by name, over the dashboard's defaults.
    """

    setting: Setting
    spec: PanelSpec
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str | None:
        """`panel_…`; None for a draft."""
        return self.spec.id

    @property
    def name(self) -> str:
        """Its title."""
        return self.spec.name

    def given(self, **variables: Any) -> Self:
        """The same panel with these variables of its dashboard: `panel.given(range={"preset": "7d"})`.

        None unsets one, which drops the condition it stands in.
        """
        return replace(self, variables={**self.variables, **variables})

    @cached_property
    def result(self) -> PanelResult:
        """The answer, from the cache where that is fresh enough; asked once.

        Raises:
            ExpectedError: The panel does not validate or has no answer, with what to do.
        """
        return self.setting.workbench.resolver.resolve_panel(self.spec, variables=self.variables)

    def refreshed(self) -> Self:
        """The same panel, asked anew past the cache; others get the new answer too."""
        panel = replace(self)
        resolver = self.setting.workbench.resolver
        vars(panel)["result"] = resolver.resolve_panel(self.spec, variables=self.variables, skip_cache=True)
        return panel

    @property
    def value(self) -> Any:
        """The one number of an answer that is one.

        Raises:
            InvalidOptionsError: The answer is groups, buckets or rows.
        """
        if "value" not in self.result.data:
            kind = next((name for name in ("groups", "buckets", "rows") if name in self.result.data), "a text")
            message = f"{self.name or 'This panel'!r} answers with {kind}, not with one value."
            raise InvalidOptionsError([Problem("", message, "Use .frame(), or leave group_by out of the call.")])
        return self.result.data["value"]

    def frame(self) -> pd.DataFrame:
        """The answer as a DataFrame: one row per group, bucket or row, with the types of the catalog."""
        from workbench.notebook.frames import frame

        zone = self.asked.timezone if self.spec.type != "label" else "UTC"
        return frame(self.spec, self.result, self.setting.workbench.catalog, timezone=zone)

    def figure(
        self, *, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX, theme: ThemeName | None = None
    ) -> go.Figure:
        """The chart, as pages draw it.

        Args:
            width_px: Decides how many labels fit; a figure still stretches to its place.
            height_px: As width_px.
            theme: `light` or `dark`; default: the session's.

        Raises:
            InvalidOptionsError: The panel is no chart, or has nothing to draw.
        """
        import plotly.graph_objects as go

        shown = self.view(self._canvas(width_px, height_px, theme))
        if not isinstance(shown, ChartView):
            message = f"{self.name or 'This panel'!r} is no chart: {view_text(shown)}"
            hint = "Bar, line and area panels with an answer have a figure; .frame() has the rows of all."
            raise InvalidOptionsError([Problem("type", message, hint)])
        return go.Figure(shown.figure)

    def view(self, canvas: Canvas | None = None) -> View:
        """What it shows, with every word chosen."""
        return view(self.spec, self.result, canvas=canvas or self._canvas(), variables=self.variables)

    def save(
        self,
        file: str | Path,
        *,
        title: str | None = None,
        alt: str | None = None,
        size: str = "post",
        theme: ThemeName | None = None,
    ) -> Path:
        """Write it as a figure for a post, with its source under it; the same answer gives the same bytes.

        Args:
            file: `.html` stands alone and has both themes; `.svg` and `.png` need a Chromium on this machine.
            title: Default: the panel's name.
            alt: The figure in words; default: written from its numbers.
            size: post, wide, square, social, or 800x450.
            theme: Of a picture; default: the session's.

        Raises:
            ExpectedError: It has no answer, or cannot be drawn like that here, with what to do.
        """
        from workbench.notebook.saving import saved

        return saved(self, Path(file), size=size, theme=theme or self.setting.theme_name, title=title, alt=alt)

    @property
    def sql(self) -> str:
        """The statement that ran, with placeholders where values stood."""
        return self.result.statement

    @property
    def asked(self) -> Asked:
        """What is asked, before it is: hash, entity, source, time zone and period."""
        return self.setting.workbench.resolver.asked(self.spec, variables=self.variables)

    def explain(self) -> Explanation:
        """How the answer comes: what is asked of whom, the SQL, and what the cache holds."""
        from workbench.notebook.explanation import explained

        return explained(self)

    def html(self) -> str:
        """Title and answer; what is wrong where there is none."""
        return heading(self.name) + view_html(self._view_or_error(), self.setting.theme)

    def text(self) -> str:
        """Title and answer as text."""
        shown = view_text(self._view_or_error(), markdown=self.spec.display.text or "")
        return f"{self.name}\n{shown}" if self.name else shown

    def _view_or_error(self) -> View:
        try:
            return self.view()
        except ExpectedError as problem:
            return error(problem)

    def _canvas(
        self, width_px: int | None = None, height_px: int = HEIGHT_PX, theme: ThemeName | None = None
    ) -> Canvas:
        colours = theme_of(theme) if theme else self.setting.theme
        zone = self.asked.timezone if self.spec.type != "label" else "UTC"
        return Canvas(colours, width_px or self.setting.width_px, height_px, zone)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        shown = self._view_or_error()
        bundle: dict[str, Any] = {TEXT: self.text()}
        if isinstance(shown, ChartView):
            bundle[PLOTLY] = _as_output(shown, self.name, self.setting)
        else:
            bundle[HTML] = framed(self.html())
        return chosen(bundle, include, exclude)

    def __repr__(self) -> str:
        where = self.id or "not stored"
        return f"<{self.spec.type} panel {self.name!r}, {where}>"


def _as_output(shown: ChartView, title: str, setting: Setting) -> dict[str, Any]:
    """The figure as plain JSON with its title, on a card of the theme: a notebook's page may have another."""
    figure = json.loads(json.dumps(shown.figure))
    layout = figure["layout"]
    theme = setting.theme
    room = _TITLE_PX if title else 0
    margin = layout.get("margin", {})
    layout |= {
        "height": HEIGHT_PX + room,
        "paper_bgcolor": theme.card,
        "margin": {
            "l": margin.get("l", 0) + 16,
            "r": margin.get("r", 0) + 16,
            "t": margin.get("t", 0) + room + 4,
            "b": margin.get("b", 0) + 12,
        },
    }
    if title:
        font = {"size": 15, "color": theme.text, "weight": 600}
        layout["title"] = {
            "text": plotly_text(title, 120), "font": font, "x": 0, "xref": "container", "xanchor": "left",
            "y": 1, "yref": "container", "yanchor": "top", "pad": {"l": 16, "t": 14},
        }  # fmt: skip
    return {"data": figure["data"], "layout": layout, "config": CONFIG}
