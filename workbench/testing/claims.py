"""What tests claim of numbers; a claim that fails says which numbers stood against it."""

from __future__ import annotations

from decimal import Decimal

from workbench.figures.formats import as_number
from workbench.testing.asked import AskedPanel


def not_empty(panel: AskedPanel) -> None:
    """It has at least one row, and a number in it.

    Raises:
        AssertionError: It has not.
    """
    __tracebackhide__ = True
    if not (any(as_number(value) is not None for value in panel.values) if panel.values else panel.rows):
        raise AssertionError(f"{panel.name} is empty: {panel.result.row_count:,} rows were considered.")


def adds_up(total: AskedPanel, parts: AskedPanel, *, within_percent: float = 0.0) -> None:
    """The one number is the sum of the other's, up to a share of it.

    Raises:
        AssertionError: It is not, or the parts are cut and not all there.
    """
    __tracebackhide__ = True
    if parts.result.truncated:
        raise AssertionError(f"{parts.name} is cut: not every part is there. Give it a higher limit.")
    whole, added = as_number(total.value), as_number(parts.total)
    if whole is None or added is None or abs(whole - added) > abs(whole) * _share(within_percent):
        message = (
            f"{total.name} is {total.value}, but {parts.name} add up to {parts.total} in {len(parts.values)} parts."
        )
        raise AssertionError(message)


def within(panel: AskedPanel, percent: float, *, of: AskedPanel) -> None:
    """The number is at most so many percent away from another: `within(week, 30, of=the_week_before)`.

    Charts and lists compare the sums of their numbers.

    Raises:
        AssertionError: It is further away, or one of them has no number.
    """
    __tracebackhide__ = True
    now, then = as_number(_number_of(panel)), as_number(_number_of(of))
    if now is None or then is None:
        raise AssertionError(
            f"{panel.name} is {_number_of(panel)} and {of.name} is {_number_of(of)}: nothing to compare."
        )
    if abs(now - then) > abs(then) * _share(percent):
        moved = f"{abs(now - then) / abs(then) * 100:.3g} % away from it" if then else "away from nothing"
        raise AssertionError(f"{panel.name} is {now}; {of.name} is {then}: {moved}, more than {percent:g} %.")


def _share(percent: float) -> Decimal:
    return Decimal(repr(float(percent))) / 100


def _number_of(panel: AskedPanel) -> object:
    """The value of a single number, the sum of several."""
    return panel.value if len(panel.values) == 1 else panel.total if panel.values else None
