"""Errors that we can word for a person.

    ExpectedError                 anything a person can act on: pages show it, the API answers 4xx, the CLI exits with 2
    ├── UnknownNameError          a registry, catalog or table has no such name (also a KeyError)
    ├── InvalidOptionsError       options, filters or settings do not validate; one Problem per fault
    ├── NotFoundError             no row with this id
    ├── ConflictError             the name or id is taken, or the row has changed meanwhile
    ├── ScopeError                the caller's scope may not read this
    ├── SourceUnavailableError    a database is away or was not readable at start
    ├── DeadlineExceededError     the database did not answer in time
    ├── UnsupportedError          this engine cannot do that; the message says which could
    └── ConfigurationError        settings, secrets, migrations: the operator must act

All else is a bug and travels with its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where (`filters.status.$in[2]`, empty for the whole), what, and the way out."""

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message}{' ' + self.hint if self.hint else ''}"


class Note(Problem):
    """Something left out that may well be meant so: worth a line, and no fault."""

    __slots__ = ()


class ExpectedError(Exception):
    """A fault with a message for a person.

    Args:
        message: What is wrong, with the value.
        path: The field it is about, dotted and indexed, as the caller wrote it.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.path, self.hint = message, path, hint

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every fault it carries; most carry one."""
        return (Problem(self.path, self.message, self.hint),)

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))

    def _render_traceback_(self) -> list[str]:
        """What notebooks print in place of a traceback: the faults and the way out, not where our code noticed them."""
        return [f"{type(self).__name__}: {problem}" for problem in self.problems]

    def __reduce__(self) -> tuple[object, ...]:
        # Errors are cached and cross processes: rebuild without calling a subclass's own __init__.
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


def _rebuild(kind: type[ExpectedError], args: tuple[object, ...], state: dict[str, object]) -> ExpectedError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def nearest(name: str, known: Iterable[str], *, listed: int = 12) -> str:
    """The way out for an unknown name: the nearest known one, else the known ones."""
    names = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    if close := get_close_matches(name.casefold(), folded, n=3, cutoff=0.6):
        return "Did you mean " + " or ".join(repr(folded[match]) for match in close) + "?"
    if not names:
        return "There are none."
    shown = ", ".join(names[:listed])
    return f"Known: {shown}, and {len(names) - listed} more." if len(names) > listed else f"Known: {shown}."


class UnknownNameError(ExpectedError, KeyError):
    """No `kind` goes by `name`."""

    def __init__(self, kind: str, name: object, known: Iterable[str], *, path: str = "") -> None:
        self.kind, self.name = kind, name
        super().__init__(f"No {kind} named {name!r}.", path=path, hint=nearest(str(name), known))


class InvalidOptionsError(ExpectedError):
    """Input that does not validate, with one `Problem` per fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        first = self._problems[0]
        super().__init__(first.message, path=first.path, hint=first.hint)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every fault found."""
        return self._problems


class NotFoundError(ExpectedError):
    """No row with this id."""

    def __init__(self, kind: str, row_id: object, *, path: str = "", hint: str = "") -> None:
        self.kind, self.row_id = kind, row_id
        super().__init__(f"There is no {kind} {row_id!r}.", path=path, hint=hint)


class ConflictError(ExpectedError):
    """The name or id is taken, or the row has changed meanwhile."""


class ScopeError(ExpectedError):
    """The caller's scope may not read this."""


class SourceUnavailableError(ExpectedError):
    """A database is away, or could not be read at start."""


class DeadlineExceededError(ExpectedError):
    """The database did not answer in time."""


class UnsupportedError(ExpectedError):
    """This engine cannot do that."""


class ConfigurationError(ExpectedError):
    """Settings, secrets or migrations need the operator."""
