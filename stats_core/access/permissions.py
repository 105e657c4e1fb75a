"""What a caller may do, and whose data they may do it with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import InvalidOptionsError, Problem, ScopeError, nearest

ADMIN_ACCESS: Final = "admin.access"

PERMISSIONS: Final = MappingProxyType({ADMIN_ACCESS: "The admin API and every screen."})
"""All that can be granted, with what it opens."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller has shown that they may do.

    Attributes:
        name: Of the token or person, for messages.
        scope: Whose data they see and change.
    """

    name: str
    permissions: frozenset[str] = frozenset()
    scope: Scope = PLATFORM

    def require(self, permission: str) -> None:
        """Go on only with this permission.

        Raises:
            ScopeError: The caller lacks it; says whom to ask.
        """
        if permission not in self.permissions:
            message = f"{self.name!r} lacks the permission {permission!r}."
            raise ScopeError(message, hint="Ask the owner of this workbench for a token that has it.")


def checked_permissions(names: Iterable[str]) -> list[str]:
    """The permissions, sorted and once each.

    Raises:
        InvalidOptionsError: There is no such permission; the hint names the nearest.
    """
    wanted = sorted(set(names))
    problems = [
        Problem("permissions", f"There is no permission {name!r}.", nearest(name, PERMISSIONS))
        for name in wanted
        if name not in PERMISSIONS
    ]
    if problems:
        raise InvalidOptionsError(problems)
    return wanted
