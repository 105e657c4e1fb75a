"""The small live figures of a dashboard's card: its first numbers, and its first series as a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.panels.panel import PanelSpec
from workbench.figures.drawing import view
from workbench.figures.sparkline import sparkline
from workbench.figures.text import html_text
from workbench.figures.theme import Theme
from workbench.figures.views import Canvas, MetricView

NUMBERS = 3
LINE_PX = 44


def preview_html(workbench: Workbench, dashboard_id: str, theme: Theme) -> str:
    """Figures of the dashboard with its defaults. A panel that fails is left out here: on its page it says why."""
    panels = workbench.dashboards.get(dashboard_id).panels
    numbers = _metrics(workbench, [panel for panel in panels if panel.type == "metric"][:NUMBERS], theme)
    shown = "".join(_number(panel, metric) for panel, metric in numbers)
    series = _metrics(workbench, (panel for panel in panels if panel.type in {"area", "line", "bar"}), theme)
    lines = (sparkline(metric.history, theme, height_px=LINE_PX, running=metric.running) for _, metric in series)
    line = next(filter(None, lines), "")
    return f'<div class="wb-preview"><div class="wb-numbers">{shown}</div>{line}</div>'


def _metrics(workbench: Workbench, panels: Iterable[PanelSpec], theme: Theme) -> Iterator[tuple[PanelSpec, MetricView]]:
    """Each panel that has an answer, as a metric: its number, and its history if it has one."""
    for panel in panels:
        try:
            result = workbench.resolver.resolve_panel(panel)
        except ExpectedError:
            continue
        shown = view(panel.model_copy(update={"type": "metric"}), result, canvas=Canvas(theme))
        if isinstance(shown, MetricView):
            yield panel, shown


def _number(panel: PanelSpec, metric: MetricView) -> str:
    return (
        f'<div class="wb-small"><div class="wb-small-value" title="{html_text(metric.value.full)}">'
        f'{html_text(metric.value.text)}</div><div class="wb-small-label">{html_text(panel.name)}</div></div>'
    )
