"""The same call one period earlier: what a panel is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import Variables, references
from stats_core.query.ranges import Range, range_before


def values_before(panel: PanelSpec, given: Mapping[str, Any], *, now: datetime, timezone: str) -> dict[str, Any] | None:
    """The variables of a call that asks the same of the period before.

    Args:
        panel: A dashboard's panel; its range has to come from a variable.
        given: The variables of the call it is compared with.
        now: When that call is made.
        timezone: IANA zone in which days are cut.

    Returns:
        `given` with every range that the panel reads replaced; None where it reads none, or one with an open side.

    Raises:
        ExpectedError: A value is no range; the call itself fails for the same reason.
    """
    declared = panel.context.variables
    names = {name for _, name in references(panel.operation_options) if name in declared}
    ranges = sorted(name for name in names if declared[name].type == "range")
    before: dict[str, Any] = {}
    for name in ranges:
        value = Variables(declared, given).value(name)
        earlier = None if value is None else range_before(_range(value), now, timezone)
        if earlier is None:
            return None
        before[name] = earlier.model_dump(mode="json", exclude_none=True)
    return {**given, **before} if before else None


def _range(value: Any) -> Range:
    try:
        return Range.model_validate(value)
    except ValidationError:
        return Range(preset="all")  # the call itself says what is wrong; there is nothing to compare it with
