"""Dicts and lists that cannot be changed, so that one cached result can be handed to many callers."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

WEIGHED: Final = 200  # items of a list; weighing all of 10 000 rows takes as long as many a query
_MESSAGE = "Results are shared between callers and cannot be changed: work on copy.deepcopy(result.data)."


class FrozenDict(dict[str, Any]):
    """A dict whose changing methods raise; json, pandas and equality take it for what it is.

    Copying and pickling give ordinary dicts, which belong to whoever made them.
    """

    __slots__ = ()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError(_MESSAGE)

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {key: copy.deepcopy(value, memo) for key, value in self.items()}

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return dict, (dict(self),)


class FrozenList(list[Any]):
    """A list whose changing methods raise; see FrozenDict."""

    __slots__ = ()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError(_MESSAGE)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [copy.deepcopy(value, memo) for value in self]

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return list, (list(self),)


def freeze(value: Any) -> Any:
    """A JSON value with every dict and list in it frozen; NaN and infinities, which JSON has not, become None."""
    if isinstance(value, dict):
        return FrozenDict({key: item if type(item) in _AS_IT_IS else freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return FrozenList([item if type(item) in _AS_IT_IS else freeze(item) for item in value])
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


_AS_IT_IS: Final = frozenset({str, int, bool, type(None)})


def memory_bytes(value: Any) -> int:
    """About how many bytes of memory a JSON value takes; of a long list some items stand for the others."""
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(sys.getsizeof(key) + memory_bytes(item) for key, item in value.items())
    if isinstance(value, list) and value:
        weighed = value[:: (len(value) - 1) // WEIGHED + 1]
        return size + sum(map(memory_bytes, weighed)) * len(value) // len(weighed)
    return size
