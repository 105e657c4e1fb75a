"""Conditional formatting line by line: what a new line begins with, and its value as it is written and read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stats_core.catalog.entity import FieldType
from workbench.forms.fields import FormField
from workbench.forms.filters import operand

Condition = dict[str, Any]


def first_condition() -> Condition:
    """A condition to begin with: what is above zero is green."""
    return {"when": {"op": ">", "value": 0}, "color": "green"}


def replaced(value: Sequence[Condition], at: int, made: Condition | None) -> list[Condition]:
    """The conditions with another in this place; None takes it away."""
    return [*value[:at], *([] if made is None else [made]), *value[at + 1 :]]


def offered(field: FormField, name: str, now: str) -> list[str]:
    """What the part of a condition can be, and what it is although that is not offered."""
    known = [choice.value for choice in field.child(name).choices]
    return known if now in known else [*known, now]


def written_value(condition: Condition) -> str:
    """What is compared with, as it is typed."""
    value = condition["when"]["value"]
    return value if isinstance(value, str) else json.dumps(value)


def with_operator(condition: Condition, operator: str) -> Condition:
    """Compared in another way."""
    return {**condition, "when": {**condition["when"], "op": operator}}


def with_value(condition: Condition, text: str) -> Condition:
    """Compared with what was typed: a number where it is one."""
    return {**condition, "when": {**condition["when"], "value": operand(text, FieldType.NUMBER)}}


def with_colour(condition: Condition, colour: str) -> Condition:
    """In another colour."""
    return {**condition, "color": colour}


def with_words(condition: Condition, words: str) -> Condition:
    """With words beside the number; none where nothing was typed."""
    return {**condition, "label": words or None}
