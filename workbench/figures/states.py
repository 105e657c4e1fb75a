"""Empty and error states: what matched nothing, what is wrong, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stats_core.errors import ExpectedError
from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import REFERENCE
from workbench.figures.formats import as_moment, write_date
from workbench.figures.text import humanised, one_line
from workbench.figures.views import EmptyView, ErrorView, WayOut

PRESETS = {
    "today": "today",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "90d": "last 90 days",
    "ytd": "this year to date",
    "12m": "last 12 months",
    "all": "all time",
}
_OPERATORS = {
    "$eq": "is",
    "$ne": "is not",
    "$gt": "above",
    "$gte": "at least",
    "$lt": "below",
    "$lte": "at most",
    "$in": "is one of",
    "$nin": "is none of",
    "$like": "is like",
    "$ilike": "is like",
    "$contains": "contains",
    "$starts_with": "starts with",
    "$ends_with": "ends with",
    "$between": "between",
}
_UNSET: Any = object()
_ALL_TIME = {"preset": "all"}
_LISTED = 5  # of the values in an $in


def empty(panel: PanelSpec, variables: Mapping[str, Any] | None = None) -> EmptyView:
    """What a panel shows when nothing matched: every filter and the range that it asked with.

    Args:
        panel: The panel, with what its dashboard declares.
        variables: The values its variables stand for; what is not among them falls to the dashboard's default.
    """
    options = panel.operation_options
    value_of = _Values(panel, variables or {})
    entity = str(options.get("entity") or "row")
    reasons = [*_filters(options.get("filters"), value_of), *_range(options, value_of)]
    return EmptyView(
        title=f"No {humanised(entity).lower()} matches" if reasons else f"No {humanised(entity).lower()} yet",
        reasons=tuple(reasons),
        hint="Choose a longer range or fewer filters." if reasons else "This fills as data comes in.",
        ways=tuple(_ways(panel, value_of)),
    )


def error(problem: ExpectedError, title: str = "This panel has no answer") -> ErrorView:
    """Every fault that the error carries."""
    return ErrorView(title=title, problems=problem.problems)


def _ways(panel: PanelSpec, value_of: _Values) -> Iterator[WayOut]:
    """Each choice of the dashboard that this call asked with: a filter is cleared, a range becomes all time."""
    options = panel.operation_options
    for name in dict.fromkeys([*_referred(options.get("filters")), *_referred(options.get("range"))]):
        declared, value = panel.context.variables.get(name), value_of.of({REFERENCE: name})
        if declared is None or value is _UNSET:
            continue
        if declared.type != "range":
            yield WayOut(name, None, f"Clear {declared.label or humanised(name)}")
        elif value != _ALL_TIME:
            yield WayOut(name, _ALL_TIME, "Show all time")


def _referred(options: Any) -> Iterator[str]:
    """The names of the variables in these options, in their order."""
    if isinstance(options, Mapping):
        if isinstance(name := options.get(REFERENCE), str):
            yield name
        options = list(options.values())
    if isinstance(options, Sequence) and not isinstance(options, str):
        for part in options:
            yield from _referred(part)


class _Values:
    """Variables by name: given, else the dashboard's default."""

    def __init__(self, panel: PanelSpec, given: Mapping[str, Any]) -> None:
        self._panel, self._given = panel, given

    def of(self, value: Any) -> Any:
        """The value, or what the variable it names stands for; `_UNSET` where that is nothing."""
        if not isinstance(value, Mapping) or REFERENCE not in value:
            return value
        name = value[REFERENCE]
        declared = self._panel.context.variables.get(name)
        found = self._given.get(name) if self._given.get(name) is not None else declared.default if declared else None
        return _UNSET if found is None else found


def _filters(filters: Any, value_of: _Values) -> list[str]:
    """One sentence per condition; `$or` and `$not` are named, not unfolded."""
    if not isinstance(filters, Mapping):
        return []
    sentences: list[str] = []
    for name, condition in filters.items():
        if name == "$and" and isinstance(condition, Sequence):
            sentences += [sentence for part in condition for sentence in _filters(part, value_of)]
        elif name.startswith("$"):
            sentences.append("one of several conditions" if name == "$or" else "a condition that excludes rows")
        else:
            sentences += _condition(humanised(name), value_of.of(condition), value_of)
    return sentences


def _condition(name: str, condition: Any, value_of: _Values) -> list[str]:
    if condition is _UNSET:
        return []
    if not isinstance(condition, Mapping):
        many = isinstance(condition, Sequence) and not isinstance(condition, str)
        return [f"{name} is {'one of ' if many else ''}{_said(condition)}"]
    operands = {operator: value_of.of(operand) for operator, operand in condition.items()}
    return [
        f"{name} {'is set' if operand else 'is empty'}"
        if operator == "$exists"
        else f"{name} {_OPERATORS.get(operator, operator)} {_said(operand)}"
        for operator, operand in operands.items()
        if operand is not _UNSET
    ]


def _range(options: Mapping[str, Any], value_of: _Values) -> list[str]:
    given = value_of.of(options.get("range"))
    if not isinstance(given, Mapping):
        return []
    if "preset" in given:
        return [PRESETS.get(str(given["preset"]), one_line(given["preset"])).capitalize()]
    if days := given.get("last_days", given.get("lastDays")):
        return [f"Last {one_line(days)} days"]
    first, last = (write_date(given[end]).text if given.get(end) else "" for end in ("from", "to"))
    if first and last:
        return [f"{first} to {last}"]
    return [f"From {first}"] if first else [f"Until {last}"] if last else []


def _said(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = f" and {len(value) - _LISTED} more" if len(value) > _LISTED else ""
        return ", ".join(_said(item) for item in value[:_LISTED]) + more
    return write_date(value).text if as_moment(value) else one_line(value)
