"""View models as HTML: escaped, without scripts, styled by class names (`workbench/ui/style.css`)."""

from __future__ import annotations

import re

from stats_core.errors import Problem
from workbench.figures.conditions import Mark
from workbench.figures.sparkline import sparkline
from workbench.figures.text import html_text
from workbench.figures.theme import Theme
from workbench.figures.views import Change, EmptyView, ErrorView, LabelView, ListItem, ListView, MetricView

SPARKLINE_HEIGHT_PX = 32
_CODE = re.compile(r"`([^`]+)`")


def metric_html(shown: MetricView, theme: Theme) -> str:
    """The number, its words and its mark; the full number is the title."""
    colour = f' style="color:{shown.mark.colour}"' if shown.mark else ""
    label = f'<div class="wb-metric-label">{html_text(shown.label)}</div>' if shown.label else ""
    change = _change(shown.change) if shown.change else ""
    line = sparkline(shown.history, theme, height_px=SPARKLINE_HEIGHT_PX, running=shown.running)
    alone = "" if line else " wb-alone"
    return (
        f'<div class="wb-metric{alone}"><div class="wb-metric-value" title="{html_text(shown.value.full)}"{colour}>'
        f"{html_text(shown.value.text)}{_mark(shown.mark)}</div>{change}{label}{line}</div>"
    )


def _change(change: Change) -> str:
    """How it moved; what it was is written beside it."""
    before = f'<span title="{html_text(change.before.full)}">from {html_text(change.before.text)}</span>'
    return f'<div class="wb-change"><strong>{html_text(change.text)}</strong> {before}</div>'


def list_html(shown: ListView, theme: Theme) -> str:
    """Lines with a bar behind each name."""
    items = "".join(_item(item, theme) for item in shown.items)
    rest = shown.total - len(shown.items)
    more = f'<li class="wb-more">and {rest:,} more</li>' if rest > 0 else ""
    return f'<ol class="wb-list">{items}{more}</ol>'


def _item(item: ListItem, theme: Theme) -> str:
    colour = item.mark.colour if item.mark else theme.accent
    text = f' style="color:{item.mark.colour}"' if item.mark else ""
    return (
        f'<li><span class="wb-bar" style="width:{item.share:.1%};background:{colour}"></span>'
        f'<span class="wb-name" title="{html_text(item.label)}">{html_text(item.label)}</span>'
        f'<span class="wb-number" title="{html_text(item.value.full)}"{text}>{html_text(item.value.text)}'
        f"{_mark(item.mark)}</span></li>"
    )


def label_html(shown: LabelView) -> str:
    """Markdown, rendered safely already."""
    return f'<div class="wb-label">{shown.html}</div>'


def empty_html(shown: EmptyView) -> str:
    """What matched nothing, and what to do."""
    reasons = "".join(f"<li>{html_text(reason)}</li>" for reason in shown.reasons)
    listed = f"<ul>{reasons}</ul>" if reasons else ""
    return (
        f'<div class="wb-empty" role="status"><strong>{html_text(shown.title)}</strong>{listed}'
        f"<p>{_with_code(shown.hint)}</p></div>"
    )


def error_html(shown: ErrorView) -> str:
    """What is wrong, where, and the way out."""
    problems = "".join(map(_problem, shown.problems))
    return f'<div class="wb-error" role="alert"><strong>{html_text(shown.title)}</strong>{problems}</div>'


def _problem(problem: Problem) -> str:
    path = f"<code>{html_text(problem.path)}</code> " if problem.path else ""
    hint = f'<span class="wb-hint">{_with_code(problem.hint)}</span>' if problem.hint else ""
    return f"<p>{path}{_with_code(problem.message)} {hint}</p>"


def _with_code(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", html_text(text))


def _mark(mark: Mark | None) -> str:
    """Icon and words of a met rule: colour is never alone."""
    if mark is None:
        return ""
    icon = f'<span class="wb-icon" aria-hidden="true">{html_text(mark.icon)}</span>' if mark.icon else ""
    label = f'<span class="wb-mark">{html_text(mark.label)}</span>' if mark.label else ""
    return f" {icon}{label}"
