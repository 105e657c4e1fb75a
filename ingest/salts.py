"""The salts of cookieless visitors: random, one a UTC day, destroyed after 48 hours.

They are files, so that several processes agree and no backup of the database ever holds one
(docs/design/0014-salts-are-files.md). Once a salt is gone, nobody can say who a visitor of its day was.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

SALT_BYTES = 32

_DAY = timedelta(days=1)
_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.[0-9a-f]+)?")  # the day, and the ending of a draft

_log = logging.getLogger(__name__)


class Salts:
    """The salts of today and yesterday. Used by one thread.

    Where the folder cannot be used, salts live in this process alone: visitors without an id of their own then change
    when it restarts, and differ between processes. That is logged once.

    Args:
        folder: Where the files stand; made with the first salt, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[date, bytes] = {}
        self._today: date | None = None
        self._said: set[str] = set()

    def of(self, moment: datetime, now: datetime) -> tuple[bytes, bytes | None]:
        """The salt of an event of that moment, and that of the day before; None where it is destroyed or never was.

        Only today's salt is ever made: it stands in where the moment's own day has none.
        """
        today = self.turn(now)
        day = moment.astimezone(UTC).date()
        if day not in self._known:
            day = today
        return self._known[day], self._known.get(day - _DAY)

    def turn(self, now: datetime) -> date:
        """The UTC day. Its first call gets it a salt, and destroys those older than 48 hours, here and on disk."""
        today = now.astimezone(UTC).date()
        if today != self._today:
            former = self._known.get(today - _DAY) or self._read(today - _DAY)
            self._known = {today: self._read(today) or self._agreed(today)}
            if former:
                self._known[today - _DAY] = former
            self._destroy_old(now)
            self._today = today
        return today

    def _read(self, day: date) -> bytes | None:
        try:
            salt = self._file(day).read_bytes()
        except OSError:
            return None
        return salt if len(salt) == SALT_BYTES else None

    def _agreed(self, day: date) -> bytes:
        """A new salt, or that of another process that was faster."""
        salt = secrets.token_bytes(SALT_BYTES)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_once(self._file(day), salt)
        except OSError as error:
            self._say(f"Cannot keep salts in {self._folder} ({error.strerror}): {_ALONE}")
            return salt
        if (agreed := self._read(day)) is None:
            self._say(f"{self._file(day)} is not a salt: {_ALONE}")
            return salt
        return agreed

    def _destroy_old(self, now: datetime) -> None:
        try:
            destroy_old_salts(self._folder, now)
        except OSError as error:
            self._say(f"Cannot destroy old salts in {self._folder} ({error.strerror}): delete them by hand.")

    def _file(self, day: date) -> Path:
        return self._folder / day.isoformat()

    def _say(self, warning: str) -> None:
        if warning not in self._said:
            self._said.add(warning)
            _log.warning(warning)


_ALONE = "visitors without an id of their own are recognised by this process alone, until it stops."


def destroy_old_salts(folder: Path, now: datetime) -> int:
    """Delete the salts older than 48 hours, those of other days than today and yesterday; other files are left alone.

    Returns:
        The number of files.

    Raises:
        OSError: A file or the folder cannot be read or changed.
    """
    yesterday = (now.astimezone(UTC).date() - _DAY).isoformat()
    if not folder.exists():
        return 0
    old = [file for file in folder.iterdir() if (name := _FILE.fullmatch(file.name)) and name[1] < yesterday]
    for file in old:
        file.unlink(missing_ok=True)  # another process may be at it too
    return len(old)


def _write_once(path: Path, content: bytes) -> None:
    """Write the file unless it is there: whole or not at all, also when the power fails."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its salt is the one
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
