"""Bearer tokens: made once, shown once, stored as a hash."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stats_core.access.permissions import ADMIN_ACCESS, Access, checked_permissions
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.database import Database
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, Problem, nearest
from stats_core.models import AccessToken, Merchant

FIRST_START: Final = "first start"
FIRST_START_DAYS: Final = 30  # it stands in a terminal, a log, a browser's history
REMEMBERED: Final = timedelta(seconds=1)
PREFIX: Final = "wb_"  # tells people and secret scanners what it is
NAME_LENGTH = 100
MOST_DAYS = 36_500
_RANDOM_BYTES = 32
_TOKEN = re.compile(r"wb_[A-Za-z0-9_-]{43}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TokenSummary:
    """A token in a list; the token itself is known to its holder alone."""

    name: str
    permissions: tuple[str, ...]
    merchant_id: int | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def opens_platform(self) -> bool:
        """Whether its holder may do everything."""
        return self.merchant_id is None and ADMIN_ACCESS in self.permissions

    def is_good(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class _Remembered:
    access: Access
    expires_at: datetime | None
    read_at: datetime


class Tokens:
    """The tokens of a workbench.

    What a token opens is remembered for `REMEMBERED`, so that a busy client costs no query per request. A token that
    is revoked is refused by all processes after that time at the latest, and by this one at once.

    Args:
        database: Where they are stored.
        clock: Gives the current moment, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        # Grows with the tokens that exist, not with what strangers send: only good ones are remembered.
        self._remembered: dict[str, _Remembered] = {}

    def create(
        self, name: str, permissions: Iterable[str], *, merchant_id: int | None = None, days: int | None = None
    ) -> str:
        """A new token: 256 random bits behind `wb_`. Nobody can show it again, since only its SHA-256 is stored.

        Args:
            name: What it is for; it is listed and revoked by this name.
            permissions: What it opens (`PERMISSIONS`).
            merchant_id: Whose data it shows; None = the whole platform's.
            days: How long it is good; None = until it is revoked.

        Raises:
            InvalidOptionsError: The name, a permission or the days cannot be.
            NotFoundError: There is no such merchant.
            ConflictError: A token of this name is there.
        """
        token, row = self._drawn(name, permissions, merchant_id, days)
        with self._database.write() as session:
            _check_merchant(session, merchant_id)
            _add(session, row)
        return token

    def create_first(self) -> str | None:
        """A token for whoever starts a workbench that nobody can get into; None where a good platform token is there.

        Two processes that start at once make one.
        """
        now = self._clock()
        if any(token.is_good(now) and token.opens_platform for token in self.list()):
            return None
        token, row = self._drawn(FIRST_START, [ADMIN_ACCESS], None, FIRST_START_DAYS)
        former = delete(AccessToken).where(AccessToken.name == FIRST_START, AccessToken.expires_at <= now)
        with suppress(ConflictError), self._database.write() as session:
            session.execute(former)
            _add(session, row)
            return token
        return None  # the other process was first

    def list(self) -> Sequence[TokenSummary]:
        """All tokens, by name."""
        with self._database.read() as session:
            rows = session.scalars(select(AccessToken)).all()
        return [
            TokenSummary(row.name, tuple(row.permissions), row.merchant_id, row.created_at, row.expires_at)
            for row in sorted(rows, key=lambda row: (row.name.casefold(), row.name))
        ]

    def revoke(self, name: str) -> None:
        """The token of this name opens nothing any more.

        Raises:
            NotFoundError: There is none; the hint names the nearest.
        """
        with self._database.write() as session:
            known = session.scalars(select(AccessToken.name)).all()
            if name not in known:
                raise NotFoundError("token", name, path="name", hint=nearest(name, known))
            session.execute(delete(AccessToken).where(AccessToken.name == name))
        self._remembered.clear()

    def authenticate(self, token: str) -> Access | None:
        """What the token opens; None where it is unknown, revoked or expired.

        It is found by its hash, so how long that takes tells nothing about tokens that are near it.
        """
        return self.of_key(key_of(token)) if _TOKEN.fullmatch(token) else None

    def of_key(self, key: str) -> Access | None:
        """What the token of this key opens, as `authenticate` has it; for those who showed the token before.

        Whoever takes a key from outside has to know that it is genuine: it stands in the database as it is.
        """
        now = self._clock()
        found = self._remembered.get(key)
        if found is None or abs(now - found.read_at) >= REMEMBERED:
            found = self._read(key, now)
        return found.access if found is not None and (found.expires_at is None or now < found.expires_at) else None

    def remembers(self, token: str) -> bool:
        """Whether this process has seen that the token is good, so that looking at it again costs next to nothing."""
        return bool(_TOKEN.fullmatch(token)) and key_of(token) in self._remembered

    def _read(self, key: str, now: datetime) -> _Remembered | None:
        with self._database.read() as session:
            row = session.scalar(select(AccessToken).where(AccessToken.token_hash == key))
        if row is None:
            self._remembered.pop(key, None)
            return None
        scope = PLATFORM if row.merchant_id is None else Scope("merchant", row.merchant_id)
        access = Access(row.name, frozenset(row.permissions), scope)
        self._remembered[key] = found = _Remembered(access, row.expires_at, now)
        return found

    def _drawn(
        self, name: str, permissions: Iterable[str], merchant_id: int | None, days: int | None
    ) -> tuple[str, AccessToken]:
        """A random token, and the row that knows its hash."""
        token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        row = AccessToken(
            name=_checked_name(name),
            token_hash=key_of(token),
            permissions=checked_permissions(permissions),
            merchant_id=merchant_id,
            expires_at=self._expiry(days),
        )
        return token, row

    def _expiry(self, days: int | None) -> datetime | None:
        if days is None:
            return None
        if not 1 <= days <= MOST_DAYS:
            hint = f"Choose 1 to {MOST_DAYS}, or leave it out for a token without an end."
            raise InvalidOptionsError([Problem("days", f"A token cannot be good for {days} days.", hint)])
        return self._clock() + timedelta(days=days)


def key_of(token: str) -> str:
    """By what a token is stored and found: its SHA-256."""
    # No salt and no slow hash: 256 random bits cannot be guessed, and the hash has to be found by an index.
    return sha256(token.encode()).hexdigest()


def _checked_name(name: str) -> str:
    if not (stripped := name.strip()) or len(stripped) > NAME_LENGTH or _CONTROL.search(stripped):
        message = f"{name[:NAME_LENGTH]!r} cannot be the name of a token."
        raise InvalidOptionsError([Problem("name", message, f"Say what it is for, in 1 to {NAME_LENGTH} characters.")])
    return stripped


def _check_merchant(session: Session, merchant_id: int | None) -> None:
    if merchant_id is None:
        return
    # Compared here: a number that is too large for the column would be an error of the database's own.
    known = dict(session.execute(select(Merchant.id, Merchant.name)).all())
    if merchant_id not in known:
        hint = nearest(str(merchant_id), [f"{key} ({name})" for key, name in known.items()])
        raise NotFoundError("merchant", merchant_id, path="merchant_id", hint=hint)


def _add(session: Session, row: AccessToken) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        message = f"There is a token named {row.name!r} already."
        hint = f'Choose another name, or revoke that one: workbench token revoke "{row.name}".'
        raise ConflictError(message, path="name", hint=hint) from error
