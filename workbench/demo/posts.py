"""Two example posts over the demo's dashboards, one in HTML and one in Markdown, as `workbench publish` fills them."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

from stats_core.composition import Workbench
from workbench.publishing.browser import Browser
from workbench.publishing.exporting import write_bytes
from workbench.publishing.page import styles
from workbench.publishing.post import How, read_post

FOLDER: Final = "blog"  # beside the demo's database
_PANELS: Final = {
    "visitors": ("Website Traffic", "Visitors"),
    "pageviews": ("Website Traffic", "Pageviews"),
    "bounce_rate": ("Website Traffic", "Bounce rate"),
    "daily": ("Website Traffic", "Daily pageviews"),
    "orders": ("JYT Overview", "Orders by status"),
}
_PAGES: Final = (
    '{"operation_type": "aggregate_data", "mode": "table", "title": "The ten most read pages", '
    '"operation_options": {"entity": "analytics_event", "aggregate": {"fn": "count"}, "group_by": "pathname", '
    '"filters": {"event_type": "pageview"}, "range": {"last_days": 30}, "limit": 10}}'
)

_MARKDOWN: Final = """# A month in numbers

{{ panel $visitors }} people visited our three shops in the last 30 days and opened {{ panel $pageviews }} pages;
{{ panel $bounce_rate }} of the visits ended on the first one. In the last week it was
{{ panel $visitors value range=7d }} people.

{{ panel $daily figure title="Pages read per day" }}

Most of them read what was new:

```panel
$pages
```

And what became of the orders:

{{ panel $orders figure title="Orders since we opened" size=720x360 }}

Each number above is a panel of a dashboard. `workbench publish .workbench/blog/numbers.md` fills it in again, and
`workbench publish .workbench/blog/numbers.md --check --tolerance 5` fails where one moved by more than 5 %.
"""
_HTML: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>A month in numbers</title><link rel="stylesheet" href="numbers.css"></head>
<body><main>
<h1>A month in numbers</h1>
<p>{{ panel $visitors }} people visited our three shops in the last 30 days and opened {{ panel $pageviews }} pages;
{{ panel $bounce_rate }} of the visits ended on the first one. In the last week it was
{{ panel $visitors value range=7d }} people.</p>
{{ panel $daily figure title="Pages read per day" }}
<p>Most of them read what was new:</p>
{{ panel $pages }}
<p>And what became of the orders:</p>
{{ panel $orders figure title="Orders since we opened" size=720x360 }}
<p>Each number above is a panel of a dashboard. <code>workbench publish .workbench/blog/numbers.html</code> fills it in
again; with <code>--check --tolerance 5</code> it fails where one moved by more than 5&nbsp;%.</p>
</main></body></html>
"""
_SOURCES: Final = {"numbers.md": _MARKDOWN, "numbers.html": _HTML}


def publish_examples(workbench: Workbench) -> list[Path]:
    """Write the posts as their authors wrote them (`source/`) and as they are published; what is there already stays.

    Figures are pages, which need no browser to be drawn by. Gives the posts, or nothing where a panel is gone.
    """
    folder = workbench.settings.home / FOLDER
    ids = _ids(workbench)
    if len(ids) < len(_PANELS) or all((folder / name).exists() for name in _SOURCES):
        return []
    write_bytes(folder / "numbers.css", styles().encode())
    for name, source in _SOURCES.items():
        write_bytes(folder / "source" / name, Template(source).substitute(ids, pages=_PAGES).encode())
        read_post(folder / "source" / name, workbench, Browser(), How(folder=folder, format="html")).write()
    return [folder / name for name in _SOURCES]


def _ids(workbench: Workbench) -> dict[str, str]:
    """The ids of the panels, as far as they are there."""
    dashboards = map(workbench.dashboards.get, (item.id for item in workbench.dashboards.list(limit=500).items))
    ids = {(dashboard.name, panel.name): panel.id for dashboard in dashboards for panel in dashboard.panels if panel.id}
    return {name: ids[place] for name, place in _PANELS.items() if place in ids}
