"""Conditional formatting: which rule a value meets, and the mark it gets."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stats_core.panels.display import Condition, ConditionalFormat
from workbench.figures.formats import as_number
from workbench.figures.text import one_line
from workbench.figures.theme import Theme

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_ICON = re.compile(r"[a-z0-9_]{1,40}")

# Where a rule names neither icon nor label, colour would be alone: the icon says the same.
_ICONS = {"green": "check_circle", "yellow": "warning", "red": "error", "blue": "info", "gray": "circle"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a met rule adds to a value: a readable colour, a Material symbol, and words.

    Attributes:
        colour: `#rrggbb`, at least 4.5 : 1 against the card of its theme.
    """

    colour: str
    icon: str = ""
    label: str = ""

    @property
    def sign(self) -> str:
        """The words, or a dot: for places that cannot draw icons, so that colour is not alone there either."""
        return self.label or "\N{BLACK CIRCLE}"


def mark(value: Any, rules: Sequence[ConditionalFormat], theme: Theme) -> Mark | None:
    """The mark of the first rule that the value meets. Values are compared as they come, before formatting."""
    met = next((rule for rule in rules if meets(value, rule.when)), None)
    if met is None:
        return None
    icon = met.icon if met.icon and _ICON.fullmatch(met.icon) else None
    return Mark(
        colour=theme.readable(met.color),
        icon=icon or ("" if met.label else _ICONS.get(met.color, "circle")),
        label=one_line(met.label) if met.label else "",
    )


def meets(value: Any, condition: Condition) -> bool:
    """Whether the value meets the condition: numbers as numbers, text as text; a null meets none."""
    if value is None:
        return False
    number, limit = as_number(value), as_number(_as_typed(condition.value))
    if number is not None and limit is not None:
        return _COMPARE[condition.op](number, limit)
    if number is not None or limit is not None:
        return condition.op == "!="
    return _COMPARE[condition.op](str(value), str(condition.value))


def _as_typed(value: float | str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
