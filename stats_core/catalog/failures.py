"""What went wrong in a database, in words for a person: never a value of the statement, never a password.

Errors that mean a fault in our own statement are none of these: they travel as the bugs they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from stats_core.catalog.engines import EngineKind
from stats_core.errors import DeadlineExceededError, ExpectedError, SourceUnavailableError

MAX_REASON: Final = 200  # characters of a driver's own words


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an error is that has one of these signs; `{source}` stands for the database."""

    signs: re.Pattern[str]
    kind: type[ExpectedError]
    message: str
    hint: str


_SHORTER: Final = "Choose a shorter range or fewer groups, or raise deadline_s."
_LOCKED: Final = _Rule(
    re.compile(r"^SQLITE_(BUSY|LOCKED)"),
    SourceUnavailableError,
    "{source} is locked by another program that writes to it.",
    "Try again when that has ended. In WAL mode (PRAGMA journal_mode = WAL) nobody waits for a writer.",
)
_AWAY: Final = _Rule(
    re.compile(
        r"^(08|57P0|53300)|^SQLITE_(CANTOPEN|IOERR|NOTADB|CORRUPT|PROTOCOL)|^(IOException|ConnectionException)$"
        r"|^(AUTHENTICATION_FAILED|UNKNOWN_DATABASE|NETWORK_ERROR|SOCKET_TIMEOUT|TOO_MANY_SIMULTANEOUS_QUERIES)$"
    ),
    SourceUnavailableError,
    "{source} is away, or the connection to it broke.",
    "Check that it runs, then try again.",
)
# Signs are SQLSTATEs (PostgreSQL), names of result codes and short words (SQLite), classes of errors and how their
# words begin (DuckDB), and names of errors (ClickHouse).
_RULES: Final = (
    _LOCKED,
    _AWAY,
    _Rule(
        re.compile(
            r"^(42P01|42703)$|^no such (table|column)|^UNKNOWN_(TABLE|IDENTIFIER)$|^Catalog Error: Table with name"
            r'|^Binder Error: (Referenced column|Table "\w+" does not have a column)'
        ),
        SourceUnavailableError,
        "{source} no longer has a table or column that it had at start.",
        "Restart the workbench to read the tables anew.",
    ),
    _Rule(
        re.compile(r"^42501$|^SQLITE_(PERM|AUTH)|^PermissionException$|^(ACCESS_DENIED|NOT_ENOUGH_PRIVILEGES)$"),
        SourceUnavailableError,
        "{source} does not let its user read this.",
        "Grant SELECT on the table to the user of the source's url.",
    ),
    _Rule(
        re.compile(r"^(25006|2F002|38\w{3}|P0\w{3})$"),
        ExpectedError,
        "{source} could not answer: a function in one of its views failed or wanted to write.",
        "Look at the view that this entity reads; sources are read and never written.",
    ),
    _Rule(
        re.compile(
            r"^(53|54)|^SQLITE_(NOMEM|FULL|TOOBIG)|^OutOfMemoryException$|^(MEMORY_LIMIT_EXCEEDED|TOO_MANY_(ROWS|BYTES)\w*)$"
        ),
        ExpectedError,
        "{source} ran out of memory or space for this answer.",
        _SHORTER,
    ),
    _Rule(
        re.compile(r"^(timestamp|date) too (large|small)"),  # the driver's words, while it reads the answer
        ExpectedError,
        "{source} holds a date that no calendar has: infinity, or a year before 1 or after 9999.",
        "Leave such rows out by a filter, or make them null in a view: nullif(column, 'infinity').",
    ),
    _Rule(
        re.compile(
            r"^22|^(OutOfRangeException|ConversionException|InvalidInputException)$|^integer overflow$"
            r"|^(DECIMAL_OVERFLOW|CANNOT_PARSE_\w+|ILLEGAL_DIVISION|VALUE_IS_OUT_OF_RANGE\w*|ARGUMENT_OUT_OF_BOUND)$"
        ),
        ExpectedError,
        "{source} could not calculate this: a number is too large, or a value is not of its column's type.",
        "Check the formulas and the types of this entity in workbench.toml.",
    ),
)


class RefusedStatementError(RuntimeError):
    """A database refused a statement that the workbench wrote: a bug. Its text has placeholders and no values."""


@contextmanager
def worded(source: str, kind: EngineKind, seconds: float) -> Iterator[None]:
    """Turn what a database can do to a good statement into ExpectedErrors.

    Args:
        source: How messages call it, as the beginning of a sentence.
        kind: Its engine.
        seconds: The time it had.

    Raises:
        DeadlineExceededError: The time was over.
        SourceUnavailableError: The database is away, or has changed since it was read at start.
        ExpectedError: It could not calculate the answer: overflow, memory.
        RefusedStatementError: The statement is not good.
    """
    try:
        yield
    except PoolTimeoutError as error:
        message = f"{source} has all its connections in use."
        raise SourceUnavailableError(message, hint="Try again in a moment.") from error
    except DBAPIError as error:
        error.hide_parameters = True
        if kind.ran_out(error):
            raise DeadlineExceededError(f"{source} did not answer within {seconds:g} s.", hint=_SHORTER) from error
        if (rule := _rule_for(error)) is not None:
            raise rule.kind(rule.message.format(source=source), hint=rule.hint) from error
        # Not chained: some drivers quote the statement with its values.
        raise RefusedStatementError(f"{source} refused a statement: {reason_of(error)}\n{error.statement}") from None
    except StatementError as error:
        error.hide_parameters = True
        raise


def _rule_for(error: DBAPIError) -> _Rule | None:
    if error.connection_invalidated:
        return _AWAY
    signs = tuple(_signs(error))
    # libpq gives no code for a connection that is refused, or for a database that is dropped: nothing was asked yet.
    otherwise = _AWAY if error.statement is None else None
    return next((rule for rule in _RULES if any(rule.signs.search(sign) for sign in signs)), otherwise)


def _signs(error: DBAPIError) -> Iterator[str]:
    """What tells errors apart, whichever engine it was."""
    original = error.orig
    for attribute in ("sqlstate", "sqlite_errorname"):
        if value := getattr(original, attribute, None):
            yield value
    yield type(original).__name__
    words = str(original)
    yield words
    yield from re.findall(r"\(([A-Z_]{4,})\)", words)  # `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`


def reason_of(error: Exception, secrets: Iterable[str] = ()) -> str:
    """The first line of a driver's own words, for the operator, with every secret blotted out."""
    if isinstance(error, DBAPIError):
        words = str(error.orig).partition(" In scope ")[0]  # where ClickHouse begins to quote the statement
    else:
        words = type(error).__name__ if isinstance(error, StatementError) else str(error)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        words = words.replace(secret, "***").replace(quote(secret, safe=""), "***")
    line = words.strip().partition("\n")[0].rstrip(".: ")
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]}…"
