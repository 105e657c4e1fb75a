"""`/refused`: events that were not stored, by reason and hour; the bodies that are kept, and another try for them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from ingest.arrivals import Reason
from ingest.refused import KeptBody, RefusedCount, kept_bodies, refused_counts
from ingest.replay import ReplayReport, replay
from stats_core.composition import Workbench
from stats_core.errors import ExpectedError
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.answers import SERIES
from workbench.figures.drawing import view
from workbench.figures.html import empty_html, error_html
from workbench.figures.states import error
from workbench.figures.text import html_text
from workbench.figures.theme import theme
from workbench.figures.views import Canvas, EmptyView
from workbench.ui.admin import admin_bar, minute
from workbench.ui.draw import draw
from workbench.ui.escape import plain_markdown
from workbench.ui.person import platform_workbench

SHOWN = 50  # bodies
CHART_PX = (1100, 220)
UNKNOWN = "unknown"
REPLAYED = "replayed"
WORDS = {
    Reason.NOT_JSON: "No JSON",
    Reason.INVALID: "Invalid",
    Reason.TOO_LARGE: "Too large",
    Reason.UNKNOWN_WEBSITE: "Unknown website",
    Reason.FOREIGN_HOSTNAME: "Foreign hostname",
    Reason.BOT: "Bot",
    Reason.DO_NOT_TRACK: "Asked not to be tracked",
    Reason.SPAM: "Referrer spam",
    Reason.CLIENT_LIMIT: "Over the limit of a client",
    Reason.WEBSITE_LIMIT: "Over the limit of a website",
    Reason.UNSTORABLE: "Could not be stored",
}
BY_HOUR = {
    "name": "Refused by hour",
    "type": "bar",
    "operation_type": "time_series",
    "operation_options": {
        "entity": "event_rejection_count",
        "date_field": "hour",
        "aggregate": {"fn": "sum", "field": "count"},
        "precision": "hour",
        "range": {"last_days": 2},
        "group_by": "reason",
    },
}


def refused_page() -> None:
    """Draw counts, chart and bodies."""
    workbench = platform_workbench()
    admin_bar("Refused events")
    counts = refused_counts(workbench.database, now=workbench.clock())
    if not counts:
        hint = "What is sent and not stored shows up here by its reason: bots, unknown websites, wrong hostnames."
        st.html(empty_html(EmptyView("Nothing was refused in the last 7 days", hint=hint)))
        return
    with st.container(border=True, height=CHART_PX[1] + 60, key="card_hours"):
        _chart(workbench)
    with st.container(border=True, key="card_reasons"):
        st.html(_table(counts))
    _bodies(workbench, counts)


def _chart(workbench: Workbench) -> None:
    panel = PanelSpec.model_validate(BY_HOUR)
    canvas = Canvas(theme(st.context.theme.type), *CHART_PX)
    st.html('<h2 class="wb-title">By hour and reason, today and yesterday</h2>')
    try:
        draw(view(panel, in_words(workbench.resolver.resolve_panel(panel)), canvas=canvas), canvas, key="hours")
    except ExpectedError as problem:
        st.html(error_html(error(problem)))


def in_words(result: PanelResult) -> PanelResult:
    """The same answer with its reasons as the table has them."""
    buckets = [bucket | {SERIES: worded(bucket[SERIES])} for bucket in result.data["buckets"] if SERIES in bucket]
    return result.model_copy(update={"data": result.data | {"buckets": buckets}}) if buckets else result


def _table(counts: Sequence[RefusedCount]) -> str:
    rows = "".join(
        f"<tr><td>{html_text(worded(count.reason))}</td><td>{html_text(count.website_id or UNKNOWN)}</td>"
        f"<td>{count.last_day:,}</td><td>{count.last_week:,}</td><td>{minute(count.newest)}</td></tr>"
        for count in counts
    )
    heads = "".join(f"<th>{head}</th>" for head in ("Reason", "Website", "24 hours", "7 days", "Newest (UTC)"))
    return f'<table class="wb-plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def worded(reason: str) -> str:
    """A reason for people; one that is not known any more as it is written."""
    return WORDS[Reason(reason)] if reason in set(Reason) else reason


def _bodies(workbench: Workbench, counts: Sequence[RefusedCount]) -> None:
    reasons = [Reason(name) for name in dict.fromkeys(count.reason for count in counts) if name in set(Reason)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="bodies_bar"):
        reason = st.selectbox(
            "Kept events", [None, *reasons], key="reason", format_func=lambda one: WORDS.get(one, "Of every reason")
        )
        st.button("What would pass now?", key="rehearse", on_click=_replay, args=(reason, True))
        st.button("Store those that pass", type="primary", key="replay", on_click=_replay, args=(reason, False))
    _report()
    kept = kept_bodies(workbench.database, reason=reason, limit=SHOWN)
    if not kept:
        st.html(empty_html(EmptyView("No event of this kind is kept", hint="Bodies are kept for 7 days, bots never.")))
    for body in kept:
        _body(body)


def _body(kept: KeptBody) -> None:
    where = kept.website_id or "no website"
    with st.expander(f"{minute(kept.received_at)} · {worded(kept.reason)} · {plain_markdown(where)}"):
        if kept.detail:
            st.html(f'<p class="wb-notice">{html_text(kept.detail)}</p>')
        st.code(json.dumps(kept.body, ensure_ascii=False, indent=2), language="json")


def _replay(reason: Reason | None, dry_run: bool) -> None:
    workbench = platform_workbench()
    try:
        report = replay(workbench.database, clock=workbench.clock, reason=reason, dry_run=dry_run)
    except ExpectedError as problem:
        st.session_state[REPLAYED] = problem
    else:
        st.session_state[REPLAYED] = (report, dry_run)


def _report() -> None:
    match st.session_state.pop(REPLAYED, None):
        case ExpectedError() as problem:
            st.html(error_html(error(problem, "They were not stored")))
        case (ReplayReport() as report, bool(dry_run)):
            st.html(f'<p class="wb-notice" role="status">{html_text(told(report, dry_run=dry_run))}</p>')


def told(report: ReplayReport, *, dry_run: bool) -> str:
    """What became of the bodies, in a sentence."""
    parts = [
        f"{report.replayed:,} {'would be stored' if dry_run else 'stored'}",
        f"{report.duplicates:,} there already",
    ]
    parts += [f"{number:,} refused still: {worded(name).lower()}" for name, number in sorted(report.refused.items())]
    return f"{', '.join(parts)}."
