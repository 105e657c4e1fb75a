"""Options written for an older version of an operation, brought to its current one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.operations.registry import Operation

_PATH = "operation_version"
_BY_HAND = "Write the options anew; the stored ones are kept."


def upgraded(operation: Operation[Any], options: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """The options as the operation's current version reads them; the given ones stay as they are.

    Args:
        operation: Brings one step per older version: options of version n in, of version n + 1 out.
        options: As they were stored.
        version: Which they were written for; None = the current one.

    Raises:
        InvalidOptionsError: The version is unknown, a step is missing, or a step does not understand the options.
    """
    current = operation.version
    if version is None or version == current:
        return dict(options)
    if not 1 <= version < current:
        message = f"The options are of version {version}, but {operation.type} is known up to version {current}."
        raise InvalidOptionsError([Problem(_PATH, message, "Update the workbench, or write the options anew.")])
    document = dict(options)
    for step in range(version, current):
        document = _next(operation, document, step)
    return document


def _next(operation: Operation[Any], options: dict[str, Any], version: int) -> dict[str, Any]:
    """One step on. The step gets a copy, so that what it does to it stays in it."""
    if (upgrade := operation.upgrades.get(version)) is None:
        message = f"{operation.type} has no upgrade from version {version} to {version + 1}."
        raise InvalidOptionsError([Problem(_PATH, message, _BY_HAND)])
    try:
        return upgrade(copy.deepcopy(options))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"{operation.type} cannot upgrade these options from version {version}: {error!r}."
        raise InvalidOptionsError([Problem(_PATH, message, _BY_HAND)]) from error
