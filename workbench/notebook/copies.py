"""A panel as code that makes it again: calls that stand in a cell, or in a py:percent file, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pprint import pformat
from typing import Any

from stats_core.panels.panel import PanelSpec

WIDTH = 88


def as_python(panel: PanelSpec, *, dashboard: str | None = None) -> str:
    """The draft of a panel in Python; with a dashboard whose variables its options read, on that.

    Args:
        panel: What is copied.
        dashboard: Its name, where the panel reads variables.
    """
    display = panel.display.model_dump(mode="json", exclude_defaults=True)
    steps = [f"wb.draft({', '.join([repr(panel.type), repr(panel.name)] if panel.name else [repr(panel.type)])})"]
    if dashboard is not None:
        steps.append(f".on({dashboard!r})")
    if panel.operation_type is not None:
        steps.append(_call("ask", {"": panel.operation_type, **panel.operation_options}))
    if display:
        steps.append(_call("shown", display))
    if {"width", "height"} & panel.model_fields_set:
        steps.append(f".sized({panel.width}, {panel.height})")
    if panel.type != "label":
        steps.append(f".kept({panel.cache_ttl_seconds})")
    body = "".join(f"    {step}\n" for step in steps)
    return f"from workbench.notebook import wb\n\npanel = (\n{body})\npanel\n"


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    """A call with an argument a line; what is no name in Python goes as a dictionary."""
    named = {key: value for key, value in arguments.items() if key.isidentifier()}
    rest = {key: value for key, value in arguments.items() if key and not key.isidentifier()}
    lines = [repr(arguments[""])] if "" in arguments else []
    lines += [f"{key}={_literal(value)}" for key, value in named.items()]
    lines += [f"**{_literal(rest)}"] if rest else []
    inside = "".join(f"        {line},\n" for line in lines)
    return f".{name}(\n{inside}    )"


def _literal(value: Any) -> str:
    return pformat(value, width=WIDTH, sort_dicts=False).replace("\n", "\n        ")
