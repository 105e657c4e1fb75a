"""How old an answer is and what it means, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from stats_core.panels.panel import PanelResult
from workbench.figures.formats import write_date
from workbench.figures.text import one_line

_FRESH_S = 5  # below that it is "just now"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_EXACTNESS = {
    "exact": "Exact: counted from the rows themselves.",
    "sum_of_days": "Sum of days: who came on two days counts twice.",
}


def age_s(result: PanelResult, now: datetime) -> float:
    """Seconds since the database answered; never below zero, since clocks of two machines differ."""
    return max((now - result.resolved_at).total_seconds(), 0.0)


def age_text(seconds: float, *, cached: bool) -> str:
    """The age as a screen tells it: just now, 12 s ago, cached 3 min ago."""
    if seconds < _FRESH_S:
        return "just now"
    steps = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    ago = next(f"{int(seconds // step)} {unit} ago" for step, unit in steps if seconds >= step)
    return f"cached {ago}" if cached else ago


def explanation(result: PanelResult) -> list[str]:
    """What a reader may want to know of a figure, one sentence each."""
    meta = result.meta
    rows = f"{result.row_count:,} {'row' if result.row_count == 1 else 'rows'} considered"
    cut = ", and not all of what matched: the answer is cut" if result.truncated else ""
    source = "from the cache" if result.cache_hit else "from the database"
    lines = [
        one_line(meta.definition) if meta.definition else "",
        f"Unit: {one_line(meta.unit)}." if meta.unit else "",
        _EXACTNESS[meta.exactness],
        f"{rows}{cut}.",
        f"Answered {_moment(result.resolved_at)}, {source}, in {_duration(result.duration_ms)}.",
    ]
    return [line for line in lines if line]


def timing(result: PanelResult) -> str:
    """How long the statement took; of an answer from the cache, when it ran."""
    ran, took = f"It ran {_moment(result.resolved_at)}", _duration(result.duration_ms)
    if result.cache_hit:
        return f"{ran}; this answer came from the cache, in {took}."
    return f"{ran}, in {took} with everything around it."


def _moment(at: datetime) -> str:
    return f"{write_date(at.astimezone(UTC).date()).text}, {at.astimezone(UTC):%H:%M:%S} UTC"


def _duration(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 1 else "less than 1 ms"  # noqa: PLR2004 - units
