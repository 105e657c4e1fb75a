"""Conditional formatting as rows of widgets: compared how, with what, in which colour, with which words beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from workbench.forms.conditions import (
    Condition,
    first_condition,
    offered,
    replaced,
    with_colour,
    with_operator,
    with_value,
    with_words,
    written_value,
)
from workbench.forms.fields import FormField


def condition_rows(
    field: FormField, value: Sequence[Condition], enter: Callable[[list[Condition] | None], None]
) -> Any:
    """The widgets of conditional formatting; the first condition that holds counts.

    Args:
        field: Its children offer operators and colours.
        value: The conditions, in their order.
        enter: Takes them with a change; None where none is left.
    """
    adding = widgets.Button(
        description="Add a condition", tooltip=field.help or field.label, layout=widgets.Layout(width="150px")
    )
    adding.on_click(lambda _button: enter([*value, first_condition()]))
    label = widgets.Label(f"{field.label}:", layout=widgets.Layout(margin="0 0 0 4px"))
    return widgets.VBox([label, *(_row(field, value, at, enter) for at in range(len(value))), adding])


def _row(field: FormField, value: Sequence[Condition], at: int, enter: Callable[[list[Condition] | None], None]) -> Any:
    now = value[at]

    def part(widget: Any, make: Callable[[Condition, str], Condition]) -> Any:
        widget.observe(lambda change: enter(replaced(value, at, make(now, change["new"]))), "value")
        return widget

    def choice(name: str, chosen: str, told: str, width: str) -> Any:
        layout = widgets.Layout(width=width)
        return widgets.Dropdown(options=offered(field, name, chosen), value=chosen, tooltip=told, layout=layout)

    def text(typed: str, told: str, width: str) -> Any:
        layout = widgets.Layout(width=width)
        return widgets.Text(value=typed, placeholder=told.lower(), tooltip=told, continuous_update=False, layout=layout)

    away = widgets.Button(description="Drop", tooltip=f"Remove condition {at + 1}", layout=widgets.Layout(width="56px"))
    away.on_click(lambda _button: enter(replaced(value, at, None) or None))
    return widgets.HBox(
        [
            part(choice("op", now["when"]["op"], f"If {at + 1}", "64px"), with_operator),
            part(text(written_value(now), "Value", "84px"), with_value),
            part(choice("color", now["color"], "Colour", "88px"), with_colour),
            part(text(now.get("label") or "", "Words", "104px"), with_words),
            away,
        ]
    )
